/* config.h: the options of the program, all in one table (config_rows): from it come parsing, environment overrides,
 * checks, --print-config, config/storecast.properties and the list in README.md.
 *
 * A value comes from, the later the stronger: the row's default; the file (flat key=value, # comments); the
 * environment (STORECAST_STATE_DIR for state.dir); -X key=value. Keys `kafka.x` are librdkafka's x and are kept
 * as they are, apart from those that the worker owns or that would run code.
 * An unknown key is an error. Texts live in the configuration's arena. Thread: main; read-only once loaded. */
#ifndef STORECAST_APP_CONFIG_H
#define STORECAST_APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/error.h"
#include "engine/engine.h"

struct config_property { /* kafka.<key>=<value>, without "kafka." */
    const char *key, *value;
};

struct config {
    /* forecasting; those that change numbers are hashed into the state */
    int64_t period_unit;     /* enum period_unit */
    int64_t period_week_end; /* enum weekday */
    int64_t measure;         /* enum measure */
    int64_t demand_basis;    /* enum demand_basis */
    int64_t lateness_days, max_ahead_days;
    date_t date_min;
    int64_t history_periods, dedup_periods, dedup_sources, series_max, feed_silent_periods, forecast_horizon;
    bool cleaning_outliers;
    double drift_user_mape;
    const char *ensemble_members; /* model names, comma-separated; "all" */
    const char *unit;

    /* topics and batches */
    const char *topics_prefix;
    int64_t input_partitioner; /* enum input_partitioner */
    bool archive_enabled;
    int64_t batch_max_records, batch_max_ms, batch_max_output_bytes, close_chunk_series, requests_per_batch;
    int64_t message_max_bytes, compute_threads;

    /* the process */
    const char *state_dir, *group_id, *instance_id;
    const char *http_listen;
    int64_t http_port, http_max_connections, http_timeout_seconds;
    const char *metrics_stores; /* comma-separated; empty = the first 50 */
    int64_t log_level;          /* enum log_level */

    struct config_property *kafka; /* in order of the keys */
    size_t kafka_count;
    struct arena arena;
};

enum demand_basis { DEMAND_GROSS, DEMAND_NET };
enum input_partitioner { PARTITIONER_MURMUR2, PARTITIONER_ANY };

/* What loading needs; all may be NULL or 0. */
struct config_sources {
    const char *file;          /* must exist when named */
    char *const *environment;  /* environ; NULL = ignore the environment */
    const char *const *overrides; /* "key=value", from -X */
    size_t override_count;
};

/* Fills out from the table's defaults and the sources, and checks it. On failure (STATUS_BAD_CONFIG) err says
 * key, value, place and what would be right; out is then safe to config_done. */
enum status config_load(const struct config_sources *sources, struct config *out, struct error *err) MUST_CHECK;
void config_done(struct config *c);
/* Sets what a file's text says on top of a loaded configuration; name stands for the file in messages. Lines end in LF, CRLF or
 * CR; a UTF-8 byte order mark is skipped; at most 1 MiB. On failure c holds the lines before. */
enum status config_read(struct config *c, struct bytes text, const char *name, struct error *err) MUST_CHECK;
/* Sets one key on top of a loaded configuration. */
enum status config_set(struct config *c, const char *key, const char *value, struct error *err) MUST_CHECK;
/* Value of kafka.<key>; NULL when it is not set. */
const char *config_kafka(const struct config *c, const char *key);
/* Bit m is set for member m of forecast/member.h when `names` (comma-separated, or all) holds it. */
enum status config_members(const char *names, uint32_t *out, struct error *err) MUST_CHECK;
/* The options that engine/ takes. The unit's text is borrowed from c. */
void config_engine_options(const struct config *c, struct engine_options *out);

/* A configuration may be re-read while running: true when every difference between the two is reloadable; else err
 * names the first key that is not. */
bool config_can_reload(const struct config *now, const struct config *wanted, struct error *err);

enum config_format {
    CONFIG_VALUES,   /* key=value of every row, secrets masked */
    CONFIG_SAMPLE,   /* config/storecast.properties: help, range and default of every row, commented out */
    CONFIG_MARKDOWN, /* the README's table */
};
void config_print(const struct config *c, enum config_format format, struct buffer *out);
bool config_format_parse(const char *name, enum config_format *out); /* "", "values", "sample", "markdown" */

enum config_type { CONFIG_BOOL, CONFIG_INTEGER, CONFIG_NUMBER, CONFIG_TEXT, CONFIG_CHOICE, CONFIG_DATE };
enum config_flag {
    CONFIG_SECRET = 1,     /* never printed */
    CONFIG_RELOADABLE = 2, /* SIGHUP takes it over */
    CONFIG_NUMBERS = 4,    /* changes published numbers: part of the state's options hash */
};
enum config_scope { SCOPE_FORECAST, SCOPE_WORKER, SCOPE_HTTP, SCOPE_PROGRAM, SCOPE_COUNT };

struct config_row {
    const char *key;
    enum config_scope scope;
    enum config_type type;
    size_t offset; /* in struct config */
    const char *fallback;
    double min, max;
    const char *choices; /* CONFIG_CHOICE: "gross|net"; the value is the index */
    unsigned flags;
    const char *help;
};
extern const struct config_row config_rows[];
extern const size_t config_row_count;

#endif
