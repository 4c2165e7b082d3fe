#include "forecast/replay.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/pool_inner.h"

#define ISSUED_HORIZON 26 /* the farthest of errors_step */
#define THREADS_MAX 64

struct slot { /* what one origin issued */
    size_t origin;
    bool counted;
    bool *level;   /* series */
    double *value; /* [(member * ERRORS_STEPS + step) * series + s] */
};

struct job { /* one origin at work */
    const struct replay_input *input;
    size_t origin, horizon;
    struct pool_fit *fit;
    double *value; /* as in struct replay_origin */
    enum status status;
};

struct replay {
    const struct replay_input *input;
    const struct replay_hooks *hooks;
    size_t start;            /* first origin walked */
    size_t seasonal_origins; /* issued with a seasonal model */
    struct slot slots[ERRORS_ORIGINS]; /* at origin modulo size */
    double *error; /* [member], each (ERRORS_STEPS * ERRORS_ORIGINS) x series */
    double *weight;
    bool *fallback;
    struct rolling_errors errors[MEMBER_COUNT];
    size_t done;
};

/* ------------------------------------------------------------------------------------------ where to start */

static size_t start_of(const struct replay_input *input)
{
    size_t start = input->first_origin > ERRORS_ORIGINS ? input->first_origin - ERRORS_ORIGINS : 1;
    if (start < YOY_MIN_PERIODS) /* before it nothing is issued that counts */
        start = YOY_MIN_PERIODS;
    return start < input->first_origin ? start : input->first_origin;
}

/* First row that an origin looks back on. */
static size_t window_start(const struct replay_input *input, size_t origin)
{
    return input->history && origin > input->history ? origin - input->history : 0;
}

static bool has_long(const struct replay_input *input, size_t origin)
{
    const size_t season = period_season(input->grid);
    for (size_t s = 0; s < input->series; s++) {
        struct pool_series info;
        const size_t start = window_start(input, origin);
        pool_series_scan(input->value + start * input->series + s, input->series, origin - start, season, &info);
        if (info.kind == SERIES_LONG)
            return true;
    }
    return false;
}

/* How many origins before the start had a seasonal model; more than ERRORS_WARM_UP make no difference. */
static size_t seasonal_before(const struct replay_input *input, size_t start)
{
    size_t n = 0, looked = 0;
    for (size_t o = start; o-- > YOY_MIN_PERIODS && n < ERRORS_WARM_UP && looked < ERRORS_ORIGINS; looked++)
        n += has_long(input, o);
    return n;
}

size_t replay_origin_count(const struct replay_input *input)
{
    return input->last_origin - start_of(input) + 1;
}

/* ------------------------------------------------------------------------------------------ one origin */

static enum status job_members(struct job *job)
{
    for (size_t s = 0; s < job->input->series; s++)
        for (enum member m = 0; m < MEMBER_COUNT; m++) {
            double *out = job->value + (s * MEMBER_COUNT + (size_t)m) * job->horizon;
            const enum status status = pool_fit_forecast(job->fit, m, s, job->horizon, out);
            if (status && status != STATUS_TOO_SHORT)
                return status;
        }
    return STATUS_OK;
}

static void job_run(struct job *job)
{
    const struct replay_input *in = job->input;
    const size_t start = window_start(in, job->origin);
    const struct pool_input pool = {.grid = in->grid,
                                    .calendar = in->calendar,
                                    .first = in->first + (period_t)start,
                                    .periods = job->origin - start,
                                    .series = in->series,
                                    .value = in->value + start * in->series,
                                    .outliers = in->outliers,
                                    .requested = in->requested & (job->origin < in->first_origin ? ~in->excluded : UINT32_MAX)};
    job->value = malloc((in->series * MEMBER_COUNT * job->horizon + 1) * sizeof *job->value);
    job->status = job->value ? pool_fit(&pool, &job->fit) : STATUS_NO_MEMORY;
    if (!job->status)
        job->status = job_members(job);
}

