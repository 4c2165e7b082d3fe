/* intervals.h: split-conformal quantiles, online, from the pool's signed rolling errors (forecasting.md 3.7).
 *
 * For each step 1..8: E = log errors of past origins whose target is known, oldest first, weights .97^(age in origins);
 * s_i^2 = own_share * weighted mean of own e^2 + (1 - own_share) * mean of that over the pool; signed scores z = e / s_i;
 * Q_p = weighted p-quantile of all scores of the pool; offset_p = (Q_p - recentre * Q_.5) * s_i, 0 for p = .5.
 * Steps past 8 use the offsets of step 8. A pool of one: own_share 1, offsets times 1.05. A series with fewer than
 * 12 scored origins at a step: symmetric normal, residual_sd * sqrt(h) * 1.3.
 * Quantiles on the other side of the median count as the median.
 * Missing errors have weight 0. Thread: any; read-only after conformal_new. */
#ifndef STORECAST_FORECAST_INTERVALS_H
#define STORECAST_FORECAST_INTERVALS_H

#include "forecast/errors.h"

struct conformal;

struct conformal_options {
    double decay, own_share, recentre, alone_widening;
};
extern const struct conformal_options conformal_default;       /* .97 .6 .5 1.05 */

/* errors: of the published forecast. residual_sd[series]: where a series starts from. member_of_pool[series]: series whose
 * scores are pooled (the long ones); others get only their own start. Caller frees; copies what it needs. */
enum status conformal_new(const struct rolling_errors *errors, const double *residual_sd, const bool *in_pool,
                          const struct conformal_options *options, struct conformal **out) MUST_CHECK;
void conformal_free(struct conformal *c);

/* Log offset of quantile `level` (0 < level < 1) of step h for a series, to add to the log median. Non-decreasing in level. */
double conformal_offset(const struct conformal *c, size_t series, size_t h, double level);
double conformal_scale(const struct conformal *c, size_t series, size_t h);
/* mean / median: recency-weighted mean of exp(e), shrunk to the pool like s_i, within .8..1.5; 1 while there are too few errors. */
double conformal_mean_ratio(const struct conformal *c, size_t series, size_t h);

/* Absolute scores, as reference/yoy_half_widths.csv has them: half width of `level` coverage. For tests and reports. */
enum status conformal_half_widths(const struct rolling_errors *errors, size_t step_index, const double *levels, size_t level_count,
                                  double decay, double own_share, double *out /* level_count x series */) MUST_CHECK;

#define QUANTILE_LEVELS 11
extern const double quantile_levels[QUANTILE_LEVELS]; /* .01 .025 .05 .1 .25 .5 .75 .9 .95 .975 .99 */

#endif
