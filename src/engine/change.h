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

/* A Sale or a Total; store and series exist. */
enum status change_apply(const struct application *a) MUST_CHECK;
/* A store's Complete; nothing when the store is not known or had said as much before. */
enum status change_complete(const struct application *a) MUST_CHECK;

#endif
