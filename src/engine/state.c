#include "engine/state.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "engine/catalog.h"

/* ---- keys */

static void put_period(struct buffer *b, period_t p)
{
    buffer_put_big32(b, (uint32_t)p ^ UINT32_C(0x80000000)); /* negative periods sort first */
}

static void put_series(const struct engine *e, const struct series *s, struct buffer *key)
{
    buffer_put_text(key, catalog_store_id(e, s));
    buffer_put_text(key, s->product);
}

static void encode_key(const struct engine *e, const struct journal_entry *entry, enum state_kind kind, struct buffer *key)
{
    buffer_put_u8(key, (uint8_t)kind);
    switch (kind) {
    case STATE_PARTITION:
        break;
    case STATE_STORE:
        buffer_put_text(key, e->stores[entry->index]->id);
        break;
    case STATE_SERIES:
    case STATE_DRIFT:
        put_series(e, e->series[entry->index], key);
        break;
    case STATE_CELL:
    case STATE_ISSUED:
    case STATE_MEMBERS:
        put_series(e, e->series[entry->index], key);
        put_period(key, entry->period);
        break;
    case STATE_SOURCE:
        buffer_put_text(key, e->sources[entry->index]->store);
        buffer_put_text(key, e->sources[entry->index]->name);
        break;
    case STATE_SEEN:
        put_period(key, entry->period);
        buffer_put_big64(key, entry->hash);
        break;
    case STATE_POOL:
        buffer_put_u8(key, (uint8_t)entry->index);
        buffer_put_text(key, (struct text){NULL, 0}); /* category: the pool of all, so far */
        break;
    }
}

/* ---- values */

static void put_i64(struct buffer *b, int64_t v)
{
    buffer_put_u64(b, (uint64_t)v);
}

static void put_i32(struct buffer *b, int32_t v)
{
    buffer_put_u32(b, (uint32_t)v);
}

static void put_partition(const struct engine *e, struct buffer *b)
{
    const struct partition_state *p = &e->state;
    put_i64(b, p->sales_offset);
    put_i64(b, p->requests_offset);
    put_i32(b, p->greatest_date);
    put_i32(b, p->first_record);
    put_i32(b, p->closed_through);
    put_i32(b, p->closing);
    buffer_put_u32(b, p->closing_cursor);
    buffer_put_u8(b, p->closing_cause);
    put_i64(b, p->close_number);
    put_i64(b, p->alert_number);
    put_i32(b, p->complete_all);
    buffer_put_u8(b, p->limit_firing);
    buffer_put_u64(b, e->options_hash);
    buffer_put_u32(b, (uint32_t)e->store_count);
    buffer_put_u32(b, (uint32_t)e->series_count);
    buffer_put_text(b, (struct text){NULL, 0}); /* version of the model bundle in use */
}

static void put_contribution(struct buffer *b, const struct contribution *c)
{
    put_i64(b, c->gross_quantity);
    put_i64(b, c->returns_quantity);
    put_i64(b, c->gross_amount);
    put_i64(b, c->returns_amount);
}

static void put_cell(const struct cell *c, struct buffer *b)
{
    buffer_put_u8(
        b, (uint8_t)(c->has_total | c->total_final << 1 | c->total.has_quantity << 2 | c->total.has_amount << 3 | c->before_known << 4));
    put_contribution(b, &c->sums);
    buffer_put_u32(b, c->quantity_count);
    buffer_put_u32(b, c->amount_count);
    buffer_put_u32(b, c->reports);
    put_i32(b, c->corrected_after);
    if (c->corrected_after != PERIOD_NONE)
        put_i64(b, c->before);
    if (!c->has_total)
        return;
    put_contribution(b, &c->total);
    put_i64(b, c->total_order.issued_at_ms);
    buffer_put(b, c->total_order.prefix, sizeof c->total_order.prefix);
    buffer_put_u64(b, c->total_order.hash);
}

static void put_store(const struct store *s, struct buffer *b)
{
    buffer_put_u8(b, (uint8_t)s->mode);
    put_i32(b, s->state.complete_through);
    buffer_put_u8(b, s->state.silent_firing);
    put_i32(b, s->state.silent_since);
}