static void *job_main(void *job)
{
    job_run(job);
    return NULL;
}

static void job_done(struct job *job)
{
    pool_fit_free(job->fit);
    free(job->value);
    *job = (struct job){0};
}

/* All jobs of a round, one thread each; what cannot get a thread runs here. */
static void jobs_run(struct job *jobs, size_t count)
{
    pthread_t threads[THREADS_MAX];
    bool started[THREADS_MAX] = {false};
    for (size_t i = 1; i < count; i++)
        started[i] = pthread_create(&threads[i], NULL, job_main, &jobs[i]) == 0;
    for (size_t i = 0; i < count; i++)
        if (!started[i])
            job_run(&jobs[i]);
    for (size_t i = 1; i < count; i++)
        if (started[i])
            pthread_join(threads[i], NULL);
}

/* ------------------------------------------------------------------------------------------ errors of what was issued */

static double actual_of(const struct replay_input *input, size_t row, size_t s, bool level)
{
    const double v = pool_usable(input->value[row * input->series + s], level);
    return level || v != v ? v : maths_log(v);
}

static void slot_errors(const struct replay *r, const struct job *job, const struct slot *slot, size_t index)
{
    const struct replay_input *in = r->input;
    for (size_t k = 0; k < ERRORS_STEPS; k++) {
        const size_t target = slot->origin + errors_step[k] - 1;
        for (size_t s = 0; s < in->series; s++) {
            const bool level = pool_fit_series(job->fit, s)->kind == SERIES_LEVEL;
            const bool known = slot->counted && target < job->origin && target >= window_start(in, job->origin) &&
                               level == slot->level[s];
            const double actual = known ? actual_of(in, target, s, level) : maths_missing();
            for (size_t m = 0; m < MEMBER_COUNT; m++) {
                double *errors = r->error + m * ERRORS_STEPS * ERRORS_ORIGINS * in->series;
                errors[(k * r->errors[m].origins + index) * in->series + s] =
                    actual - slot->value[(m * ERRORS_STEPS + k) * in->series + s];
            }
        }
    }
}

static void collect_errors(struct replay *r, const struct job *job)
{
    const size_t issued = job->origin - r->start, origins = issued < ERRORS_ORIGINS ? issued : ERRORS_ORIGINS;
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        r->errors[m] = (struct rolling_errors){.origins = origins,
                                               .series = r->input->series,
                                               .error = r->error + m * ERRORS_STEPS * ERRORS_ORIGINS * r->input->series};
    for (size_t index = 0; index < origins; index++)
        slot_errors(r, job, &r->slots[(job->origin - origins + index) % ERRORS_ORIGINS], index);
}

static enum status add_ensemble(struct replay *r, struct job *job)
{
    const size_t series = r->input->series;
    struct ensemble_input input = {.series = series, .member = r->errors, .fit = job->fit};
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        input.excluded[m] = r->input->excluded >> m & 1;
    const enum status status = ensemble_weights(&input, r->weight);
    if (status)
        return status;
    for (size_t s = 0; s < series; s++) {
        double *value = job->value + s * MEMBER_COUNT * job->horizon;
        ensemble_forecast(r->weight, series, s, value, job->horizon, value + MEMBER_ENSEMBLE * job->horizon, &r->fallback[s]);
    }
    return STATUS_OK;
}

static void issue(struct replay *r, const struct job *job)
{
    const size_t series = r->input->series;
    struct slot *slot = &r->slots[job->origin % ERRORS_ORIGINS];
    slot->origin = job->origin;
    slot->counted = r->seasonal_origins >= ERRORS_WARM_UP;
    r->seasonal_origins += pool_fit_long_count(job->fit) > 0;
    for (size_t s = 0; s < series; s++) {
        slot->level[s] = pool_fit_series(job->fit, s)->kind == SERIES_LEVEL;
        for (size_t m = 0; m < MEMBER_COUNT; m++)
            for (size_t k = 0; k < ERRORS_STEPS; k++)
                slot->value[(m * ERRORS_STEPS + k) * series + s] =
                    job->value[(s * MEMBER_COUNT + m) * job->horizon + errors_step[k] - 1];
    }
}

