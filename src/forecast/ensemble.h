/* ensemble.h: which members enter, with which weight (forecasting.md 3.6). Means are taken in logs.
 *
 * One member per family enters, per pool and horizon band: the first in the table, unless a later one's pooled MSE is more
 * than 5 % less (26 overlapping origins cannot tell less, and choosing by it costs up to .03 of MAPE). A member enters
 * while its pooled MSE is at most 1.5 times the best one's; small members only when nothing else is in. MSE_k = mean squared
 * error of member k over the rolling errors h = 1..8 of the last 26 origins, pooled; MSE_ik the same per series;
 * weight_ik ~ 1 / (.5 MSE_ik + .5 MSE_k)^2; below 2 % dropped, the rest renormalised. Fewer than 8 scored target periods: prior
 * weights. Bands: 1..8, 9..19 (from errors at 13), 20.. (from errors at 26); before those exist, the weights of h = 5..8.
 * Series without a long history have no such choice: sisters alone where there are any; else, with 1..7 periods, the mean;
 * else the net: SES, damped drift and naive in equal parts (there is nothing to weigh them by), for a series kept in levels
 * SES and mean, because a trend from zeros leads nowhere.
 * Thread: any. */
#ifndef STORECAST_FORECAST_ENSEMBLE_H
#define STORECAST_FORECAST_ENSEMBLE_H

#include "forecast/errors.h"
#include "forecast/pool.h"

#define ENSEMBLE_BANDS 3
size_t ensemble_band(size_t h); /* of step h >= 1 */

struct ensemble_input {
    size_t series;
    const struct rolling_errors *member; /* [MEMBER_COUNT]; origins = 0 where a member has none */
    const struct pool_fit *fit;          /* says which members exist for a series now */
    bool excluded[MEMBER_COUNT];         /* models that may not enter; baselines and short-history models always may */
};

/* weight[(band * MEMBER_COUNT + member) * series + s], summing to 1 over members where any member exists, else all 0.
 * The caller gives ENSEMBLE_BANDS * MEMBER_COUNT * series doubles. */
enum status ensemble_weights(const struct ensemble_input *input, double *out_weight) MUST_CHECK;

/* out[horizon] from value[member][h] (row stride horizon, NaN = failed for that step: its weight goes to the others; all fail:
 * naive, then NaN) and the weights of one series. out_fallback: some step had to use naive. */
void ensemble_forecast(const double *weight, size_t series_count, size_t series, const double *value, size_t horizon, double *out,
                       bool *out_fallback);

#endif
