#include "engine/change.h"

#include <string.h>

#include "base/hash.h"
#include "engine/history.h"
#include "engine/roster.h"

static void add_sale(struct contribution *sums, const struct measures *sold, struct cell *cell)
{
    if (sold->has_quantity) {
        *(sold->quantity < 0 ? &sums->returns_quantity : &sums->gross_quantity) += sold->quantity < 0 ? -sold->quantity : sold->quantity;
        cell->quantity_count++;
    }
    if (sold->has_amount) {
        *(sold->amount < 0 ? &sums->returns_amount : &sums->gross_amount) += sold->amount < 0 ? -sold->amount : sold->amount;
        cell->amount_count++;
    }
}

static int64_t size_of(int64_t v)
{
    return v < 0 ? -v : v;
}

static bool sums_fit(const struct series *s, period_t period, const struct contribution *more)
{
    const struct cell *cell = s ? history_cell(s, period) : NULL;
    if (!cell || !cell->present)
        return true;
    return size_of(more->gross_quantity) <= CHANGE_SUM_MAX - size_of(cell->sums.gross_quantity) &&
           size_of(more->returns_quantity) <= CHANGE_SUM_MAX - size_of(cell->sums.returns_quantity) &&
           size_of(more->gross_amount) <= CHANGE_SUM_MAX - size_of(cell->sums.gross_amount) &&
           size_of(more->returns_amount) <= CHANGE_SUM_MAX - size_of(cell->sums.returns_amount);
}

bool change_fits(const struct application *a)
{
    const struct body_total *t = &a->u->body.total;
    struct cell sold = {0};
    if (a->u->kind == BODY_SALE)
        add_sale(&sold.sums, &a->u->body.sale.sold, &sold);
    else
        sold.sums = (struct contribution){.gross_quantity = t->gross.quantity,
                                          .returns_quantity = t->returns.quantity,
                                          .gross_amount = t->gross.amount,
                                          .returns_amount = t->returns.amount};
    const struct series *total = a->store ? a->e->series[a->store->total] : NULL;
    return (a->u->kind == BODY_TOTAL || sums_fit(a->series, a->period, &sold.sums)) && sums_fit(total, a->period, &sold.sums);
}

static struct event_order event_order(const struct sales_update *u)
{
    struct event_order order = {.issued_at_ms = u->issued_at_ms, .hash = hash_sip(u->event_id.data, u->event_id.size)};
    memcpy(order.prefix, u->event_id.data, u->event_id.size < EVENT_PREFIX ? u->event_id.size : EVENT_PREFIX);
    return order;
}

static int event_compare(const struct event_order *a, const struct event_order *b)
{
    if (a->issued_at_ms != b->issued_at_ms)
        return a->issued_at_ms < b->issued_at_ms ? -1 : 1;
    int order = memcmp(a->prefix, b->prefix, EVENT_PREFIX);
    return order ? order : (a->hash > b->hash) - (a->hash < b->hash);
}

/* Sets the cell's Total when it is the greatest so far. */
static void set_total(const struct application *a, struct cell *cell)
{
    const struct body_total *t = &a->u->body.total;
    struct event_order order = event_order(a->u);
    int compared = cell->has_total ? event_compare(&order, &cell->total_order) : 1;
    if (compared <= 0) {
        *(compared == 0 ? &a->fx->counters.duplicates : &a->fx->counters.superseded) += 1;
        return;
    }
    cell->has_total = true;
    cell->total_order = order;
    /* Issued on or after the period's last day: a running total sent during the period is kept, but closes nothing. */
    cell->total_final = date_of_ms(a->u->issued_at_ms) >= period_last_day(&a->e->options.grid, a->period);
    cell->total = (struct contribution){.gross_quantity = t->gross.quantity,
                                        .returns_quantity = t->returns.quantity,
                                        .gross_amount = t->gross.amount,
                                        .returns_amount = t->returns.amount,
                                        .has_quantity = t->gross.has_quantity,
                                        .has_amount = t->gross.has_amount};
    a->fx->counters.totals++;
}

static void derive(struct cell *total, const struct contribution *before, const struct contribution *after)
{
    total->sums.gross_quantity += after->gross_quantity - before->gross_quantity;
    total->sums.returns_quantity += after->returns_quantity - before->returns_quantity;
    total->sums.gross_amount += after->gross_amount - before->gross_amount;
    total->sums.returns_amount += after->returns_amount - before->returns_amount;
    total->quantity_count += (uint32_t)after->has_quantity - (uint32_t)before->has_quantity;
    total->amount_count += (uint32_t)after->has_amount - (uint32_t)before->has_amount;
}

