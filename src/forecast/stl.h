/* stl.h: a series as trend, season and remainder by loess (Cleveland, Cleveland, McRae, Terpenning 1990), not robust.
 *
 * Windows: 11 seasons for the season (a local mean), the usual ones for the trend. Thread: any; nothing allocates. */
#ifndef STORECAST_FORECAST_STL_H
#define STORECAST_FORECAST_STL_H

#include <stddef.h>

/* y: n > 2 period values, all finite; period >= 2. scratch: stl_scratch doubles. */
void stl_decompose(const double *y, size_t n, size_t period, double *seasonal, double *trend, double *scratch);
size_t stl_scratch(size_t n, size_t period);

#endif
