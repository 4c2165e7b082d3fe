/* small.h: closed-form forecasts for short series and as a safety net (forecasting.md 3.5).
 *
 * Histories are one series, `stride` apart, NaN = missing (skipped). In levels unless said otherwise. Each returns NaN
 * when nothing is observed. Thread: any; nothing is allocated. */
#ifndef STORECAST_FORECAST_SMALL_H
#define STORECAST_FORECAST_SMALL_H

#include <stddef.h>

#define SMALL_SES_ALPHA .3
#define SMALL_SISTER_ALPHA .15
#define SMALL_DRIFT_WINDOW 105 /* periods whose mean change is carried on */
#define SMALL_DRIFT_DAMPING .6

double small_mean(const double *y, size_t stride, size_t periods);
/* Level after the last value, started at the first. */
double small_ses(const double *y, size_t stride, size_t periods, double alpha);
/* Step h = 1.. of a damped drift is last + h * slope. */
void small_damped_drift(const double *y, size_t stride, size_t periods, double *out_last, double *out_slope);
double small_naive(const double *y, size_t stride, size_t periods);

/* Exponential smoothing with normalised weights (1 - alpha)^age, in logs: how far a series lies above the mean of its
 * sisters. sister[periods] complete. */
double small_sister_level(const double *x, size_t stride, const double *sister, size_t periods, double alpha);

/* Standard deviation (about 0) of the one-step errors y - level before it, with SES(alpha); alpha = 1: of the changes.
 * NaN below `least` errors. */
double small_one_step_sd(const double *y, size_t stride, size_t periods, double alpha, size_t least);

#endif
