/* damped.h: damped_growth: the year-over-year model for noisy series (departments, products) and long horizons.
 *
 * As seasonal_yoy (yoy.h) up to the growth over last year's dates, then robust: the common growth is the pool's median,
 * own growth is winsorised, its level comes with the variance of its noise, so that it can be shrunk to what others of its
 * kind show, and both levels fade with the horizon (forecasting.md 3.2b). Everything is in logs: x is periods x series,
 * row-major, complete. Thread: any; a pool's work is one thread's. */
#ifndef STORECAST_FORECAST_DAMPED_H
#define STORECAST_FORECAST_DAMPED_H

#include "forecast/yoy.h"

#define DAMPED_HORIZON_MAX 52 /* and never more than a season */

struct damped_configuration {
    int annual_harmonics, month_harmonics; /* of the regression that isolates the calendar's effects */
    double ridge_penalty, own_share;
    int svd_rank;
    double svd_remainder;                  /* share kept of what the leading vectors leave over */
    double course_share, course_bandwidth; /* share of the rest of it that is kept as its kernel-smoothed course */
    double fluctuation_bandwidth, fluctuation_share, seasonal_scale, date_alignment; /* as in yoy.h */
    double alpha_own, alpha_common;                                                  /* of the growth */
    double damping_common, damping_own;                                              /* a step */
    double panel_weight;
    int panel_annual_harmonics, panel_month_harmonics;
    double panel_ridge_penalty, panel_own_share, panel_alpha_own, panel_alpha_common, panel_quasi_difference;
};

#define DAMPED_DEPARTMENTS 12
/* Drawn at random and ranked on departments, on weeks before the 104th (forecasting.md 2b). */
extern const struct damped_configuration damped_departments[DAMPED_DEPARTMENTS];

/* The simple form of a configuration of the store model. */
struct damped_configuration damped_of_yoy(const struct yoy_configuration *c);

struct damped_input {
    const double *x;
    size_t periods, series;
    period_t first;
    const struct calendar *calendar; /* covers first .. first + periods + horizon */
    size_t horizon;                  /* 1 .. one season */
    bool in_noise_units;             /* series divided by their own noise before the pool's vectors are looked for */
};

/* One configuration on one pool. The caller gives the memory; rows of `series` values, steps 1..horizon. */
struct damped_result {
    double *base;     /* horizon x series: all but the own growth */
    double *harmonic; /* horizon x series: the harmonic panel's forecast */
    double *level;    /* series: own growth */
    double *noise;    /* series: variance of that level's error */
    /* What the error model looks at; NULL where it is not wanted. */
    double *growth_sd, *rest_sd; /* series: of own growth, of weeks about the shared course */
    double *local_rest;          /* horizon x series: the latter around the same time of last year */
    double *season;              /* horizon x series: last year's deviation from the mean */
};

struct damped_pool;

/* Room for fits of these configurations. Keeps pointers to all arguments. STATUS_TOO_SHORT, STATUS_NOT_POSITIVE as in yoy_fit.
 * Caller frees. */
enum status damped_pool_new(const struct damped_input *input, const struct damped_configuration *configurations, size_t count,
                            struct damped_pool **out) MUST_CHECK;
void damped_pool_free(struct damped_pool *pool);
/* Allocates nothing. STATUS_SINGULAR, STATUS_NO_CONVERGE. */
enum status damped_pool_run(struct damped_pool *pool, size_t configuration, const struct damped_result *result,
                            double *out_between) MUST_CHECK;

/* Steps of one series: the mix of both parts, with the own level as given. out_apart (may be NULL): growth part minus
 * harmonic panel. */
struct damped_mix {
    const struct damped_configuration *configuration;
    const double *base, *harmonic; /* of this series, `stride` between steps */
    size_t horizon, stride;
    double level;
};
void damped_combine(const struct damped_mix *mix, double *out_value, double *out_apart);

/* The simple form on a whole pool: mean over the configurations, own levels shrunk to 0. out: horizon x series. */
enum status damped_forecast(const struct damped_input *input, const struct yoy_configuration *configurations, size_t count,
                            double *out) MUST_CHECK;

#endif
