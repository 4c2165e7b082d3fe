#include "engine/close.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/alert.h"
#include "engine/dedup.h"
#include "engine/history.h"
#include "engine/issued.h"
#include "engine/pools.h"
#include "engine/result.h"
#include "engine/roster.h"

/* ---- when */

period_t engine_open_period(const struct engine *e)
{
    return e->state.closed_through == PERIOD_NONE ? e->state.first_record : e->state.closed_through + 1;
}

date_t engine_watermark(const struct engine *e)
{
    return e->state.greatest_date == INT32_MIN ? INT32_MIN : e->state.greatest_date - e->options.lateness_days;
}

period_t close_next(const struct engine *e, enum close_cause *out_cause)
{
    period_t open = engine_open_period(e);
    if (open == PERIOD_NONE || e->series_count == 0)
        return PERIOD_NONE;
    date_t last_day = period_last_day(&e->options.grid, open);
    if (e->roster_size > 0 && e->roster_have == e->roster_size)
        *out_cause = CLOSE_ROSTER;
    else if (e->state.complete_all >= last_day)
        *out_cause = CLOSE_COMPLETE;
    else if (engine_watermark(e) > last_day)
        *out_cause = CLOSE_WATERMARK;
    else
        return PERIOD_NONE;
    return open;
}

const char *close_cause_name(enum close_cause cause)
{
    static const char *const names[] = {[CLOSE_WATERMARK] = "watermark", [CLOSE_ROSTER] = "roster", [CLOSE_COMPLETE] = "complete"};
    return names[cause];
}

bool engine_close_due(const struct engine *e)
{
    enum close_cause cause;
    return e->state.closing != PERIOD_NONE || close_next(e, &cause) != PERIOD_NONE;
}

/* ---- one series */

static size_t fit_horizon(const struct engine *e)
{
    size_t most = errors_step[ERRORS_STEPS - 1];
    return (size_t)e->options.horizon > most ? (size_t)e->options.horizon : most;
}

static enum status publish_forecast(struct engine *e, const struct pool_work *pool, struct series *s, period_t closed,
                                    struct effects *fx)
{
    size_t horizon = fit_horizon(e);
    struct forecast_result *result = arena_alloc(&fx->arena, sizeof *result);
    double *values = arena_array(&fx->arena, MEMBER_COUNT * horizon, sizeof *values);
    if (!result || !values)
        return STATUS_NO_MEMORY;
    struct result_wish wish = {.steps = (size_t)e->options.horizon, .horizon = horizon, .levels = quantile_levels, .level_count = QUANTILE_LEVELS};
    enum status status = result_fill(e, pool, s, closed, &wish, &fx->arena, result, values);
    if (status == STATUS_OK)
        status = journal_touch(&e->journal, JOURNAL_SERIES, s->index, PERIOD_NONE, &s->state, sizeof s->state);
    struct effect *effect = status == STATUS_OK ? effects_add(fx, EFFECT_FORECAST) : NULL;
    if (!effect)
        return STATUS_NO_MEMORY;
    result->issue = ++s->state.issue;
    effect->forecast = result;
    fx->counters.forecasts++;
    fx->output_bytes += 200 + result->step_count * 400;
    size_t column = pools_column(pool, e, s);
    if (column == SIZE_MAX)
        return STATUS_OK;
    const struct pool_series *about = pool_fit_series(pool->fit, column);
    bool counted = e->pool[series_pool(s)].seasonal_origins >= ERRORS_WARM_UP;
    fx->counters.outliers += about->outliers;
    return issued_keep(e, s, closed + 1, about->kind == SERIES_LEVEL, counted, values, horizon);
}

/* A direct Total of a store whose sales come by product is only compared. */
static void check_total(const struct series *s, period_t closed, struct effects *fx)
{
    const struct cell *cell = history_cell(s, closed);
    if (!s->state.derived || !cell || !cell->present || !cell->has_total)
        return;
    const struct contribution *sums = &cell->sums, *total = &cell->total;
    fx->counters.check_differences += (total->has_amount && total->gross_amount != sums->gross_amount) ||
                                      (total->has_quantity && total->gross_quantity != sums->gross_quantity);
}

/* A series whose first record is about a later period is not in the close: whether that record came before or after the close
 * must not show. */
static bool in_close(const struct series *s, period_t closed)
{
    return s->state.first_period != PERIOD_NONE && s->state.first_period <= closed;
}

