#include <string.h>

#include "forecast/yoy_growth.h"
#include "forecast/yoy_model.h"

/* The coefficients that make the calendar effect: the month's harmonics and the lifted holidays. */
struct effect {
    size_t count;
    size_t columns[YOY_COLUMNS_MAX]; /* of the design */
    size_t at[YOY_COLUMNS_MAX];      /* in the chosen coefficients */
};

static void find_effect(const struct yoy_fit *f, const size_t *columns, size_t count, struct effect *e)
{
    size_t holidays = 2 + 2 * f->design.annual, month = holidays + f->design.holidays;
    e->count = 0;
    for (size_t k = 0; k < count; k++) {
        size_t column = columns[k];
        if (column < holidays || (column < month && !calendar_holiday_lifted(f->input->calendar, column - holidays)))
            continue;
        e->columns[e->count] = column;
        e->at[e->count++] = k;
    }
}

/* effect_rows, cleaned, mean and centred, from used. */
static void clean(struct yoy_fit *f, const struct effect *e)
{
    size_t stride = f->stride, periods = f->input->periods;
    for (size_t k = 0; k < e->count; k++)
        memcpy(f->effect_rows + k * stride, f->used + e->at[k] * stride, stride * sizeof(double));
    memset(f->mean, 0, stride * sizeof(double));
    for (size_t t = 0; t < periods; t++) {
        double *row = f->cleaned + t * stride;
        for (size_t k = 0; k < e->count; k++)
            f->design_row[k] = f->design.rows[t * f->design.stride + e->columns[k]];
        linear_combine(row, stride, f->design_row, 1, f->effect_rows, stride, e->count);
        const linear_pair *x = linear_const_pairs(f->x + t * stride);
        linear_pair *to = linear_pairs(row), *sum = linear_pairs(f->mean);
        for (size_t j = 0; j < stride / 2; j++) {
            to[j] = x[j] - to[j];
            sum[j] += to[j];
        }
    }
    for (size_t i = 0; i < stride; i++)
        f->mean[i] /= (double)periods;
    const linear_pair *mean = linear_const_pairs(f->mean);
    for (size_t t = 0; t < periods; t++)
        for (size_t j = 0; j < stride / 2; j++)
            linear_pairs(f->centred + t * stride)[j] = linear_const_pairs(f->cleaned + t * stride)[j] - mean[j];
}

/* Leading vectors change nothing where there are as many as the matrix has. */
static size_t useful_rank(const struct yoy_fit *f, const struct yoy_configuration *c)
{
    size_t least = f->input->series < f->input->periods ? f->input->series : f->input->periods;
    return (size_t)c->svd_rank < least ? (size_t)c->svd_rank : 0;
}

/* growth = cleaned - R, R = mean + scale * (reference - mean) */
static void grow(struct yoy_fit *f, const struct yoy_configuration *c)
{
    size_t season = f->model->season, stride = f->stride;
    const linear_pair *mean = linear_const_pairs(f->mean), scale = {c->seasonal_scale, c->seasonal_scale};
    for (size_t t = season; t < f->input->periods; t++) {
        double *row = f->growth + (t - season) * stride;
        yoy_reference_row(f->smooth, stride, t, season, f->steps[t], row);
        const linear_pair *now = linear_const_pairs(f->cleaned + t * stride);
        linear_pair *to = linear_pairs(row);
        for (size_t j = 0; j < stride / 2; j++)
            to[j] = now[j] - (mean[j] + scale * (to[j] - mean[j]));
    }
}

static void keep_part(struct yoy_fit *f, const struct yoy_configuration *c, const struct effect *e)
{
    struct yoy_model *m = f->model;
    struct yoy_part *part = &m->parts[m->part_count++];
    size_t stride = f->stride, tail = m->season + 1;
    part->weight = (1.0 - c->panel_weight) / (double)f->count;
    part->scale = c->seasonal_scale;
    part->alignment = c->date_alignment;
    memcpy(part->mean, f->mean, stride * sizeof(double));
    memcpy(part->level, f->level, stride * sizeof(double));
    memcpy(part->tail, f->smooth + (f->input->periods - tail) * stride, tail * stride * sizeof(double));
    for (size_t k = 0; k < e->count; k++)
        for (size_t i = 0; i < stride; i++)
            m->regressors[(e->columns[k] - 2) * stride + i] += part->weight * f->effect_rows[k * stride + i];
}

static void trace(struct yoy_fit *f, const double *shared, size_t coefficients)
{
    size_t stride = f->stride, periods = f->input->periods;
    struct yoy_trace *t = f->trace;
    t->coefficients = yoy_trace_keep(f, f->coefficients, coefficients);
    t->used = yoy_trace_keep(f, f->used, coefficients);
    t->mean = yoy_trace_keep(f, f->mean, 1);
    t->growth_level = yoy_trace_keep(f, f->level, 1);
    t->cleaned = yoy_trace_keep(f, f->cleaned, periods);
    t->shared = yoy_trace_keep(f, shared, periods);
    t->smooth = yoy_trace_keep(f, f->smooth, periods);
    t->growth = yoy_trace_keep(f, f->growth, periods - f->model->season);
    for (size_t i = 0; i < periods * stride; i++) /* centred is not needed any more */
        f->centred[i] = f->x[i] - f->cleaned[i];
    t->calendar_effect = yoy_trace_keep(f, f->centred, periods);
}

