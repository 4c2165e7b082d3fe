/* arima_covariance.h: where the Kalman filter of a stationary ARMA model starts. Thread: any; nothing allocates. Internal to arima. */
#ifndef STORECAST_FORECAST_ARIMA_COVARIANCE_H
#define STORECAST_FORECAST_ARIMA_COVARIANCE_H

#include "forecast/arima_model.h"

/* Column 0 of the stationary state covariance (per unit of the innovations' variance), and its derivative in the direction
 * of the tangent polynomials. work: arima_covariance_work(states) doubles. */
void arima_covariance_column(const struct arima_polynomials *p, const struct arima_polynomials *tangent, double *out,
                             double *out_tangent, double *work);
size_t arima_covariance_work(size_t states);

#endif
