/* pools.h: the pools of a partition at one origin: their matrix of values, the fitted members, weights and intervals.
 *
 * Built at a close from the values of that moment, or again after a restore from the values that the last close used;
 * both give the same bytes. Internal to engine/. */
#ifndef STORECAST_ENGINE_POOLS_H
#define STORECAST_ENGINE_POOLS_H

#include "engine/partition.h"

/* POOL_KINDS pools with `last` as their newest period. at_close: the values as they are now, and the errors of `last` for drift;
 * else as the last close saw them. Caller frees with pools_free. */
enum status pools_build(struct engine *e, period_t last, bool at_close, struct pool_work **out) MUST_CHECK;
void pools_free(struct pool_work *pools); /* all POOL_KINDS of them */

/* A close is done: answers are given from these (takes ownership). Those before are kept until the batch is committed, for it may be
 * rolled back: fitting them again would take as long as a close, in the middle of requests. */
void pools_install(struct engine *e, struct pool_work *pools);
void pools_commit(struct engine *e);
void pools_rollback(struct engine *e); /* what is under way goes, too */

/* The pools that answers are given from: of the last close. */
enum status pools_standing(struct engine *e, const struct pool_work **out) MUST_CHECK;
/* The column of a series; SIZE_MAX when it was not there at the close. */
size_t pools_column(const struct pool_work *pool, const struct engine *e, const struct series *s);

/* What the ensemble and every member say of one series: value[member * horizon + h], logs or levels as the series' kind says,
 * NaN where there is no number. */
enum status pools_forecast(const struct pool_work *pool, size_t column, size_t horizon, double *value, bool *out_fallback) MUST_CHECK;

#endif
