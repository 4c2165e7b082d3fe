#include "forecast/unit_root.h"

#include "base/maths.h"
#include "forecast/stl.h"

#define KPSS_LIMIT     .463
#define SEASONAL_LIMIT .64

static size_t compact(const double *y, size_t n, double *out)
{
    size_t kept = 0;
    for (size_t t = 0; t < n; t++)
        if (maths_finite(y[t]))
            out[kept++] = y[t];
    return kept;
}

static bool is_constant(const double *y, size_t n)
{
    double first = maths_missing();
    for (size_t t = 0; t < n; t++) {
        if (!maths_finite(y[t]))
            continue;
        if (first == first && y[t] != first)
            return false;
        first = y[t];
    }
    return true;
}

/* ------------------------------------------------------------------------------------------ level */

double unit_root_kpss(const double *y, size_t n, double *scratch)
{
    double mean = 0, sum = 0, partial = 0, squares = 0;
    const size_t count = compact(y, n, scratch), lags = (size_t)(3 * maths_sqrt((double)count) / 13);
    for (size_t t = 0; t < count; t++)
        mean += (scratch[t] - mean) / (double)(t + 1);
    for (size_t t = 0; t < count; t++) {
        scratch[t] -= mean;
        partial += scratch[t];
        squares += partial * partial;
        sum += scratch[t] * scratch[t];
    }
    double variance = sum;
    for (size_t lag = 1; lag <= lags; lag++) {
        double products = 0;
        for (size_t t = lag; t < count; t++)
            products += scratch[t] * scratch[t - lag];
        variance += 2 * (1 - (double)lag / (double)(lags + 1)) * products;
    }
    return variance > 0 ? squares / (double)count / variance : 0;
}

size_t unit_root_differences(const double *y, size_t n, size_t most, double *scratch)
{
    double *work = scratch + n;
    for (size_t t = 0; t < n; t++)
        scratch[t] = y[t];
    size_t d = 0;
    while (d < most && n > 0 && !is_constant(scratch, n) && unit_root_kpss(scratch, n, work) > KPSS_LIMIT) {
        for (size_t t = 0; t + 1 < n; t++)
            scratch[t] = scratch[t + 1] - scratch[t];
        n--;
        d++;
    }
    return d;
}

/* ------------------------------------------------------------------------------------------ season */

static void fill_straight(const double *y, size_t n, double *out)
{
    size_t last = n; /* observed before t */
    for (size_t t = 0; t < n; t++) {
        out[t] = y[t];
        if (!maths_finite(y[t]))
            continue;
        for (size_t k = last == n ? 0 : last + 1; k < t; k++)
            out[k] = last == n ? y[t] : y[last] + (y[t] - y[last]) * (double)(k - last) / (double)(t - last);
        last = t;
    }
    for (size_t k = last == n ? n : last + 1; k < n; k++)
        out[k] = y[last];
}

static double variance_of(const double *y, size_t n)
{
    double mean = 0, sum = 0;
    for (size_t t = 0; t < n; t++)
        mean += (y[t] - mean) / (double)(t + 1);
    for (size_t t = 0; t < n; t++)
        sum += (y[t] - mean) * (y[t] - mean);
    return sum / (double)n;
}

double unit_root_seasonal_strength(const double *y, size_t n, size_t period, double *scratch)
{
    if (period < 2 || n <= 2 * period)
        return 0;
    double *filled = scratch, *seasonal = filled + n, *remainder = seasonal + n;
    fill_straight(y, n, filled);
    if (!maths_finite(filled[0]) || is_constant(filled, n))
        return 0;
    stl_decompose(filled, n, period, seasonal, remainder, remainder + n);
    for (size_t t = 0; t < n; t++) {
        filled[t] -= remainder[t]; /* which held the trend */
        remainder[t] = filled[t] - seasonal[t];
    }
    const double whole = variance_of(filled, n), strength = 1 - variance_of(remainder, n) / whole;
    return whole > 0 && strength > 0 ? strength : 0;
}

size_t unit_root_scratch(size_t n, size_t period)
{
    return 3 * n + stl_scratch(n, period);
}

bool unit_root_seasonal(const double *y, size_t n, size_t period, double *scratch)
{
    return unit_root_seasonal_strength(y, n, period, scratch) > SEASONAL_LIMIT;
}
