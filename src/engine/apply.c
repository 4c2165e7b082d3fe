/* One record: is it sound, is it new, what does it change. Order matters: everything is checked before anything changes. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "engine/alert.h"
#include "engine/close.h"
#include "engine/dedup.h"
#include "engine/history.h"
#include "engine/roster.h"

struct application { /* of one record */
    struct engine *e;
    const struct sales_update *u;
    const struct record *record;
    struct effects *fx;
    period_t period;
    struct store *store;   /* NULL: not known yet */
    struct series *series; /* likewise */
};

static enum status refuse(struct engine *e, int64_t offset, enum dead_letter code, struct text sentence, struct effects *fx)
{
    struct effect *effect = effects_add(fx, EFFECT_DEAD_LETTER);
    if (!effect)
        return STATUS_NO_MEMORY;
    effect->dead_letter = code;
    effect->offset = offset;
    effect->sentence = arena_text(&fx->arena, sentence);
    fx->counters.dead_letters++;
    (void)e;
    return STATUS_OK;
}

static enum status refuse_dated(const struct application *a, enum dead_letter code, const char *what, date_t limit)
{
    char date[DATE_TEXT_BYTES], other[DATE_TEXT_BYTES], sentence[200];
    (void)snprintf(sentence, sizeof sentence, "business date %s %s %s", date_format(a->u->business_date, date), what,
                   date_format(limit, other));
    return refuse(a->e, a->record->offset, code, text_of(sentence), a->fx);
}

/* The latest business date that the record's Kafka timestamp allows; without one, its own time of issue. */
static date_t date_limit(const struct application *a)
{
    int64_t ms = a->record->timestamp_ms >= 0 ? a->record->timestamp_ms : a->u->issued_at_ms;
    date_t day = date_of_ms(ms);
    return day > INT32_MAX - a->e->options.max_ahead_days ? INT32_MAX : day + a->e->options.max_ahead_days;
}

/* ---- Complete */

static enum status complete_store(const struct application *a)
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

static enum status apply_complete(const struct application *a)
{
    a->fx->counters.completes++;
    if (a->u->store.data)
        return complete_store(a);
    if (a->u->business_date > a->e->state.complete_all)
        a->e->state.complete_all = a->u->business_date; /* the partition is touched with every record */
    return STATUS_OK;
}

/* ---- Sale and Total: checks */

/* *out_code = DEAD_LETTER_COUNT when the store is fed the way the record feeds it. */
static enum status check_level(const struct application *a, enum dead_letter *out_code, char sentence[200])
{
    *out_code = DEAD_LETTER_COUNT;
    if (!a->store)
        return STATUS_OK;
    bool product = a->u->product.data != NULL;
    if (a->store->mode == STORE_DIRECT && product) {
        *out_code = DEAD_LETTER_MIXED_LEVEL;
        (void)snprintf(sentence, 200, "the store's sales come as a whole since its first record; this one names a product");
    } else if (a->store->mode == STORE_DERIVED && !product && a->u->kind == BODY_SALE) {
        *out_code = DEAD_LETTER_MIXED_LEVEL;
        (void)snprintf(sentence, 200, "the store's sales come by product since its first record; this one names none");
    }
    return STATUS_OK;
}

static bool room(const struct application *a)
{
    size_t needed = (size_t)!a->store + (size_t)(a->u->product.data && !a->series);
    return a->e->series_count + needed <= a->e->options.series_max;
}

static enum status refuse_full(const struct application *a)
{
    char sentence[200];
    (void)snprintf(sentence, sizeof sentence, "the partition holds %zu series, series.max is %u (raise it, or end series)",
                   a->e->series_count, a->e->options.series_max);
    enum status status = refuse(a->e, a->record->offset, DEAD_LETTER_SERIES_LIMIT, text_of(sentence), a->fx);
    return status == STATUS_OK ? alert_series_limit(a->e, a->u, a->fx) : status;
}

static enum status refuse_verdict(const struct application *a, enum dedup_verdict verdict)
{
    char sentence[200];
    if (verdict == DEDUP_REUSED) {
        (void)snprintf(sentence, sizeof sentence,
                       "sequence %lld was passed already, but this record was issued later than all before it: the counter was "
                       "restarted (send with a new source name)",
                       (long long)a->u->sequence);
        return refuse(a->e, a->record->offset, DEAD_LETTER_SEQUENCE_REUSED, text_of(sentence), a->fx);
    }
    return refuse(a->e, a->record->offset, DEAD_LETTER_TOO_LATE,
                  text_of("too old to be told from a duplicate (send it as a Total of the period)"), a->fx);
}

/* ---- Sale and Total: changes */

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
    cell->total = (struct contribution){.gross_quantity = t->gross.quantity, .returns_quantity = t->returns.quantity,
                                        .gross_amount = t->gross.amount, .returns_amount = t->returns.amount,
                                        .has_quantity = t->gross.has_quantity, .has_amount = t->gross.has_amount};
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