static void put_series_value(const struct series *s, struct buffer *b)
{
    buffer_put_u8(b, (uint8_t)(s->state.derived | s->state.sale_fed << 1 | s->state.stockout_firing << 2));
    put_i32(b, s->state.first_period);
    put_i64(b, s->state.issue);
    put_i32(b, s->state.stockout_since);
}

static void put_issued(const struct issued_slot *slot, struct buffer *b)
{
    put_i32(b, slot->origin);
    buffer_put_u8(b, (uint8_t)(slot->level | slot->counted << 1));
    for (size_t k = 0; k < ERRORS_STEPS; k++)
        buffer_put_double(b, slot->value[k]);
}

static void put_members(const struct member_slot *slot, struct buffer *b)
{
    put_i32(b, slot->origin);
    buffer_put_u16(b, (uint16_t)slot->issued->count);
    for (size_t i = 0; i < slot->issued->count; i++) {
        const struct issued_member *item = &slot->issued->item[i];
        buffer_put_u16(b, member_table[item->member].id);
        buffer_put_u16(b, member_table[item->member].version);
        buffer_put_u16(b, ERRORS_STEPS);
        for (size_t k = 0; k < ERRORS_STEPS; k++)
            buffer_put_double(b, item->value[k]);
    }
}

static void put_drift(const struct drift_watch *w, struct buffer *b)
{
    const struct drift_state *d = &w->state;
    put_i32(b, w->since);
    buffer_put_u32(b, d->seen);
    for (size_t i = 0; i < DRIFT_RING; i++)
        buffer_put_double(b, d->ring_r[i]);
    for (size_t i = 0; i < DRIFT_WINDOW; i++)
        buffer_put_double(b, d->ring_e[i]);
    buffer_put_double(b, d->scale);
    buffer_put_double(b, d->autocorrelation);
    buffer_put_double(b, d->mean_error);
    for (int side = 0; side < 2; side++) {
        buffer_put_double(b, d->cusum[side]);
        buffer_put_double(b, d->total[side]);
        buffer_put_u32(b, d->run[side]);
    }
    buffer_put_u32(b, d->accuracy_count);
    buffer_put_u32(b, d->user_count);
    put_i64(b, d->since);
    put_i64(b, d->ended);
    buffer_put_u8(b, (uint8_t)(d->firing | d->provisional << 1));
    buffer_put_u8(b, d->causes);
}

static void put_source(const struct source *s, struct buffer *b)
{
    put_i64(b, s->greatest);
    put_i64(b, s->issued_at_ms);
    put_i64(b, s->last_offset);
    buffer_put(b, s->seen, sizeof s->seen);
}

static bool is_gone(const struct engine *e, const struct journal_entry *entry)
{
    if (entry->kind == JOURNAL_CELL)
        return !((const struct cell *)entry->object)->present;
    return entry->kind == JOURNAL_SOURCE && !e->sources[entry->index]->present;
}

static enum state_kind kind_of(const struct journal_entry *entry)
{
    switch (entry->kind) {
    case JOURNAL_PARTITION:
        return STATE_PARTITION;
    case JOURNAL_STORE:
        return STATE_STORE;
    case JOURNAL_SERIES:
        return STATE_SERIES;
    case JOURNAL_CELL:
        return STATE_CELL;
    case JOURNAL_ISSUED:
        return STATE_ISSUED;
    case JOURNAL_MEMBERS:
        return STATE_MEMBERS;
    case JOURNAL_DRIFT:
        return STATE_DRIFT;
    case JOURNAL_SOURCE:
        return STATE_SOURCE;
    case JOURNAL_POOL:
        return STATE_POOL;
    case JOURNAL_SEEN_ADDED:
    case JOURNAL_SEEN_DROPPED:
    case JOURNAL_STORE_ADDED:
    case JOURNAL_SERIES_ADDED:
    case JOURNAL_SOURCE_ADDED:
        break;
    }
    return STATE_SEEN;
}

