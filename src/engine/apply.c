/* One record: is it sound, is it new, what does it change. Order matters: everything is checked before anything changes. */
#include <assert.h>
#include <stdio.h>

#include "engine/alert.h"
#include "engine/catalog.h"
#include "engine/change.h"
#include "engine/close.h"
#include "engine/dedup.h"

static enum status refuse(int64_t offset, enum dead_letter code, struct text sentence, struct effects *fx)
{
    struct effect *effect = effects_add(fx, EFFECT_DEAD_LETTER);
    if (!effect)
        return STATUS_NO_MEMORY;
    effect->dead_letter = code;
    effect->offset = offset;
    effect->sentence = arena_text(&fx->arena, sentence);
    fx->counters.dead_letters++;
    return STATUS_OK;
}

static enum status refuse_dated(const struct application *a, enum dead_letter code, const char *what, date_t limit)
{
    char date[DATE_TEXT_BYTES], other[DATE_TEXT_BYTES], sentence[200];
    (void)snprintf(sentence, sizeof sentence, "business date %s %s %s", date_format(a->u->business_date, date), what,
                   date_format(limit, other));
    return refuse(a->record->offset, code, text_of(sentence), a->fx);
}

/* The latest business date that the record's Kafka timestamp allows; without one, its own time of issue. */
static date_t date_limit(const struct application *a)
{
    int64_t ms = a->record->timestamp_ms >= 0 ? a->record->timestamp_ms : a->u->issued_at_ms;
    date_t day = date_of_ms(ms);
    return day > INT32_MAX - a->e->options.max_ahead_days ? INT32_MAX : day + a->e->options.max_ahead_days;
}

static enum status apply_complete(const struct application *a)
{
    a->fx->counters.completes++;
    if (a->u->store.data)
        return change_complete(a);
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
    enum status status = refuse(a->record->offset, DEAD_LETTER_SERIES_LIMIT, text_of(sentence), a->fx);
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
        return refuse(a->record->offset, DEAD_LETTER_SEQUENCE_REUSED, text_of(sentence), a->fx);
    }
    return refuse(a->record->offset, DEAD_LETTER_TOO_LATE,
                  text_of("too old to be told from a duplicate (send it as a Total of the period)"), a->fx);
}

/* ---- Sale and Total */

static enum status find_or_add(struct application *a)
{
    enum status status = STATUS_OK;
    bool product = a->u->product.data != NULL;
    if (!a->store)
        status = catalog_add_store(a->e, a->u->store, product ? STORE_DERIVED : STORE_DIRECT, &a->store);
    if (status == STATUS_OK && !a->series) {
        a->series = product ? NULL : a->e->series[a->store->total];
        if (product)
            status = catalog_add_series(a->e, a->store, a->u->product, &a->series);
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
        return status == STATUS_OK ? refuse(a->record->offset, code, text_of(sentence), a->fx) : status;
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
    if (!change_fits(a))
        return refuse(a->record->offset, DEAD_LETTER_VALUE_RANGE,
                      text_of("with this record the period would sum up to more than 2.3e12 (is the unit right?)"), a->fx);
    status = dedup_admit(e, a->u, a->period, a->record->offset, &a->fx->counters);
    if (status == STATUS_OK)
        status = find_or_add(a);
    if (status == STATUS_OK)
        status = change_apply(a);
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
        return refuse(a->record->offset, DEAD_LETTER_NOT_SUPPORTED_YET,
                      text_of("only Sale, Total and Complete are acted on so far (keep the record and send it again after an upgrade)"),
                      a->fx);
    if (u->business_date < e->options.date_min)
        return refuse_dated(a, DEAD_LETTER_DATE_RANGE, "lies before date.min", e->options.date_min);
    if (u->business_date > date_limit(a))
        return refuse_dated(a, DEAD_LETTER_TOO_FAR_AHEAD, "lies more than max.ahead.days after the record's timestamp; the limit was",
                            date_limit(a));
    a->period = period_of(&e->options.grid, u->business_date);
    a->store = u->store.data ? catalog_store(e, u->store) : NULL;
    a->series = a->store ? catalog_series(e, u->store, u->product) : NULL;
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
    return refuse(offset, code, sentence, fx);
}
