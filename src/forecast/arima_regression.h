/* arima_regression.h: the classical model: a series on calendar columns, with ARIMA errors (forecasting.md 3.3, use b).
 *
 * Weeks: the holidays that are not constant in training, and as many pairs of annual harmonics as AICc of a least squares regression asks
 * for. Days and months: a seasonal model of the week or the year, with the holidays whose dates move (days: all). Thread: any. */
#ifndef STORECAST_FORECAST_ARIMA_REGRESSION_H
#define STORECAST_FORECAST_ARIMA_REGRESSION_H

#include "forecast/arima_forecast.h"
#include "forecast/calendar.h"
#include "forecast/diagnostics.h"

#define ARIMA_REGRESSION_PAIRS 12

struct arima_regression {
    struct arima_model model;
    size_t columns, pairs; /* holidays in use; annual harmonics */
    uint8_t column[ARIMA_REGRESSORS_MAX]; /* of the calendar's holidays */
    double aicc;
    struct diagnostics residuals; /* standardised innovations in sample */
};

/* y: n values of consecutive periods from `first` on, NaN = missing. The calendar covers them. Statuses as arima_search. */
enum status arima_regression_fit(const double *y, size_t n, period_t first, const struct calendar *calendar,
                                 struct arima_regression *out) MUST_CHECK;

/* out[horizon] for the periods from `next` on; horizon at most 150. The calendar covers them. */
void arima_regression_forecast(const struct arima_regression *r, period_t next, const struct calendar *calendar, size_t horizon, double *out);

#endif
