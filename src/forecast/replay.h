/* replay.h: a pool's history walked origin by origin, so that issued forecasts, weights and errors exist as they would in
 * the stream; backtest and one-shot forecasts stand on it. It calls the pool, not the engine.
 *
 * The ORIGIN o is the number of known periods: rows 0..o-1 are known, step 1 is row o. Walking starts early enough for all
 * errors that the stream would still hold at the first wanted origin. Fits of different origins run on several threads;
 * what is issued, and in which order it is added up, does not depend on how many. Thread: one at a time. */
#ifndef STORECAST_FORECAST_REPLAY_H
#define STORECAST_FORECAST_REPLAY_H

#include "forecast/ensemble.h"

struct replay_input {
    const struct period_grid *grid;
    struct calendar *calendar; /* covers first .. first + last_origin + POOL_HORIZON_MAX */
    period_t first;            /* of row 0 */
    size_t series;
    const double *value;       /* levels, at least last_origin rows x series, NaN = unknown */
    bool outliers;
    uint32_t excluded; /* bit m: member m may not enter the ensemble */
    uint32_t requested; /* members on request that are to be fitted; before first_origin only those that may enter the ensemble */
    size_t history;    /* periods that an origin looks back on; 0 = all */
    size_t first_origin, last_origin; /* wanted, 1 <= first <= last */
    size_t horizon;                   /* steps issued at the wanted origins */
    size_t threads;                   /* 0 = 1 */
};

struct replay_origin { /* borrowed; valid during the call */
    size_t origin, series, horizon;
    const struct pool_fit *fit;
    const double *value;  /* [(series * MEMBER_COUNT + member) * horizon + h]: medians in logs (levels for SERIES_LEVEL) */
    const double *weight; /* as ensemble_weights gives them */
    const bool *fallback; /* per series: the ensemble had to use naive */
    const struct rolling_errors *errors; /* [MEMBER_COUNT], of what was issued before */
};

struct replay_hooks {
    void *user;
    void (*on_progress)(void *user, size_t done, size_t total); /* NULL = none; every origin walked */
    enum status (*on_origin)(void *user, const struct replay_origin *at); /* every wanted origin, in order */
};

size_t replay_origin_count(const struct replay_input *input); /* origins that will be walked */
enum status replay_run(const struct replay_input *input, const struct replay_hooks *hooks) MUST_CHECK;

static inline const double *replay_steps(const struct replay_origin *at, size_t series, enum member m)
{
    return at->value + (series * MEMBER_COUNT + (size_t)m) * at->horizon;
}

#endif
