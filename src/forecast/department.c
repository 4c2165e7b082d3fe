#include "forecast/department.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/covariate.h"
#include "forecast/damped.h"

#define PANEL_ANNUAL 8 /* harmonics among the covariates */
#define PANEL_MONTH  2
#define MOST_SHARE   3.0 /* how much more a series may count in its store than the middle one */

/* ------------------------------------------------------------------------------------------ models of one pool */

static size_t pool_series(const struct department_known *k, size_t pool)
{
    return k->pool_start[pool + 1] - k->pool_start[pool];
}

static struct damped_input pool_input(const struct department_known *k, size_t pool)
{
    return (struct damped_input){.x = k->filled + k->origin * k->pool_start[pool],
                                 .periods = k->origin,
                                 .series = pool_series(k, pool),
                                 .first = k->panel->first,
                                 .calendar = k->panel->calendar,
                                 .horizon = k->horizon,
                                 .in_noise_units = true};
}

static enum status forecast_yoy(const struct damped_input *in, double *out)
{
    const struct yoy_input input = {in->x, in->periods, in->series, in->first, in->calendar};
    struct yoy_model *m = NULL;
    enum status status = yoy_fit(&input, yoy_averaged, YOY_AVERAGED, &m);
    if (!status)
        status = yoy_forecast(m, in->horizon, out);
    yoy_free(m);
    return status;
}

/* All that is known ahead here is the calendar. */
static enum status forecast_covariate(const struct damped_input *in, double *out)
{
    const size_t holidays = calendar_holiday_count(in->calendar), columns = holidays + 2 * PANEL_ANNUAL + 2 * PANEL_MONTH;
    double *common = malloc((in->periods + in->horizon) * columns * sizeof *common);
    if (!common)
        return STATUS_NO_MEMORY;
    for (size_t t = 0; t < in->periods + in->horizon; t++) {
        double *row = common + t * columns;
        const period_t p = in->first + (period_t)t;
        memcpy(row, calendar_holidays(in->calendar, p), holidays * sizeof *row);
        memcpy(row + holidays, calendar_annual(in->calendar, p), 2 * PANEL_ANNUAL * sizeof *row);
        memcpy(row + holidays + 2 * PANEL_ANNUAL, calendar_month(in->calendar, p), 2 * PANEL_MONTH * sizeof *row);
    }
    const struct covariate_input input = {
        .x = in->x, .periods = in->periods, .series = in->series, .horizon = in->horizon, .common = common, .common_columns = columns};
    const enum status status = covariate_forecast(&input, &covariate_default, out);
    free(common);
    return status;
}

static enum status forecast_model(const struct damped_input *in, enum department_model model, double *out)
{
    if (model == DEPARTMENT_COVARIATE)
        return forecast_covariate(in, out);
    return model == DEPARTMENT_YOY ? forecast_yoy(in, out) : damped_forecast(in, yoy_averaged, YOY_AVERAGED, out);
}

/* rows x series of the pool -> the pool's columns of rows x all series */
static void scatter(const struct department_known *k, size_t pool, size_t rows, const double *from, double *to)
{
    const size_t n = pool_series(k, pool), *columns = k->columns + k->pool_start[pool];
    for (size_t h = 0; h < rows; h++)
        for (size_t i = 0; i < n; i++)
            to[h * k->panel->series + columns[i]] = from[h * n + i];
}

/* What has no forecast of its own kind gets the other one; all stay within the bounds. */
static void finish(const struct department_known *k, double *out)
{
    const size_t series = k->panel->series;
    for (size_t h = 0; h < k->horizon; h++)
        for (size_t s = 0; s < series; s++) {
            double *v = &out[h * series + s];
            if (!k->pooled[s] || !maths_finite(*v))
                *v = k->otherwise[h * series + s];
            if (*v < k->low[s])
                *v = k->low[s];
            else if (*v > k->high[s])
                *v = k->high[s];
            else if (k->low[s] != k->low[s]) /* never sold */
                *v = maths_missing();
        }
}

static void forget(const struct department_known *k, size_t pool, size_t rows, double *to)
{
    for (size_t i = k->pool_start[pool]; i < k->pool_start[pool + 1]; i++)
        for (size_t h = 0; h < rows; h++)
            to[h * k->panel->series + k->columns[i]] = maths_missing();
}

