#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/cleaning.h"
#include "forecast/damped.h"
#include "forecast/department.h"

#define LONG_ENOUGH  70 /* observed periods that make a member of a pool, or this share of those there are */
#define LONG_SHARE   0.8
#define LEAST_LEVEL  1e-3
#define BOUND_FACTOR 2.0
#define SIGN_MOST    2.0 /* a change from one period to the next counts as at most this, in logs */

/* ------------------------------------------------------------------------------------------ who is in which pool */

static void take_logs(struct department_known *k)
{
    const size_t series = k->panel->series;
    for (size_t t = 0; t < k->origin; t++)
        for (size_t s = 0; s < series; s++) {
            const double v = k->panel->value[t * series + s];
            const bool usable = maths_finite(v) && v > 0;
            k->x[t * series + s] = usable ? maths_log(v) : maths_missing();
            k->observed[s] += usable;
        }
}

static bool is_long(const struct department_known *k, size_t s)
{
    const size_t share = (size_t)(LONG_SHARE * (double)k->origin), least = share < LONG_ENOUGH ? share : LONG_ENOUGH;
    return k->observed[s] >= least;
}

static void find_pools(struct department_known *k)
{
    const struct department_panel *panel = k->panel;
    size_t n = 0;
    for (size_t d = 0; d < panel->departments; d++) {
        const size_t start = n;
        for (size_t s = 0; s < panel->series; s++)
            if (panel->department[s] == d && is_long(k, s))
                k->columns[n++] = s;
        if (n - start < YOY_MIN_POOL)
            n = start;
        else
            k->pool_start[k->pools++] = start;
    }
    k->pool_start[k->pools] = n;
    for (size_t i = 0; i < n; i++)
        k->pooled[k->columns[i]] = true;
    for (size_t s = 0; s < panel->series; s++)
        if (!k->pooled[s])
            k->columns[n++] = s;
}

/* Gaps filled, outliers found, and both filled again without them. */
static enum status clean(double *x, size_t periods, size_t series, size_t season, double *copy, bool *flag)
{
    memcpy(copy, x, periods * series * sizeof *copy);
    enum status status = cleaning_fill_pool(copy, periods, series);
    if (!status)
        status = cleaning_flag_outliers(copy, periods, series, season, flag);
    for (size_t i = 0; !status && i < periods * series; i++)
        if (flag[i])
            x[i] = maths_missing();
    return status ? status : cleaning_fill_pool(x, periods, series);
}

static enum status fill_pools(struct department_known *k)
{
    size_t widest = 0;
    for (size_t p = 0; p < k->pools; p++)
        widest = k->pool_start[p + 1] - k->pool_start[p] > widest ? k->pool_start[p + 1] - k->pool_start[p] : widest;
    double *copy = malloc((k->origin * widest + 1) * sizeof *copy);
    bool *flag = malloc((k->origin * widest + 1) * sizeof *flag);
    enum status status = copy && flag ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t p = 0; !status && p < k->pools; p++) {
        const size_t n = k->pool_start[p + 1] - k->pool_start[p];
        double *x = k->filled + k->origin * k->pool_start[p];
        for (size_t t = 0; t < k->origin; t++)
            for (size_t i = 0; i < n; i++)
                x[t * n + i] = k->x[t * k->panel->series + k->columns[k->pool_start[p] + i]];
        status = clean(x, k->origin, n, k->season, copy, flag);
    }
    free(copy);
    free(flag);
    return status;
}

/* ------------------------------------------------------------------------------------------ the others, and the bounds */

static void find_bounds(struct department_known *k)
{
    const double factor = maths_log(BOUND_FACTOR);
    for (size_t s = 0; s < k->panel->series; s++) {
        k->low[s] = k->high[s] = maths_missing();
        for (size_t t = 0; t < k->origin; t++) {
            const double v = k->x[t * k->panel->series + s];
            if (v == v && !(v >= k->low[s]))
                k->low[s] = v;
            if (v == v && !(v <= k->high[s]))
                k->high[s] = v;
        }
        k->low[s] -= factor;
        k->high[s] += factor;
    }
}

static void find_year_ago(struct department_known *k)
{
    const size_t series = k->panel->series, back = k->origin - k->season;
    for (size_t s = 0; s < series; s++) {
        double last = maths_missing();
        for (size_t t = 0; t < k->origin; t++)
            if (maths_finite(k->panel->value[t * series + s]))
                last = k->panel->value[t * series + s];
        for (size_t h = 0; h < k->horizon; h++) {
            const double then = k->panel->value[(back + h) * series + s], v = maths_finite(then) ? then : last;
            k->year_ago[h * series + s] = v == v ? maths_log(v > LEAST_LEVEL ? v : LEAST_LEVEL) : v;
        }
    }
    memcpy(k->otherwise, k->year_ago, k->horizon * series * sizeof *k->otherwise);
}

