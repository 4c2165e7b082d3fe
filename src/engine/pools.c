#include "engine/pools.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "engine/catalog.h"
#include "engine/history.h"
#include "engine/issued.h"
#include "forecast/ensemble.h"

#define CALENDAR_BEHIND 8 /* periods */

/* ---- the matrix */

static struct period_value value_at(const struct engine *e, const struct series *s, period_t p, bool at_close)
{
    return at_close ? history_value(e, s, p) : history_value_at_close(e, s, p);
}

/* First period from `from` on with a known value; PERIOD_NONE when there is none up to `last`. */
static period_t first_known(const struct engine *e, const struct series *s, period_t from, period_t last, bool at_close)
{
    period_t first, to;
    if (!history_span(s, &first, &to))
        return PERIOD_NONE;
    for (period_t p = first > from ? first : from; p <= last; p++)
        if (value_at(e, s, p, at_close).known)
            return p;
    return PERIOD_NONE;
}

/* The columns: series with at least one value; the rows: from the first of those values on. What came after the close,
 * new series among it, must not show in a rebuild. */
static enum status choose(struct engine *e, enum pool_kind kind, period_t last, bool at_close, struct pool_work *pool)
{
    pool->series = malloc((e->series_count ? e->series_count : 1) * sizeof *pool->series);
    if (!pool->series)
        return STATUS_NO_MEMORY;
    pool->first = last;
    for (size_t i = 0; i < e->series_count; i++) {
        const struct series *s = e->series[e->order[i]];
        if (series_pool(s) != kind)
            continue;
        period_t first = first_known(e, s, last - e->options.history_periods + 1, last, at_close);
        if (first == PERIOD_NONE)
            continue;
        pool->series[pool->count++] = s->index;
        pool->first = first < pool->first ? first : pool->first;
    }
    pool->periods = (size_t)(last - pool->first) + 1;
    return STATUS_OK;
}

static enum status fill_values(const struct engine *e, struct pool_work *pool, bool at_close)
{
    pool->value = malloc((pool->count ? pool->count : 1) * pool->periods * sizeof(double));
    if (!pool->value)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < pool->count; i++) {
        const struct series *s = e->series[pool->series[i]];
        for (size_t t = 0; t < pool->periods; t++) {
            period_t p = pool->first + (period_t)t;
            struct period_value v = value_at(e, s, p, at_close);
            pool->value[t * pool->count + i] = v.known ? (double)v.value / (double)MILLIONTHS : maths_missing();
        }
    }
    return STATUS_OK;
}

/* ---- errors */

struct error_table { /* rolling errors of one member, and what they are made from */
    const struct engine *e;
    const struct pool_work *pool;
    const double *logs; /* periods x count: log of the value, NaN where unknown or not positive */
};

/* Error of what was issued at `origin` for step index k of column i; NaN when it cannot be told. */
static double one_error(const struct error_table *t, size_t i, period_t origin, size_t k, bool level, double issued)
{
    period_t target = origin + errors_step[k] - 1;
    int64_t row = (int64_t)target - t->pool->first;
    if (row < 0 || row >= (int64_t)t->pool->periods)
        return maths_missing();
    size_t at = (size_t)row * t->pool->count + i;
    return (level ? t->pool->value[at] : t->logs[at]) - issued;
}

static enum status log_values(const struct pool_work *pool, double **out)
{
    size_t n = pool->periods * pool->count;
    double *logs = malloc((n ? n : 1) * sizeof *logs);
    if (!logs)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        logs[i] = pool->value[i] > 0 ? maths_log(pool->value[i]) : maths_missing();
    *out = logs;
    return STATUS_OK;
}

/* All steps of one origin for one column. */
static void fill_origin(const struct error_table *t, enum member member, size_t i, period_t origin, double *error, size_t stride)
{
    const struct series *s = t->e->series[t->pool->series[i]];
    const struct issued_slot *slot = issued_find(s, origin);
    const struct issued_member *item = NULL;
    const struct member_slot *members = member == MEMBER_ENSEMBLE ? NULL : issued_members_find(s, origin);
    for (size_t m = 0; members && !item && m < members->issued->count; m++)
        if (members->issued->item[m].member == member)
            item = &members->issued->item[m];
    const double *value = member == MEMBER_ENSEMBLE ? (slot ? slot->value : NULL) : item ? item->value : NULL;
    /* What was issued in levels says nothing about a series that is kept in logs now, nor the other way round. */
    bool same_scale = slot && slot->level == (pool_fit_series(t->pool->fit, i)->kind == SERIES_LEVEL);
    bool counted = same_scale && slot->counted && value;
    for (size_t k = 0; k < ERRORS_STEPS; k++)
        error[k * stride] = counted ? one_error(t, i, origin, k, slot->level, value[k]) : maths_missing();
}

