#include "chaos/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "chaos/chaos.h"

#define FIRST_DATE          date_of(2000, 1, 1) /* date.min */
#define DISTURBED_SEQUENCES 200
#define DEAD_LETTER_BYTES   (64 * 1024)

const char *verdict_name(verdict_t v)
{
    static const char *const names[] = {"sale", "return", "duplicate", "complete"};
    return v == VERDICT_ANY ? "any" : v < VERDICT_DEAD ? names[v] : dead_letter_name((enum dead_letter)(v - VERDICT_DEAD));
}

/* ---- memory: a harness that runs out of it stops */

static void *grown(void *items, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return items;
    size_t before = *capacity;
    *capacity = needed < 64 ? 64 : needed * 2;
    items = chaos_memory(realloc(items, *capacity * size));
    memset((char *)items + before * size, 0, (*capacity - before) * size);
    return items;
}

void ledger_init(struct ledger *l, int32_t partitions)
{
    *l = (struct ledger){.grid = {.unit = PERIOD_WEEK, .week_end = SUNDAY}, .partition_count = partitions};
    l->first_period = period_of(&l->grid, FIRST_DATE);
    l->partitions = chaos_memory(calloc((size_t)partitions, sizeof *l->partitions));
    for (int32_t p = 0; p < partitions; p++)
        l->partitions[p] = (struct ledger_partition){
            .greatest_date = INT32_MIN, .complete_all = INT32_MIN, .first_record = PERIOD_NONE, .closed_through = PERIOD_NONE};
}

void ledger_done(struct ledger *l)
{
    for (int32_t p = 0; p < l->partition_count; p++) {
        free(l->partitions[p].verdicts);
        free(l->partitions[p].dead);
    }
    for (size_t i = 0; i < l->series_count; i++)
        free(l->series[i].cells);
    for (size_t i = 0; i < l->source_count; i++)
        free(l->sources[i].accepted);
    free(l->partitions);
    free(l->series);
    free(l->stores);
    free(l->sources);
    free(l->events);
    table_done(&l->series_index);
    table_done(&l->store_index);
    table_done(&l->source_index);
}

/* ---- names */

struct pair_key {
    uint8_t bytes[2 * MESSAGE_ID_BYTES_MAX + 2];
    size_t size;
};

static struct bytes pair(struct pair_key *k, struct text a, struct text b)
{
    memcpy(k->bytes, a.data, a.size);
    k->bytes[a.size] = 0;
    if (b.size)
        memcpy(k->bytes + a.size + 1, b.data, b.size);
    k->size = a.size + 1 + b.size;
    return (struct bytes){k->bytes, k->size};
}

static void name_of(const struct table *t, struct bytes key, uint32_t index)
{
    if (table_put((struct table *)(uintptr_t)t, key, index) != STATUS_OK)
        chaos_fail("out of memory");
}

static struct ledger_store *store_of(const struct ledger *l, struct text id)
{
    uint32_t i = id.data ? table_get(&l->store_index, (struct bytes){(const uint8_t *)id.data, id.size}) : TABLE_NONE;
    return i == TABLE_NONE ? NULL : &l->stores[i];
}

struct ledger_source *ledger_source(const struct ledger *l, struct text store, struct text source)
{
    struct pair_key key;
    uint32_t i = table_get(&l->source_index, pair(&key, store, source));
    return i == TABLE_NONE ? NULL : &l->sources[i];
}

struct ledger_series *ledger_series(const struct ledger *l, struct text store, struct text product)
{
    struct pair_key key;
    uint32_t i = table_get(&l->series_index, pair(&key, store, product));
    return i == TABLE_NONE ? NULL : &l->series[i];
}

static struct ledger_source *source_add(struct ledger *l, struct text store, struct text source)
{
    struct pair_key key;
    l->sources = grown(l->sources, &l->source_capacity, l->source_count + 1, sizeof *l->sources);
    name_of(&l->source_index, pair(&key, store, source), (uint32_t)l->source_count);
    l->sources[l->source_count] = (struct ledger_source){.greatest = -1, .issued_at_ms = INT64_MIN, .disturbed_to = -1};
    return &l->sources[l->source_count++];
}

static struct ledger_series *series_add(struct ledger *l, const struct sales_update *u, int32_t partition)
{
    struct pair_key key;
    if (!store_of(l, u->store)) {
        l->stores = grown(l->stores, &l->store_capacity, l->store_count + 1, sizeof *l->stores);
        name_of(&l->store_index, (struct bytes){(const uint8_t *)u->store.data, u->store.size}, (uint32_t)l->store_count);
        l->stores[l->store_count++] = (struct ledger_store){.by_product = u->product.data != NULL, .partition = partition};
    }
    l->series = grown(l->series, &l->series_capacity, l->series_count + 1, sizeof *l->series);
    name_of(&l->series_index, pair(&key, u->store, u->product), (uint32_t)l->series_count);
    struct ledger_series *s = &l->series[l->series_count++];
    memcpy(s->store_id, u->store.data, u->store.size);
    if (u->product.size)
        memcpy(s->product_id, u->product.data, u->product.size);
    s->store = (uint32_t)(store_of(l, u->store) - l->stores);
    return s;
}

