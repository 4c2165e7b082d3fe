#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/yoy_growth.h"
#include "forecast/yoy_model.h"

/* Hands out pieces of one block; with no block it only counts. */
struct block {
    double *memory;
    size_t used;
};

static double *take(struct block *b, size_t doubles)
{
    double *piece = b->memory ? b->memory + b->used : NULL;
    b->used += linear_padded(doubles);
    return piece;
}

static size_t greatest(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void lay_out_model(struct yoy_model *m, size_t parts, struct block *b)
{
    m->regressors = take(b, (m->annual + m->holidays + m->month) * m->stride);
    m->constant = take(b, m->stride);
    m->residual_sd = take(b, m->stride);
    for (size_t k = 0; k < parts; k++) {
        m->parts[k].mean = take(b, m->stride);
        m->parts[k].level = take(b, m->stride);
        m->parts[k].tail = take(b, (m->season + 1) * m->stride);
    }
}

static void lay_out_fit(struct yoy_fit *f, size_t rank, struct block *b)
{
    size_t periods = f->input->periods, season = f->model->season, stride = f->stride, series = f->input->series;
    f->design.rows = take(b, periods * f->design.stride);
    f->differenced_design = take(b, periods * f->design.stride);
    f->normal = (struct yoy_normal){.design = &f->design, .stride = stride};
    f->normal.matrix = take(b, f->design.columns * f->design.stride);
    f->normal.moments = take(b, f->design.columns * stride);
    f->coefficients = take(b, f->design.columns * stride);
    f->used = take(b, f->design.columns * stride);
    f->effect_rows = take(b, f->design.columns * stride);
    f->design_row = take(b, f->design.stride);
    f->x = take(b, periods * stride);
    f->cleaned = take(b, periods * stride);
    f->centred = take(b, periods * stride);
    f->shared = take(b, periods * stride);
    f->smooth = take(b, periods * stride);
    f->differenced_x = f->cleaned; /* the panels come when the histories are done */
    f->growth = take(b, (periods - season) * stride);
    f->residual = take(b, (periods - season) * stride);
    f->mean = take(b, stride);
    f->level = take(b, stride);
    f->sums[0] = take(b, stride);
    f->sums[1] = take(b, stride);
    f->steps = take(b, periods);
    f->weights = take(b, periods);
    f->svd_memory = take(b, yoy_svd_size(periods, series, rank));
    size_t work = greatest(yoy_ridge_work(&f->design, stride), yoy_reference_work(periods, season, stride));
    work = greatest(work, periods + 2 * stride);          /* growth */
    work = greatest(work, 2 * f->design.stride + stride); /* panel */
    f->work = take(b, greatest(work, rank > 0 ? yoy_svd_work(periods, series, rank) : 0));
}

enum status yoy_model_new(const struct yoy_input *input, size_t series, const struct yoy_design *d, size_t parts, struct yoy_model **out)
{
    struct yoy_model *m = calloc(1, sizeof *m);
    if (!m)
        return STATUS_NO_MEMORY;
    *m = (struct yoy_model){.calendar = input->calendar,
                            .next = input->first + (period_t)input->periods,
                            .series = series,
                            .stride = linear_padded(series),
                            .season = period_season(calendar_grid(input->calendar)),
                            .annual = 2 * d->annual,
                            .holidays = d->holidays,
                            .month = 2 * d->month};
    m->parts = calloc(parts, sizeof *m->parts);
    struct block b = {NULL, 0};
    if (m->parts) {
        lay_out_model(m, parts, &b);
        m->memory = b.memory = calloc(b.used, sizeof(double));
    }
    if (!m->memory) {
        yoy_free(m);
        return STATUS_NO_MEMORY;
    }
    b.used = 0;
    lay_out_model(m, parts, &b);
    *out = m;
    return STATUS_OK;
}

void yoy_free(struct yoy_model *m)
{
    if (!m)
        return;
    free(m->trace_memory);
    free(m->memory);
    free(m->parts);
    free(m);
}

/* Copies the series into padded rows. A value that is not finite was no logarithm of a positive number. */
static enum status copy_series(struct yoy_fit *f)
{
    const struct yoy_input *input = f->input;
    for (size_t t = 0; t < input->periods; t++)
        for (size_t i = 0; i < f->stride; i++) {
            double value = i < input->series ? input->x[t * input->series + i] : 0.0;
            if (!maths_finite(value))
                return STATUS_NOT_POSITIVE;
            f->x[t * f->stride + i] = value;
        }
    return STATUS_OK;
}

/* The root mean square of the configurations' mean one-step residual. */
static void finish_residuals(const struct yoy_fit *f)
{
    size_t rows = f->input->periods - f->model->season;
    for (size_t t = 1; t < rows; t++)
        for (size_t i = 0; i < f->stride; i++) {
            double e = f->residual[t * f->stride + i];
            f->model->residual_sd[i] += e * e;
        }
    for (size_t i = 0; i < f->stride; i++)
        f->model->residual_sd[i] = maths_sqrt(f->model->residual_sd[i] / (double)(rows - 1));
}

const double *yoy_trace_keep(struct yoy_fit *f, const double *rows, size_t count)
{
    if (!f->trace)
        return NULL;
    size_t series = f->input->series;
    double *kept = f->trace_free;
    for (size_t t = 0; t < count; t++)
        memcpy(kept + t * series, rows + t * f->stride, series * sizeof *kept);
    f->trace_free += count * series;
    return kept;
}

static enum status run(struct yoy_fit *f)
{
    enum status status = copy_series(f);
    if (status)
        return status;
    yoy_design_fill(&f->design, f->input);
    memset(f->residual, 0, (f->input->periods - f->model->season) * f->stride * sizeof(double));
    status = yoy_part_fit_all(f);
    if (!status)
        status = yoy_panel_fit_all(f);
    if (!status)
        finish_residuals(f);
    return status;
}

static enum status prepare_trace(struct yoy_fit *f)
{
    if (!f->trace)
        return STATUS_OK;
    size_t doubles = (4 * f->design.columns + 3 + 5 * f->input->periods) * f->input->series;
    f->trace_free = f->model->trace_memory = malloc(doubles * sizeof(double));
    *f->trace = (struct yoy_trace){0};
    return f->trace_free ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status fit(struct yoy_fit *f, struct yoy_model **out)
{
    const struct yoy_input *input = f->input;
    size_t season = period_season(calendar_grid(input->calendar));
    if (input->periods < YOY_MIN_PERIODS || input->periods < season + 2 || input->series == 0)
        return STATUS_TOO_SHORT;
    assert(f->count > 0 && season <= YOY_SEASON_MAX);
    int annual = 0, month = 0, rank = 0;
    for (size_t k = 0; k < f->count; k++) {
        const struct yoy_configuration *c = &f->configurations[k];
        annual = c->annual_harmonics > annual ? c->annual_harmonics : annual;
        month = c->month_harmonics > month ? c->month_harmonics : month;
        rank = c->svd_rank > rank ? c->svd_rank : rank;
        if (c->panel_weight > 0.0) {
            annual = c->panel_annual_harmonics > annual ? c->panel_annual_harmonics : annual;
            month = c->panel_month_harmonics > month ? c->panel_month_harmonics : month;
        }
    }
    assert(annual <= CALENDAR_ANNUAL_MAX && month <= CALENDAR_MONTH_MAX);
    size_t least = input->series < input->periods ? input->series : input->periods;
    size_t useful = (size_t)rank < least ? (size_t)rank : least;

    f->stride = linear_padded(input->series);
    yoy_design_size(&f->design, input->calendar, annual, month);
    enum status status = yoy_model_new(input, input->series, &f->design, f->count, &f->model);
    if (status)
        return status;
    struct block b = {NULL, 0};
    lay_out_fit(f, useful, &b);
    b.memory = malloc(b.used * sizeof(double));
    status = b.memory ? prepare_trace(f) : STATUS_NO_MEMORY;
    if (!status) {
        b.used = 0;
        lay_out_fit(f, useful, &b);
        status = run(f);
    }
    free(b.memory);
    if (status)
        yoy_free(f->model);
    else
        *out = f->model;
    return status;
}

enum status yoy_fit(const struct yoy_input *input, const struct yoy_configuration *configurations, size_t count, struct yoy_model **out)
{
    struct yoy_fit f = {.input = input, .configurations = configurations, .count = count};
    return fit(&f, out);
}

enum status yoy_fit_traced(const struct yoy_input *input, const struct yoy_configuration *configuration, struct yoy_model **out,
                           struct yoy_trace *out_trace)
{
    struct yoy_trace trace = {0};
    struct yoy_fit f = {.input = input, .configurations = configuration, .count = 1, .trace = &trace};
    enum status status = fit(&f, out);
    if (!status)
        *out_trace = trace;
    return status;
}
