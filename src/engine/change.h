/* change.h: what a sound, new record changes: cells, sums, corrections, the roster. Internal to engine/. */
#ifndef STORECAST_ENGINE_CHANGE_H
#define STORECAST_ENGINE_CHANGE_H

#include "engine/partition.h"

struct application { /* of one record */
    struct engine *e;
    const struct sales_update *u;
    const struct record *record;
    struct effects *fx;
    period_t period;
    struct store *store;   /* NULL: not known yet */
    struct series *series; /* likewise */
};

/* What a period of a series may sum up to, in millionths: 2.3e12 units. One record more, and the difference of two sums, still
 * fit into an int64_t. */
#define CHANGE_SUM_MAX (INT64_C(1) << 61)
/* Whether the sums of the series and of its store keep within CHANGE_SUM_MAX. Needs neither of them to exist. */
bool change_fits(const struct application *a);
/* A Sale or a Total; store and series exist. */
enum status change_apply(const struct application *a) MUST_CHECK;
/* A store's Complete; nothing when the store is not known or had said as much before. */
enum status change_complete(const struct application *a) MUST_CHECK;

#endif
