/* covariate.h: covariate_panel: a pool's sales from what is known ahead: promotion days, open days, holidays, the calendar.
 *
 * A ridge on quasi-differences of logs: coefficients of the pool, then each series' deviations from them, then smoothed levels
 * (forecasting.md 3.2c). Works from about 26 periods, no value a year ago is needed. The prior of the pool's coefficients is
 * scaled by its size, because what shakes all series in a period does not average out over them: an effect seen in few
 * periods stays near 0 however many series there are. Thread: any. */
#ifndef STORECAST_FORECAST_COVARIATE_H
#define STORECAST_FORECAST_COVARIATE_H

#include <stddef.h>

#include "base/status.h"

struct covariate_options {
    double quasi_difference;
    double own_strength;            /* periods that a series' own deviation has to outweigh */
    double own_prior, common_prior; /* standard deviations of the effects of both kinds of columns */
    double shock;                   /* standard deviation of what shakes the whole pool in a period */
    double common_alpha, own_alpha; /* of the levels */
};
extern const struct covariate_options covariate_default; /* .6 50 .5 .05 .03 .15 .2 */

struct covariate_input {
    const double *x; /* periods x series: logs (of sales per open day), NaN = closed or missing */
    size_t periods, series, horizon;
    const double *own; /* (periods + horizon) x series x own_columns */
    size_t own_columns;
    const double *common; /* (periods + horizon) x common_columns */
    size_t common_columns;
};

/* out: horizon x series, logs. STATUS_TOO_SHORT for no periods, series or columns, or no value at all; STATUS_SINGULAR when a
 * covariate is not finite. */
enum status covariate_forecast(const struct covariate_input *input, const struct covariate_options *options, double *out) MUST_CHECK;

#endif
