#include "forecast/covariate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/linear.h"

#define LEAST_SIZE 1e-12

const struct covariate_options covariate_default = {.6, 50, .5, .05, .03, .15, .2};

struct fit {
    const struct covariate_input *in;
    const struct covariate_options *options;
    size_t columns, stride;
    double *design;                  /* a series' rows: (periods + horizon) x stride */
    double *changes;                 /* (periods - 1) x stride: their quasi-differences, centred, 0 where there is no pair */
    double *moves;                   /* (periods - 1) x 4: those of the series, in the first of four columns */
    double *gram, *moment;           /* columns x stride; columns x 4 */
    double *pool_gram, *pool_moment; /* the same, summed over the series */
    double *size;                    /* columns: mean square of a change */
    double *work;                    /* stride + 4 */
    double *residual;                /* (periods + horizon) x series: less the fit; in the horizon the fit itself */
    double *mean, *column;           /* series; the more of series and periods */
    double *memory;
};

static bool is_known(const struct fit *f, size_t t, size_t s)
{
    const double v = f->in->x[t * f->in->series + s];
    return v == v;
}

/* ------------------------------------------------------------------------------------------ one series' equations */

static void fill_design(struct fit *f, size_t s)
{
    const struct covariate_input *in = f->in;
    for (size_t t = 0; t < in->periods + in->horizon; t++) {
        double *row = f->design + t * f->stride;
        for (size_t k = 0; k < in->own_columns; k++)
            row[k] = in->own[(t * in->series + s) * in->own_columns + k];
        for (size_t k = 0; k < in->common_columns; k++)
            row[in->own_columns + k] = in->common[t * in->common_columns + k];
    }
}

static size_t fill_changes(struct fit *f, size_t s)
{
    const struct covariate_input *in = f->in;
    const double share = f->options->quasi_difference;
    size_t pairs = 0;
    memset(f->changes, 0, (in->periods - 1) * f->stride * sizeof *f->changes);
    memset(f->moves, 0, (in->periods - 1) * 4 * sizeof *f->moves);
    for (size_t t = 1; t < in->periods; t++) {
        if (!is_known(f, t, s) || !is_known(f, t - 1, s))
            continue;
        const double *row = f->design + t * f->stride, *before = row - f->stride;
        for (size_t k = 0; k < f->columns; k++)
            f->changes[(t - 1) * f->stride + k] = row[k] - share * before[k];
        f->moves[(t - 1) * 4] = in->x[t * in->series + s] - share * in->x[(t - 1) * in->series + s];
        pairs++;
    }
    return pairs;
}

static void centre(struct fit *f, size_t s, double *rows, size_t width, size_t columns, size_t pairs)
{
    for (size_t k = 0; k < columns; k++) {
        double sum = 0;
        for (size_t t = 1; t < f->in->periods; t++)
            sum += rows[(t - 1) * width + k];
        const double mean = sum / (double)pairs;
        for (size_t t = 1; t < f->in->periods; t++)
            if (is_known(f, t, s) && is_known(f, t - 1, s))
                rows[(t - 1) * width + k] -= mean;
    }
}

/* gram, moment and design of series s; returns how many changes they rest on. */
static size_t equations(struct fit *f, size_t s)
{
    fill_design(f, s);
    const size_t pairs = fill_changes(f, s), rows = f->in->periods - 1;
    if (pairs > 0) {
        centre(f, s, f->changes, f->stride, f->columns, pairs);
        centre(f, s, f->moves, 4, 1, pairs);
    }
    linear_gram(f->changes, f->stride, rows, f->columns, f->gram);
    for (size_t k = 0; k < f->columns; k++)
        linear_combine(f->moment + k * 4, 4, f->changes + k, f->stride, f->moves, 4, rows);
    return pairs;
}

/* ------------------------------------------------------------------------------------------ the pool's, then its own */

static enum status solve(struct fit *f, double *gram, double *moment)
{
    const enum status status = linear_cholesky(gram, f->columns, f->work);
    if (!status)
        linear_cholesky_solve(gram, f->columns, moment, 4, f->work);
    return status;
}

static enum status fit_pool(struct fit *f)
{
    const struct covariate_input *in = f->in;
    const struct covariate_options *o = f->options;
    size_t pairs = 0;
    for (size_t s = 0; s < in->series; s++) {
        pairs += equations(f, s);
        for (size_t i = 0; i < f->columns * f->stride; i++)
            f->pool_gram[i] += f->gram[i];
        for (size_t i = 0; i < f->columns * 4; i++)
            f->pool_moment[i] += f->moment[i];
    }
    for (size_t k = 0; k < f->columns; k++) {
        const double prior = k < in->own_columns ? o->own_prior : o->common_prior;
        double *diagonal = &f->pool_gram[k * f->stride + k];
        f->size[k] = *diagonal / (double)(pairs > 0 ? pairs : 1) + LEAST_SIZE;
        *diagonal += (double)in->series * (o->shock * o->shock) / (prior * prior);
    }
    return solve(f, f->pool_gram, f->pool_moment);
}

/* moment = pooled coefficients + the series' deviation from them */
static enum status fit_own(struct fit *f, size_t s)
{
    (void)equations(f, s);
    for (size_t k = 0; k < f->columns; k++) {
        double explained = 0;
        for (size_t j = 0; j < f->columns; j++)
            explained += f->gram[k * f->stride + j] * f->pool_moment[j * 4];
        f->moment[k * 4] -= explained;
    }
    for (size_t k = 0; k < f->columns; k++)
        f->gram[k * f->stride + k] += f->options->own_strength * f->size[k];
    const enum status status = solve(f, f->gram, f->moment);
    for (size_t k = 0; !status && k < f->columns; k++)
        f->moment[k * 4] += f->pool_moment[k * 4];
    return status;
}