static void encode_value(const struct engine *e, const struct journal_entry *entry, enum state_kind kind, struct buffer *b)
{
    switch (kind) {
    case STATE_PARTITION:
        put_partition(e, b);
        break;
    case STATE_STORE:
        put_store(e->stores[entry->index], b);
        break;
    case STATE_SERIES:
        put_series_value(e->series[entry->index], b);
        break;
    case STATE_CELL:
        put_cell(entry->object, b);
        break;
    case STATE_ISSUED:
        put_issued(entry->object, b);
        break;
    case STATE_MEMBERS:
        put_members(entry->object, b);
        break;
    case STATE_DRIFT:
        put_drift(entry->object, b);
        break;
    case STATE_SOURCE:
        put_source(e->sources[entry->index], b);
        break;
    case STATE_SEEN:
        break;
    case STATE_POOL:
        buffer_put_u32(b, e->pool[entry->index].seasonal_origins);
        break;
    }
}

uint32_t state_sum(int32_t partition, struct bytes key, struct bytes record)
{
    const uint32_t p = (uint32_t)partition;
    const uint8_t place[] = {(uint8_t)p, (uint8_t)(p >> 8), (uint8_t)(p >> 16), (uint8_t)(p >> 24)};
    const size_t behind = STATE_SUM_AT + sizeof(uint32_t);
    assert(record.size >= STATE_HEADER_BYTES);
    uint32_t crc = hash_crc32c_next(hash_crc32c(place, sizeof place), key.data, key.size);
    return hash_crc32c_next(hash_crc32c_next(crc, record.data, STATE_SUM_AT), record.data + behind, record.size - behind);
}

static void put_record(const struct engine *e, enum state_kind kind, uint64_t batch, const struct buffer *key, const struct buffer *value,
                       struct buffer *out)
{
    buffer_put_u8(out, (uint8_t)kind);
    buffer_put_u8(out, STATE_VERSION);
    buffer_put_u16(out, 0);
    buffer_put_u32(out, (uint32_t)value->size);
    buffer_put_u32(out, 0); /* the sum, below */
    buffer_put_u64(out, batch);
    put_i64(out, e->state.sales_offset);
    buffer_put(out, value->data, value->size);
    if (out->failed)
        return;
    const uint32_t sum = state_sum(e->partition, buffer_bytes(key), buffer_bytes(out));
    for (size_t i = 0; i < sizeof sum; i++)
        out->data[STATE_SUM_AT + i] = (uint8_t)(sum >> 8 * i);
}

static enum status keep(const struct buffer *b, struct arena *arena, struct bytes *out)
{
    uint8_t *copy = b->failed ? NULL : arena_alloc(arena, b->size ? b->size : 1);
    if (!copy)
        return STATUS_NO_MEMORY;
    if (b->size)
        memcpy(copy, b->data, b->size);
    *out = (struct bytes){copy, b->size};
    return STATUS_OK;
}

enum status state_encode(const struct engine *e, const struct journal_entry *entry, uint64_t batch, struct arena *arena,
                         struct bytes *out_key, struct bytes *out_value)
{
    enum state_kind kind = kind_of(entry);
    struct buffer key = {0}, value = {0}, record = {0};
    encode_key(e, entry, kind, &key);
    enum status status = keep(&key, arena, out_key);
    *out_value = (struct bytes){NULL, 0};
    if (status == STATUS_OK && !is_gone(e, entry)) {
        encode_value(e, entry, kind, &value);
        put_record(e, kind, batch, &key, &value, &record);
        status = value.failed ? STATUS_NO_MEMORY : keep(&record, arena, out_value);
    }
    buffer_done(&key);
    buffer_done(&value);
    buffer_done(&record);
    return status;
}

enum status state_seen_key(period_t period, uint64_t hash, struct arena *arena, struct bytes *out_key)
{
    struct journal_entry entry = {.kind = JOURNAL_SEEN_ADDED, .period = period, .hash = hash};
    struct buffer key = {0};
    encode_key(NULL, &entry, STATE_SEEN, &key);
    enum status status = keep(&key, arena, out_key);
    buffer_done(&key);
    return status;
}