struct ledger_cell *ledger_cell(struct ledger *l, struct ledger_series *s, period_t period)
{
    if (period < l->first_period)
        chaos_fail("a cell before date.min");
    s->cells = grown(s->cells, &s->cell_count, (size_t)(period - l->first_period) + 1, sizeof *s->cells);
    return &s->cells[period - l->first_period];
}

void ledger_add(struct ledger_sums *sums, const struct measures *sold, int sign)
{
    if (sold->has_quantity)
        *(sold->quantity < 0 ? &sums->returns_quantity : &sums->gross_quantity) += sign * llabs(sold->quantity);
    if (sold->has_amount)
        *(sold->amount < 0 ? &sums->returns_amount : &sums->gross_amount) += sign * llabs(sold->amount);
    sums->count += (uint64_t)(int64_t)sign;
}

/* ---- what was seen */

bool ledger_accepted(const struct ledger_source *s, int64_t sequence)
{
    return (size_t)sequence / 64 < s->words && s->accepted[sequence / 64] >> (sequence % 64) & 1;
}

static void accept_sequence(struct ledger_source *s, const struct sales_update *u)
{
    s->accepted = grown(s->accepted, &s->words, (size_t)u->sequence / 64 + 1, sizeof *s->accepted);
    s->accepted[u->sequence / 64] |= UINT64_C(1) << (u->sequence % 64);
    if (u->sequence > s->greatest)
        s->greatest = u->sequence;
    if (u->issued_at_ms > s->issued_at_ms)
        s->issued_at_ms = u->issued_at_ms;
}

static uint64_t event_of(const struct sales_update *u, period_t period)
{
    struct pair_key key;
    (void)pair(&key, u->store, u->event_id);
    uint64_t h = UINT64_C(14695981039346656037) ^ (uint64_t)(uint32_t)period; /* FNV-1a: not the hash that the engine has */
    for (size_t i = 0; i < key.size; i++)
        h = (h ^ key.bytes[i]) * UINT64_C(1099511628211);
    h ^= h >> 32;
    return h ? h : 1;
}

static uint64_t *event_slot(const struct ledger *l, uint64_t event)
{
    size_t i = event & (l->event_capacity - 1);
    while (l->events[i] && l->events[i] != event)
        i = (i + 1) & (l->event_capacity - 1);
    return &l->events[i];
}

static void accept_event(struct ledger *l, uint64_t event)
{
    if (l->event_count * 2 >= l->event_capacity) {
        struct ledger bigger = {.event_capacity = l->event_capacity ? 2 * l->event_capacity : 1024};
        bigger.events = chaos_memory(calloc(bigger.event_capacity, sizeof *bigger.events));
        for (size_t i = 0; i < l->event_capacity; i++)
            if (l->events[i])
                *event_slot(&bigger, l->events[i]) = l->events[i];
        free(l->events);
        l->events = bigger.events;
        l->event_capacity = bigger.event_capacity;
    }
    *event_slot(l, event) = event;
    l->event_count++;
}

/* ---- what becomes of a record */

static bool is_sequenced(const struct sales_update *u)
{
    return u->source.data && u->has_sequence;
}

static verdict_t dead(enum dead_letter code)
{
    return VERDICT_DEAD + (verdict_t)code;
}

static verdict_t judge_repetition(struct ledger *l, const struct sales_update *u, period_t period, period_t closed)
{
    if (is_sequenced(u)) {
        const struct ledger_source *s = ledger_source(l, u->store, u->source);
        if (!s || u->sequence > s->greatest)
            return VERDICT_SALE;
        bool below = s->greatest - u->sequence >= LEDGER_WINDOW;
        if (!below && !ledger_accepted(s, u->sequence))
            return VERDICT_SALE;
        if (u->issued_at_ms > s->issued_at_ms)
            return dead(DEAD_LETTER_SEQUENCE_REUSED);
        return below ? dead(DEAD_LETTER_TOO_LATE) : VERDICT_DUPLICATE;
    }
    if (closed != PERIOD_NONE && period <= closed - LEDGER_DEDUP_PERIODS)
        return dead(DEAD_LETTER_TOO_LATE);
    return l->event_capacity && *event_slot(l, event_of(u, period)) ? VERDICT_DUPLICATE : VERDICT_SALE;
}

static bool key_is(struct bytes key, const void *text, size_t size)
{
    return key.data && key.size == size && memcmp(key.data, text, size) == 0;
}

