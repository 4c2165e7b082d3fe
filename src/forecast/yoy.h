/* yoy.h: seasonal_yoy, the calendar-aligned year-over-year model of a pool of series.
 *
 * Everything is in logs: x is periods x series, row-major, complete (no NaN), positive sales before the log. The origin
 * is the number of periods; step h = 1 is the period after the last row. A configuration mixes two parts:
 *   year over year: last year's value of the same dates, cleaned of the calendar, half-shrunk to the pool's leading
 *                   singular vectors, plus exponentially smoothed growth (yoy_ridge, yoy_svd, yoy_reference, yoy_growth)
 *   harmonic panel: ridge on annual harmonics and holidays of quasi-differences, plus a smoothed residual (yoy_panel)
 * and the model is the mean over configurations (yoy_average). Needs at least YOY_MIN_PERIODS rows.
 * Thread: any; a fitted model is read-only. */
#ifndef STORECAST_FORECAST_YOY_H
#define STORECAST_FORECAST_YOY_H

#include "forecast/calendar.h"

#define YOY_MIN_PERIODS 54
#define YOY_MIN_POOL 3 /* smaller pools use yoy_alone, every series by itself */

struct yoy_configuration {
    const char *name;
    /* year over year */
    int annual_harmonics, month_harmonics; /* of the regression that isolates the calendar's effects */
    double ridge_penalty;                  /* times the number of periods */
    double own_share;                      /* coefficient = pooled mean + share * (own - mean) */
    int svd_rank;                          /* 0: no pooling of histories */
    double svd_remainder;                  /* share kept of what the leading vectors leave over */
    double growth_alpha_own, growth_alpha_common, growth_shrinkage;
    double date_alignment;                 /* share of the shift between one season back and the period before it */
    double seasonal_scale;                 /* shrinkage of last year's profile to the series' mean */
    double fluctuation_share, fluctuation_bandwidth; /* two-year smoothing */
    /* harmonic panel */
    int panel_annual_harmonics, panel_month_harmonics;
    double panel_ridge_penalty, panel_own_share, panel_alpha_own, panel_alpha_common, panel_quasi_difference;
    double panel_weight; /* of the panel in the configuration's forecast */
};

extern const struct yoy_configuration yoy_single;       /* "default" of the reference files */
extern const struct yoy_configuration yoy_alone;        /* "no_pooling" */
#define YOY_AVERAGED 10
extern const struct yoy_configuration yoy_averaged[YOY_AVERAGED]; /* "drawn_*": best ten of sixty drawn, chosen on targets before week 91 */

struct yoy_input {
    const double *x;         /* periods x series */
    size_t periods, series;
    period_t first;          /* period of row 0 */
    const struct calendar *calendar; /* covers first .. first + periods + the longest horizon asked of the model */
};

struct yoy_model;

/* Fits `count` configurations. STATUS_TOO_SHORT below YOY_MIN_PERIODS, STATUS_NOT_POSITIVE when a value is not finite,
 * STATUS_SINGULAR or STATUS_NO_CONVERGE when a system has no solution.
 * The model keeps a pointer to the calendar, none to x. Caller frees. */
enum status yoy_fit(const struct yoy_input *input, const struct yoy_configuration *configurations, size_t count,
                    struct yoy_model **out) MUST_CHECK;
void yoy_free(struct yoy_model *m);

/* yoy_alone for every series: out[i] is a model of series i only, the same to the byte as yoy_fit of its column, all for
 * little more than the cost of one. Writes input->series models or none; caller frees each. */
enum status yoy_fit_each(const struct yoy_input *input, struct yoy_model **out) MUST_CHECK;

/* Log forecasts, horizon x series, row-major: mean over the configurations. Allocates nothing. */
enum status yoy_forecast(const struct yoy_model *m, size_t horizon, double *out) MUST_CHECK;
/* One series: out[horizon]. The same bytes as its column of yoy_forecast. */
enum status yoy_forecast_series(const struct yoy_model *m, size_t series, size_t horizon, double *out) MUST_CHECK;

/* The same with growth[horizon] in place of the smoothed level of the growth: somebody else's forecast of it. */
void yoy_forecast_growth(const struct yoy_model *m, size_t series, const double *growth, size_t horizon, double *out);

/* Root mean square of the one-step in-sample residual of each series (growth minus its smoothed level before the
 * period, mean over the configurations), out[series]: what intervals start from while there are too few rolling
 * errors. */
void yoy_residual_sd(const struct yoy_model *m, double *out);

/* What the reference files trace, for tests and explanations. Pointers are borrowed; NULL where a part was not fitted. */
struct yoy_trace {
    const double *coefficients, *used;   /* regressors x series, year over year part */
    const double *panel_coefficients, *panel_used;
    const double *mean, *growth_level, *panel_level; /* series */
    const double *calendar_effect, *cleaned, *shared, *smooth; /* periods x series */
    const double *growth;                /* (periods - season) x series */
};
/* Fits one configuration keeping its inner values; slow, for tests. Caller frees with yoy_free. */
enum status yoy_fit_traced(const struct yoy_input *input, const struct yoy_configuration *configuration,
                           struct yoy_model **out, struct yoy_trace *out_trace) MUST_CHECK;

#endif
