/* yoy_growth.h: exponentially smoothed levels of a pool: a common part and each series' own.
 *
 * Rows are periods x stride, padded as in linear.h. Weights are normalised, so that there is no starting value.
 * Thread: any. Internal to yoy. */
#ifndef STORECAST_FORECAST_YOY_GROWTH_H
#define STORECAST_FORECAST_YOY_GROWTH_H

#include "forecast/linear.h"
#include "forecast/yoy.h"

struct yoy_smoother {
    double alpha_common, alpha_own, shrinkage; /* shrinkage of the own part */
};

/* Weights of n values, oldest first, that sum to 1: (1 - alpha)^age. */
void yoy_growth_weights(double alpha, size_t n, double *weights);

/* From the smoothed values of each series under either alpha: level = common + own. A smoother with one alpha and no
 * shrinkage leaves every series to itself. */
void yoy_growth_level(const struct yoy_smoother *s, const double *by_common, const double *by_own, size_t series, size_t stride,
                      double *level);

/* The level after the last of n rows. work: n + 2 * stride doubles. */
void yoy_growth_last(const struct yoy_smoother *s, const double *growth, size_t n, size_t series, size_t stride, double *level,
                     double *work);

/* Adds weight * (row - level before it) to rows 1..n-1 of residual (n x stride). work: stride doubles. */
void yoy_growth_residuals(const struct yoy_smoother *s, const double *growth, size_t n, size_t series, size_t stride, double weight,
                          double *residual, double *work);

#endif
