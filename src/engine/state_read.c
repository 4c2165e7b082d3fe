/* The readers of state records: the mirror of state.c. Records come in any order: whoever names a series first creates it. */
#include <string.h>

#include "engine/catalog.h"
#include "engine/change.h"
#include "engine/close.h"
#include "engine/dedup.h"
#include "engine/history.h"
#include "engine/issued.h"
#include "engine/sources.h"
#include "engine/state.h"

#define TIME_MAX 4000000 /* days: the year 12921 */

struct loading {
    struct engine *e;
    struct reader key, value;
};

static int64_t take_i64(struct reader *r)
{
    return (int64_t)reader_u64(r);
}

static int32_t take_i32(struct reader *r)
{
    return (int32_t)reader_u32(r);
}

/* A date or period, or none. Arithmetic on others would overflow. */
static int32_t take_time(struct reader *r)
{
    int32_t time = take_i32(r);
    if (time != PERIOD_NONE && (time < -TIME_MAX || time > TIME_MAX))
        r->failed = true;
    return time;
}

/* A number that only grows, or -1. */
static int64_t take_count(struct reader *r)
{
    int64_t count = take_i64(r);
    if (count < -1 || count == INT64_MAX)
        r->failed = true;
    return count;
}

static int64_t take_sum(struct reader *r)
{
    int64_t sum = take_i64(r);
    if (sum < -2 * CHANGE_SUM_MAX || sum > 2 * CHANGE_SUM_MAX)
        r->failed = true;
    return sum;
}

static period_t take_period(struct reader *r)
{
    return (period_t)(reader_big32(r) ^ UINT32_C(0x80000000));
}

static enum status take_store(struct loading *l, struct store **out)
{
    struct text id = reader_text(&l->key);
    if (l->key.failed || !id.data || id.size == 0 || id.size > MESSAGE_ID_BYTES_MAX)
        return STATUS_CORRUPT;
    *out = catalog_store(l->e, id);
    return *out ? STATUS_OK : catalog_add_store(l->e, id, STORE_DIRECT, out);
}

static enum status take_series(struct loading *l, struct series **out)
{
    struct store *store;
    enum status status = take_store(l, &store);
    struct text product = reader_text(&l->key);
    if (status != STATUS_OK || l->key.failed || product.size > MESSAGE_ID_BYTES_MAX)
        return status == STATUS_OK ? STATUS_CORRUPT : status;
    *out = catalog_series(l->e, store->id, product);
    return *out ? STATUS_OK : catalog_add_series(l->e, store, product, out);
}

/* ---- values */

static enum status load_partition(struct loading *l)
{
    struct engine *e = l->e;
    struct partition_state *p = &e->state;
    struct reader *r = &l->value;
    p->sales_offset = take_count(r);
    p->requests_offset = take_count(r);
    p->greatest_date = take_time(r);
    p->first_record = take_time(r);
    p->closed_through = take_time(r);
    p->closing = take_time(r);
    p->closing_cursor = reader_u32(r);
    p->closing_cause = reader_u8(r);
    p->close_number = take_count(r);
    p->alert_number = take_count(r);
    p->complete_all = take_time(r);
    p->limit_firing = reader_u8(r) != 0;
    e->loaded_hash = reader_u64(r);
    e->expected_stores = reader_u32(r);
    e->expected_series = reader_u32(r);
    (void)reader_text(r);
    e->loaded_partition = true;
    bool in_order = p->closing == PERIOD_NONE || p->closed_through == PERIOD_NONE || p->closing == p->closed_through + 1;
    return in_order && p->closing_cause <= CLOSE_COMPLETE && p->closing_cursor <= e->expected_series ? STATUS_OK : STATUS_CORRUPT;
}

/* What is firing has begun. */
static bool says_since(bool firing, period_t since)
{
    return !firing || since != PERIOD_NONE;
}

static enum status load_store(struct loading *l)
{
    struct store *store;
    enum status status = take_store(l, &store);
    if (status != STATUS_OK)
        return status;
    uint8_t mode = reader_u8(&l->value);
    store->mode = (enum store_mode)mode;
    store->state.complete_through = take_time(&l->value);
    store->state.silent_firing = reader_u8(&l->value) != 0;
    store->state.silent_since = take_time(&l->value);
    l->e->loaded_stores++;
    return mode <= STORE_DERIVED && says_since(store->state.silent_firing, store->state.silent_since) ? STATUS_OK : STATUS_CORRUPT;
}

