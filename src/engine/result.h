/* result.h: a ForecastResult from a pool's fit, for a standing forecast and for an answer alike. Internal to engine/. */
#ifndef STORECAST_ENGINE_RESULT_H
#define STORECAST_ENGINE_RESULT_H

#include "engine/partition.h"

struct result_wish {
    size_t steps;   /* of the result */
    size_t horizon; /* of the values, at least steps */
    const double *levels; /* ascending */
    size_t level_count;
    bool chosen[MEMBER_COUNT]; /* the median is the log mean of these; none = the ensemble */
    bool best;                 /* instead: the member with the least recent error */
    bool explain;
};

/* Fills everything but the request id, issue and status of the caller's concern; texts and arrays live in the arena, ids are
 * borrowed from the engine. `values` (MEMBER_COUNT x horizon, may be NULL) receives what every member said. */
enum status result_fill(struct engine *e, const struct pool_work *pool, const struct series *s, period_t closed,
                        const struct result_wish *wish, struct arena *arena, struct forecast_result *out, double *values) MUST_CHECK;
/* The parts that need no forecast: ids, origin, measure, partition, offset. */
void result_head(const struct engine *e, const struct series *s, period_t closed, struct forecast_result *out);

/* One-step accuracy of each member over the last `periods` scored periods of a column; MEMBER_COUNT rows, NaN where nothing
 * was scored. */
void result_accuracy(const struct engine *e, const struct pool_work *pool, size_t column, size_t periods,
                     struct model_accuracy out[MEMBER_COUNT]);
/* The member with the least one-step error over the last `periods`, MEMBER_ENSEMBLE when nothing was scored. */
enum member result_best(const struct engine *e, const struct pool_work *pool, size_t column, size_t periods);
#define RESULT_ACCURACY_PERIODS 52
#define RESULT_RECENT_PERIODS 13

#endif
