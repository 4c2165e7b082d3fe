/* driver.h: an engine without I/O: records in, outputs and state kept in memory.
 *
 * The driver plays the worker: it cuts batches, runs closes in chunks, rolls batches back and applies them again, and restarts
 * from the state it "stored". Whatever it does, outputs and state must be the same. Allocation failures end the test. */
#ifndef STORECAST_TESTS_SUPPORT_ENGINE_DRIVER_H
#define STORECAST_TESTS_SUPPORT_ENGINE_DRIVER_H

#include "engine/engine.h"

struct driver_options {
    size_t batch;          /* records; 0 = 1 */
    size_t chunk;          /* series per engine_continue, and a batch ends after each; 0 = whole closes */
    size_t rollback_every; /* every n-th batch is rolled back once and applied again; 0 = never */
    size_t restart_every;  /* after every n-th batch the engine is rebuilt from the stored state; 0 = never */
};

struct driver_alert { /* copied */
    char store[32], causes[64], best_model[32];
    enum alert_kind kind;
    bool firing;
    date_t period, since;
    double value, threshold, strength, bias;
};

struct driver_dead_letter {
    enum dead_letter code;
    int64_t offset;
    char sentence[256];
};

struct driver {
    struct engine_options engine_options;
    struct driver_options options;
    struct engine *engine;
    uint64_t batch;
    int64_t next_offset;
    int64_t timestamp_ms; /* of every record: 2030-01-01 unless set */
    struct effects fx;
    struct engine_counters counters;
    struct stored *state; /* key -> value */
    struct stored *last;  /* series key -> last standing forecast, serialised without offsets */
    struct buffer published; /* every output in order, serialised without offsets */
    struct driver_alert *alerts;
    size_t alert_count, alert_capacity;
    struct driver_dead_letter *dead_letters;
    size_t dead_letter_count, dead_letter_capacity;
    size_t closes, forecasts;
    /* Called with every standing forecast and reply, in order; may be NULL. */
    void (*on_forecast)(void *context, const struct forecast_result *result);
    void *context;
};

void driver_init(struct driver *d, const struct engine_options *engine_options, const struct driver_options *options);
void driver_done(struct driver *d);
/* Applies n records, closes included; commits the last batch. */
void driver_run(struct driver *d, const struct sales_update *updates, size_t n);
/* Rebuilds the engine from what is stored. */
void driver_restart(struct driver *d);
void driver_request(struct driver *d, const struct forecast_request *request);
void driver_refuse(struct driver *d, enum dead_letter code);
/* The stored record with this index, from 0; a deleted one has no value. False past the last one. Borrowed. */
bool driver_record(const struct driver *d, size_t index, struct bytes *out_key, struct bytes *out_value);

/* All state records without their headers (which hold batch numbers and offsets) and without the partition record's
 * offsets and the windows of sources, sorted by key: what must be equal. Caller calls buffer_done. */
struct buffer driver_state_bytes(const struct driver *d);
/* The last standing forecast of every series, sorted by key. */
struct buffer driver_last_bytes(const struct driver *d);
void driver_serialise(struct buffer *b, const struct forecast_result *r);

/* ---- records for tests; texts are borrowed */
struct sales_update driver_total(const char *store, const char *product, date_t date, double amount, const char *event_id);
struct sales_update driver_sale(const char *store, const char *product, date_t date, double amount, const char *event_id);
struct sales_update driver_till_sale(const char *store, const char *product, date_t date, double amount, const char *source, int64_t sequence);
struct sales_update driver_complete(const char *store, date_t date); /* store NULL = all */

#endif
