/* arima_search.h: the order of an ARIMA model by Hyndman and Khandakar's stepwise search (forecasting.md 3.3).
 *
 * d by KPSS tests and D by seasonal strength, both on what the regressors leave; then the least AICc among neighbours, models with a root
 * within 1.01 of the unit circle refused. Likelihoods are exact throughout. Thread: any. */
#ifndef STORECAST_FORECAST_ARIMA_SEARCH_H
#define STORECAST_FORECAST_ARIMA_SEARCH_H

#include "forecast/arima_fit.h"

#define ARIMA_SEARCH_MODELS 94 /* at most tried */

struct arima_search {
    size_t period; /* 1: none; above ARIMA_PERIOD_MAX only a seasonal difference */
};

/* The fitter stays usable for the model's residuals, forecasts and refits. Status as arima_fitter_new and arima_fit; caller frees the fitter. */
enum status arima_search(const struct arima_input *input, const struct arima_search *search, struct arima_fitter **out_fitter,
                         struct arima_fitted *out, size_t *out_tried) MUST_CHECK;

#endif
