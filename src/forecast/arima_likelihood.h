/* arima_likelihood.h: the exact Gaussian likelihood of differenced data without gaps, everything linear profiled out.
 *
 * The Kalman filter's gains do not depend on the data, so all columns (w and the regressors) go through the same ones. In a
 * stationary model the change of its covariance from step to step has rank one (Morf, Sidhu, Kailath 1974), which makes a step
 * cost as much as the model has states; once that change is below 1e-11 gains are kept. Thread: any, one workspace each. */
#ifndef STORECAST_FORECAST_ARIMA_LIKELIHOOD_H
#define STORECAST_FORECAST_ARIMA_LIKELIHOOD_H

#include "base/status.h"
#include "forecast/arima_model.h"

#define ARIMA_REGRESSORS_MAX 64 /* with the constant */

/* Rows of differenced values: w first, then the regressors. No NaN. */
struct arima_data {
    size_t n, columns; /* columns = 1 + regressors */
    const double *rows; /* n x columns */
};

struct arima_profile {
    double deviance; /* -2 log L, sigma2 concentrated out; NaN where the model has none */
    double sse, sigma2; /* sigma2 = sse / n: maximum likelihood */
    double beta[ARIMA_REGRESSORS_MAX];
    size_t dropped; /* regressors that others explain; their beta is 0 */
};

struct arima_work; /* room for one problem at a time; functions that take it allocate nothing */

/* For up to n values, `columns` columns and `states` states. Caller frees. */
enum status arima_work_new(size_t n, size_t columns, size_t states, struct arima_work **out) MUST_CHECK;
void arima_work_free(struct arima_work *work);

/* Deviance and profile at u. A deviance of NaN: no likelihood there. */
void arima_likelihood(const struct arima_order *o, const double *u, const struct arima_data *data, struct arima_work *work,
                      struct arima_profile *out);

/* gradient[arima_parameters]: derivatives of the deviance at the u of the last arima_likelihood with this workspace and data,
 * whose profile is given. By forward sensitivities of the filter; exact but for rounding. */
void arima_gradient(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                    struct arima_work *work, double *gradient);

/* Least squares from a Gram matrix of the columns (w first): the sum of squares left, and beta. A column whose pivot is below 1e-9 of
 * its square is dropped. Destroys the matrix. */
double arima_regress(double *gram, size_t columns, double *beta, size_t *out_dropped);
/* The same; out_left[k]: the sum of squares that the regressors up to k leave. */
double arima_regress_stepwise(double *gram, size_t columns, double *beta, double *out_left, size_t *out_dropped);

/* The state after the last row, states values, for w minus the fitted regressors; and the gain and F that a further step has. */
void arima_last_state(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                      struct arima_work *work, double *out_state, double *out_gain);
/* Innovations v / sqrt(F) of the same, n values. */
void arima_residuals(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                     struct arima_work *work, double *out);

#endif
