#include "forecast/yoy_panel.h"

#include <assert.h>
#include <string.h>

/* out = the mean of x - Z used under the weights. */
static void weighted_residual(struct yoy_fit *f, const size_t *columns, size_t count, double *out)
{
    const struct yoy_design *d = &f->design;
    double *regressors = f->work, *chosen = regressors + d->stride, *fit = chosen + d->stride;
    linear_combine(regressors, d->stride, f->weights, 1, d->rows, d->stride, f->input->periods);
    for (size_t k = 1; k < count; k++)
        chosen[k] = regressors[columns[k]];
    linear_combine(fit, f->stride, chosen + 1, 1, f->used + f->stride, f->stride, count - 1);
    linear_combine(out, f->stride, f->weights, 1, f->x, f->stride, f->input->periods);
    for (size_t i = 0; i < f->stride; i++)
        out[i] -= fit[i];
}

void yoy_panel_level(struct yoy_fit *f, const struct yoy_smoother *smoother, const size_t *columns, size_t count, double *level)
{
    yoy_growth_weights(smoother->alpha_common, f->input->periods, f->weights);
    weighted_residual(f, columns, count, f->sums[0]);
    yoy_growth_weights(smoother->alpha_own, f->input->periods, f->weights);
    weighted_residual(f, columns, count, f->sums[1]);
    yoy_growth_level(smoother, f->sums[0], f->sums[1], f->input->series, f->stride, level);
}

static void difference(struct yoy_fit *f, double share)
{
    size_t periods = f->input->periods;
    memcpy(f->differenced_design, f->design.rows, periods * f->design.stride * sizeof(double));
    memcpy(f->differenced_x, f->x, periods * f->stride * sizeof(double));
    yoy_quasi_difference(f->differenced_design, f->design.stride, periods, share);
    yoy_quasi_difference(f->differenced_x, f->stride, periods, share);
    yoy_normal_fill(&f->normal, f->differenced_design + f->design.stride, f->differenced_x + f->stride, periods - 1);
}

static void add_configuration(struct yoy_fit *f, const struct yoy_configuration *c, const size_t *columns, size_t count)
{
    struct yoy_model *m = f->model;
    double weight = c->panel_weight / (double)f->count;
    struct yoy_smoother smoother = {c->panel_alpha_common, c->panel_alpha_own, 0.0};
    yoy_shrink(f->coefficients, count, f->input->series, f->stride, c->panel_own_share, f->used);
    yoy_panel_level(f, &smoother, columns, count, f->level);
    for (size_t k = 1; k < count; k++)
        for (size_t i = 0; i < f->stride; i++)
            m->regressors[(columns[k] - 2) * f->stride + i] += weight * f->used[k * f->stride + i];
    for (size_t i = 0; i < f->stride; i++)
        m->constant[i] += weight * f->level[i];
    if (f->trace) {
        f->trace->panel_coefficients = yoy_trace_keep(f, f->coefficients, count);
        f->trace->panel_used = yoy_trace_keep(f, f->used, count);
        f->trace->panel_level = yoy_trace_keep(f, f->level, 1);
    }
}

static bool has_same_regression(const struct yoy_configuration *a, const struct yoy_configuration *b)
{
    return a->panel_annual_harmonics == b->panel_annual_harmonics && a->panel_month_harmonics == b->panel_month_harmonics &&
           a->panel_ridge_penalty == b->panel_ridge_penalty && a->panel_quasi_difference == b->panel_quasi_difference;
}

/* Is the configuration the first that needs what it needs? */
static bool is_first(const struct yoy_fit *f, size_t k)
{
    for (size_t i = 0; i < k; i++)
        if (f->configurations[i].panel_weight > 0.0 && has_same_regression(&f->configurations[i], &f->configurations[k]))
            return false;
    return true;
}

enum status yoy_panel_fit_all(struct yoy_fit *f)
{
    double differenced = -1.0; /* by this share, so far */
    for (size_t k = 0; k < f->count; k++) {
        const struct yoy_configuration *c = &f->configurations[k];
        assert(c->panel_quasi_difference >= 0.0);
        if (!(c->panel_weight > 0.0) || !is_first(f, k))
            continue;
        if (c->panel_quasi_difference != differenced)
            difference(f, c->panel_quasi_difference);
        differenced = c->panel_quasi_difference;
        struct yoy_choice choice = {.annual = c->panel_annual_harmonics,
                                    .month = c->panel_month_harmonics,
                                    .penalty = c->panel_ridge_penalty * (double)f->input->periods,
                                    .free_columns = 1};
        size_t columns[YOY_COLUMNS_MAX], count = yoy_choice_columns(&f->design, &choice, columns);
        enum status status = yoy_ridge_solve(&f->normal, &choice, f->coefficients, f->work);
        if (status)
            return status;
        for (size_t j = k; j < f->count; j++)
            if (f->configurations[j].panel_weight > 0.0 && has_same_regression(&f->configurations[j], c))
                add_configuration(f, &f->configurations[j], columns, count);
    }
    return STATUS_OK;
}