static enum status load_series(struct loading *l)
{
    struct series *s;
    enum status status = take_series(l, &s);
    if (status != STATUS_OK)
        return status;
    uint8_t flags = reader_u8(&l->value);
    s->state.derived = flags & 1;
    s->state.sale_fed = flags >> 1 & 1;
    s->state.stockout_firing = flags >> 2 & 1;
    s->state.first_period = take_time(&l->value);
    s->state.issue = take_count(&l->value);
    s->state.stockout_since = take_time(&l->value);
    l->e->loaded_series++;
    return says_since(s->state.stockout_firing, s->state.stockout_since) ? STATUS_OK : STATUS_CORRUPT;
}

static struct contribution take_contribution(struct reader *r)
{
    struct contribution c = {0};
    c.gross_quantity = take_sum(r);
    c.returns_quantity = take_sum(r);
    c.gross_amount = take_sum(r);
    c.returns_amount = take_sum(r);
    return c;
}

static enum status load_cell(struct loading *l)
{
    struct series *s;
    struct cell *c;
    enum status status = take_series(l, &s);
    period_t period = take_period(&l->key);
    /* A page index spans all periods of a series: a damaged key must not make it span centuries. */
    if (status == STATUS_OK && (l->key.failed || period < -100000 || period > 100000))
        status = STATUS_CORRUPT;
    if (status == STATUS_OK)
        status = history_cell_touch(l->e, s, period, &c);
    if (status != STATUS_OK)
        return status;
    struct reader *r = &l->value;
    uint8_t flags = reader_u8(r);
    c->has_total = flags & 1;
    c->total_final = flags >> 1 & 1;
    c->before_known = flags >> 4 & 1;
    c->sums = take_contribution(r);
    c->quantity_count = reader_u32(r);
    c->amount_count = reader_u32(r);
    c->reports = reader_u32(r);
    c->corrected_after = take_time(r);
    if (c->corrected_after != PERIOD_NONE)
        c->before = take_i64(r);
    if (!c->has_total)
        return STATUS_OK;
    c->total = take_contribution(r);
    c->total.has_quantity = flags >> 2 & 1;
    c->total.has_amount = flags >> 3 & 1;
    c->total_order.issued_at_ms = take_i64(r);
    struct bytes prefix = reader_take(r, sizeof c->total_order.prefix);
    if (prefix.data)
        memcpy(c->total_order.prefix, prefix.data, prefix.size);
    c->total_order.hash = reader_u64(r);
    return STATUS_OK;
}

static enum status take_slot(struct loading *l, struct series **out_series, size_t *out_at, size_t size)
{
    enum status status = take_series(l, out_series);
    period_t at = take_period(&l->key);
    if (status == STATUS_OK && (l->key.failed || at < 0 || (size_t)at >= size))
        status = STATUS_CORRUPT;
    if (status == STATUS_OK)
        status = issued_rings_ready(*out_series);
    *out_at = (size_t)at;
    return status;
}

static enum status load_issued(struct loading *l)
{
    struct series *s;
    size_t at;
    enum status status = take_slot(l, &s, &at, ERRORS_ORIGINS);
    if (status != STATUS_OK)
        return status;
    struct issued_slot *slot = &s->rings->ensemble[at];
    slot->origin = take_time(&l->value);
    uint8_t flags = reader_u8(&l->value);
    slot->level = flags & 1;
    slot->counted = flags >> 1 & 1;
    for (size_t k = 0; k < ERRORS_STEPS; k++)
        slot->value[k] = reader_double(&l->value);
    return STATUS_OK;
}

static enum status load_members(struct loading *l)
{
    struct series *s;
    size_t at;
    enum status status = take_slot(l, &s, &at, MEMBER_ORIGINS);
    if (status != STATUS_OK)
        return status;
    struct member_slot *slot = &s->rings->members[at];
    period_t origin = take_time(&l->value);
    uint16_t count = reader_u16(&l->value);
    if (l->value.failed || slot->issued)
        return STATUS_CORRUPT;
    if (count >= MEMBER_COUNT) /* as many there are beside the ensemble, here */
        return STATUS_NEWER;
    struct issued_members *issued = issued_members_new(count);
    if (!issued)
        return STATUS_NO_MEMORY;
    slot->issued = issued;
    slot->origin = origin;
    for (size_t i = 0; i < count; i++) {
        enum member m = member_of_id(reader_u16(&l->value));
        uint16_t version = reader_u16(&l->value);
        uint16_t steps = reader_u16(&l->value);
        if (l->value.failed)
            return STATUS_CORRUPT;
        if (m == MEMBER_COUNT || version > member_table[m].version || steps != ERRORS_STEPS)
            return STATUS_NEWER;
        issued->item[i].member = (uint16_t)m;
        for (size_t k = 0; k < ERRORS_STEPS; k++)
            issued->item[i].value[k] = reader_double(&l->value);
    }
    return STATUS_OK;
}

