/* engine.h: one partition: its series, what they sold, and every decision about them.
 *
 * A pure function of the records applied, in their order: no clock, no thread, no I/O. Use:
 *
 *     engine_apply(e, record, fx);                 cheap; may make a close due
 *     while (engine_close_due(e))                  may run on a compute thread, the engine being lent to it
 *         engine_continue(e, max_series, fx, &done);
 *     ... more records ...
 *     engine_flush(e, batch, fx);                  the state effects of the batch, once per touched record
 *     write everything out; then engine_commit(e), or engine_rollback(e) when that failed
 *
 * After a rollback the engine is as after the last commit; the same records may be applied again.
 * When a call returns other than STATUS_OK (out of memory only), roll back.
 * Restore: engine_new, engine_load for every stored record in any order, engine_loaded.
 * Thread: any, one at a time. */
#ifndef STORECAST_ENGINE_ENGINE_H
#define STORECAST_ENGINE_ENGINE_H

#include "base/period.h"
#include "engine/effects.h"

struct engine;

struct engine_options {          /* those marked * change published numbers */
    struct period_grid grid;     /* * */
    enum measure measure;        /* * */
    bool net;                    /* * demand basis: returns deducted */
    int32_t lateness_days;       /* * 2 */
    int32_t max_ahead_days;      /* * 8 */
    date_t date_min;             /* * 2000-01-01 */
    int32_t history_periods;     /* * 208; at most ENGINE_HISTORY_MAX */
    int32_t dedup_periods;       /* * 2 */
    uint32_t dedup_sources;      /* * 100,000 */
    uint32_t series_max;         /* * per partition */
    int32_t feed_silent_periods; /* * 2 */
    int32_t horizon;             /* * steps of a standing forecast: 8 */
    bool outliers;               /* * outlier flags (cleaning.outliers) */
    double drift_user_mape;      /* * percent; 0 = no limit */
    uint32_t members;            /* * bit m: member m of forecast/member.h may enter the ensemble; all that are not on request by default */
    struct text unit;            /* name of the unit or currency in results; copied */
};
#define ENGINE_HISTORY_MAX 1040
void engine_options_default(struct engine_options *out); /* weeks ending on Sunday, amount, gross */
uint64_t engine_options_hash(const struct engine_options *o); /* of everything marked *; 0 = out of memory */

struct record { /* one record of sales-updates, already decoded and checked by codec/ */
    const struct sales_update *update;
    int64_t offset;
    int64_t timestamp_ms; /* Kafka's */
};

enum status engine_new(int32_t partition, const struct engine_options *options, struct engine **out) MUST_CHECK;
void engine_free(struct engine *e);

/* Applies one record. Must not be called while a close is due. What is wrong with a record becomes a DEAD_LETTER
 * effect, never a status. Offsets at or below engine_offset are ignored (already applied). */
enum status engine_apply(struct engine *e, const struct record *record, struct effects *fx) MUST_CHECK;
/* A record that could not be decoded, or that is no business of the engine: the dead letter is counted and the offset moves. */
enum status engine_refuse(struct engine *e, int64_t offset, enum dead_letter code, struct text sentence, struct effects *fx) MUST_CHECK;

bool engine_close_due(const struct engine *e);
/* Works on the due close: computes it when it is new, then publishes up to max_series series (0 = all). *out_done says
 * that this period is closed; another may be due then. */
enum status engine_continue(struct engine *e, size_t max_series, struct effects *fx, bool *out_done) MUST_CHECK;

/* Answers a request from the committed and uncommitted sales before it. Never changes state, never fails but for memory:
 * what is wrong with the request is told in the reply. Not while a close is due. */
enum status engine_answer(struct engine *e, const struct forecast_request *request, struct effects *fx) MUST_CHECK;

enum status engine_flush(struct engine *e, uint64_t batch, struct effects *fx) MUST_CHECK;
/* The same in steps of about max_records, until *out_done; nothing else is done with the engine between them, but for a rollback. */
enum status engine_flush_some(struct engine *e, uint64_t batch, size_t max_records, struct effects *fx, bool *out_done) MUST_CHECK;
void engine_commit(struct engine *e);
void engine_rollback(struct engine *e);

/* STATUS_CORRUPT or STATUS_NEWER, with the reason in err, which the caller shows. */
struct error;
enum status engine_load(struct engine *e, struct bytes key, struct bytes value, struct error *err) MUST_CHECK;
/* After the last record: checks that they fit together (options hash among them: STATUS_BAD_CONFIG unless accept_changes)
 * and refits the pools from what the last close knew. */
enum status engine_loaded(struct engine *e, bool accept_changes, struct error *err) MUST_CHECK;

/* The stored record of the partition itself, which every batch writes: its key, and the batch it is of (false: the value is no
 * such record). For whoever must know how far stored state goes without loading it. */
struct bytes engine_partition_key(void);
bool engine_partition_batch(struct bytes value, uint64_t *out);

/* What is known: for metrics, `state show` and the tests. */
int64_t engine_offset(const struct engine *e); /* last applied record, -1 = none */
uint64_t engine_batch(const struct engine *e); /* last flushed batch */
int64_t engine_requests_offset(const struct engine *e);
enum status engine_set_requests_offset(struct engine *e,
                                       int64_t offset) MUST_CHECK; /* last answered request, -1 = none; part of the state */
/* Another broker than the one the state knows: its topics begin at offset 0. Part of the next batch. */
enum status engine_reset_offsets(struct engine *e) MUST_CHECK;
period_t engine_closed_through(const struct engine *e); /* PERIOD_NONE before the first close */
date_t engine_watermark(const struct engine *e);        /* INT32_MIN before the first record */
size_t engine_series_count(const struct engine *e);

struct engine_series_view {
    struct text store, product;
    bool derived;                       /* a store total that is the sum of its products */
    period_t first_period, last_period; /* with a value */
    size_t observed;                    /* periods with a value */
    int64_t issue;
    bool drift_firing;
    size_t accuracy_count; /* per model, the ensemble first; errors of the last 52 scored periods, one step ahead */
    struct model_accuracy accuracy[16];
};
/* series in order of (store, product); STATUS_NOT_FOUND past the end. Texts are borrowed until the next apply. */
enum status engine_series_view(struct engine *e, size_t index, struct engine_series_view *out) MUST_CHECK;

struct engine_cell_view {
    period_t period;
    char state;                                                             /* 'S' sold, 'Z' zero, 'U' unknown */
    double value;                                                           /* what is forecast; NaN when unknown */
    int64_t gross_quantity, returns_quantity, gross_amount, returns_amount; /* millionths */
    uint64_t count;
    bool has_total;
};
/* The last `capacity` closed or open periods of a series, oldest first. */
enum status engine_cells_view(struct engine *e, size_t index, size_t capacity, struct engine_cell_view *out, size_t *out_count) MUST_CHECK;

#endif