/* Origins kept that lie at or before the newest period: slot q of the table is period newest + 1 - origins + q. */
static void fill_errors(const struct error_table *t, enum member member, size_t origins, double *error)
{
    const struct pool_work *pool = t->pool;
    period_t newest = pool->first + (period_t)pool->periods - 1;
    for (size_t i = 0; i < pool->count; i++)
        for (size_t q = 0; q < origins; q++)
            fill_origin(t, member, i, newest + 1 - (period_t)origins + (period_t)q, error + q * pool->count + i, origins * pool->count);
}

static enum status build_errors(const struct error_table *t, enum member member, size_t origins, struct rolling_errors *out,
                                struct arena *arena)
{
    double *error = arena_array(arena, ERRORS_STEPS * origins * (t->pool->count ? t->pool->count : 1), sizeof(double));
    if (!error)
        return STATUS_NO_MEMORY;
    fill_errors(t, member, origins, error);
    *out = (struct rolling_errors){origins, t->pool->count, error};
    return STATUS_OK;
}

/* How many origins back the pool has issued anything, at most `most`. */
static size_t issued_origins(const struct engine *e, const struct pool_work *pool, size_t most)
{
    period_t newest = pool->first + (period_t)pool->periods - 1;
    size_t found = 0;
    if ((uint64_t)e->state.close_number < most) /* each close is one origin */
        most = (size_t)e->state.close_number;
    for (size_t i = 0; i < pool->count; i++) /* series by series: the rings of all are larger than any cache */
        for (size_t n = most; n > found; n--)
            if (issued_find(e->series[pool->series[i]], newest + 1 - (period_t)n))
                found = n;
    return found;
}

static enum status weigh(struct engine *e, struct pool_work *pool, const struct error_table *t, struct arena *arena)
{
    struct rolling_errors member[MEMBER_COUNT] = {{0}};
    size_t origins = issued_origins(e, pool, MEMBER_ORIGINS);
    enum status status = STATUS_OK;
    for (int m = MEMBER_ENSEMBLE + 1; status == STATUS_OK && m < MEMBER_COUNT; m++)
        if (!(member_table[m].flags & (MEMBER_SHORT | MEMBER_BASELINE))) /* the others' errors decide no weight */
            status = build_errors(t, (enum member)m, origins, &member[m], arena);
    pool->weight = calloc(ENSEMBLE_BANDS * MEMBER_COUNT * (pool->count ? pool->count : 1), sizeof(double));
    if (status != STATUS_OK || !pool->weight)
        return STATUS_NO_MEMORY;
    struct ensemble_input input = {.series = pool->count, .member = member, .fit = pool->fit};
    for (uint32_t m = 0; m < MEMBER_COUNT; m++)
        input.excluded[m] = !(e->options.members >> m & 1);
    return ensemble_weights(&input, pool->weight);
}

static enum status calibrate(struct engine *e, struct pool_work *pool, const struct error_table *t, struct arena *arena)
{
    struct rolling_errors errors;
    enum status status = build_errors(t, MEMBER_ENSEMBLE, issued_origins(e, pool, ERRORS_ORIGINS), &errors, arena);
    double *residual_sd = arena_array(arena, pool->count ? pool->count : 1, sizeof *residual_sd);
    bool *in_pool = arena_array(arena, pool->count ? pool->count : 1, sizeof *in_pool);
    if (status != STATUS_OK || !residual_sd || !in_pool)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < pool->count; i++) {
        const struct pool_series *p = pool_fit_series(pool->fit, i);
        residual_sd[i] = p->residual_sd;
        in_pool[i] = p->kind == SERIES_LONG;
    }
    return conformal_new(&errors, residual_sd, in_pool, &conformal_default, &pool->conformal);
}

/* One-step errors of the newest period, and their median: what the drift machines are fed with. */
static enum status score_newest(struct engine *e, struct pool_work *pool, const struct error_table *t)
{
    pool->relative = malloc(2 * (pool->count ? pool->count : 1) * sizeof(double));
    if (!pool->relative)
        return STATUS_NO_MEMORY;
    double *sorted = pool->relative + pool->count;
    period_t newest = pool->first + (period_t)pool->periods - 1;
    for (size_t i = 0; i < pool->count; i++) {
        const struct issued_slot *slot = issued_find(e->series[pool->series[i]], newest);
        double error = slot && slot->counted && !slot->level ? one_error(t, i, newest, 0, false, slot->value[0]) : maths_missing();
        pool->relative[i] = error;
        if (maths_finite(error))
            sorted[pool->scored++] = error;
    }
    pool->median_error = maths_median(sorted, pool->scored);
    return STATUS_OK;
}

