#include "forecast/backtest.h"

#include <assert.h>
#include <stdlib.h>

#include "base/maths.h"
#include "forecast/intervals.h"

static const double bound_levels[4] = {.025, .1, .9, .975};

struct run {
    const struct backtest_input *input;
    struct backtest_result *result;
    const struct backtest_pool *pool;
    size_t season, before, total; /* origins walked in earlier pools, in all */
};

/* ------------------------------------------------------------------------------------------ intervals */

enum status backtest_conformal(const struct replay_origin *at, enum member m, struct conformal **out)
{
    double *sd = malloc((at->series + 1) * sizeof *sd);
    bool *in_pool = malloc((at->series + 1) * sizeof *in_pool);
    enum status status = sd && in_pool ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t s = 0; !status && s < at->series; s++) {
        const struct pool_series *info = pool_fit_series(at->fit, s);
        sd[s] = info->residual_sd;
        in_pool[s] = info->kind == SERIES_LONG;
    }
    if (!status)
        status = conformal_new(&at->errors[m], sd, in_pool, &conformal_default, out);
    free(sd);
    free(in_pool);
    return status;
}

/* ------------------------------------------------------------------------------------------ scoring */

static double level_of(double v, bool level)
{
    return level ? v : maths_exp(v);
}

struct scored { /* one series at one origin */
    const struct run *run;
    const struct replay_origin *at;
    size_t s, label;
    const struct pool_series *info;
    double scale;
};

static bool is_level(const struct scored *x)
{
    return x->info->kind == SERIES_LEVEL;
}

static double bound_of(const struct scored *x, double v)
{
    const double bound = level_of(v, is_level(x));
    return is_level(x) && bound < 0 && x->info->low >= 0 ? 0 : bound; /* as published: what never was negative stays so */
}

static double actual_at(const struct scored *x, size_t h)
{
    const size_t row = x->at->origin + h - 1;
    return row < x->run->input->periods ? x->run->pool->value[row * x->at->series + x->s] : maths_missing();
}

static void score_step(const struct scored *x, enum member m, size_t h, double actual, double v, const struct conformal *c)
{
    struct backtest_result *r = x->run->result;
    double bounds[4];
    for (size_t k = 0; c && k < 4; k++)
        bounds[k] = bound_of(x, v + conformal_offset(c, x->s, h, bound_levels[k]));
    for (size_t g = 0; g < r->groups; g++) {
        if (h > r->limit[g])
            continue;
        struct accuracy_sums *sums = &r->sums[(x->label * MEMBER_COUNT + (size_t)m) * r->groups + g];
        accuracy_add(sums, actual, level_of(v, is_level(x)), x->scale);
        if (c)
            accuracy_add_bounds(sums, actual, bounds);
    }
}

static void score_member(const struct scored *x, enum member m, const struct conformal *c)
{
    const struct backtest_input *in = x->run->input;
    const double *steps = replay_steps(x->at, x->s, m);
    const size_t horizon = x->run->result->limit[x->run->result->groups - 1];
    for (size_t h = 1; h <= horizon && x->at->origin + h <= in->periods; h++) {
        const double v = steps[h - 1], actual = actual_at(x, h);
        if (!maths_finite(v))
            continue;
        if (in->on_forecast)
            in->on_forecast(in->user, &(struct backtest_forecast){x->at->origin, x->label, h, m, level_of(v, is_level(x))});
        if (maths_finite(actual))
            score_step(x, m, h, actual, v, c);
    }
}

static enum status on_origin(void *user, const struct replay_origin *at)
{
    const struct run *run = user;
    struct conformal *conformal[MEMBER_COUNT] = {0};
    enum status status = backtest_conformal(at, MEMBER_ENSEMBLE, &conformal[MEMBER_ENSEMBLE]);
    if (!status)
        status = backtest_conformal(at, MEMBER_SEASONAL_YOY, &conformal[MEMBER_SEASONAL_YOY]);
    for (size_t s = 0; !status && s < at->series; s++) {
        const struct scored x = {.run = run,
                                 .at = at,
                                 .s = s,
                                 .label = run->pool->label[s],
                                 .info = pool_fit_series(at->fit, s),
                                 .scale = accuracy_scale(run->pool->value + s, at->series, at->origin, run->season)};
        for (enum member m = 0; m < MEMBER_COUNT; m++)
            score_member(&x, m, conformal[m]);
    }
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        conformal_free(conformal[m]);
    return status;
}

