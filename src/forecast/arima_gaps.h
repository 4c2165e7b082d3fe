/* arima_gaps.h: the likelihood of data with gaps: levels are kept in the state, so that a gap costs one observation.
 *
 * As arima_likelihood.h, but on undifferenced rows, whose first column may be NaN. The levels before the first row have a prior variance
 * of 1e6 innovations' variances, and observations that are forecast with a variance of 1e4 of them or more are left out of the
 * likelihood (what R does): without gaps it is the exact likelihood but for about 1e-3. Thread: any, one workspace each. */
#ifndef STORECAST_FORECAST_ARIMA_GAPS_H
#define STORECAST_FORECAST_ARIMA_GAPS_H

#include "forecast/arima_likelihood.h"

struct arima_gaps; /* workspace */

/* For `columns` columns and states + differencing states. Caller frees. */
enum status arima_gaps_new(size_t columns, size_t states, size_t differencing, struct arima_gaps **out) MUST_CHECK;
void arima_gaps_free(struct arima_gaps *gaps);

/* data: levels; no NaN but in column 0. out->sigma2 = sse / observations counted. Allocates nothing. */
void arima_gaps_likelihood(const struct arima_order *o, const double *u, const struct arima_data *data, struct arima_gaps *gaps,
                           struct arima_profile *out, size_t *out_counted);

/* After arima_gaps_likelihood: the state after the last row of column 0 less the fitted regressors: the model's states, and
 * the last `differencing` levels, newest first; and the gain of the model's states. */
void arima_gaps_last_state(const struct arima_gaps *gaps, size_t columns, const struct arima_profile *profile, double *out_state, double *out_gain,
                           double *out_levels);
/* Standardised innovations, n values, NaN where nothing was observed or counted. */
void arima_gaps_residuals(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                          struct arima_gaps *gaps, double *out);

#endif