static enum status build_one(struct engine *e, enum pool_kind kind, period_t last, bool at_close, struct pool_work *pool)
{
    enum status status = choose(e, kind, last, at_close, pool);
    if (status != STATUS_OK || pool->count == 0)
        return status;
    status = fill_values(e, pool, at_close);
    /* What is dropped is far behind every pool: the other kind's, the standing ones, and those that a rollback brings back. */
    calendar_forget(e->calendar, last - e->options.history_periods - CALENDAR_BEHIND);
    if (status == STATUS_OK)
        status = calendar_cover(e->calendar, pool->first, last + POOL_HORIZON_MAX + 1);
    struct pool_input input = {.grid = &e->options.grid, .calendar = e->calendar, .first = pool->first,
                               .periods = pool->periods, .series = pool->count, .value = pool->value,
                               .outliers = e->options.outliers, .requested = e->options.members & member_on_request()};
    if (status == STATUS_OK)
        status = pool_fit(&input, &pool->fit);
    if (status != STATUS_OK)
        return status;
    double *logs;
    status = log_values(pool, &logs);
    if (status != STATUS_OK)
        return status;
    struct error_table table = {e, pool, logs};
    struct arena arena = {0};
    status = weigh(e, pool, &table, &arena);
    if (status == STATUS_OK)
        status = calibrate(e, pool, &table, &arena);
    if (status == STATUS_OK && at_close)
        status = score_newest(e, pool, &table);
    arena_done(&arena);
    free(logs);
    return status;
}

enum status pools_build(struct engine *e, period_t last, bool at_close, struct pool_work **out)
{
    struct pool_work *pools = calloc(POOL_KINDS, sizeof *pools);
    if (!pools)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_OK;
    for (int kind = 0; status == STATUS_OK && kind < POOL_KINDS; kind++)
        status = build_one(e, (enum pool_kind)kind, last, at_close, &pools[kind]);
    if (status != STATUS_OK) {
        pools_free(pools);
        return status;
    }
    *out = pools;
    return STATUS_OK;
}

void pools_free(struct pool_work *pools)
{
    if (!pools)
        return;
    for (int kind = 0; kind < POOL_KINDS; kind++) {
        free(pools[kind].series);
        free(pools[kind].value);
        pool_fit_free(pools[kind].fit);
        free(pools[kind].weight);
        conformal_free(pools[kind].conformal);
        free(pools[kind].relative);
    }
    free(pools);
}

void pools_install(struct engine *e, struct pool_work *pools)
{
    if (e->standing_is_new)
        pools_free(e->standing); /* an earlier close of the same batch */
    else
        e->replaced = e->standing;
    e->standing_is_new = true;
    e->standing = pools;
}

void pools_commit(struct engine *e)
{
    pools_free(e->replaced);
    e->replaced = NULL;
    e->standing_is_new = false;
}

void pools_rollback(struct engine *e)
{
    if (e->standing_is_new) {
        pools_free(e->standing);
        e->standing = e->replaced;
    }
    e->replaced = NULL;
    e->standing_is_new = false;
    pools_free(e->work);
    e->work = NULL;
}

enum status pools_standing(struct engine *e, const struct pool_work **out)
{
    assert(e->state.closed_through != PERIOD_NONE);
    if (!e->standing) {
        struct pool_work *pools;
        enum status status = pools_build(e, e->state.closed_through, false, &pools);
        if (status != STATUS_OK)
            return status;
        pools_install(e, pools);
    }
    *out = e->standing;
    return STATUS_OK;
}

size_t pools_column(const struct pool_work *pool, const struct engine *e, const struct series *s)
{
    struct text store = catalog_store_id(e, s);
    size_t low = 0, high = pool->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct series *other = e->series[pool->series[middle]];
        int order = text_compare(catalog_store_id(e, other), store);
        if (order == 0)
            order = text_compare(other->product, s->product);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

enum status pools_forecast(const struct pool_work *pool, size_t column, size_t horizon, double *value, bool *out_fallback)
{
    for (int m = MEMBER_ENSEMBLE + 1; m < MEMBER_COUNT; m++) {
        double *out = value + (size_t)m * horizon;
        enum status status = pool_fit_forecast(pool->fit, (enum member)m, column, horizon, out);
        if (status == STATUS_NO_MEMORY)
            return status;
        for (size_t h = 0; status != STATUS_OK && h < horizon; h++)
            out[h] = maths_missing();
    }
    ensemble_forecast(pool->weight, pool->count, column, value, horizon, value + MEMBER_ENSEMBLE * horizon, out_fallback);
    return STATUS_OK;
}
