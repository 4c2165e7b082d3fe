/* pool_arima.h: the ARIMA members of a pool: fitted when asked for, one series at a time. Internal to pool*.c. Thread: any. */
#ifndef STORECAST_FORECAST_POOL_ARIMA_H
#define STORECAST_FORECAST_POOL_ARIMA_H

#include "forecast/arima_regression.h"
#include "forecast/pool_inner.h"

struct pool_growth { /* one series */
    bool exists;
    struct arima_model model;
    struct diagnostics residuals;
    double aicc;
    const struct yoy_model *reference; /* last year's dates and the calendar's effects; whose growth it is */
    size_t column;                     /* in it */
};

/* Growth of the long series; after the pool's gaps are filled. STATUS_NO_MEMORY only. */
enum status pool_arima_growth_fit(struct pool_fit *fit) MUST_CHECK;
/* Every series with enough values, gaps as they are; but what outliers left out. STATUS_NO_MEMORY only. */
enum status pool_arima_regression_fit(struct pool_fit *fit, const struct pool_input *input) MUST_CHECK;
void pool_arima_done(struct pool_fit *fit);

bool pool_arima_has(const struct pool_fit *fit, enum member member, size_t series);
void pool_arima_forecast(const struct pool_fit *fit, enum member member, size_t series, size_t horizon, double *out);

#endif
