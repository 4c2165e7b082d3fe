#include "engine/history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct cell_page {
    struct cell cells[CELL_PAGE];
};

static int32_t page_number(period_t period)
{
    return period / CELL_PAGE - (period % CELL_PAGE < 0);
}

struct cell *history_cell(const struct series *s, period_t period)
{
    int64_t page = (int64_t)page_number(period) - s->page_first;
    if (page < 0 || page >= (int64_t)s->page_count || !s->pages[page])
        return NULL;
    return &s->pages[page]->cells[period - page_number(period) * CELL_PAGE];
}

/* Room for the page of a period in the index of pages; pages keep their addresses. */
static enum status index_page(struct series *s, int32_t page)
{
    if (s->page_count == 0)
        s->page_first = page;
    int32_t first = page < s->page_first ? page : s->page_first;
    int64_t end = s->page_first + (int64_t)s->page_count;
    if (page >= end)
        end = (int64_t)page + 1;
    size_t count = (size_t)(end - first);
    if (count == s->page_count)
        return STATUS_OK;
    struct cell_page **pages = calloc(count, sizeof(struct cell_page *));
    if (!pages)
        return STATUS_NO_MEMORY;
    if (s->page_count)
        memcpy(pages + (s->page_first - first), s->pages, s->page_count * sizeof(struct cell_page *));
    free(s->pages);
    s->pages = pages;
    s->page_first = first;
    s->page_count = count;
    return STATUS_OK;
}

static enum status create(struct series *s, period_t period, struct cell **out)
{
    int32_t page = page_number(period);
    if (index_page(s, page) != STATUS_OK)
        return STATUS_NO_MEMORY;
    struct cell_page **at = &s->pages[page - s->page_first];
    if (!*at && !(*at = calloc(1, sizeof **at)))
        return STATUS_NO_MEMORY;
    *out = &(*at)->cells[period - page * CELL_PAGE];
    return STATUS_OK;
}

enum status history_cell_touch(struct engine *e, struct series *s, period_t period, struct cell **out)
{
    struct cell *cell = history_cell(s, period);
    enum status status = cell ? STATUS_OK : create(s, period, &cell);
    if (status == STATUS_OK)
        status = journal_touch(&e->journal, JOURNAL_CELL, s->index, period, cell, sizeof *cell);
    if (status != STATUS_OK)
        return status;
    if (!cell->present) {
        struct journal_mark mark = cell->mark;
        *cell = (struct cell){.mark = mark, .present = true, .corrected_after = PERIOD_NONE};
    }
    *out = cell;
    return STATUS_OK;
}

enum status history_cell_drop(struct engine *e, struct series *s, period_t period)
{
    struct cell *cell = history_cell(s, period);
    if (!cell || !cell->present)
        return STATUS_OK;
    enum status status = journal_touch(&e->journal, JOURNAL_CELL, s->index, period, cell, sizeof *cell);
    if (status == STATUS_OK)
        cell->present = false;
    return status;
}

static bool is_empty_page(const struct cell_page *page)
{
    for (int k = 0; k < CELL_PAGE; k++)
        if (page->cells[k].present)
            return false;
    return true;
}

void history_release(struct series *s, period_t period)
{
    int64_t page = (int64_t)page_number(period) - s->page_first;
    if (page < 0 || page >= (int64_t)s->page_count || !s->pages[page] || !is_empty_page(s->pages[page]))
        return;
    free(s->pages[page]);
    s->pages[page] = NULL;
    size_t gone = 0;
    while (gone < s->page_count && !s->pages[gone])
        gone++;
    memmove(s->pages, s->pages + gone, (s->page_count - gone) * sizeof(struct cell_page *));
    s->page_first += (int32_t)gone;
    s->page_count -= gone;
}

void history_free(struct series *s)
{
    for (size_t i = 0; i < s->page_count; i++)
        free(s->pages[i]);
    free(s->pages);
    s->pages = NULL;
    s->page_count = 0;
}