static enum status change(struct application *a)
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

static enum status find_or_add(struct application *a)
{
    enum status status = STATUS_OK;
    bool product = a->u->product.data != NULL;
    if (!a->store)
        status = engine_store_add(a->e, a->u->store, product ? STORE_DERIVED : STORE_DIRECT, &a->store);
    if (status == STATUS_OK && !a->series) {
        a->series = product ? NULL : a->e->series[a->store->total];
        if (product)
            status = engine_series_add(a->e, a->store, a->u->product, &a->series);
    }
    return status;
}

static void move_watermark(const struct application *a)
{
    struct partition_state *p = &a->e->state;
    bool early = a->u->kind == BODY_TOTAL && date_of_ms(a->u->issued_at_ms) < period_last_day(&a->e->options.grid, a->period);
    if (!early && a->u->business_date > p->greatest_date)
        p->greatest_date = a->u->business_date;
    if (p->closed_through == PERIOD_NONE && (p->first_record == PERIOD_NONE || a->period < p->first_record))
        p->first_record = a->period;
}

static enum status apply_sales(struct application *a)
{
    struct engine *e = a->e;
    char sentence[200];
    enum dead_letter code;
    enum status status = check_level(a, &code, sentence);
    if (status != STATUS_OK || code != DEAD_LETTER_COUNT)
        return status == STATUS_OK ? refuse(e, a->record->offset, code, text_of(sentence), a->fx) : status;
    bool closed = e->state.closed_through != PERIOD_NONE && a->period <= e->state.closed_through;
    if (closed && a->period <= e->state.closed_through - e->options.history_periods)
        return refuse_dated(a, DEAD_LETTER_TOO_LATE, "lies before all history kept; the last closed period ends on",
                            period_last_day(&e->options.grid, e->state.closed_through));
    if (!room(a))
        return refuse_full(a);
    enum dedup_verdict verdict = dedup_check(e, a->u, a->period);
    if (verdict == DEDUP_DUPLICATE) {
        a->fx->counters.duplicates++;
        return STATUS_OK;
    }
    if (verdict != DEDUP_FRESH)
        return refuse_verdict(a, verdict);
    status = dedup_admit(e, a->u, a->period, a->record->offset, &a->fx->counters);
    if (status == STATUS_OK)
        status = find_or_add(a);
    if (status == STATUS_OK)
        status = change(a);
    if (status != STATUS_OK)
        return status;
    a->fx->counters.late += closed;
    move_watermark(a);
    return STATUS_OK;
}

static enum status apply_update(struct application *a)
{
    struct engine *e = a->e;
    const struct sales_update *u = a->u;
    if (u->kind != BODY_SALE && u->kind != BODY_TOTAL && u->kind != BODY_COMPLETE)
        return refuse(e, a->record->offset, DEAD_LETTER_NOT_SUPPORTED_YET,
                      text_of("only Sale, Total and Complete are acted on so far (keep the record and send it again after an upgrade)"),
                      a->fx);
    if (u->business_date < e->options.date_min)
        return refuse_dated(a, DEAD_LETTER_DATE_RANGE, "lies before date.min", e->options.date_min);
    if (u->business_date > date_limit(a))
        return refuse_dated(a, DEAD_LETTER_TOO_FAR_AHEAD, "lies more than max.ahead.days after the record's timestamp; the limit was",
                            date_limit(a));
    a->period = period_of(&e->options.grid, u->business_date);
    a->store = u->store.data ? engine_store_find(e, u->store) : NULL;
    a->series = a->store ? engine_series_find(e, u->store, u->product) : NULL;
    return u->kind == BODY_COMPLETE ? apply_complete(a) : apply_sales(a);
}

static enum status touch_partition(struct engine *e)
{
    return journal_touch(&e->journal, JOURNAL_PARTITION, 0, PERIOD_NONE, &e->state, sizeof e->state);
}

enum status engine_apply(struct engine *e, const struct record *record, struct effects *fx)
{
    assert(!engine_close_due(e));
    if (record->offset <= e->state.sales_offset)
        return STATUS_OK;
    enum status status = touch_partition(e);
    if (status != STATUS_OK)
        return status;
    struct application a = {.e = e, .u = record->update, .record = record, .fx = fx};
    e->state.sales_offset = record->offset;
    return apply_update(&a);
}

enum status engine_refuse(struct engine *e, int64_t offset, enum dead_letter code, struct text sentence, struct effects *fx)
{
    if (offset <= e->state.sales_offset)
        return STATUS_OK;
    enum status status = touch_partition(e);
    if (status != STATUS_OK)
        return status;
    e->state.sales_offset = offset;
    return refuse(e, offset, code, sentence, fx);
}
