#include "engine/roster.h"

#include "engine/history.h"

static bool final_total(const struct series *s, period_t period)
{
    const struct cell *cell = history_cell(s, period);
    return cell && cell->present && cell->has_total && cell->total_final && !s->state.derived;
}

static bool complete(const struct engine *e, const struct series *s, period_t period)
{
    return e->stores[s->store]->state.complete_through >= period_last_day(&e->options.grid, period);
}

static void count(struct engine *e, const struct series *s, int sign)
{
    period_t closed = e->state.closed_through;
    if (closed == PERIOD_NONE)
        return;
    bool on = final_total(s, closed) || (!s->product.data && complete(e, s, closed));
    if (!on)
        return;
    bool in = final_total(s, closed + 1) || complete(e, s, closed + 1);
    e->roster_size += (size_t)sign;
    e->roster_have += in ? (size_t)sign : 0;
}

void roster_remove(struct engine *e, const struct series *s)
{
    count(e, s, -1);
}

void roster_add(struct engine *e, const struct series *s)
{
    count(e, s, 1);
}

static void count_store(struct engine *e, const struct store *store, int sign)
{
    count(e, e->series[store->total], sign);
    for (size_t i = 0; i < store->product_count; i++)
        count(e, e->series[store->products[i]], sign);
}

void roster_remove_store(struct engine *e, const struct store *store)
{
    count_store(e, store, -1);
}

void roster_add_store(struct engine *e, const struct store *store)
{
    count_store(e, store, 1);
}

void roster_recount(struct engine *e)
{
    e->roster_size = e->roster_have = 0;
    for (size_t i = 0; i < e->series_count; i++)
        count(e, e->series[i], 1);
}