static enum status forecast_pool(const struct department_known *k, enum department_model model, size_t pool, double *one, double *out)
{
    struct damped_input in = pool_input(k, pool);
    in.in_noise_units = false;
    const enum status status = forecast_model(&in, model, one);
    if (!status)
        scatter(k, pool, k->horizon, one, out);
    else
        forget(k, pool, k->horizon, out);
    return status_class(status) == CLASS_FALLBACK ? STATUS_OK : status;
}

/* ------------------------------------------------------------------------------------------ the full model */

struct parts {                     /* of all configurations */
    double *base, *harmonic;       /* [configuration] horizon x series */
    double *level, *noise, *total; /* [configuration] series; total = variance between + noise */
    double *pool, *prior;          /* one pool's results; series */
    double *memory;
    size_t cells, series;
};

static enum status parts_init(struct parts *p, const struct department_known *k)
{
    const size_t series = k->panel->series, cells = k->horizon * series, n = DAMPED_DEPARTMENTS;
    *p = (struct parts){.cells = cells, .series = series};
    p->memory = malloc(((2 * n + 4) * cells + (3 * n + 6) * series + 1) * sizeof *p->memory);
    if (!p->memory)
        return STATUS_NO_MEMORY;
    p->base = p->memory;
    p->harmonic = p->base + n * cells;
    p->pool = p->harmonic + n * cells;
    p->level = p->pool + 4 * cells + 4 * series;
    p->noise = p->level + n * series;
    p->total = p->noise + n * series;
    p->prior = p->total + n * series;
    for (size_t i = 0; i < 2 * n * cells; i++)
        p->base[i] = maths_missing();
    for (size_t i = 0; i < 3 * n * series; i++)
        p->level[i] = maths_missing();
    return STATUS_OK;
}

static void keep_signs(const struct department_known *k, size_t pool, const struct damped_result *r, const struct department_signs *signs)
{
    scatter(k, pool, k->horizon, r->local_rest, signs->local_rest);
    scatter(k, pool, k->horizon, r->season, signs->season);
    scatter(k, pool, 1, r->growth_sd, signs->growth_sd);
    scatter(k, pool, 1, r->rest_sd, signs->rest_sd);
    scatter(k, pool, 1, r->noise, signs->noise);
}

static enum status run_configuration(const struct department_known *k, size_t pool, struct damped_pool *fit, size_t c, struct parts *p,
                                     const struct department_signs *signs)
{
    const size_t n = pool_series(k, pool), cells = k->horizon * n;
    double *rows = p->pool + 4 * cells, between;
    struct damped_result r = {.base = p->pool, .harmonic = p->pool + cells, .level = rows, .noise = rows + n};
    if (signs && c == 0) {
        r.local_rest = p->pool + 2 * cells;
        r.season = p->pool + 3 * cells;
        r.growth_sd = rows + 2 * n;
        r.rest_sd = rows + 3 * n;
    }
    const enum status status = damped_pool_run(fit, c, &r, &between);
    if (status)
        return status;
    scatter(k, pool, k->horizon, r.base, p->base + c * p->cells);
    scatter(k, pool, k->horizon, r.harmonic, p->harmonic + c * p->cells);
    scatter(k, pool, 1, r.level, p->level + c * p->series);
    scatter(k, pool, 1, r.noise, p->noise + c * p->series);
    if (r.local_rest)
        keep_signs(k, pool, &r, signs);
    for (size_t i = 0; i < n; i++)
        r.noise[i] += between;
    scatter(k, pool, 1, r.noise, p->total + c * p->series);
    return STATUS_OK;
}

static enum status run_pool(const struct department_known *k, size_t pool, struct parts *p, const struct department_signs *signs)
{
    const struct damped_input in = pool_input(k, pool);
    struct damped_pool *fit = NULL;
    enum status status = damped_pool_new(&in, damped_departments, DAMPED_DEPARTMENTS, &fit);
    for (size_t c = 0; !status && c < DAMPED_DEPARTMENTS; c++)
        status = run_configuration(k, pool, fit, c, p, signs);
    damped_pool_free(fit);
    if (status_class(status) != CLASS_FALLBACK)
        return status;
    for (size_t c = 0; c < DAMPED_DEPARTMENTS; c++) { /* all of it or none */
        forget(k, pool, 1, p->level + c * p->series);
        forget(k, pool, 1, p->total + c * p->series);
        forget(k, pool, k->horizon, p->base + c * p->cells);
    }
    return STATUS_OK;
}