/* Everything after the decomposition. */
static void finish(struct yoy_fit *f, const struct yoy_configuration *c, const struct effect *e, size_t coefficients)
{
    size_t season = f->model->season, periods = f->input->periods, rank = useful_rank(f, c);
    const double *shared = f->cleaned;
    for (size_t t = season; t < periods; t++)
        f->steps[t] = yoy_reference_step(f->input->calendar, f->input->first + (period_t)t, c->date_alignment);
    f->steps[season] = 0.0; /* nothing before a season ago */
    if (rank > 0) {
        yoy_svd_share(&f->svd, f->centred, f->mean, rank, c->svd_remainder, f->shared);
        shared = f->shared;
    }
    struct yoy_smoothing smoothing = {periods, season, f->stride, f->steps, c->fluctuation_share, c->fluctuation_bandwidth};
    yoy_reference_smooth(&smoothing, shared, f->smooth, f->work);
    grow(f, c);
    struct yoy_smoother smoother = {c->growth_alpha_common, c->growth_alpha_own, c->growth_shrinkage};
    yoy_growth_last(&smoother, f->growth, periods - season, f->input->series, f->stride, f->level, f->work);
    yoy_growth_residuals(&smoother, f->growth, periods - season, f->input->series, f->stride, 1.0 / (double)f->count, f->residual, f->work);
    keep_part(f, c, e);
    if (f->trace)
        trace(f, shared, coefficients);
}

static bool has_same_regression(const struct yoy_configuration *a, const struct yoy_configuration *b)
{
    return a->annual_harmonics == b->annual_harmonics && a->month_harmonics == b->month_harmonics && a->ridge_penalty == b->ridge_penalty;
}

static bool has_same_history(const struct yoy_configuration *a, const struct yoy_configuration *b)
{
    return has_same_regression(a, b) && a->own_share == b->own_share;
}

/* Is configuration k the first with what it shares? */
static bool is_first(const struct yoy_fit *f, size_t k, bool (*shares)(const struct yoy_configuration *, const struct yoy_configuration *))
{
    for (size_t i = 0; i < k; i++)
        if (shares(&f->configurations[i], &f->configurations[k]))
            return false;
    return true;
}

/* All configurations with the history of configuration k: cleaned once, decomposed once with the greatest rank. */
static enum status fit_history(struct yoy_fit *f, size_t k, const struct effect *e, size_t coefficients)
{
    size_t rank = 0, periods = f->input->periods;
    for (size_t j = k; j < f->count; j++)
        if (has_same_history(&f->configurations[j], &f->configurations[k]) && useful_rank(f, &f->configurations[j]) > rank)
            rank = useful_rank(f, &f->configurations[j]);
    yoy_shrink(f->coefficients, coefficients, f->input->series, f->stride, f->configurations[k].own_share, f->used);
    clean(f, e);
    if (rank > 0) {
        yoy_svd_place(&f->svd, periods, f->input->series, rank, f->svd_memory);
        enum status status = yoy_svd_decompose(&f->svd, f->centred, f->work);
        if (status)
            return status;
    }
    for (size_t j = k; j < f->count; j++)
        if (has_same_history(&f->configurations[j], &f->configurations[k]))
            finish(f, &f->configurations[j], e, coefficients);
    return STATUS_OK;
}

enum status yoy_part_fit_all(struct yoy_fit *f)
{
    yoy_normal_fill(&f->normal, f->design.rows, f->x, f->input->periods);
    for (size_t k = 0; k < f->count; k++) {
        const struct yoy_configuration *c = &f->configurations[k];
        if (!is_first(f, k, has_same_regression))
            continue;
        struct yoy_choice choice = {.annual = c->annual_harmonics,
                                    .month = c->month_harmonics,
                                    .has_trend = true,
                                    .penalty = c->ridge_penalty * (double)f->input->periods,
                                    .free_columns = 2};
        size_t columns[YOY_COLUMNS_MAX], count = yoy_choice_columns(&f->design, &choice, columns);
        struct effect e;
        find_effect(f, columns, count, &e);
        enum status status = yoy_ridge_solve(&f->normal, &choice, f->coefficients, f->work);
        for (size_t j = k; !status && j < f->count; j++)
            if (has_same_regression(&f->configurations[j], c) && is_first(f, j, has_same_history))
                status = fit_history(f, j, &e, count);
        if (status)
            return status;
    }
    return STATUS_OK;
}