bool history_span(const struct series *s, period_t *out_first, period_t *out_last)
{
    bool any = false;
    for (size_t i = 0; i < s->page_count; i++)
        for (int k = 0; s->pages[i] && k < CELL_PAGE; k++) {
            if (!s->pages[i]->cells[k].present)
                continue;
            period_t period = (s->page_first + (int32_t)i) * CELL_PAGE + k;
            if (!any)
                *out_first = period;
            *out_last = period;
            any = true;
        }
    return any;
}

struct contribution history_contribution(const struct cell *cell)
{
    assert(cell->present);
    if (cell->has_total)
        return cell->total;
    struct contribution c = cell->sums;
    c.has_quantity = cell->quantity_count > 0;
    c.has_amount = cell->amount_count > 0;
    return c;
}

bool history_reported(const struct engine *e, const struct store *store, period_t period)
{
    const struct cell *cell = history_cell(e->series[store->total], period);
    return (cell && cell->present && cell->reports > 0) ||
           store->state.complete_through >= period_last_day(&e->options.grid, period);
}

static struct period_value value_of(const struct engine *e, const struct contribution *c)
{
    bool amount = e->options.measure == MEASURE_AMOUNT;
    if (!(amount ? c->has_amount : c->has_quantity))
        return (struct period_value){.state = 'U'};
    int64_t gross = amount ? c->gross_amount : c->gross_quantity;
    int64_t returns = amount ? c->returns_amount : c->returns_quantity;
    return (struct period_value){true, 'S', e->options.net ? gross - returns : gross};
}

struct period_value history_value(const struct engine *e, const struct series *s, period_t period)
{
    const struct cell *cell = history_cell(s, period);
    if (cell && cell->present && (cell->has_total || cell->quantity_count || cell->amount_count)) {
        struct contribution c = history_contribution(cell);
        if (s->state.derived) { /* a direct Total of a derived store is a check figure only */
            c = cell->sums;
            c.has_quantity = cell->quantity_count > 0;
            c.has_amount = cell->amount_count > 0;
        }
        if (c.has_quantity || c.has_amount)
            return value_of(e, &c);
    }
    bool ranged = s->state.sale_fed && s->state.first_period != PERIOD_NONE && period >= s->state.first_period;
    if (ranged && history_reported(e, e->stores[s->store], period))
        return (struct period_value){true, 'Z', 0};
    return (struct period_value){.state = 'U'};
}

struct period_value history_value_at_close(const struct engine *e, const struct series *s, period_t period)
{
    const struct cell *cell = history_cell(s, period);
    if (cell && cell->present && cell->corrected_after != PERIOD_NONE && cell->corrected_after == e->state.closed_through)
        return (struct period_value){cell->before_known, cell->before_known ? 'S' : 'U', cell->before};
    return history_value(e, s, period);
}

void history_watch_add(struct history_watch *w, const struct engine *e, struct series *s, period_t period)
{
    if (e->state.closed_through == PERIOD_NONE || period > e->state.closed_through)
        return;
    if (w->count == w->capacity) {
        size_t capacity = w->capacity ? 2 * w->capacity : 16;
        struct watched *items = realloc(w->items, capacity * sizeof *items);
        if (!items) {
            w->failed = true;
            return;
        }
        w->items = items;
        w->capacity = capacity;
    }
    w->items[w->count++] = (struct watched){s, period, history_value(e, s, period)};
}

static enum status note_correction(struct engine *e, const struct watched *item, struct engine_counters *counters)
{
    struct period_value now = history_value(e, item->series, item->period);
    if (now.known == item->before.known && now.value == item->before.value)
        return STATUS_OK;
    struct cell *cell;
    enum status status = history_cell_touch(e, item->series, item->period, &cell);
    if (status != STATUS_OK)
        return status;
    if (cell->corrected_after != e->state.closed_through) {
        cell->corrected_after = e->state.closed_through;
        cell->before_known = item->before.known;
        cell->before = item->before.value;
    }
    if (item->before.known)
        counters->corrections++;
    else
        counters->backfilled++;
    return STATUS_OK;
}

enum status history_watch_finish(struct history_watch *w, struct engine *e, struct engine_counters *counters)
{
    enum status status = w->failed ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < w->count; i++)
        status = note_correction(e, &w->items[i], counters);
    free(w->items);
    *w = (struct history_watch){0};
    return status;
}