static void on_progress(void *user, size_t done, size_t total)
{
    const struct run *run = user;
    (void)total;
    if (run->input->on_progress)
        run->input->on_progress(run->input->user, run->before + done, run->total);
}

/* ------------------------------------------------------------------------------------------ the run */

static enum status result_init(const struct backtest_input *in, struct backtest_result *out)
{
    static const size_t limits[] = {1, 4};
    const size_t left = in->periods - in->first_origin;
    const size_t holdout = left < POOL_HORIZON_MAX ? left : POOL_HORIZON_MAX;
    const size_t horizon = in->holdout ? holdout : in->horizon;
    *out = (struct backtest_result){.labels = in->labels};
    for (size_t k = 0; !in->holdout && k < sizeof limits / sizeof *limits; k++)
        if (limits[k] < horizon)
            out->limit[out->groups++] = limits[k];
    out->limit[out->groups++] = horizon;
    assert(out->groups <= BACKTEST_GROUPS);
    out->sums = calloc(in->labels * MEMBER_COUNT * out->groups + 1, sizeof *out->sums);
    return out->sums ? STATUS_OK : STATUS_NO_MEMORY;
}

static struct replay_input replay_of(const struct backtest_input *in, const struct backtest_result *r, struct calendar *calendar,
                                     const struct backtest_pool *pool)
{
    return (struct replay_input){.grid = in->grid,
                                 .calendar = calendar,
                                 .first = in->first,
                                 .series = pool->series,
                                 .value = pool->value,
                                 .outliers = in->outliers,
                                 .excluded = in->excluded,
                                 .requested = in->requested,
                                 .history = in->history,
                                 .first_origin = in->first_origin,
                                 .last_origin = in->holdout ? in->first_origin : in->periods - 1,
                                 .horizon = r->limit[r->groups - 1],
                                 .threads = in->threads};
}

static enum status run_pools(const struct backtest_input *in, struct calendar *calendar, struct backtest_result *out)
{
    struct run run = {.input = in, .result = out, .season = period_season(in->grid)};
    for (size_t i = 0; i < in->pool_count; i++) {
        const struct replay_input replay = replay_of(in, out, calendar, &in->pools[i]);
        run.total += replay_origin_count(&replay);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < in->pool_count; i++) {
        const struct replay_input replay = replay_of(in, out, calendar, &in->pools[i]);
        run.pool = &in->pools[i];
        status = replay_run(&replay, &(struct replay_hooks){.user = &run, .on_progress = on_progress, .on_origin = on_origin});
        run.before += replay_origin_count(&replay);
    }
    return status;
}

enum status backtest_run(const struct backtest_input *input, struct backtest_result *out)
{
    assert(input->first_origin >= 1 && input->first_origin < input->periods);
    struct backtest_result result;
    enum status status = result_init(input, &result);
    struct calendar *calendar = NULL;
    if (!status)
        status = calendar_new(input->grid, &calendar);
    if (!status)
        status = calendar_cover(calendar, input->first, input->first + (period_t)(input->periods + POOL_HORIZON_MAX));
    if (!status)
        status = run_pools(input, calendar, &result);
    calendar_free(calendar);
    if (status) {
        backtest_result_done(&result);
        return status;
    }
    *out = result;
    return STATUS_OK;
}

void backtest_result_done(struct backtest_result *r)
{
    free(r->sums);
    *r = (struct backtest_result){0};
}

const struct accuracy_sums *backtest_sums(const struct backtest_result *r, size_t label, enum member m, size_t group)
{
    assert(label < r->labels && m < MEMBER_COUNT && group < r->groups);
    return &r->sums[(label * MEMBER_COUNT + (size_t)m) * r->groups + group];
}

struct accuracy_sums backtest_pooled(const struct backtest_result *r, enum member m, size_t group)
{
    struct accuracy_sums pooled = {0};
    for (size_t label = 0; label < r->labels; label++)
        accuracy_merge(&pooled, backtest_sums(r, label, m, group));
    return pooled;
}
