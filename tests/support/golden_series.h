/* golden_series.h: R's own data sets, for tests of models of one series (golden/arima). Thread: one. */
#ifndef STORECAST_TESTS_SUPPORT_GOLDEN_SERIES_H
#define STORECAST_TESTS_SUPPORT_GOLDEN_SERIES_H

#include <stddef.h>

#define GOLDEN_SERIES_MAX 600

struct golden_series {
    size_t n;
    double y[GOLDEN_SERIES_MAX]; /* NaN = missing */
};

/* transform: none, log, log10. Fails the running test when there is no such series. */
void golden_series_read(const char *name, const char *transform, struct golden_series *out);

/* "1;2.5;3" as numbers, at most `most`; returns how many. */
size_t golden_list(const char *text, double *out, size_t most);

#endif
