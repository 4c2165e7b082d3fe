#include "forecast/stl.h"

#include <stdbool.h>
#include <string.h>

#include "base/maths.h"

#define SEASONS 11 /* window of the season */
#define LOOPS   2

struct loess { /* of n values, `stride` apart */
    const double *y;
    size_t n, stride, window;
    int degree;
};

static double size_of(double v)
{
    return v < 0 ? -v : v;
}

static double tricube(double distance, double reach)
{
    if (distance <= .001 * reach)
        return 1;
    if (distance > .999 * reach)
        return 0;
    const double r = distance / reach, left = 1 - r * r * r;
    return left * left * left;
}

/* The local fit at place `at` (0 .. n - 1, or one outside), from the `window` nearest values. */
static double loess_at(const struct loess *l, double at)
{
    const size_t count = l->window < l->n ? l->window : l->n, half = (count - 1) / 2;
    size_t first = at > (double)half ? (size_t)at - half : 0;
    if (first + count > l->n)
        first = l->n - count;
    const size_t last = first + count - 1;
    double reach = at - (double)first > (double)last - at ? at - (double)first : (double)last - at;
    const size_t beyond = l->window > l->n ? (l->window - l->n) / 2 : 0;
    reach += (double)beyond;
    double total = 0, centre = 0, spread = 0, sum = 0;
    for (size_t j = first; j <= last; j++) {
        const double w = tricube(size_of((double)j - at), reach);
        total += w;
        centre += w * (double)j;
    }
    centre /= total;
    for (size_t j = first; j <= last; j++)
        spread += tricube(size_of((double)j - at), reach) / total * ((double)j - centre) * ((double)j - centre);
    const bool line = l->degree > 0 && maths_sqrt(spread) > .001 * (double)(l->n - 1);
    for (size_t j = first; j <= last; j++) {
        const double w = tricube(size_of((double)j - at), reach) / total;
        sum += w * (line ? 1 + (at - centre) / spread * ((double)j - centre) : 1) * l->y[j * l->stride];
    }
    return sum;
}

/* Every phase smoothed over the years, with one season more at either end. */
static void smooth_phases(const double *y, size_t n, size_t period, double *out)
{
    for (size_t phase = 0; phase < period; phase++) {
        const struct loess l = {y + phase, (n - phase + period - 1) / period, period, SEASONS, 0};
        for (size_t k = 0; k < l.n + 2; k++)
            out[phase + k * period] = loess_at(&l, (double)k - 1);
    }
}

/* Moving mean of n values; n - length + 1 results. In place. */
static void moving_mean(double *y, size_t n, size_t length)
{
    for (size_t t = 0; t + length <= n; t++) {
        double sum = 0;
        for (size_t k = 0; k < length; k++)
            sum += y[t + k];
        y[t] = sum / (double)length;
    }
}

static size_t odd(size_t n)
{
    return n % 2 ? n : n + 1;
}

size_t stl_scratch(size_t n, size_t period)
{
    return 3 * n + 4 * period;
}

void stl_decompose(const double *y, size_t n, size_t period, double *seasonal, double *trend, double *scratch)
{
    double *rest = scratch, *phases = rest + n, *low = phases + n + 2 * period;
    const size_t trend_window = odd((size_t)(1.5 * (double)period / (1 - 1.5 / SEASONS) + .9999999));
    memset(trend, 0, n * sizeof *trend);
    for (int loop = 0; loop < LOOPS; loop++) {
        for (size_t t = 0; t < n; t++)
            rest[t] = y[t] - trend[t];
        smooth_phases(rest, n, period, phases);
        memcpy(low, phases, (n + 2 * period) * sizeof *low);
        moving_mean(low, n + 2 * period, period);
        moving_mean(low, n + period + 1, period);
        moving_mean(low, n + 2, 3);
        const struct loess base = {low, n, 1, odd(period), 1}, course = {rest, n, 1, trend_window, 1};
        for (size_t t = 0; t < n; t++)
            seasonal[t] = phases[t + period] - loess_at(&base, (double)t);
        for (size_t t = 0; t < n; t++)
            rest[t] = y[t] - seasonal[t];
        for (size_t t = 0; t < n; t++)
            trend[t] = loess_at(&course, (double)t);
    }
}