static enum status load_drift(struct loading *l)
{
    struct series *s;
    enum status status = take_series(l, &s);
    if (status != STATUS_OK)
        return status;
    struct reader *r = &l->value;
    struct drift_state *d = &s->drift.state;
    s->drift.since = take_time(r);
    d->seen = reader_u32(r);
    for (size_t i = 0; i < DRIFT_RING; i++)
        d->ring_r[i] = reader_double(r);
    for (size_t i = 0; i < DRIFT_WINDOW; i++)
        d->ring_e[i] = reader_double(r);
    d->scale = reader_double(r);
    d->autocorrelation = reader_double(r);
    d->mean_error = reader_double(r);
    for (int side = 0; side < 2; side++) {
        d->cusum[side] = reader_double(r);
        d->total[side] = reader_double(r);
        d->run[side] = reader_u32(r);
    }
    d->accuracy_count = reader_u32(r);
    d->user_count = reader_u32(r);
    d->since = take_i64(r);
    d->ended = take_i64(r);
    uint8_t flags = reader_u8(r);
    d->firing = flags & 1;
    d->provisional = flags >> 1 & 1;
    d->causes = reader_u8(r);
    return says_since(d->firing, s->drift.since) ? STATUS_OK : STATUS_CORRUPT;
}

static enum status load_source(struct loading *l)
{
    struct text store = reader_text(&l->key), name = reader_text(&l->key);
    if (l->key.failed || !store.data || !name.data || store.size > MESSAGE_ID_BYTES_MAX || name.size > MESSAGE_ID_BYTES_MAX)
        return STATUS_CORRUPT;
    struct source *s;
    enum status status = sources_load(l->e, store, name, &s);
    if (status != STATUS_OK)
        return status;
    s->greatest = take_i64(&l->value);
    s->issued_at_ms = take_i64(&l->value);
    s->last_offset = l->e->source_last[s->index] = take_i64(&l->value);
    struct bytes seen = reader_take(&l->value, sizeof s->seen);
    if (seen.data)
        memcpy(s->seen, seen.data, seen.size);
    return STATUS_OK;
}

static enum status load_seen(struct loading *l)
{
    period_t period = take_period(&l->key);
    uint64_t hash = reader_big64(&l->key);
    return l->key.failed || hash == 0 ? STATUS_CORRUPT : dedup_load_seen(l->e, period, hash);
}

static enum status load_pool(struct loading *l)
{
    uint8_t kind = reader_u8(&l->key);
    struct text category = reader_text(&l->key);
    if (l->key.failed)
        return STATUS_CORRUPT;
    if (kind >= POOL_KINDS || category.data)
        return STATUS_NEWER;
    l->e->pool[kind].seasonal_origins = reader_u32(&l->value);
    return STATUS_OK;
}

static enum status read_kind(struct loading *l, uint8_t kind)
{
    switch ((enum state_kind)kind) {
    case STATE_PARTITION:
        return load_partition(l);
    case STATE_STORE:
        return load_store(l);
    case STATE_SERIES:
        return load_series(l);
    case STATE_CELL:
        return load_cell(l);
    case STATE_ISSUED:
        return load_issued(l);
    case STATE_MEMBERS:
        return load_members(l);
    case STATE_DRIFT:
        return load_drift(l);
    case STATE_SOURCE:
        return load_source(l);
    case STATE_SEEN:
        return load_seen(l);
    case STATE_POOL:
        return load_pool(l);
    }
    return STATUS_NEWER;
}

enum status state_read(struct engine *e, uint8_t kind, struct reader key, struct reader value)
{
    struct loading l = {e, key, value};
    enum status status = read_kind(&l, kind);
    if (status == STATUS_OK && (l.key.failed || l.key.left || l.value.failed || l.value.left))
        status = STATUS_CORRUPT;
    return status;
}
