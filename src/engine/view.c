/* What is known: for metrics, `state show` and the tests. */
#include <assert.h>

#include "base/maths.h"
#include "engine/catalog.h"
#include "engine/history.h"
#include "engine/pools.h"
#include "engine/result.h"

int64_t engine_offset(const struct engine *e)
{
    return e->state.sales_offset;
}

uint64_t engine_batch(const struct engine *e)
{
    return e->batch;
}

int64_t engine_requests_offset(const struct engine *e)
{
    return e->state.requests_offset;
}

enum status engine_set_requests_offset(struct engine *e, int64_t offset)
{
    enum status status = journal_touch(&e->journal, JOURNAL_PARTITION, 0, PERIOD_NONE, &e->state, sizeof e->state);
    if (status == STATUS_OK)
        e->state.requests_offset = offset;
    return status;
}

enum status engine_reset_offsets(struct engine *e)
{
    enum status status = engine_set_requests_offset(e, -1);
    if (status == STATUS_OK)
        e->state.sales_offset = -1;
    return status;
}

period_t engine_closed_through(const struct engine *e)
{
    return e->state.closed_through;
}

size_t engine_series_count(const struct engine *e)
{
    return e->series_count;
}

static void view_periods(const struct engine *e, const struct series *s, struct engine_series_view *out)
{
    period_t first, last;
    out->first_period = out->last_period = PERIOD_NONE;
    if (!history_span(s, &first, &last))
        return;
    period_t open = engine_open_period(e);
    for (period_t p = first; p <= (last > open ? last : open); p++) {
        if (!history_value(e, s, p).known)
            continue;
        if (out->first_period == PERIOD_NONE)
            out->first_period = p;
        out->last_period = p;
        out->observed++;
    }
}

enum status engine_series_view(struct engine *e, size_t index, struct engine_series_view *out)
{
    if (index >= e->series_count)
        return STATUS_NOT_FOUND;
    const struct series *s = e->series[e->order[index]];
    *out = (struct engine_series_view){.store = catalog_store_id(e, s), .product = s->product, .derived = s->state.derived,
                                       .issue = s->state.issue, .drift_firing = s->drift.state.firing};
    view_periods(e, s, out);
    if (e->state.closed_through == PERIOD_NONE || e->state.closing != PERIOD_NONE)
        return STATUS_OK;
    const struct pool_work *pools;
    enum status status = pools_standing(e, &pools);
    if (status != STATUS_OK)
        return status;
    const struct pool_work *pool = &pools[series_pool(s)];
    size_t column = pools_column(pool, e, s);
    if (column == SIZE_MAX)
        return STATUS_OK;
    _Static_assert(MEMBER_COUNT <= sizeof out->accuracy / sizeof out->accuracy[0], "room for every member");
    struct model_accuracy all[MEMBER_COUNT];
    result_accuracy(e, pool, column, RESULT_ACCURACY_PERIODS, all);
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        if (all[m].scored)
            out->accuracy[out->accuracy_count++] = all[m];
    return STATUS_OK;
}

enum status engine_cells_view(struct engine *e, size_t index, size_t capacity, struct engine_cell_view *out, size_t *out_count)
{
    if (index >= e->series_count)
        return STATUS_NOT_FOUND;
    const struct series *s = e->series[e->order[index]];
    period_t first, last;
    *out_count = 0;
    if (!history_span(s, &first, &last) || capacity == 0)
        return STATUS_OK;
    if (e->state.closed_through != PERIOD_NONE && last < e->state.closed_through)
        last = e->state.closed_through;
    if ((int64_t)last - first >= (int64_t)capacity)
        first = last - (period_t)capacity + 1;
    for (period_t p = first; p <= last; p++) {
        struct period_value v = history_value(e, s, p);
        struct engine_cell_view *view = &out[(*out_count)++];
        *view = (struct engine_cell_view){.period = p, .state = v.state,
                                          .value = v.known ? (double)v.value / (double)MILLIONTHS : maths_missing()};
        const struct cell *cell = history_cell(s, p);
        if (!cell || !cell->present)
            continue;
        struct contribution c = s->state.derived ? cell->sums : history_contribution(cell);
        view->gross_quantity = c.gross_quantity;
        view->returns_quantity = c.returns_quantity;
        view->gross_amount = c.gross_amount;
        view->returns_amount = c.returns_amount;
        view->count = cell->quantity_count > cell->amount_count ? cell->quantity_count : cell->amount_count;
        view->has_total = cell->has_total;
    }
    return STATUS_OK;
}