static void take_residual(struct fit *f, size_t s)
{
    const struct covariate_input *in = f->in;
    for (size_t t = 0; t < in->periods + in->horizon; t++) {
        double fit = 0;
        for (size_t k = 0; k < f->columns; k++)
            fit += f->design[t * f->stride + k] * f->moment[k * 4];
        f->residual[t * in->series + s] = t < in->periods ? in->x[t * in->series + s] - fit : fit;
    }
}

/* ------------------------------------------------------------------------------------------ levels */

static size_t count_known(const double *values, size_t n, size_t step, double *out)
{
    size_t known = 0;
    for (size_t i = 0; i < n; i++)
        if (values[i * step] == values[i * step])
            out[known++] = values[i * step];
    return known;
}

/* Mean residual of every series; one without any has the others' mean. STATUS_TOO_SHORT when all are without. */
static enum status take_means(struct fit *f)
{
    const size_t series = f->in->series;
    double sum = 0;
    size_t with = 0;
    for (size_t s = 0; s < series; s++) {
        const size_t n = count_known(f->residual + s, f->in->periods, series, f->column);
        double own = 0;
        for (size_t i = 0; i < n; i++)
            own += f->column[i];
        f->mean[s] = n > 0 ? own / (double)n : maths_missing();
        sum += n > 0 ? f->mean[s] : 0;
        with += n > 0;
    }
    for (size_t s = 0; s < series && with > 0; s++)
        if (f->mean[s] != f->mean[s])
            f->mean[s] = sum / (double)with;
    return with > 0 ? STATUS_OK : STATUS_TOO_SHORT;
}

/* residual less its mean and the median of its period; returns the smoothed level of those medians. */
static double take_common(struct fit *f)
{
    const size_t series = f->in->series;
    double sum = 0, weights = 0;
    for (size_t t = 0; t < f->in->periods; t++) {
        double *row = f->residual + t * series;
        for (size_t s = 0; s < series; s++)
            row[s] -= f->mean[s];
        const size_t n = count_known(row, series, 1, f->column);
        const double common = n > 0 ? maths_median(f->column, n) : 0;
        for (size_t s = 0; s < series; s++)
            row[s] -= common;
        sum = (1 - f->options->common_alpha) * sum + common;
        weights = (1 - f->options->common_alpha) * weights + 1;
    }
    return sum / weights;
}

/* What is left of a series, smoothed and drawn to 0 as if it had been there once. */
static double own_level(const struct fit *f, size_t s)
{
    double sum = 0, weights = 0;
    for (size_t t = 0; t < f->in->periods; t++) {
        const double v = f->residual[t * f->in->series + s];
        sum = (1 - f->options->own_alpha) * sum + (v == v ? v : 0);
        weights = (1 - f->options->own_alpha) * weights + (v == v ? 1 : 0);
    }
    return sum / (weights + 1);
}

static enum status run(struct fit *f, double *out)
{
    const struct covariate_input *in = f->in;
    enum status status = fit_pool(f);
    for (size_t s = 0; !status && s < in->series; s++) {
        status = fit_own(f, s);
        if (!status)
            take_residual(f, s);
    }
    if (!status)
        status = take_means(f);
    if (status)
        return status;
    const double common = take_common(f);
    for (size_t s = 0; s < in->series; s++) {
        const double own = own_level(f, s);
        for (size_t h = 0; h < in->horizon; h++)
            out[h * in->series + s] = f->residual[(in->periods + h) * in->series + s] + f->mean[s] + common + own;
    }
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ memory */

static double *take(double **memory, size_t doubles)
{
    double *piece = *memory;
    *memory += linear_padded(doubles);
    return piece;
}

static enum status allocate(struct fit *f)
{
    const struct covariate_input *in = f->in;
    const size_t rows = in->periods + in->horizon, longest = in->series > in->periods ? in->series : in->periods;
    const size_t sizes[] = {rows * f->stride, in->periods * f->stride, in->periods * 4, f->columns * f->stride,
                            f->columns * 4,   f->columns * f->stride,  f->columns * 4,  f->columns,
                            f->stride + 4,    rows * in->series,       in->series,      longest};
    double **const pieces[] = {&f->design,      &f->changes, &f->moves, &f->gram,     &f->moment, &f->pool_gram,
                               &f->pool_moment, &f->size,    &f->work,  &f->residual, &f->mean,   &f->column};
    size_t total = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        total += linear_padded(sizes[i]);
    double *memory = f->memory = calloc(total + 1, sizeof *memory);
    if (!memory)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        *pieces[i] = take(&memory, sizes[i]);
    return STATUS_OK;
}

enum status covariate_forecast(const struct covariate_input *input, const struct covariate_options *options, double *out)
{
    struct fit f = {.in = input, .options = options, .columns = input->own_columns + input->common_columns};
    if (input->periods < 2 || input->series == 0 || f.columns == 0)
        return STATUS_TOO_SHORT;
    f.stride = linear_padded(f.columns);
    enum status status = allocate(&f);
    if (!status)
        status = run(&f, out);
    free(f.memory);
    return status;
}
