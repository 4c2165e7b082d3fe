/* pool_inner.h: what a fitted pool keeps. Internal to pool*.c.
 *
 * A cell is usable when it is finite and, in a series kept in logs, positive; the others are missing. */
#ifndef STORECAST_FORECAST_POOL_INNER_H
#define STORECAST_FORECAST_POOL_INNER_H

#include "forecast/pool.h"
#include "forecast/yoy.h"

#define POOL_SISTER_STEPS 26 /* steps of the sisters' mean that are computed with the fit */
#define POOL_NO_COLUMN SIZE_MAX

struct pool_small { /* closed-form members of one series, in levels; NaN = none */
    double last;    /* naive */
    double mean, ses, drift_last, drift_slope;
    double above_sisters; /* in logs */
};

struct pool_growth;
struct arima_regression;

struct pool_fit {
    const struct calendar *calendar;
    size_t season, periods, series;
    period_t first;
    struct pool_series *info;
    struct pool_small *small;
    double *tail;   /* the last season's usable levels, season x series */
    size_t *column; /* of a series among the long ones, or POOL_NO_COLUMN */

    size_t long_count;
    size_t start;   /* first row of the long series' matrix */
    double *x;      /* (periods - start) x long_count, logs, complete in pools of YOY_MIN_POOL */
    bool *outlier;  /* (periods - start) x long_count; NULL = none looked for */
    struct yoy_model *averaged, *single; /* pools of YOY_MIN_POOL */
    double *damped; /* season x long_count, steps 1.. of damped_growth; NULL = not asked for, or not to be had */
    struct yoy_model **alone;            /* long_count; NULL where it could not be fitted */
    struct pool_growth *growth;        /* long_count; NULL = not asked for (pool_arima.h) */
    struct yoy_model **references;     /* long_count, NULL where there is none */
    struct arima_regression **regression; /* series; NULL where it could not be fitted */
    bool has_sisters;
    double sister_step[POOL_SISTER_STEPS];
};

double pool_usable(double value, bool level); /* NaN when it is not */

/* Kind, extent and bounds of one series, `stride` between its periods. */
void pool_series_scan(const double *value, size_t stride, size_t periods, size_t season, struct pool_series *out);

/* pool_seasonal.c: matrix, flags, gaps and models of the long series, of which there is at least one. */
enum status pool_seasonal_fit(struct pool_fit *fit, const struct pool_input *input) MUST_CHECK;
void pool_seasonal_done(struct pool_fit *fit);

/* pool_forecast.c: mean over the long series of the averaged model's forecasts, steps 1..horizon. */
enum status pool_forecast_sisters(const struct pool_fit *fit, size_t horizon, double *out) MUST_CHECK;

#endif
