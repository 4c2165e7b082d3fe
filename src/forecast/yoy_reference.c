#include "forecast/yoy_reference.h"

#include <assert.h>
#include <string.h>

#include "base/maths.h"

#define DAYS_PER_WEEK 7.0 /* alignments are 0 on other grids */
#define KERNEL_REACH  9.2 /* standard deviations: beyond, a weight is below 2^-60 */

double yoy_reference_step(const struct calendar *c, period_t p, double alignment)
{
    return alignment * calendar_alignment_days(c, p) / DAYS_PER_WEEK;
}

void yoy_reference_row(const double *history, size_t stride, size_t t, size_t season, double step, double *out)
{
    assert(t >= season);
    const double *lag = history + (t - season) * stride, *before = t > season ? lag - stride : lag;
    const linear_pair *one = linear_const_pairs(lag), *two = linear_const_pairs(before), way = {step, step};
    for (size_t j = 0; j < stride / 2; j++)
        linear_pairs(out)[j] = one[j] + way * (two[j] - one[j]);
}

size_t yoy_reference_work(size_t periods, size_t season, size_t stride)
{
    return (periods - season) * (stride + 3) + stride + 4;
}

/* weights[reach + k], k = -reach..reach; sums[k] = weights 0..k. Returns reach, at most n - 1. */
static size_t kernel(double bandwidth, size_t n, double *weights, double *sums)
{
    assert(bandwidth > 0.0);
    double farthest = KERNEL_REACH * bandwidth;
    size_t reach = farthest < (double)(n - 1) ? (size_t)farthest : n - 1;
    for (size_t k = 0; k <= reach; k++) {
        double deviations = (double)k / bandwidth, weight = maths_exp(-0.5 * (deviations * deviations));
        weights[reach + k] = weights[reach - k] = weight;
        sums[k] = k > 0 ? sums[k - 1] + weight : weight;
    }
    return reach;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void yoy_reference_smooth(const struct yoy_smoothing *s, const double *shared, double *smooth, double *work)
{
    size_t n = s->periods - s->season, stride = s->stride;
    memcpy(smooth, shared, s->periods * stride * sizeof *smooth);
    if (s->fluctuation_share == 1.0)
        return;
    double *change = work, *course = change + n * stride, *weights = course + stride, *sums = weights + 2 * n;
    for (size_t t = 0; t < n; t++) {
        double *row = change + t * stride;
        const linear_pair *now = linear_const_pairs(shared + (t + s->season) * stride);
        yoy_reference_row(shared, stride, t + s->season, s->season, s->steps[t + s->season], row);
        for (size_t j = 0; j < stride / 2; j++)
            linear_pairs(row)[j] = now[j] - linear_pairs(row)[j];
    }
    size_t reach = kernel(s->bandwidth, n, weights, sums);
    double lost = 1.0 - s->fluctuation_share;
    for (size_t t = 0; t < n; t++) {
        size_t back = least(t, reach), ahead = least(n - 1 - t, reach);
        linear_combine(course, stride, weights + reach - back, 1, change + (t - back) * stride, stride, back + ahead + 1);
        double total = sums[back] + sums[ahead] - sums[0];
        const linear_pair *own = linear_const_pairs(change + t * stride), *mean = linear_const_pairs(course);
        linear_pair by = {total, total}, share = {lost, lost}, *to = linear_pairs(smooth + (t + s->season) * stride);
        for (size_t j = 0; j < stride / 2; j++)
            to[j] -= share * (own[j] - mean[j] / by);
    }
}
