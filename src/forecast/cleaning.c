#include "forecast/cleaning.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"

#define MADS 12.0
#define MAD_TO_SD 1.4826
#define LEAST_FACTOR 1.5 /* a cell within this factor of its course is never flagged */
#define MEDIAN_REACH 4   /* periods to either side of the running median */
#define ROUNDS 30        /* of the alternating means */
#define BANDWIDTH 4.0    /* of the kernel over own residuals, in periods */
#define KERNEL_REACH 40  /* beyond ten bandwidths a weight is below 1e-21 */
#define ALONE_REACH 6
#define ALONE_PAIRS 3

static bool is_observed(double v)
{
    return v == v;
}

/* ------------------------------------------------------------------------------------------ outliers */

/* Median of the observed cells among `count` cells `stride` apart; NaN when there is none. */
static double observed_median(const double *x, size_t count, size_t stride, double *scratch)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (is_observed(x[i * stride]))
            scratch[n++] = x[i * stride];
    return n ? maths_median(scratch, n) : maths_missing();
}

static void remove_medians(double *x, size_t periods, size_t series, double *scratch)
{
    for (size_t s = 0; s < series; s++) {
        const double median = observed_median(x + s, periods, series, scratch);
        for (size_t t = 0; t < periods; t++)
            x[t * series + s] -= median;
    }
    for (size_t t = 0; t < periods; t++) {
        double *row = x + t * series;
        const double median = observed_median(row, series, 1, scratch);
        for (size_t s = 0; s < series; s++)
            row[s] -= median;
    }
}

static void deviations(const double *residual, size_t periods, size_t series, double *scratch, double *out)
{
    for (size_t t = 0; t < periods; t++) {
        const size_t first = t < MEDIAN_REACH ? 0 : t - MEDIAN_REACH;
        const size_t last = t + MEDIAN_REACH < periods ? t + MEDIAN_REACH : periods - 1;
        for (size_t s = 0; s < series; s++)
            out[t * series + s] = residual[t * series + s] -
                                  observed_median(residual + first * series + s, last - first + 1, series, scratch);
    }
}

static double absolute(double v)
{
    return v < 0 ? -v : v;
}

static bool deviate_alike(double here, double there)
{
    return (here > 0) == (there > 0) && (here < 0) == (there < 0) && absolute(there) > .5 * absolute(here);
}

/* Whether the same time of another year deviates alike: then it belongs to the season. */
static bool is_seasonal(const double *deviation, size_t periods, size_t series, size_t t, size_t s, size_t season)
{
    const double here = deviation[t * series + s];
    for (size_t shift = season - 1; shift <= season + 1; shift++) {
        if (t >= shift && deviate_alike(here, deviation[(t - shift) * series + s]))
            return true;
        if (t + shift < periods && deviate_alike(here, deviation[(t + shift) * series + s]))
            return true;
    }
    return false;
}

static void flag_series(const double *deviation, size_t periods, size_t series, size_t s, size_t season, double *scratch,
                        bool *flag)
{
    size_t n = 0;
    for (size_t t = 0; t < periods; t++)
        if (is_observed(deviation[t * series + s]))
            scratch[n++] = absolute(deviation[t * series + s]);
    if (n == 0)
        return;
    const double wide = MADS * (MAD_TO_SD * maths_median(scratch, n)), least = maths_log(LEAST_FACTOR);
    const double limit = wide > least ? wide : least;
    for (size_t t = 0; t < periods; t++)
        flag[t * series + s] = absolute(deviation[t * series + s]) > limit &&
                               !is_seasonal(deviation, periods, series, t, s, season);
}

enum status cleaning_flag_outliers(const double *x, size_t periods, size_t series, size_t season, bool *out_flag)
{
    const size_t cells = periods * series, longest = periods > series ? periods : series;
    memset(out_flag, 0, cells * sizeof *out_flag);
    double *residual = malloc((cells + 1) * sizeof *residual);
    double *deviation = malloc((cells + 1) * sizeof *deviation);
    double *scratch = malloc((longest + 2 * MEDIAN_REACH + 1) * sizeof *scratch);
    const bool ok = residual && deviation && scratch;
    if (ok) {
        memcpy(residual, x, cells * sizeof *residual);
        remove_medians(residual, periods, series, scratch);
        deviations(residual, periods, series, scratch, deviation);
        for (size_t s = 0; s < series; s++)
            flag_series(deviation, periods, series, s, season, scratch, out_flag);
    }
    free(residual);
    free(deviation);
    free(scratch);
    return ok ? STATUS_OK : STATUS_NO_MEMORY;
}

/* ------------------------------------------------------------------------------------------ filling from the pool */

/* mean[s] over the observed periods of x - period[t] (period NULL = 0). */
static void series_means(const double *x, size_t periods, size_t series, const double *period, double *mean, double *count)
{
    memset(mean, 0, series * sizeof *mean);
    memset(count, 0, series * sizeof *count);
    for (size_t t = 0; t < periods; t++) {
        const double *row = x + t * series, shift = period ? period[t] : 0;
        for (size_t s = 0; s < series; s++)
            if (is_observed(row[s])) {
                mean[s] += row[s] - shift;
                count[s] += 1;
            }
    }
    for (size_t s = 0; s < series; s++)
        mean[s] = count[s] > 0 ? mean[s] / count[s] : 0;
}

