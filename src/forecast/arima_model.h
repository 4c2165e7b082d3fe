/* arima_model.h: orders of an ARIMA model and its polynomials (forecasting.md 3.3).
 *
 * (1 - phi(B)) (1 - Phi(B^m)) w = (1 + theta(B)) (1 + Theta(B^m)) e, with w = (1-B)^d (1-B^m)^D applied to the series and to
 * every regressor. Parameters are unbounded numbers u, factor by factor (ar, ma, seasonal ar, seasonal ma): tanh(u) are
 * partial autocorrelations, so that every u is a stationary and invertible model. Thread: any; nothing allocates. */
#ifndef STORECAST_FORECAST_ARIMA_MODEL_H
#define STORECAST_FORECAST_ARIMA_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#define ARIMA_FACTOR_MAX     12 /* p, q; a search stays within 5 */
#define ARIMA_SEASONAL_MAX   2  /* P, Q */
#define ARIMA_PERIOD_MAX     24 /* with seasonal factors; a seasonal difference may have any */
#define ARIMA_LAGS_MAX       (ARIMA_FACTOR_MAX + ARIMA_SEASONAL_MAX * ARIMA_PERIOD_MAX)
#define ARIMA_STATES_MAX     (ARIMA_LAGS_MAX + 1)
#define ARIMA_PARAMETERS_MAX (2 * ARIMA_FACTOR_MAX + 2 * ARIMA_SEASONAL_MAX)
#define ARIMA_DIFFERENCES_MAX 2 /* d; D is at most 1 */

struct arima_order {
    size_t p, d, q, seasonal_p, seasonal_d, seasonal_q;
    size_t period; /* 1: no season */
    bool has_constant; /* of w: the mean, or the drift where something is differenced */
};

bool arima_order_valid(const struct arima_order *o);
bool arima_order_equal(const struct arima_order *a, const struct arima_order *b);
size_t arima_parameters(const struct arima_order *o);  /* of the polynomials */
size_t arima_states(const struct arima_order *o);      /* max(ar lags, ma lags + 1) */
size_t arima_differencing(const struct arima_order *o); /* values lost: d + D m */

/* Leading 1 included, lags beyond the order 0: w[t] + sum ar[k] w[t-k] = e[t] + sum ma[k] e[t-k]. */
struct arima_polynomials {
    size_t states;
    double ar[ARIMA_STATES_MAX + 1], ma[ARIMA_STATES_MAX + 1];
};

void arima_expand(const struct arima_order *o, const double *u, struct arima_polynomials *out);
/* Derivative of arima_expand by u[which]. */
void arima_expand_tangent(const struct arima_order *o, const double *u, size_t which, struct arima_polynomials *out);

/* Coefficients as textbooks and R have them: phi, theta, Phi, Theta, arima_parameters of them. */
void arima_coefficients(const struct arima_order *o, const double *u, double *out);
/* The u of given coefficients; false when a factor is not stationary (invertible), or within a hair of it. */
bool arima_parameters_of(const struct arima_order *o, const double *coefficients, double *out_u);

/* Whether every root of every factor lies at least `least` away from 0 (1.01: clear of the unit circle); of a seasonal factor
 * the m-th root of its size counts. */
bool arima_roots_clear(const struct arima_order *o, const double *u, double least);

/* Coefficients 0..d+Dm of (1-B)^d (1-B^m)^D. */
void arima_difference_polynomial(const struct arima_order *o, double *out);
/* y (n values, `stride` apart) differenced: n - arima_differencing values, `out_stride` apart; NaN where a part is. Works in place. */
void arima_difference(const struct arima_order *o, const double *y, size_t stride, size_t n, double *out, size_t out_stride);

#endif
