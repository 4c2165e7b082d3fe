/* unit_root.h: how often a series is to be differenced (forecasting.md 3.3).
 *
 * Values are one series; NaN = missing. Thread: any; nothing allocates, scratch is the caller's. */
#ifndef STORECAST_FORECAST_UNIT_ROOT_H
#define STORECAST_FORECAST_UNIT_ROOT_H

#include <stdbool.h>
#include <stddef.h>

/* KPSS statistic for a level (Bartlett weights to lag trunc(3 sqrt(n) / 13)), missing values dropped; 0 for a constant.
 * scratch: n doubles. */
double unit_root_kpss(const double *y, size_t n, double *scratch);

/* Differences until the statistic is at most .463 (5 %), or the series is constant; at most `most`. scratch: 2 n doubles. */
size_t unit_root_differences(const double *y, size_t n, size_t most, double *scratch);

/* 1 - var(remainder) / var(seasonal + remainder) of a decomposition by loess (stl.h), at least 0; 0 for n <= 2 period or period 1.
 * Gaps are filled in a straight line. scratch: unit_root_scratch doubles. */
double unit_root_seasonal_strength(const double *y, size_t n, size_t period, double *scratch);
size_t unit_root_scratch(size_t n, size_t period);
/* Whether a seasonal difference is due: strength above .64. */
bool unit_root_seasonal(const double *y, size_t n, size_t period, double *scratch);

#endif
