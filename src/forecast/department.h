/* department.h: the department model: forecasts of many departments of many stores, for long horizons (forecasting.md 3.2b).
 *
 * Pools are departments: the same department of all stores. What a growth level is shrunk to is the store: the growth of
 * all its departments. Twelve configurations of damped_growth (damped.h) are averaged in logs. Series without enough sales of
 * their own, or without two others of their department, stand alone or repeat last year.
 * Forecasts stay within half the least and twice the greatest value seen: the bounds are part of the model.
 * Thread: any; what was made is read-only. */
#ifndef STORECAST_FORECAST_DEPARTMENT_H
#define STORECAST_FORECAST_DEPARTMENT_H

#include "forecast/calendar.h"

struct department_panel {
    size_t periods, series;
    const double *value;              /* levels, periods x series, NaN = unknown */
    const size_t *store, *department; /* of each series, below `stores` and `departments` */
    size_t stores, departments;
    period_t first;
    const struct calendar *calendar; /* covers first .. first + periods + one season */
};

/* What is known at one origin, cut into pools. */
struct department_known {
    const struct department_panel *panel;
    size_t origin, horizon, season;
    double *x;          /* origin x series: logs, NaN where there is no positive value */
    size_t *observed;   /* series: finite cells of x */
    bool *pooled;       /* series */
    size_t *columns;    /* series in order of their pools, those without one last */
    size_t *pool_start; /* pools + 1: into columns */
    size_t pools;
    double *filled;     /* pool k: origin x (its series) from origin * pool_start[k] on; outliers left out, gaps filled */
    double *low, *high; /* series: bounds in logs */
    double *year_ago;   /* horizon x series: log of last year's value, or of the last one */
    double *otherwise;  /* horizon x series: for series without a pool: a model of its own, or year_ago */
};

/* Of the first `origin` periods; 1 <= horizon <= one season. STATUS_TOO_SHORT below YOY_MIN_PERIODS. Keeps the pointer. Caller frees. */
enum status department_known_new(const struct department_panel *panel, size_t origin, size_t horizon,
                                 struct department_known **out) MUST_CHECK;
void department_known_free(struct department_known *k);

/* Which model forecasts the pools. */
enum department_model { DEPARTMENT_FULL, DEPARTMENT_DAMPED, DEPARTMENT_YOY, DEPARTMENT_COVARIATE /* of the calendar alone */ };

/* What the error model looks at besides past errors. */
struct department_signs {
    double *spread, *apart, *local_rest, *season;     /* horizon x series */
    double *jump, *gap, *growth_sd, *rest_sd, *noise; /* series */
    double *memory;
};
enum status department_signs_init(struct department_signs *signs, const struct department_known *k) MUST_CHECK;
void department_signs_done(struct department_signs *signs);

/* out: log medians, horizon x series, NaN for a series that has no positive value. */
enum status department_forecast(const struct department_known *k, enum department_model model, double *out) MUST_CHECK;
/* The full model, with what its error model looks at. */
enum status department_forecast_full(const struct department_known *k, double *out, const struct department_signs *signs) MUST_CHECK;

#endif
