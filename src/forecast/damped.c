#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/damped_inner.h"

struct block { /* hands out pieces of one block; with no block it only counts */
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

static size_t work_size(const struct damped_pool *p)
{
    size_t work = greatest(yoy_ridge_work(&p->design, p->stride), yoy_reference_work(p->periods, p->season, p->stride));
    work = greatest(work, 2 * p->design.stride + 2 * p->stride);
    return greatest(work, p->rank > 0 ? yoy_svd_work(p->periods, p->series, p->rank) : 0);
}

static void lay_out(struct damped_pool *p, struct block *b)
{
    const size_t cells = p->periods * p->stride, columns = p->design.columns;
    p->design.rows = take(b, (p->periods + p->horizon) * p->design.stride);
    p->differenced_design = take(b, p->periods * p->design.stride);
    p->differenced_x = take(b, cells);
    p->normal = (struct yoy_normal){&p->design, p->stride, take(b, columns * p->design.stride), take(b, columns * p->stride)};
    p->differenced = (struct yoy_normal){&p->design, p->stride, take(b, columns * p->design.stride), take(b, columns * p->stride)};
    p->x = take(b, cells);
    p->cleaned = take(b, cells);
    p->centred = take(b, cells);
    p->shared = take(b, cells);
    p->smooth = take(b, cells);
    p->growth = take(b, (p->periods - p->season) * p->stride);
    p->effect = take(b, p->horizon * p->stride);
    p->coefficients = take(b, columns * p->stride);
    p->used = take(b, columns * p->stride);
    p->chosen = take(b, p->design.stride);
    p->mean = take(b, p->stride);
    p->unit = take(b, p->stride);
    p->nothing = take(b, p->stride);
    p->level = take(b, p->stride);
    p->sums[0] = take(b, p->stride);
    p->sums[1] = take(b, p->stride);
    p->common = take(b, p->periods - p->season);
    p->steps = take(b, p->periods + p->horizon);
    p->weights = take(b, p->periods);
    p->kernel = take(b, 2 * p->periods + 1);
    p->column = take(b, greatest(p->periods, p->series));
    p->svd_memory = take(b, yoy_svd_size(p->periods, p->series, p->rank));
    p->work = take(b, work_size(p));
}

static void size_design(struct damped_pool *p)
{
    int annual = 0, month = 0, rank = 0;
    for (size_t k = 0; k < p->count; k++) {
        const struct damped_configuration *c = &p->configurations[k];
        annual = c->annual_harmonics > annual ? c->annual_harmonics : annual;
        annual = c->panel_annual_harmonics > annual ? c->panel_annual_harmonics : annual;
        month = c->month_harmonics > month ? c->month_harmonics : month;
        month = c->panel_month_harmonics > month ? c->panel_month_harmonics : month;
        rank = c->svd_rank > rank ? c->svd_rank : rank;
    }
    assert(annual <= CALENDAR_ANNUAL_MAX && month <= CALENDAR_MONTH_MAX);
    const size_t least = p->series < p->periods ? p->series : p->periods;
    p->rank = (size_t)rank < least ? (size_t)rank : least;
    yoy_design_size(&p->design, p->input->calendar, annual, month);
}

/* Copies the series into padded rows. A value that is not finite was no logarithm of a positive number. */
static enum status copy_series(struct damped_pool *p)
{
    for (size_t t = 0; t < p->periods; t++)
        for (size_t s = 0; s < p->stride; s++) {
            const double v = s < p->series ? p->input->x[t * p->series + s] : 0;
            if (!maths_finite(v))
                return STATUS_NOT_POSITIVE;
            p->x[t * p->stride + s] = v;
        }
    return STATUS_OK;
}

/* Design rows of history and horizon; the trend is 0 at the origin. */
static void fill_design(struct damped_pool *p)
{
    const struct damped_input *in = p->input;
    const struct yoy_input rows = {.periods = p->periods + p->horizon, .first = in->first, .calendar = in->calendar};
    yoy_design_fill(&p->design, &rows);
    for (size_t t = 0; t < rows.periods; t++)
        p->design.rows[t * p->design.stride + 1] = ((double)t - (double)p->periods) / (double)p->season;
    yoy_normal_fill(&p->normal, p->design.rows, p->x, p->periods);
}

static enum status fill(struct damped_pool *p)
{
    struct block b = {NULL, 0};
    size_design(p);
    lay_out(p, &b);
    p->memory = b.memory = calloc(b.used, sizeof *b.memory);
    if (!p->memory)
        return STATUS_NO_MEMORY;
    b.used = 0;
    lay_out(p, &b);
    const enum status status = copy_series(p);
    if (!status)
        fill_design(p);
    return status;
}

enum status damped_pool_new(const struct damped_input *input, const struct damped_configuration *configurations, size_t count,
                            struct damped_pool **out)
{
    const size_t season = period_season(calendar_grid(input->calendar));
    if (input->periods < YOY_MIN_PERIODS || input->periods < season + 2 || input->series == 0)
        return STATUS_TOO_SHORT;
    assert(count > 0 && input->horizon >= 1 && input->horizon <= season && season <= YOY_SEASON_MAX);
    struct damped_pool *p = calloc(1, sizeof *p);
    if (!p)
        return STATUS_NO_MEMORY;
    *p = (struct damped_pool){.input = input,
                              .configurations = configurations,
                              .count = count,
                              .periods = input->periods,
                              .horizon = input->horizon,
                              .series = input->series,
                              .stride = linear_padded(input->series),
                              .season = season,
                              .differenced_share = -1};
    const enum status status = fill(p);
    if (status)
        damped_pool_free(p);
    else
        *out = p;
    return status;
}

void damped_pool_free(struct damped_pool *p)
{
    if (!p)
        return;
    free(p->memory);
    free(p);
}

enum status damped_pool_run(struct damped_pool *p, size_t configuration, const struct damped_result *result, double *out_between)
{
    assert(configuration < p->count);
    const struct damped_configuration *c = &p->configurations[configuration];
    enum status status = damped_clean(p, c);
    if (!status)
        status = damped_share(p, c);
    if (status)
        return status;
    const double between = damped_grow(p, c, result);
    if (result->local_rest)
        damped_describe(p, result);
    status = damped_harmonic(p, c, result->harmonic);
    if (!status)
        *out_between = between;
    return status;
}

void damped_combine(const struct damped_mix *mix, double *out_value, double *out_apart)
{
    const struct damped_configuration *c = mix->configuration;
    double damping = 1;
    for (size_t h = 0, at = 0; h < mix->horizon; h++, at += mix->stride) {
        damping *= c->damping_own;
        const double growth = mix->base[at] + damping * mix->level;
        out_value[h] = (1 - c->panel_weight) * growth + c->panel_weight * mix->harmonic[at];
        if (out_apart)
            out_apart[h] = growth - mix->harmonic[at];
    }
}

/* ------------------------------------------------------------------------------------------ the simple form */

static void add_simple(const struct damped_configuration *c, const struct damped_result *r, double between, const struct damped_input *in,
                       double share, double *out)
{
    double one[DAMPED_HORIZON_MAX];
    for (size_t s = 0; s < in->series; s++) {
        const double level = r->level[s] * between / (between + r->noise[s]);
        const struct damped_mix mix = {c, r->base + s, r->harmonic + s, in->horizon, in->series, level};
        damped_combine(&mix, one, NULL);
        for (size_t h = 0; h < in->horizon; h++)
            out[h * in->series + s] += share * one[h];
    }
}

enum status damped_forecast(const struct damped_input *input, const struct yoy_configuration *configurations, size_t count, double *out)
{
    const size_t series = input->series, cells = input->horizon * series;
    struct damped_configuration *c = malloc(count * sizeof *c);
    double *memory = malloc((2 * cells + 2 * series + 1) * sizeof *memory);
    struct damped_pool *pool = NULL;
    enum status status = c && memory ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t k = 0; !status && k < count; k++)
        c[k] = damped_of_yoy(&configurations[k]);
    if (!status)
        status = damped_pool_new(input, c, count, &pool);
    for (size_t i = 0; !status && i < cells; i++)
        out[i] = 0;
    for (size_t k = 0; !status && k < count; k++) {
        double *rows = memory + 2 * cells;
        const struct damped_result r = {.base = memory, .harmonic = memory + cells, .level = rows, .noise = rows + series};
        double between;
        status = damped_pool_run(pool, k, &r, &between);
        if (!status)
            add_simple(&c[k], &r, between, input, 1.0 / (double)count, out);
    }
    damped_pool_free(pool);
    free(memory);
    free(c);
    return status;
}