/* A long series without two others of its department. x: origin values of scratch. */
static enum status forecast_alone(struct department_known *k, size_t s, double *x)
{
    const size_t series = k->panel->series;
    double steps[DAMPED_HORIZON_MAX];
    for (size_t t = 0; t < k->origin; t++)
        x[t] = k->x[t * series + s];
    enum status status = cleaning_fill_pool(x, k->origin, 1);
    const struct yoy_input input = {x, k->origin, 1, k->panel->first, k->panel->calendar};
    struct yoy_model *m = NULL;
    if (!status)
        status = yoy_fit(&input, &yoy_alone, 1, &m);
    if (!status)
        status = yoy_forecast(m, k->horizon, steps);
    for (size_t h = 0; !status && h < k->horizon; h++)
        k->otherwise[h * series + s] = steps[h];
    yoy_free(m);
    return status_class(status) == CLASS_FALLBACK ? STATUS_OK : status;
}

static enum status forecast_others(struct department_known *k)
{
    double *x = malloc(k->origin * sizeof *x);
    enum status status = x ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t s = 0; !status && s < k->panel->series; s++)
        if (!k->pooled[s] && is_long(k, s))
            status = forecast_alone(k, s, x);
    free(x);
    return status;
}

/* ------------------------------------------------------------------------------------------ life */

static enum status allocate(struct department_known *k)
{
    const size_t series = k->panel->series, cells = k->horizon * series;
    k->x = malloc((k->origin * series + 1) * sizeof *k->x);
    k->filled = malloc((k->origin * series + 1) * sizeof *k->filled);
    k->observed = calloc(series + 1, sizeof *k->observed);
    k->pooled = calloc(series + 1, sizeof *k->pooled);
    k->columns = calloc(series + 1, sizeof *k->columns);
    k->pool_start = calloc(k->panel->departments + 1, sizeof *k->pool_start);
    k->low = malloc((2 * series + 2 * cells + 1) * sizeof *k->low);
    if (!k->x || !k->filled || !k->observed || !k->pooled || !k->columns || !k->pool_start || !k->low)
        return STATUS_NO_MEMORY;
    k->high = k->low + series;
    k->year_ago = k->high + series;
    k->otherwise = k->year_ago + cells;
    return STATUS_OK;
}

enum status department_known_new(const struct department_panel *panel, size_t origin, size_t horizon, struct department_known **out)
{
    const size_t season = period_season(calendar_grid(panel->calendar));
    if (origin < YOY_MIN_PERIODS || origin < season + 2)
        return STATUS_TOO_SHORT;
    assert(origin <= panel->periods && horizon >= 1 && horizon <= season);
    struct department_known *k = calloc(1, sizeof *k);
    if (!k)
        return STATUS_NO_MEMORY;
    *k = (struct department_known){.panel = panel, .origin = origin, .horizon = horizon, .season = season};
    enum status status = allocate(k);
    if (!status) {
        take_logs(k);
        find_pools(k);
        find_bounds(k);
        find_year_ago(k);
        status = fill_pools(k);
    }
    if (!status)
        status = forecast_others(k);
    if (status)
        department_known_free(k);
    else
        *out = k;
    return status;
}

void department_known_free(struct department_known *k)
{
    if (!k)
        return;
    free(k->x);
    free(k->filled);
    free(k->observed);
    free(k->pooled);
    free(k->columns);
    free(k->pool_start);
    free(k->low);
    free(k);
}

/* ------------------------------------------------------------------------------------------ signs of errors */

/* Mean change from one period to the next, and the share of the last season's periods without a value. */
static void find_changes(const struct department_known *k, size_t s, double *out_jump, double *out_gap)
{
    double sum = 0;
    size_t n = 0, missing = 0;
    for (size_t t = 1; t < k->origin; t++) {
        const double now = k->x[t * k->panel->series + s], change = now - k->x[(t - 1) * k->panel->series + s];
        if (change == change) {
            const double size = change < 0 ? -change : change;
            sum += size < SIGN_MOST ? size : SIGN_MOST;
            n++;
        }
        missing += t >= k->origin - k->season && now != now;
    }
    *out_jump = n > 0 ? sum / (double)n : maths_missing();
    *out_gap = (double)missing / (double)k->season;
}

enum status department_signs_init(struct department_signs *signs, const struct department_known *k)
{
    const size_t series = k->panel->series, cells = k->horizon * series, n = 4 * cells + 5 * series;
    *signs = (struct department_signs){.memory = malloc((n + 1) * sizeof *signs->memory)};
    if (!signs->memory)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        signs->memory[i] = maths_missing();
    signs->spread = signs->memory;
    signs->apart = signs->spread + cells;
    signs->local_rest = signs->apart + cells;
    signs->season = signs->local_rest + cells;
    signs->jump = signs->season + cells;
    signs->gap = signs->jump + series;
    signs->growth_sd = signs->gap + series;
    signs->rest_sd = signs->growth_sd + series;
    signs->noise = signs->rest_sd + series;
    for (size_t s = 0; s < series; s++)
        find_changes(k, s, &signs->jump[s], &signs->gap[s]);
    return STATUS_OK;
}

void department_signs_done(struct department_signs *signs)
{
    free(signs->memory);
    *signs = (struct department_signs){0};
}
