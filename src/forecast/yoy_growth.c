#include "forecast/yoy_growth.h"

#include <string.h>

#include "forecast/yoy_ridge.h"

static bool is_alone(const struct yoy_smoother *s)
{
    return s->alpha_common == s->alpha_own && s->shrinkage == 0.0;
}

void yoy_growth_weights(double alpha, size_t n, double *weights)
{
    double weight = 1.0, sum = 0.0;
    for (size_t t = n; t-- > 0; weight *= 1.0 - alpha) {
        weights[t] = weight;
        sum += weight;
    }
    for (size_t t = 0; t < n; t++)
        weights[t] /= sum;
}

void yoy_growth_level(const struct yoy_smoother *s, const double *by_common, const double *by_own, size_t series, size_t stride,
                      double *level)
{
    if (is_alone(s)) {
        memcpy(level, by_own, stride * sizeof *level);
        return;
    }
    double common = yoy_mean(by_common, series), middle = yoy_mean(by_own, series);
    for (size_t i = 0; i < stride; i++)
        level[i] = common + (1.0 - s->shrinkage) * (by_own[i] - middle);
}

void yoy_growth_last(const struct yoy_smoother *s, const double *growth, size_t n, size_t series, size_t stride, double *level,
                     double *work)
{
    double *by_common = work, *by_own = by_common + stride, *weights = by_own + stride;
    yoy_growth_weights(s->alpha_common, n, weights);
    linear_combine(by_common, stride, weights, 1, growth, stride, n);
    yoy_growth_weights(s->alpha_own, n, weights);
    linear_combine(by_own, stride, weights, 1, growth, stride, n);
    yoy_growth_level(s, by_common, by_own, series, stride, level);
}

/* sum = (1 - alpha) sum + row */
static void decay_and_add(double *sum, double alpha, const double *row, size_t stride)
{
    linear_pair kept = {1.0 - alpha, 1.0 - alpha};
    for (size_t j = 0; j < stride / 2; j++)
        linear_pairs(sum)[j] = kept * linear_pairs(sum)[j] + linear_const_pairs(row)[j];
}

void yoy_growth_residuals(const struct yoy_smoother *s, const double *growth, size_t n, size_t series, size_t stride, double weight,
                          double *residual, double *work)
{
    double *own_sum = work;
    double common_sum = 0.0, common_count = 0.0, middle_sum = 0.0, own_count = 0.0;
    memset(own_sum, 0, stride * sizeof *own_sum);
    for (size_t t = 0; t < n; t++, growth += stride, residual += stride) {
        if (t > 0) {
            double own = is_alone(s) ? 1.0 : 1.0 - s->shrinkage, scale = own / own_count;
            double shift = is_alone(s) ? 0.0 : common_sum / common_count - own * (middle_sum / own_count);
            const linear_pair *now = linear_const_pairs(growth), *sum = linear_const_pairs(own_sum);
            linear_pair by = {scale, scale}, base = {shift, shift}, part = {weight, weight};
            for (size_t j = 0; j < stride / 2; j++)
                linear_pairs(residual)[j] += part * (now[j] - (base + by * sum[j]));
        }
        double mean = is_alone(s) ? 0.0 : yoy_mean(growth, series);
        common_sum = (1.0 - s->alpha_common) * common_sum + mean;
        common_count = (1.0 - s->alpha_common) * common_count + 1.0;
        middle_sum = (1.0 - s->alpha_own) * middle_sum + mean;
        own_count = (1.0 - s->alpha_own) * own_count + 1.0;
        decay_and_add(own_sum, s->alpha_own, growth, stride);
    }
}