static enum status note_fed(struct engine *e, struct series *s, period_t period, bool sale)
{
    if ((s->state.first_period != PERIOD_NONE && s->state.first_period <= period) && (s->state.sale_fed || !sale))
        return STATUS_OK;
    enum status status = journal_touch(&e->journal, JOURNAL_SERIES, s->index, PERIOD_NONE, &s->state, sizeof s->state);
    if (status != STATUS_OK)
        return status;
    if (s->state.first_period == PERIOD_NONE || period < s->state.first_period)
        s->state.first_period = period;
    s->state.sale_fed |= sale;
    return STATUS_OK;
}

/* The closed values that the record may change: its own and its store's, all of the store when it reports there for the
 * first time, and the periods that turn from unknown to zero when the series begins earlier or turns out to be fed by sales. */
static void watch(const struct application *a, struct history_watch *w)
{
    const struct engine *e = a->e;
    if (e->state.closed_through == PERIOD_NONE || (a->period > e->state.closed_through && a->series->state.sale_fed))
        return;
    struct series *total = e->series[a->store->total];
    history_watch_add(w, e, total, a->period);
    if (!history_reported(e, a->store, a->period)) {
        for (size_t i = 0; i < a->store->product_count; i++)
            if (e->series[a->store->products[i]] != a->series)
                history_watch_add(w, e, e->series[a->store->products[i]], a->period);
    }
    if (a->series != total)
        history_watch_add(w, e, a->series, a->period);
    bool sale = a->u->kind == BODY_SALE;
    const struct series_state *state = &a->series->state;
    if (!sale && !state->sale_fed)
        return;
    period_t until = e->state.closed_through;
    if (state->sale_fed && state->first_period != PERIOD_NONE)
        until = state->first_period - 1 < until ? state->first_period - 1 : until;
    period_t from = state->first_period != PERIOD_NONE && state->first_period < a->period ? state->first_period : a->period;
    for (period_t p = from; p <= until; p++)
        if (p != a->period)
            history_watch_add(w, e, a->series, p);
}

static enum status change_cells(const struct application *a)
{
    struct engine *e = a->e;
    struct series *total = e->series[a->store->total];
    struct cell *cell, *total_cell;
    enum status status = history_cell_touch(e, a->series, a->period, &cell);
    if (status == STATUS_OK)
        status = history_cell_touch(e, total, a->period, &total_cell);
    if (status != STATUS_OK)
        return status;
    struct contribution before = history_contribution(cell);
    roster_remove(e, a->series);
    if (a->u->kind == BODY_SALE) {
        add_sale(&cell->sums, &a->u->body.sale.sold, cell);
        a->fx->counters.sales++;
        const struct measures *sold = &a->u->body.sale.sold;
        a->fx->counters.returns += (sold->has_quantity && sold->quantity < 0) || (sold->has_amount && sold->amount < 0);
    } else {
        set_total(a, cell);
    }
    roster_add(e, a->series);
    total_cell->reports++;
    if (a->series != total) {
        struct contribution after = history_contribution(cell);
        derive(total_cell, &before, &after);
    }
    return STATUS_OK;
}

enum status change_apply(const struct application *a)
{
    struct engine *e = a->e;
    bool sale = a->u->kind == BODY_SALE;
    struct history_watch w = {0};
    watch(a, &w);
    enum status status = change_cells(a);
    if (status == STATUS_OK)
        status = note_fed(e, a->series, a->period, sale);
    struct series *total = e->series[a->store->total];
    if (status == STATUS_OK && total != a->series)
        status = note_fed(e, total, a->period, sale);
    enum status finished = history_watch_finish(&w, e, &a->fx->counters);
    return status == STATUS_OK ? finished : status;
}

enum status change_complete(const struct application *a)
{
    struct engine *e = a->e;
    struct store *store = a->store;
    if (!store || a->u->business_date <= store->state.complete_through)
        return STATUS_OK;
    struct history_watch watch = {0};
    const struct period_grid *grid = &e->options.grid;
    /* Silence of a sale feed in closed periods up to this date turns from unknown to zero. */
    if (e->state.closed_through != PERIOD_NONE) {
        period_t from = e->state.closed_through - e->options.history_periods + 1;
        if (store->state.complete_through != INT32_MIN) {
            period_t known = period_of(grid, store->state.complete_through);
            from = known > from ? known : from;
        }
        for (period_t p = from; p <= e->state.closed_through && period_last_day(grid, p) <= a->u->business_date; p++) {
            history_watch_add(&watch, e, e->series[store->total], p);
            for (size_t i = 0; i < store->product_count; i++)
                history_watch_add(&watch, e, e->series[store->products[i]], p);
        }
    }
    enum status status = journal_touch(&e->journal, JOURNAL_STORE, store->index, PERIOD_NONE, &store->state, sizeof store->state);
    if (status == STATUS_OK) {
        roster_remove_store(e, store);
        store->state.complete_through = a->u->business_date;
        roster_add_store(e, store);
    }
    enum status finished = history_watch_finish(&watch, e, &a->fx->counters);
    return status == STATUS_OK ? finished : status;
}
