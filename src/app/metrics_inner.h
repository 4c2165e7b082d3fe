/* metrics_inner.h: what metrics.c and metrics_text.c share. Thread: loop. */
#ifndef STORECAST_APP_METRICS_INNER_H
#define STORECAST_APP_METRICS_INNER_H

#include "app/metrics.h"
#include "base/table.h"

struct metric_row {
    enum metric_kind kind;
    const char *name, *labels, *help;
};
extern const struct metric_row metric_rows[METRIC_COUNT];

enum { METRIC_BUCKETS = 15 };
extern const double metric_bucket_bounds[METRIC_BUCKETS]; /* seconds */

struct metric_sample {
    struct bytes key; /* the label values, each as buffer_put_text writes it; owned */
    double value;
};

struct metric_family { /* the values of one row */
    double value;      /* without labels; a histogram's sum */
    uint64_t buckets[METRIC_BUCKETS + 1]; /* not cumulated; the last one is +Inf */
    struct metric_sample *samples;
    size_t count, capacity;
    struct table index; /* key -> sample */
};

struct metrics {
    struct metric_family families[METRIC_COUNT];
    struct engine_counters engine;
    struct table stores; /* those with a label of their own */
    size_t store_count;
    bool takes_new_stores;
    struct buffer key; /* scratch */
};

#endif