/* prior[s] = growth of the store's departments, each weighted by its precision. Series in order of their pools. */
static void store_growth(const struct department_known *k, const double *level, const double *total, double *scratch, double *prior)
{
    const struct department_panel *panel = k->panel;
    const size_t pooled = k->pool_start[k->pools];
    for (size_t store = 0; store < panel->stores; store++) {
        size_t n = 0;
        for (size_t i = 0; i < pooled; i++)
            if (panel->store[k->columns[i]] == store && maths_finite(total[k->columns[i]]))
                scratch[n++] = total[k->columns[i]];
        if (n == 0)
            continue;
        const double middle = maths_median(scratch, n);
        double sum = 0, weights = 0;
        for (size_t i = 0; i < pooled; i++) {
            const size_t s = k->columns[i];
            if (panel->store[s] != store || !maths_finite(total[s]))
                continue;
            const double share = middle / total[s], weight = share < MOST_SHARE ? share : MOST_SHARE;
            sum += weight * level[s];
            weights += weight;
        }
        for (size_t i = 0; i < pooled; i++)
            if (panel->store[k->columns[i]] == store)
                prior[k->columns[i]] = sum / weights;
    }
}

/* Running mean and sum of squares of the members (Welford), in out and spread; mean of apart. */
static void add_member(const struct parts *p, size_t c, size_t s, size_t horizon, double *out, const struct department_signs *signs)
{
    const double total = p->total[c * p->series + s], own = p->level[c * p->series + s];
    const double share = 1 - p->noise[c * p->series + s] / total;
    const struct damped_mix mix = {.configuration = &damped_departments[c],
                                   .base = p->base + c * p->cells + s,
                                   .harmonic = p->harmonic + c * p->cells + s,
                                   .horizon = horizon,
                                   .stride = p->series,
                                   .level = p->prior[s] + share * (own - p->prior[s])};
    double value[DAMPED_HORIZON_MAX], apart[DAMPED_HORIZON_MAX];
    damped_combine(&mix, value, apart);
    for (size_t h = 0; h < horizon; h++) {
        const size_t cell = h * p->series + s;
        const double step = value[h] - out[cell];
        out[cell] += step / (double)(c + 1);
        if (signs) {
            signs->spread[cell] += step * (value[h] - out[cell]);
            signs->apart[cell] += apart[h] / DAMPED_DEPARTMENTS;
        }
    }
}

static void combine(const struct department_known *k, struct parts *p, double *out, const struct department_signs *signs)
{
    const size_t pooled = k->pool_start[k->pools];
    for (size_t i = 0; i < pooled; i++)
        for (size_t h = 0; h < k->horizon; h++) {
            const size_t cell = h * p->series + k->columns[i];
            out[cell] = 0;
            if (signs)
                signs->spread[cell] = signs->apart[cell] = 0;
        }
    for (size_t c = 0; c < DAMPED_DEPARTMENTS; c++) {
        store_growth(k, p->level + c * p->series, p->total + c * p->series, p->pool, p->prior);
        for (size_t i = 0; i < pooled; i++)
            add_member(p, c, k->columns[i], k->horizon, out, signs);
    }
    for (size_t i = 0; signs && i < pooled; i++)
        for (size_t h = 0; h < k->horizon; h++) {
            double *spread = &signs->spread[h * p->series + k->columns[i]];
            *spread = maths_sqrt(*spread / DAMPED_DEPARTMENTS);
        }
}

enum status department_forecast_full(const struct department_known *k, double *out, const struct department_signs *signs)
{
    struct parts p;
    enum status status = parts_init(&p, k);
    for (size_t pool = 0; !status && pool < k->pools; pool++)
        status = run_pool(k, pool, &p, signs);
    if (!status) {
        for (size_t i = 0; i < p.cells; i++)
            out[i] = maths_missing();
        combine(k, &p, out, signs);
        finish(k, out);
    }
    free(p.memory);
    return status;
}

enum status department_forecast(const struct department_known *k, enum department_model model, double *out)
{
    if (model == DEPARTMENT_FULL)
        return department_forecast_full(k, out, NULL);
    const size_t cells = k->horizon * k->panel->series;
    double *one = malloc((cells + 1) * sizeof *one);
    enum status status = one ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < cells; i++)
        out[i] = maths_missing();
    for (size_t pool = 0; !status && pool < k->pools; pool++)
        status = forecast_pool(k, model, pool, one, out);
    if (!status)
        finish(k, out);
    free(one);
    return status;
}
