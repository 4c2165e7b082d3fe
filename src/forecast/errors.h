/* errors.h: what was issued and how wrong it was: the one input of weights, intervals, accuracy and drift.
 *
 * A slot is what one origin issued for one series: per member the median of steps 1..8, 13 and 26, in logs (levels for a
 * series kept in levels), NaN where the member gave none. Issued numbers are never recomputed by a newer model.
 * An error of slot q at step h is x(q + h - 1) - issued(q, h), NaN when either is missing. Thread: any. */
#ifndef STORECAST_FORECAST_ERRORS_H
#define STORECAST_FORECAST_ERRORS_H

#include "forecast/member.h"

#define ERRORS_STEPS 10      /* stored steps: 1..8, 13, 26 */
#define ERRORS_HORIZON 8     /* of them consecutive from 1 */
#define ERRORS_ORIGINS 104   /* slots kept */
extern const uint16_t errors_step[ERRORS_STEPS]; /* 1 2 3 4 5 6 7 8 13 26 */

struct issued { /* one origin, one series */
    bool level;   /* numbers are levels, not logs */
    bool counted; /* the pool had its seasonal model for ERRORS_WARM_UP periods: intervals, weights and drift use it */
    double value[MEMBER_COUNT][ERRORS_STEPS];
};
#define ERRORS_WARM_UP 6 /* origins issued by the seasonal model before errors count (60 = 54 + 6 on Walmart) */

/* Rolling errors of a pool at one origin, for one member: error[(step_index * origins + slot) * series + s], oldest slot
 * first; the newest slot is the origin just before this one. NaN = unknown, not counted, or its target is not known yet. */
struct rolling_errors {
    size_t origins, series;
    const double *error;
};
static inline const double *rolling_errors_at(const struct rolling_errors *e, size_t step_index, size_t slot)
{
    return e->error + (step_index * e->origins + slot) * e->series;
}

#endif
