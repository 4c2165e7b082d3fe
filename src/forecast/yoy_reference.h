/* yoy_reference.h: last year's value of the same dates, and the smoothing of two years against each other.
 *
 * Rows are periods x stride, padded as in linear.h. Thread: any. Internal to yoy. */
#ifndef STORECAST_FORECAST_YOY_REFERENCE_H
#define STORECAST_FORECAST_YOY_REFERENCE_H

#include "forecast/linear.h"
#include "forecast/yoy.h"

#define YOY_SEASON_MAX 52

/* Share of the way from the period one season back to the one before it that leads to the same dates. */
double yoy_reference_step(const struct calendar *c, period_t p, double alignment);

/* out = the rows one season before row t of history, moved by the step; row t = season has none before its own. */
void yoy_reference_row(const double *history, size_t stride, size_t t, size_t season, double step, double *out);

/* Where a value a season ago exists, keeps only `fluctuation_share` of the deviation of the change since then from its
 * own kernel-smoothed course. shared -> smooth, periods x stride each. steps: periods values.
 * work: yoy_reference_work doubles. */
struct yoy_smoothing {
    size_t periods, season, stride;
    const double *steps;
    double fluctuation_share, bandwidth;
};
void yoy_reference_smooth(const struct yoy_smoothing *s, const double *shared, double *smooth, double *work);
size_t yoy_reference_work(size_t periods, size_t season, size_t stride);

#endif