static enum status walk(struct replay *r, struct job *job)
{
    if (job->status)
        return job->status;
    collect_errors(r, job);
    enum status status = add_ensemble(r, job);
    if (status)
        return status;
    issue(r, job);
    if (job->origin >= r->input->first_origin) {
        const struct replay_origin at = {.origin = job->origin,
                                         .series = r->input->series,
                                         .horizon = job->horizon,
                                         .fit = job->fit,
                                         .value = job->value,
                                         .weight = r->weight,
                                         .fallback = r->fallback,
                                         .errors = r->errors};
        status = r->hooks->on_origin(r->hooks->user, &at);
    }
    r->done++;
    if (r->hooks->on_progress)
        r->hooks->on_progress(r->hooks->user, r->done, replay_origin_count(r->input));
    return status;
}

/* ------------------------------------------------------------------------------------------ the walk */

static enum status replay_init(struct replay *r)
{
    const size_t series = r->input->series;
    r->error = malloc((MEMBER_COUNT * ERRORS_STEPS * ERRORS_ORIGINS * series + 1) * sizeof *r->error);
    r->weight = malloc((ENSEMBLE_BANDS * MEMBER_COUNT * series + 1) * sizeof *r->weight);
    r->fallback = calloc(series + 1, sizeof *r->fallback);
    if (!r->error || !r->weight || !r->fallback)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < ERRORS_ORIGINS; i++) {
        r->slots[i].level = calloc(series + 1, sizeof *r->slots[i].level);
        r->slots[i].value = malloc((MEMBER_COUNT * ERRORS_STEPS * series + 1) * sizeof *r->slots[i].value);
        if (!r->slots[i].level || !r->slots[i].value)
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static void replay_done(struct replay *r)
{
    for (size_t i = 0; i < ERRORS_ORIGINS; i++) {
        free(r->slots[i].level);
        free(r->slots[i].value);
    }
    free(r->error);
    free(r->weight);
    free(r->fallback);
}

static size_t horizon_at(const struct replay_input *input, size_t origin)
{
    return origin >= input->first_origin && input->horizon > ISSUED_HORIZON ? input->horizon : ISSUED_HORIZON;
}

/* Fits a round of origins at once, then takes them in order. */
static enum status walk_round(struct replay *r, size_t origin, size_t count)
{
    struct job jobs[THREADS_MAX] = {0};
    for (size_t i = 0; i < count; i++)
        jobs[i] = (struct job){.input = r->input, .origin = origin + i, .horizon = horizon_at(r->input, origin + i)};
    jobs_run(jobs, count);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        if (!status)
            status = walk(r, &jobs[i]);
        job_done(&jobs[i]);
    }
    return status;
}

enum status replay_run(const struct replay_input *input, const struct replay_hooks *hooks)
{
    assert(input->first_origin >= 1 && input->first_origin <= input->last_origin);
    assert(input->horizon >= 1 && input->horizon <= POOL_HORIZON_MAX);
    struct replay *r = calloc(1, sizeof *r);
    if (!r)
        return STATUS_NO_MEMORY;
    r->input = input;
    r->hooks = hooks;
    r->start = start_of(input);
    r->seasonal_origins = seasonal_before(input, r->start);
    size_t threads = input->threads ? input->threads : 1;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    enum status status = replay_init(r);
    for (size_t o = r->start; !status && o <= input->last_origin; o += threads) {
        const size_t left = input->last_origin - o + 1;
        status = walk_round(r, o, left < threads ? left : threads);
    }
    replay_done(r);
    free(r);
    return status;
}
