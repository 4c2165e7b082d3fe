/* damped_inner.h: the workspace of damped_growth on one pool. Internal to damped*.c. */
#ifndef STORECAST_FORECAST_DAMPED_INNER_H
#define STORECAST_FORECAST_DAMPED_INNER_H

#include "forecast/damped.h"
#include "forecast/yoy_growth.h"
#include "forecast/yoy_reference.h"
#include "forecast/yoy_ridge.h"
#include "forecast/yoy_svd.h"

struct damped_pool {
    const struct damped_input *input;
    const struct damped_configuration *configurations;
    size_t count, periods, horizon, series, stride, season, rank;
    struct yoy_design design; /* rows: periods + horizon */
    struct yoy_normal normal, differenced;
    double differenced_share; /* of what `differenced` holds; below 0: nothing yet */
    double *differenced_design, *differenced_x;
    double *x, *cleaned, *centred, *shared, *smooth; /* periods x stride */
    double *growth;                                  /* (periods - season) x stride */
    double *effect;                                  /* horizon x stride */
    double *coefficients, *used, *chosen;            /* columns x stride; one design row */
    double *mean, *unit, *nothing, *level, *sums[2]; /* stride */
    double *common;                                  /* periods - season */
    double *steps, *weights;                         /* periods + horizon; periods */
    double *kernel;                                  /* 2 * periods + 1 */
    double *column;                                  /* the longer of periods and series: medians */
    double *svd_memory, *work, *memory;
};

/* A year of history cleaned of the calendar, in mean, cleaned and effect. */
enum status damped_clean(struct damped_pool *p, const struct damped_configuration *c) MUST_CHECK;
/* shared and smooth, from cleaned. */
enum status damped_share(struct damped_pool *p, const struct damped_configuration *c) MUST_CHECK;
/* Writes base, level, noise, growth_sd; returns the variance between series. */
double damped_grow(struct damped_pool *p, const struct damped_configuration *c, const struct damped_result *out);
enum status damped_harmonic(struct damped_pool *p, const struct damped_configuration *c, double *out) MUST_CHECK;
void damped_describe(struct damped_pool *p, const struct damped_result *out);

/* out (stride) = kernel-weighted mean of `count` rows around row `at`, which may lie outside them. */
void damped_kernel_mean(struct damped_pool *p, const double *rows, size_t count, double at, double bandwidth, double *out);

#endif
