/* effects.h: what the engine wants done. It never does anything itself: no I/O, no clock, no log.
 *
 * Effects come in the order they must be published in. Keys, values and messages live in the effects' arena until
 * effects_clear. State effects (PUT, DELETE) are written by engine_flush, once per touched record of a batch.
 * Thread: whoever the engine is lent to. */
#ifndef STORECAST_ENGINE_EFFECTS_H
#define STORECAST_ENGINE_EFFECTS_H

#include "engine/message.h"

enum effect_kind {
    EFFECT_PUT,         /* state key and value: LMDB and changelog */
    EFFECT_DELETE,      /* state key; a tombstone in the changelog */
    EFFECT_FORECAST,    /* forecasts topic (and archive), key = effects_series_key */
    EFFECT_CLOSED,      /* forecasts topic, key = effects_closed_key */
    EFFECT_REPLY,       /* forecast-replies topic, key = store */
    EFFECT_ALERT,       /* drift-alerts topic, key = effects_alert_key */
    EFFECT_DEAD_LETTER, /* dead-letters topic: the record at `offset` of the sales topic */
};

struct effect {
    enum effect_kind kind;
    struct bytes key;   /* PUT, DELETE */
    struct bytes value; /* PUT */
    const struct forecast_result *forecast; /* FORECAST, REPLY */
    const struct period_closed *closed;
    const struct drift_alert *alert;
    enum dead_letter dead_letter;
    struct text sentence; /* DEAD_LETTER: what, with the numbers */
    int64_t offset;       /* DEAD_LETTER: the record's */
};

/* Counters: {name, help}. Metrics are storecast_<name>_total. */
#define ENGINE_COUNTER_LIST(X)                                                                    \
    X(sales,              "Sales applied")                                                        \
    X(returns,            "Sales applied that were returns (negative)")                           \
    X(totals,             "Totals applied")                                                       \
    X(completes,          "Complete records applied")                                             \
    X(duplicates,         "Records dropped as duplicates of earlier ones")                        \
    X(superseded,         "Totals older than what the period already had")                        \
    X(late,               "Records for a closed period that were accepted")                       \
    X(corrections,        "Closed periods whose value changed")                                   \
    X(backfilled,         "Closed periods that had nothing and got a value")                      \
    X(dead_letters,       "Records refused")                                                      \
    X(check_differences,  "Direct totals of a store that differ from the sum of its products")    \
    X(periods_closed,     "Periods closed")                                                       \
    X(forecasts,          "Standing forecasts issued")                                            \
    X(replies,            "Forecast requests answered")                                           \
    X(alerts_fired,       "Alerts that began to fire")                                            \
    X(alerts_resolved,    "Alerts resolved")                                                      \
    X(outliers,           "Cells left out of fits as outliers, summed over closes")               \
    X(sources_dropped,    "Sources forgotten because there were more than dedup.sources")

struct engine_counters {
#define COUNTER_FIELD(name, help) uint64_t name;
    ENGINE_COUNTER_LIST(COUNTER_FIELD)
#undef COUNTER_FIELD
};

struct effects {
    struct effect *items;
    size_t count, capacity;
    struct engine_counters counters; /* added up since effects_clear */
    struct arena arena;
    size_t output_bytes; /* a rough size of what was published, so that a batch can be cut */
};

void effects_done(struct effects *e);
void effects_clear(struct effects *e);
/* A zeroed effect at the end; NULL when out of memory. Valid until the next call. */
struct effect *effects_add(struct effects *e, enum effect_kind kind) MUST_CHECK;
void counters_add(struct engine_counters *sum, const struct engine_counters *add);

/* Keys of the output topics: "store" or "store/product", with % and / in ids written %25 and %2F, in the arena. */
struct text effects_series_key(struct arena *arena, struct text store, struct text product);
/* "store/KIND" or "store/product/KIND": after compaction each alert's last record is there, and no kind hides another. Of what
 * concerns a whole partition, whichever series it names, "\0KIND/3": its end must find the key of its beginning. */
struct text effects_alert_key(struct arena *arena, const struct drift_alert *alert);
struct text effects_closed_key(struct arena *arena, int32_t partition); /* "\0closed/3" */

#endif