static void period_means(const double *x, size_t periods, size_t series, const double *mean, double *period)
{
    for (size_t t = 0; t < periods; t++) {
        const double *row = x + t * series;
        double sum = 0, count = 0;
        for (size_t s = 0; s < series; s++)
            if (is_observed(row[s])) {
                sum += row[s] - mean[s];
                count += 1;
            }
        period[t] = count > 0 ? sum / count : 0;
    }
}

static double own_residual(const double *x, size_t periods, size_t series, size_t t, size_t s, const double *mean,
                           const double *period, const double *kernel)
{
    const size_t first = t < KERNEL_REACH ? 0 : t - KERNEL_REACH;
    const size_t last = t + KERNEL_REACH < periods ? t + KERNEL_REACH : periods - 1;
    double sum = 0, weight = 0;
    for (size_t u = first; u <= last; u++) {
        const double v = x[u * series + s], k = kernel[u < t ? t - u : u - t];
        if (!is_observed(v))
            continue;
        sum += k * (v - (mean[s] + period[u]));
        weight += k;
    }
    return sum / (weight > 1e-9 ? weight : 1e-9);
}

static void fill_from_means(const double *x, size_t periods, size_t series, const double *mean, const double *period, double *out)
{
    double kernel[KERNEL_REACH + 1];
    for (size_t d = 0; d <= KERNEL_REACH; d++)
        kernel[d] = maths_exp(-.5 * ((double)d / BANDWIDTH) * ((double)d / BANDWIDTH));
    for (size_t t = 0; t < periods; t++)
        for (size_t s = 0; s < series; s++)
            if (!is_observed(x[t * series + s]))
                out[t * series + s] = mean[s] + period[t] + own_residual(x, periods, series, t, s, mean, period, kernel);
}

enum status cleaning_fill_pool(double *x, size_t periods, size_t series)
{
    size_t missing = 0;
    for (size_t i = 0; i < periods * series; i++)
        missing += !is_observed(x[i]);
    if (missing == 0)
        return STATUS_OK;
    double *mean = malloc((series + 1) * sizeof *mean), *count = malloc((series + 1) * sizeof *count);
    double *period = malloc((periods + 1) * sizeof *period), *known = malloc(periods * series * sizeof *known);
    const bool ok = mean && count && period && known;
    if (ok) {
        memcpy(known, x, periods * series * sizeof *known);
        series_means(known, periods, series, NULL, mean, count);
        for (int round = 0; round < ROUNDS; round++) {
            period_means(known, periods, series, mean, period);
            series_means(known, periods, series, period, mean, count);
        }
        fill_from_means(known, periods, series, mean, period, x);
    }
    free(mean);
    free(count);
    free(period);
    free(known);
    return ok ? STATUS_OK : STATUS_NO_MEMORY;
}

/* ------------------------------------------------------------------------------------------ filling from itself */

static double interpolated(const double *x, size_t periods, size_t t)
{
    size_t before = t, after = t;
    while (before > 0 && !is_observed(x[before]))
        before--;
    while (after + 1 < periods && !is_observed(x[after]))
        after++;
    if (!is_observed(x[before]))
        return x[after];
    if (!is_observed(x[after]))
        return x[before];
    return x[before] + (x[after] - x[before]) / (double)(after - before) * (double)(t - before);
}

/* The value of period j, a season away from t, moved by the mean difference of the periods around both. */
static double from_year(const double *x, size_t periods, size_t t, size_t j)
{
    if (!is_observed(x[j]))
        return maths_missing();
    double sum = 0;
    size_t pairs = 0;
    for (size_t k = 0; k <= 2 * ALONE_REACH; k++) {
        const size_t u = t + k, v = j + k; /* both shifted by the reach, so that they stay unsigned */
        if (u < ALONE_REACH || v < ALONE_REACH || u - ALONE_REACH >= periods || v - ALONE_REACH >= periods)
            continue;
        const double here = x[u - ALONE_REACH], there = x[v - ALONE_REACH];
        if (is_observed(here) && is_observed(there)) {
            sum += here - there;
            pairs++;
        }
    }
    return pairs >= ALONE_PAIRS ? x[j] + sum / (double)pairs : maths_missing();
}

static double alone_value(const double *x, size_t periods, size_t season, size_t t)
{
    const double before = t >= season ? from_year(x, periods, t, t - season) : maths_missing();
    const double after = t + season < periods ? from_year(x, periods, t, t + season) : maths_missing();
    if (is_observed(before) && is_observed(after))
        return (before + after) / 2;
    if (is_observed(before))
        return before;
    return is_observed(after) ? after : interpolated(x, periods, t);
}

enum status cleaning_fill_alone(double *x, size_t periods, size_t season)
{
    size_t missing = 0;
    for (size_t t = 0; t < periods; t++)
        missing += !is_observed(x[t]);
    if (missing == 0)
        return STATUS_OK;
    assert(missing < periods);
    double *known = malloc(periods * sizeof *known);
    if (!known)
        return STATUS_NO_MEMORY;
    memcpy(known, x, periods * sizeof *known);
    for (size_t t = 0; t < periods; t++)
        if (!is_observed(known[t]))
            x[t] = alone_value(known, periods, season, t);
    free(known);
    return STATUS_OK;
}
