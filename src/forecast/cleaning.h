/* cleaning.h: which cells of a pool are not to be believed, and what stands in for missing ones (forecasting.md 3.8).
 *
 * Everything is in logs, periods x series, row-major, NaN = missing. Filled cells serve fitting only: they are never
 * scored. STATUS_NO_MEMORY is the only failure. Thread: any. */
#ifndef STORECAST_FORECAST_CLEANING_H
#define STORECAST_FORECAST_CLEANING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* out_flag[periods * series]: cells far from a 9-period running median after the medians of series and period are
 * removed, unless a period season-1 .. season+1 away deviates alike. Medians are taken over what is observed. */
enum status cleaning_flag_outliers(const double *x, size_t periods, size_t series, size_t season, bool *out_flag) MUST_CHECK;

/* Fills in place from the pool: series mean + period mean (alternating) + kernel mean of the series' own residuals.
 * Every series needs an observed cell. */
enum status cleaning_fill_pool(double *x, size_t periods, size_t series) MUST_CHECK;

/* Fills one series in place from itself: the same period of the year before and after, moved by the mean difference of
 * the surrounding periods; linear where neither year has it. Needs an observed cell. */
enum status cleaning_fill_alone(double *x, size_t periods, size_t season) MUST_CHECK;

#endif
