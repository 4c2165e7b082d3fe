/* message.h: the records that come in and go out, as plain structs. codec/ turns them from and into Avro.
 *
 * Texts and arrays are borrowed from the buffer or arena they were decoded into. Quantities and amounts are int64
 * MILLIONTHS: integer sums do not depend on the order of arrival. Dates are days, instants are milliseconds UTC.
 * Optional numbers have a has_ flag, optional texts are absent (data NULL). Thread: any. */
#ifndef STORECAST_ENGINE_MESSAGE_H
#define STORECAST_ENGINE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/date.h"

#define MILLIONTHS INT64_C(1000000)
#define MESSAGE_QUANTITY_MAX INT64_C(1000000000) /* units; beyond, or not finite: VALUE_RANGE */
#define MESSAGE_ID_BYTES_MAX 128                 /* store, product, source, event id, names */
#define MESSAGE_TEXT_BYTES_MAX 1024              /* reasons and sentences */
#define MESSAGE_HORIZON_MAX 150

/* ------------------------------------------------------------------------------------------ input: SalesUpdate */

enum body_kind { BODY_SALE, BODY_TOTAL, BODY_PLAN, BODY_AVAILABILITY, BODY_COMPLETE, BODY_STORE, BODY_SERIES, BODY_OVERRIDE, BODY_MODEL };

struct named_value {
    struct text name;
    double value;
};

/* Quantity and amount of a sale or a period; at least one is present. */
struct measures {
    int64_t quantity, amount;
    bool has_quantity, has_amount;
};

struct body_sale {
    struct measures sold; /* negative = a return */
};

struct body_total { /* replaces what was known of its period */
    struct measures gross;   /* sold, returns not deducted */
    struct measures returns; /* >= 0; absent = 0 */
    const struct named_value *covariates; /* known once the period is over */
    size_t covariate_count;
};

struct body_plan {
    date_t first_date, last_date;
    bool has_known_from;
    date_t known_from; /* ignored by forecasts made before it */
    bool closed;       /* the store (or product) sells nothing on these dates */
    const struct named_value *values; /* promotion, price, open_days, ... */
    size_t value_count;
};

struct body_availability {
    bool has_share;
    double share; /* 0..1 of the period in stock */
    bool has_stock;
    int64_t stock; /* millionths of a unit on hand at event time */
};

struct body_store {
    struct text time_zone;
    bool has_day_cutoff;
    int32_t day_cutoff_minutes; /* after midnight, local: sales before it belong to the day before */
    struct text region, like_store;
    double like_factor;
    bool has_opens, has_closes, has_refit_from, has_refit_to;
    date_t opens, closes, refit_from, refit_to;
};

struct body_series {
    struct text category, unit, replaces, like_product;
    double pack_size, replaces_ratio, like_factor;
    bool has_launched, has_ends;
    date_t launched, ends;
};

enum override_kind { OVERRIDE_SET, OVERRIDE_ADD, OVERRIDE_MULTIPLY, OVERRIDE_CAP };
struct body_override {
    enum override_kind kind;
    date_t first_date, last_date;
    double value;
    struct text category, author, reason; /* category: instead of a product */
    bool has_expires;
    int64_t expires_ms;
};

struct body_model {
    struct text version;
};

struct sales_update {
    struct text event_id;
    struct text source;  /* a till, with its own counter */
    bool has_sequence;
    int64_t sequence;
    struct text store;   /* absent = all stores of this partition (Complete, Model, Override only) */
    struct text product; /* absent = the whole store */
    date_t business_date;
    bool has_event_time;
    int64_t event_time_ms;
    int64_t issued_at_ms;
    enum body_kind kind;
    union {
        struct body_sale sale;
        struct body_total total;
        struct body_plan plan;
        struct body_availability availability;
        struct body_store store;
        struct body_series series;
        struct body_override override_;
        struct body_model model;
    } body; /* BODY_COMPLETE has none: the business date says it all */
};

/* ------------------------------------------------------------------------------------------ input: ForecastRequest */

enum request_level { LEVEL_SERIES, LEVEL_CATEGORY, LEVEL_STORE };

struct plan_entry { /* a hypothetical plan: what if */
    date_t date;
    const struct named_value *values;
    size_t value_count;
};

struct forecast_request {
    struct text request_id, store, product, category;
    enum request_level level;
    int32_t horizon; /* periods, 1..MESSAGE_HORIZON_MAX; checked by the engine, which answers INVALID_REQUEST */
    const struct text *models; /* none = ensemble */
    size_t model_count;
    const double *quantiles; /* none = the default levels */
    size_t quantile_count;
    bool has_lead_time;
    int32_t lead_time; /* periods */
    const struct plan_entry *plan;
    size_t plan_count;
    bool explain;
    int64_t issued_at_ms;
};

/* ------------------------------------------------------------------------------------------ output: ForecastResult */

#define RESULT_STATUS_LIST(X)                                                                   \
    X(OK) X(FALLBACK) X(SHORT_HISTORY) X(LIKE) X(SUSPECT_STOCKOUT) X(UNKNOWN_SERIES)            \
    X(INVALID_REQUEST) X(NOT_SUPPORTED_YET) X(NO_HISTORY) X(BUSY) X(ENDED)
enum result_status {
#define RESULT_ENUM(name) RESULT_##name,
    RESULT_STATUS_LIST(RESULT_ENUM)
#undef RESULT_ENUM
    RESULT_STATUS_COUNT
};
const char *result_status_name(enum result_status status);

enum measure { MEASURE_AMOUNT, MEASURE_QUANTITY };
const char *measure_name(enum measure measure); /* "amount", "quantity" */

struct quantile_value {
    double level, value;
};

struct model_value { /* of one step: the median that a model gives */
    struct text model;
    double value;
};