static verdict_t judge(struct ledger *l, const struct ledger_record *r)
{
    const struct sales_update *u = r->update;
    const struct ledger_partition *p = &l->partitions[r->partition];
    if (!u)
        return dead(r->code);
    if (!(u->store.data ? key_is(r->key, u->store.data, u->store.size) : key_is(r->key, "\0all", 4)))
        return dead(DEAD_LETTER_KEY_MISMATCH);
    if (u->store.data && hash_partition(r->key.data, r->key.size, l->partition_count) != r->partition)
        return dead(DEAD_LETTER_WRONG_PARTITION);
    if (u->kind != BODY_SALE && u->kind != BODY_COMPLETE)
        return dead(DEAD_LETTER_NOT_SUPPORTED_YET); /* Totals are not sent */
    if (u->business_date < FIRST_DATE)
        return dead(DEAD_LETTER_DATE_RANGE);
    if (u->business_date > date_of_ms(r->timestamp_ms) + LEDGER_AHEAD_DAYS)
        return dead(DEAD_LETTER_TOO_FAR_AHEAD);
    if (u->kind == BODY_COMPLETE)
        return VERDICT_COMPLETE;
    const struct ledger_store *store = store_of(l, u->store);
    if (store && store->by_product != (u->product.data != NULL))
        return dead(DEAD_LETTER_MIXED_LEVEL);
    period_t period = period_of(&l->grid, u->business_date);
    if (p->closed_through != PERIOD_NONE && period <= p->closed_through - LEDGER_HISTORY)
        return dead(DEAD_LETTER_TOO_LATE);
    verdict_t v = judge_repetition(l, u, period, p->closed_through);
    if (v != VERDICT_SALE)
        return v;
    const struct measures *sold = &u->body.sale.sold;
    return (sold->has_quantity && sold->quantity < 0) || (sold->has_amount && sold->amount < 0) ? VERDICT_RETURN : VERDICT_SALE;
}

static void apply(struct ledger *l, const struct ledger_record *r)
{
    const struct sales_update *u = r->update;
    struct ledger_partition *p = &l->partitions[r->partition];
    period_t period = period_of(&l->grid, u->business_date);
    if (is_sequenced(u)) {
        struct ledger_source *source = ledger_source(l, u->store, u->source);
        source = source ? source : source_add(l, u->store, u->source);
        accept_sequence(source, u);
        if (r->altered)
            source->disturbed_to = source->greatest + DISTURBED_SEQUENCES;
    } else {
        accept_event(l, event_of(u, period));
    }
    struct ledger_series *s = ledger_series(l, u->store, u->product);
    s = s ? s : series_add(l, u, r->partition);
    struct ledger_cell *cell = ledger_cell(l, s, period);
    ledger_add(&cell->sums, &u->body.sale.sold, 1);
    if (r->altered)
        ledger_add(&cell->altered, &u->body.sale.sold, 1);
    if (u->business_date > p->greatest_date)
        p->greatest_date = u->business_date;
    if (p->closed_through == PERIOD_NONE && (p->first_record == PERIOD_NONE || period < p->first_record))
        p->first_record = period;
}

static void close_periods(struct ledger *l, struct ledger_partition *p)
{
    for (;;) {
        period_t open = p->closed_through == PERIOD_NONE ? p->first_record : p->closed_through + 1;
        if (open == PERIOD_NONE)
            return;
        date_t last_day = period_last_day(&l->grid, open);
        if (p->complete_all < last_day && (p->greatest_date == INT32_MIN || p->greatest_date - LEDGER_LATENESS_DAYS <= last_day))
            return;
        p->closed_through = open;
        p->closes++;
    }
}

verdict_t ledger_enter(struct ledger *l, const struct ledger_record *r)
{
    struct ledger_partition *p = &l->partitions[r->partition];
    verdict_t v = judge(l, r);
    if (v == VERDICT_SALE || v == VERDICT_RETURN)
        apply(l, r);
    if (v == VERDICT_COMPLETE && r->update->business_date > p->complete_all)
        p->complete_all = r->update->business_date;
    if (v < VERDICT_DEAD)
        close_periods(l, p);
    if (v >= VERDICT_DEAD) {
        size_t size = r->value.size < DEAD_LETTER_BYTES ? r->value.size : DEAD_LETTER_BYTES;
        p->dead = grown(p->dead, &p->dead_capacity, p->dead_count + 1, sizeof *p->dead);
        p->dead[p->dead_count++] = (struct ledger_dead){.offset = (int64_t)p->count, .crc = hash_crc32c(r->value.data, size)};
    }
    p->verdicts = grown(p->verdicts, &p->capacity, p->count + 1, 1);
    p->verdicts[p->count++] = (uint8_t)v;
    l->totals[v]++;
    return v;
}
