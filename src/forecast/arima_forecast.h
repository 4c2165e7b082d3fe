/* arima_forecast.h: forecasts from the state of a fitted model, and its update by one observation.
 *
 * Plain data: copy it freely. An update costs a filter step with the steady gain; parameters stay until the next fit.
 * Thread: any; nothing allocates. */
#ifndef STORECAST_FORECAST_ARIMA_FORECAST_H
#define STORECAST_FORECAST_ARIMA_FORECAST_H

#include "forecast/arima_fit.h"

struct arima_model {
    struct arima_order order;
    struct arima_polynomials polynomials;
    size_t regressors;
    double beta[ARIMA_REGRESSORS_MAX], constant; /* of w */
    double sigma2;
    double state[ARIMA_STATES_MAX], gain[ARIMA_STATES_MAX];
    double levels[ARIMA_LEVELS_MAX]; /* the last values less the regressors, newest first: what differences are undone with */
    double difference[ARIMA_LEVELS_MAX + 1];
    size_t behind; /* periods since the last observation */
};

/* x: the period's regressors (NULL without any). y may be NaN: the forecast takes its place. */
void arima_update(struct arima_model *m, double y, const double *x);

/* mean[horizon] and, unless NULL, variance[horizon]. x: horizon x regressors, or NULL: what the regressors add is left out. */
void arima_forecast(const struct arima_model *m, const double *x, size_t horizon, double *mean, double *variance);

#endif
