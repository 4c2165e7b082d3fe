/* arima_fit.h: an ARIMA model with regressors fitted to one series by exact maximum likelihood.
 *
 * BFGS on -2 log L from several starts, of which the best is kept: local maxima are real. Gaps (NaN) cost one observation each.
 * Series are scaled by a power of two for fitting, so that huge and tiny ones do not over- or underflow. Thread: any, one fitter each. */
#ifndef STORECAST_FORECAST_ARIMA_FIT_H
#define STORECAST_FORECAST_ARIMA_FIT_H

#include <stdint.h>

#include "base/status.h"
#include "forecast/arima_likelihood.h"

#define ARIMA_LEVELS_MAX 128 /* d + D m */

struct arima_input {
    const double *y; /* n values, NaN = missing */
    size_t n;
    const double *x;    /* n x regressors, complete; NULL when there are none. Without a constant */
    size_t regressors;  /* fewer than ARIMA_REGRESSORS_MAX */
};

struct arima_fitted { /* what a fit finds; plain numbers */
    struct arima_order order;
    double u[ARIMA_PARAMETERS_MAX];
    double beta[ARIMA_REGRESSORS_MAX]; /* regressors, then the constant */
    double deviance, aicc; /* infinite where there are too few observations for the parameters */
    double sigma2;         /* sse / (counted - coefficients): what intervals and reports use */
    double sigma2_ml;      /* sse / counted: what the likelihood uses */
    size_t counted, coefficients, dropped; /* observations of w; ARMA and regression; regressors that others explain */
};

struct arima_fitter;

/* Keeps pointers into input. `widest` says the most states and differencing that will be fitted. STATUS_TOO_SHORT when nothing is
 * observed, STATUS_NOT_POSITIVE when a regressor is not finite, STATUS_NO_MEMORY. Caller frees. */
enum status arima_fitter_new(const struct arima_input *input, const struct arima_order *widest, struct arima_fitter **out) MUST_CHECK;
void arima_fitter_free(struct arima_fitter *fitter);

/* neighbour (may be NULL): a fit whose optimum is one of the starts. `only_neighbour`: the one start (a warm refit).
 * STATUS_TOO_SHORT: fewer observations than coefficients; STATUS_NO_CONVERGE: no likelihood. A model without ARMA factors that
 * leaves nothing to explain (a constant) has a deviance of -infinity.
 * Allocates nothing. */
enum status arima_fit(struct arima_fitter *fitter, const struct arima_order *order, const struct arima_fitted *neighbour,
                      bool only_neighbour, struct arima_fitted *out) MUST_CHECK;

/* Standardised innovations of a fit, input->n values in units of the series, NaN where there is none. */
void arima_fit_residuals(struct arima_fitter *fitter, const struct arima_fitted *fitted, double *out);

/* A model that forecasts: arima_forecast.h. */
struct arima_model;
void arima_fit_model(struct arima_fitter *fitter, const struct arima_fitted *fitted, struct arima_model *out);

/* For tests: the deviance and its gradient at u as the optimiser sees them. */
double arima_fit_deviance(struct arima_fitter *fitter, const struct arima_order *order, const double *u, double *gradient);

#endif