static enum status close_series(struct engine *e, struct series *s, period_t closed, struct effects *fx)
{
    if (!in_close(s, closed))
        return STATUS_OK;
    const struct pool_work *pool = &e->work[series_pool(s)];
    size_t column = pools_column(pool, e, s);
    enum status status = STATUS_OK;
    check_total(s, closed, fx);
    if (!s->product.data)
        status = alert_silence(e, e->stores[s->store], closed, fx);
    if (status == STATUS_OK)
        status = alert_stockout(e, s, closed, fx);
    if (status == STATUS_OK && column != SIZE_MAX)
        status = alert_drift(e, pool, column, closed, fx);
    return status == STATUS_OK ? publish_forecast(e, pool, s, closed, fx) : status;
}

/* ---- the whole close */

static enum status begin(struct engine *e)
{
    enum status status = journal_touch(&e->journal, JOURNAL_PARTITION, 0, PERIOD_NONE, &e->state, sizeof e->state);
    if (status == STATUS_OK && e->state.closing == PERIOD_NONE) {
        enum close_cause cause = CLOSE_WATERMARK;
        e->state.closing = close_next(e, &cause);
        e->state.closing_cursor = 0;
        e->state.closing_cause = (uint8_t)cause;
    }
    if (status == STATUS_OK && !e->work)
        status = pools_build(e, e->state.closing, true, &e->work);
    return status;
}

static enum status publish_closed(struct engine *e, period_t closed, struct effects *fx)
{
    struct period_closed *message = arena_alloc(&fx->arena, sizeof *message);
    struct effect *effect = message ? effects_add(fx, EFFECT_CLOSED) : NULL;
    if (!effect)
        return STATUS_NO_MEMORY;
    int32_t series = 0, known = 0;
    for (size_t i = 0; i < e->series_count; i++) {
        series += in_close(e->series[i], closed);
        known += history_value(e, e->series[i], closed).known;
    }
    *message = (struct period_closed){
        .partition = e->partition,
        .first_date = period_first_day(&e->options.grid, closed),
        .last_date = period_last_day(&e->options.grid, closed),
        .sales_offset = e->state.sales_offset,
        .close_number = e->state.close_number,
        .series = series,
        .known = known,
        .unknown = series - known,
        .cause = text_of(close_cause_name((enum close_cause)e->state.closing_cause)),
    };
    effect->closed = message;
    fx->counters.periods_closed++;
    fx->output_bytes += 60;
    return STATUS_OK;
}

static enum status count_origin(struct engine *e)
{
    for (uint32_t kind = 0; kind < POOL_KINDS; kind++) {
        const struct pool_work *pool = &e->work[kind];
        if (!pool->fit || pool_fit_long_count(pool->fit) == 0)
            continue;
        struct pool_state *state = &e->pool[kind];
        enum status status = journal_touch(&e->journal, JOURNAL_POOL, kind, PERIOD_NONE, state, sizeof *state);
        if (status != STATUS_OK)
            return status;
        state->seasonal_origins++;
    }
    return STATUS_OK;
}

static enum status trim(struct engine *e, period_t closed)
{
    enum status status = dedup_trim(e);
    for (size_t i = 0; status == STATUS_OK && i < e->series_count; i++)
        status = history_cell_drop(e, e->series[i], closed - e->options.history_periods);
    return status;
}

static enum status finish(struct engine *e, struct effects *fx)
{
    period_t closed = e->state.closing;
    e->state.close_number++;
    enum status status = publish_closed(e, closed, fx);
    if (status == STATUS_OK)
        status = count_origin(e);
    e->state.closed_through = closed;
    e->state.closing = PERIOD_NONE;
    e->state.closing_cursor = 0;
    if (status == STATUS_OK)
        status = trim(e, closed);
    pools_install(e, e->work);
    e->work = NULL;
    roster_recount(e);
    return status;
}

enum status engine_continue(struct engine *e, size_t max_series, struct effects *fx, bool *out_done)
{
    assert(engine_close_due(e));
    enum status status = begin(e);
    size_t left = max_series ? max_series : SIZE_MAX;
    for (; status == STATUS_OK && left > 0 && e->state.closing_cursor < e->series_count; left--) {
        struct series *s = e->series[e->order[e->state.closing_cursor]];
        status = close_series(e, s, e->state.closing, fx);
        e->state.closing_cursor++;
    }
    if (status != STATUS_OK)
        return status;
    bool done = e->state.closing_cursor == e->series_count;
    if (done)
        status = finish(e, fx);
    if (status == STATUS_OK)
        *out_done = done;
    return status;
}
