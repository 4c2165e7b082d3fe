/* department_errors.h: the linear error model: how wrong a forecast of a department will be, from how wrong earlier ones were.
 *
 * log(|error| + .02) at earlier origins is regressed (ridge) on the size of past errors (own, the department's, the store's), the
 * noise of growth and of weeks, the spread of the configurations, the horizon, the season, the disagreement of the two parts
 * and the gaps. Quantiles are pooled standardised errors of steps within 4 of the horizon, recentred, times that scale
 * (forecasting.md 3.2b). Nothing at or after the last origin is looked at. Thread: any. */
#ifndef STORECAST_FORECAST_DEPARTMENT_ERRORS_H
#define STORECAST_FORECAST_DEPARTMENT_ERRORS_H

#include "forecast/department.h"

struct department_issued { /* what one model issued at one origin */
    const struct department_known *known;
    const struct department_signs *signs;
    const double *point; /* horizon x series, logs */
};

#define DEPARTMENT_WARM_UP 2 /* issues whose errors do not count yet: what is known of past errors is too little */
#define DEPARTMENT_LEVELS  9 /* .1 .. .9 */

/* issued: oldest first, all on one panel, the last is the one whose quantiles are wanted. out: [(h * series + s) * DEPARTMENT_LEVELS
 * + level], logs, ascending; the fifth is the point. NaN where there is no point. STATUS_TOO_SHORT when no earlier error is
 * known, STATUS_SINGULAR. */
enum status department_quantiles(const struct department_issued *issued, size_t count, double *out) MUST_CHECK;

#endif
