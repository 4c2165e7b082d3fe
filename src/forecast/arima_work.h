/* arima_work.h: what the filter works with. Internal to arima*.c. */
#ifndef STORECAST_FORECAST_ARIMA_WORK_H
#define STORECAST_FORECAST_ARIMA_WORK_H

#include "forecast/arima_covariance.h"
#include "forecast/arima_likelihood.h"

struct arima_work {
    size_t n_max, columns_max, states_max;
    struct arima_polynomials polynomials;
    size_t steady; /* steps whose gains are stored; the last one's serve from there on */
    double *variance;   /* n: F per unit of sigma2 */
    double *gain;       /* n x states_max: what an innovation adds to the next state */
    double *direction, *scale; /* n x (states_max + 1), n: the change of the covariance is scale * direction direction' */
    double *remainder, *innovation; /* n: what the regressors leave of w */
    double *state;      /* (states_max + 1) x columns, the last row 0 */
    double *gram, *row; /* columns x columns; columns */
    double *covariance, *sensitivity;
    double *memory;
};

#endif
