/* dedup.h: no sale is counted twice, none vanishes unseen.
 *
 * A record with source and sequence is looked up in its source's window (per store: a till's name need be unique in its
 * store only): inside the window a bitmap decides, below it the record cannot be told from a duplicate. One without is
 * known by the SipHash of its store and event id, kept for the open periods and the last dedup.periods closed ones.
 * Internal to engine/. */
#ifndef STORECAST_ENGINE_DEDUP_H
#define STORECAST_ENGINE_DEDUP_H

#include "engine/partition.h"

enum dedup_verdict {
    DEDUP_FRESH,
    DEDUP_DUPLICATE,
    DEDUP_TOO_LATE, /* cannot be told from a duplicate any more */
    DEDUP_REUSED,   /* seen or too old by its sequence, yet issued later than everything accepted from the source */
};

/* Looks only. */
enum dedup_verdict dedup_check(const struct engine *e, const struct sales_update *u, period_t period);
/* Remembers a fresh record. */
enum status dedup_admit(struct engine *e, const struct sales_update *u, period_t period, int64_t offset,
                        struct engine_counters *counters) MUST_CHECK;
/* Forgets the event ids of periods that are too old after a close (at commit for good). */
enum status dedup_trim(struct engine *e) MUST_CHECK;

/* For restore, rollback and commit. */
enum status dedup_load_seen(struct engine *e, period_t period, uint64_t hash) MUST_CHECK;
void dedup_seen_remove(struct engine *e, period_t period, uint64_t hash);
void dedup_seen_free(struct engine *e, period_t period);
void dedup_done(struct engine *e);

#endif
