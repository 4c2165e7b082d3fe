#include "forecast/small.h"

#include "base/maths.h"

static bool is_observed(double v)
{
    return v == v;
}

double small_mean(const double *y, size_t stride, size_t periods)
{
    double mean = maths_missing(), n = 0;
    for (size_t t = 0; t < periods; t++) {
        const double v = y[t * stride];
        if (!is_observed(v))
            continue;
        n += 1;
        mean = n > 1 ? mean + (v - mean) / n : v; /* running, so that huge values do not overflow */
    }
    return mean;
}

double small_ses(const double *y, size_t stride, size_t periods, double alpha)
{
    double level = maths_missing();
    for (size_t t = 0; t < periods; t++) {
        const double v = y[t * stride];
        if (is_observed(v))
            level = is_observed(level) ? level + alpha * (v - level) : v;
    }
    return level;
}

double small_naive(const double *y, size_t stride, size_t periods)
{
    for (size_t t = periods; t-- > 0;)
        if (is_observed(y[t * stride]))
            return y[t * stride];
    return maths_missing();
}

void small_damped_drift(const double *y, size_t stride, size_t periods, double *out_last, double *out_slope)
{
    *out_last = small_naive(y, stride, periods);
    *out_slope = 0;
    size_t last = periods;
    while (last > 0 && !is_observed(y[(last - 1) * stride]))
        last--;
    if (last == 0)
        return;
    size_t first = last > SMALL_DRIFT_WINDOW ? last - SMALL_DRIFT_WINDOW : 0;
    while (!is_observed(y[first * stride]))
        first++;
    if (first + 1 < last)
        *out_slope = SMALL_DRIFT_DAMPING * (*out_last - y[first * stride]) / (double)(last - 1 - first);
}

double small_sister_level(const double *x, size_t stride, const double *sister, size_t periods, double alpha)
{
    double sum = 0, total = 0, weight = 1;
    for (size_t t = periods; t-- > 0; weight *= 1 - alpha) {
        const double v = x[t * stride];
        if (!is_observed(v))
            continue;
        sum += weight * (v - sister[t]);
        total += weight;
    }
    return total > 0 ? sum / total : maths_missing();
}

double small_one_step_sd(const double *y, size_t stride, size_t periods, double alpha, size_t least)
{
    double level = maths_missing(), largest = 0, sum = 0; /* sum of squares in units of the largest */
    size_t n = 0;
    for (size_t t = 0; t < periods; t++) {
        const double v = y[t * stride];
        if (!is_observed(v))
            continue;
        const double error = is_observed(level) ? v - level : 0, size = error < 0 ? -error : error;
        n += is_observed(level);
        level = is_observed(level) ? level + alpha * error : v;
        if (size > largest) {
            sum = sum * (largest / size) * (largest / size) + 1;
            largest = size;
        } else if (size > 0) {
            sum += (size / largest) * (size / largest);
        }
    }
    return n < least || n == 0 ? maths_missing() : largest * maths_sqrt(sum / (double)n);
}