struct forecast_step {
    date_t first_date, last_date;
    double mean, median;
    const struct quantile_value *quantiles; /* ascending levels, never crossing */
    size_t quantile_count;
    const struct model_value *models;
    size_t model_count;
    bool has_override;
    double override_value;
    struct text override_author, override_reason;
};

struct cumulated_demand { /* the sum over the next `periods` periods */
    int32_t periods;
    double mean;
    const struct quantile_value *quantiles;
    size_t quantile_count;
    struct text status; /* OK or UNCALIBRATED_SUM */
};

struct model_accuracy { /* over the scored periods of the last year, one step ahead */
    struct text model;
    double weight, mae, rmse, mape; /* mape in percent; NaN where nothing was scored */
    int32_t scored;
};

struct forecast_result {
    struct text request_id; /* absent: a standing forecast */
    struct text store, product, category;
    enum request_level level;
    int64_t issue;        /* grows by one with every standing forecast of the series */
    int64_t sales_offset; /* the last record of the partition's sales-updates that it knows */
    int32_t partition;
    date_t origin;        /* last day of the last closed period */
    date_t valid_until;   /* last day of the period in which the next standing forecast is due */
    enum measure measure;
    struct text unit;
    enum result_status status;
    struct text sentence;
    const struct forecast_step *steps;
    size_t step_count;
    const struct cumulated_demand *cumulated;
    size_t cumulated_count;
    const struct model_accuracy *accuracy; /* of every model that gave a value, the ensemble first */
    size_t accuracy_count;
    struct text best_model;    /* least recent error */
    struct text model_version; /* of the bundle in use; absent: none */
    const struct text *ledger; /* why, line by line */
    size_t ledger_count;
};

/* On the forecasts topic after the last standing forecast of a period: the set is complete. */
struct period_closed {
    int32_t partition;
    date_t first_date, last_date;
    int64_t sales_offset;
    int64_t close_number; /* counts the closes of the partition from 1 */
    int32_t series, known, unknown; /* series in the close; with and without a value */
    struct text cause; /* watermark, roster, complete */
};

/* ------------------------------------------------------------------------------------------ output: DriftAlert */

#define ALERT_KIND_LIST(X) X(DRIFT) X(FEED_SILENT) X(SERIES_LIMIT) X(SUSPECT_STOCKOUT) X(POOL)
enum alert_kind {
#define ALERT_ENUM(name) ALERT_##name,
    ALERT_KIND_LIST(ALERT_ENUM)
#undef ALERT_ENUM
    ALERT_KIND_COUNT
};
const char *alert_kind_name(enum alert_kind kind);

struct drift_alert {
    struct text store, product;
    enum alert_kind kind;
    struct text model;    /* whose errors are watched: ensemble */
    struct text metric;   /* what value and threshold are, e.g. cusum, jump, mean_absolute_error, silent_periods */
    bool firing;          /* else resolved */
    struct text severity; /* critical, warning, info */
    double value, threshold;
    int32_t window; /* periods that value is taken over */
    date_t since;   /* last day of the period in which the alert began to fire */
    date_t period;  /* last day of the period that this record is about */
    const struct text *causes; /* BIAS, ACCURACY, JUMP, USER; recovered or rebased when resolved */
    size_t cause_count;
    struct text best_model;
    double bias, strength, stake; /* log bias since the excursion began; 1 = at the threshold; money a period */
    bool pool;      /* many series of the pool fired with it */
    int64_t alert_number; /* grows per partition */
    int64_t sales_offset;
    int32_t partition;
    struct text sentence;
};

/* ------------------------------------------------------------------------------------------ output: ModelEvent */

enum model_event_kind { MODEL_RETRAIN_REQUESTED, MODEL_PROMOTED, MODEL_REFUSED, MODEL_ROLLED_BACK, MODEL_INSTALLED };
struct model_event {
    enum model_event_kind kind;
    struct text version, store, product, by, reason;
    int32_t partition;
    int64_t at_ms, sales_offset;
};

/* ------------------------------------------------------------------------------------------ dead letters */

#define DEAD_LETTER_LIST(X)                                                                         \
    X(MALFORMED,      "the bytes are not a message of the schema they name")                         \
    X(UNKNOWN_SCHEMA, "the schema id is not known")                                                  \
    X(BAD_TEXT,       "a text is empty, too long, not UTF-8, or has a NUL in it")                    \
    X(VALUE_RANGE,    "a number is not finite or outside its range")                                 \
    X(DATE_RANGE,     "the business date lies before date.min")                                      \
    X(TOO_FAR_AHEAD,  "the business date lies too far after the record's timestamp")                 \
    X(TOO_LATE,       "the period is closed and the record can no longer be told from a duplicate, or is too old") \
    X(KEY_MISMATCH,   "the record's key is not the store id of its body")                            \
    X(WRONG_PARTITION, "the record is not in the partition of its key")                              \
    X(MIXED_LEVEL,    "the store is fed by product, or the product's store as a whole")              \
    X(SERIES_LIMIT,   "the partition holds series.max series already")                               \
    X(TOO_LARGE,      "the message is larger than message.max.bytes")                                \
    X(SEQUENCE_REUSED, "the source's counter was restarted; it must take another source name")       \
    X(NOT_SUPPORTED_YET, "the message is sound, but this version does not act on it")
enum dead_letter {
#define DEAD_LETTER_ENUM(name, text) DEAD_LETTER_##name,
    DEAD_LETTER_LIST(DEAD_LETTER_ENUM)
#undef DEAD_LETTER_ENUM
    DEAD_LETTER_COUNT
};
const char *dead_letter_name(enum dead_letter code);
const char *dead_letter_text(enum dead_letter code);

#endif
