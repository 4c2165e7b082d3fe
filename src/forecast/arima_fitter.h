/* arima_fitter.h: one series prepared for fits, and the optimiser. Internal to arima*.c. */
#ifndef STORECAST_FORECAST_ARIMA_FITTER_H
#define STORECAST_FORECAST_ARIMA_FITTER_H

#include "forecast/arima_fit.h"
#include "forecast/arima_gaps.h"

struct arima_fitter {
    struct arima_input input;
    size_t first, n, observed; /* from the first to the last observed value */
    double scale;  /* power of two that brings the greatest value near 1 */
    double offset; /* taken off a series that gets a mean, so that squares keep their digits */
    double *rows;
    struct arima_data data; /* of the order loaded */
    struct arima_work *work;   /* without gaps */
    struct arima_gaps *gaps;   /* with gaps */
    size_t counted;            /* observations in the last likelihood */
};

/* The rows of an order: differenced, or with gaps in levels. */
void arima_fitter_load(struct arima_fitter *f, const struct arima_order *o);
double arima_fitter_trend(const struct arima_order *o, size_t t); /* the constant's column in levels */
/* Deviance (NaN: none) and profile at u; then the gradient there. */
double arima_fitter_value(struct arima_fitter *f, const struct arima_order *o, const double *u, struct arima_profile *out);
void arima_fitter_gradient(struct arima_fitter *f, const struct arima_order *o, const double *u, const struct arima_profile *profile,
                           double *gradient);

/* BFGS from u, which becomes the optimum. The deviance is NaN when the start has none. */
void arima_minimise(struct arima_fitter *f, const struct arima_order *o, double *u, struct arima_profile *out);

#endif
