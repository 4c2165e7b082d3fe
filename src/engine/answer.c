/* A forecast request: answered from the last close, never silence, never a change of state. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/maths.h"
#include "engine/catalog.h"
#include "engine/partition.h"
#include "engine/pools.h"
#include "engine/result.h"

#define LEVELS_MAX 99

struct answering {
    struct engine *e;
    const struct forecast_request *request;
    struct effects *fx;
    struct forecast_result *reply;
    struct result_wish wish;
};

static void reject(struct answering *a, enum result_status status, const char *sentence)
{
    a->reply->status = status;
    a->reply->sentence = arena_text(&a->fx->arena, text_of(sentence));
}

/* ---- checks: each returns false after it has put its reason into the reply */

static bool check_horizon(struct answering *a)
{
    if (a->request->horizon >= 1 && a->request->horizon <= MESSAGE_HORIZON_MAX)
        return true;
    char sentence[120];
    (void)snprintf(sentence, sizeof sentence, "horizon %d: ask for 1 to %d periods", a->request->horizon, MESSAGE_HORIZON_MAX);
    reject(a, RESULT_INVALID_REQUEST, sentence);
    return false;
}

static bool check_supported(struct answering *a)
{
    const struct forecast_request *r = a->request;
    const char *what = r->level == LEVEL_CATEGORY || r->category.data ? "level category"
                       : r->plan_count                                ? "plan"
                       : r->has_lead_time                             ? "lead_time"
                                                                      : NULL;
    if (!what)
        return true;
    char sentence[120];
    (void)snprintf(sentence, sizeof sentence, "%s: not supported yet by this version (leave it out)", what);
    reject(a, RESULT_NOT_SUPPORTED_YET, sentence);
    return false;
}

static void reject_model(struct answering *a, struct text name)
{
    char sentence[600];
    int used = snprintf(sentence, sizeof sentence, "there is no model \"%.*s\": ask for best", (int)(name.size < 64 ? name.size : 64), name.data);
    for (size_t m = 0; m < MEMBER_COUNT && used > 0 && (size_t)used < sizeof sentence; m++)
        used += snprintf(sentence + used, sizeof sentence - (size_t)used, ", %s", member_table[m].name);
    reject(a, RESULT_INVALID_REQUEST, sentence);
}

static bool check_models(struct answering *a)
{
    for (size_t i = 0; i < a->request->model_count; i++) {
        struct text name = a->request->models[i];
        enum member m = member_find(name);
        if (m != MEMBER_COUNT) {
            a->wish.chosen[m] = true;
        } else if (text_equal(name, text_of("best"))) {
            a->wish.best = true;
        } else {
            reject_model(a, name);
            return false;
        }
    }
    return true;
}

static bool check_levels(struct answering *a)
{
    const struct forecast_request *r = a->request;
    bool sound = r->quantile_count <= LEVELS_MAX;
    for (size_t i = 0; sound && i < r->quantile_count; i++)
        sound = r->quantiles[i] > 0 && r->quantiles[i] < 1;
    if (!sound)
        reject(a, RESULT_INVALID_REQUEST, "quantile levels: give at most 99 numbers between 0 and 1");
    return sound;
}

/* ---- the answer */

static enum status choose_levels(struct answering *a)
{
    const struct forecast_request *r = a->request;
    a->wish.levels = quantile_levels;
    a->wish.level_count = QUANTILE_LEVELS;
    if (r->quantile_count == 0)
        return STATUS_OK;
    double *levels = arena_array(&a->fx->arena, r->quantile_count, sizeof *levels);
    if (!levels)
        return STATUS_NO_MEMORY;
    memcpy(levels, r->quantiles, r->quantile_count * sizeof *levels);
    maths_sort(levels, r->quantile_count);
    size_t kept = 0;
    for (size_t i = 0; i < r->quantile_count; i++)
        if (kept == 0 || levels[i] != levels[kept - 1])
            levels[kept++] = levels[i];
    a->wish.levels = levels;
    a->wish.level_count = kept;
    return STATUS_OK;
}

static enum status answer_series(struct answering *a)
{
    struct engine *e = a->e;
    const struct series *s = catalog_series(e, a->request->store, a->request->product);
    if (!s) {
        reject(a, RESULT_UNKNOWN_SERIES, catalog_store(e, a->request->store)
                                             ? "no record of this product was seen in this store"
                                             : "no record of this store was seen (is the request in the partition of its store?)");
        return STATUS_OK;
    }
    if (e->state.closed_through == PERIOD_NONE) {
        result_head(e, s, PERIOD_NONE, a->reply);
        reject(a, RESULT_NO_HISTORY, "no period was closed yet; forecasts begin with the first close");
        return STATUS_OK;
    }
    const struct pool_work *pools;
    enum status status = choose_levels(a);
    if (status == STATUS_OK)
        status = pools_standing(e, &pools);
    if (status != STATUS_OK)
        return status;
    a->wish.steps = a->wish.horizon = (size_t)a->request->horizon;
    a->wish.explain = a->request->explain;
    a->reply->issue = s->state.issue;
    return result_fill(e, &pools[series_pool(s)], s, e->state.closed_through, &a->wish, &a->fx->arena, a->reply, NULL);
}

enum status engine_answer(struct engine *e, const struct forecast_request *request, struct effects *fx)
{
    assert(!engine_close_due(e));
    struct forecast_result *reply = arena_alloc(&fx->arena, sizeof *reply);
    if (!reply)
        return STATUS_NO_MEMORY;
    *reply = (struct forecast_result){
        .request_id = arena_text(&fx->arena, request->request_id),
        .store = arena_text(&fx->arena, request->store),
        .product = arena_text(&fx->arena, request->product),
        .category = arena_text(&fx->arena, request->category),
        .level = request->level,
        .sales_offset = e->state.sales_offset,
        .partition = e->partition,
        .measure = e->options.measure,
        .unit = e->options.unit,
    };
    struct answering a = {.e = e, .request = request, .fx = fx, .reply = reply};
    enum status status = STATUS_OK;
    if (check_horizon(&a) && check_supported(&a) && check_models(&a) && check_levels(&a))
        status = answer_series(&a);
    struct effect *effect = status == STATUS_OK ? effects_add(fx, EFFECT_REPLY) : NULL;
    if (!effect)
        return status == STATUS_OK ? STATUS_NO_MEMORY : status;
    effect->forecast = reply;
    fx->counters.replies++;
    fx->output_bytes += 200 + reply->step_count * 400;
    return STATUS_OK;
}
