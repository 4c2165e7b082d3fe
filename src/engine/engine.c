#include "engine/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/close.h"
#include "engine/dedup.h"
#include "engine/history.h"
#include "engine/partition.h"
#include "engine/pools.h"
#include "engine/roster.h"

/* ---- options */

void engine_options_default(struct engine_options *out)
{
    *out = (struct engine_options){
        .grid = {PERIOD_WEEK, SUNDAY},
        .measure = MEASURE_AMOUNT,
        .lateness_days = 2,
        .max_ahead_days = 8,
        .date_min = date_of(2000, 1, 1),
        .history_periods = 208,
        .dedup_periods = 2,
        .dedup_sources = 100000,
        .series_max = 100000,
        .feed_silent_periods = 2,
        .horizon = 8,
        .outliers = true,
        .members = UINT32_MAX,
    };
}

uint64_t engine_options_hash(const struct engine_options *o)
{
    struct buffer b = {0};
    buffer_put_u8(&b, (uint8_t)o->grid.unit);
    buffer_put_u8(&b, o->grid.unit == PERIOD_WEEK ? o->grid.week_end : 0);
    buffer_put_u8(&b, (uint8_t)o->measure);
    buffer_put_u8(&b, o->net);
    buffer_put_u32(&b, (uint32_t)o->lateness_days);
    buffer_put_u32(&b, (uint32_t)o->max_ahead_days);
    buffer_put_u32(&b, (uint32_t)o->date_min);
    buffer_put_u32(&b, (uint32_t)o->history_periods);
    buffer_put_u32(&b, (uint32_t)o->dedup_periods);
    buffer_put_u32(&b, o->dedup_sources);
    buffer_put_u32(&b, o->series_max);
    buffer_put_u32(&b, (uint32_t)o->feed_silent_periods);
    buffer_put_u32(&b, (uint32_t)o->horizon);
    buffer_put_u8(&b, o->outliers);
    buffer_put_double(&b, o->drift_user_mape);
    for (uint32_t m = 0; m < MEMBER_COUNT; m++) /* ids of those left out: a member added later changes no hash */
        if (!(o->members >> m & 1))
            buffer_put_u16(&b, member_table[m].id);
    uint64_t hash = b.failed ? 0 : hash_sip(b.data, b.size);
    buffer_done(&b);
    return hash;
}

/* ---- life */

static char *copy_text(struct text t)
{
    char *copy = malloc(t.size + 1);
    if (!copy)
        return NULL;
    if (t.size)
        memcpy(copy, t.data, t.size);
    copy[t.size] = '\0';
    return copy;
}

enum status engine_new(int32_t partition, const struct engine_options *options, struct engine **out)
{
    assert(options->history_periods > 0 && options->history_periods <= ENGINE_HISTORY_MAX);
    assert(options->horizon >= 1 && options->horizon <= MESSAGE_HORIZON_MAX);
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return STATUS_NO_MEMORY;
    e->partition = partition;
    e->options = *options;
    char *unit = copy_text(options->unit);
    e->options.unit = (struct text){unit, options->unit.size};
    e->options_hash = engine_options_hash(options);
    journal_init(&e->journal);
    e->state = (struct partition_state){.sales_offset = -1, .requests_offset = -1, .greatest_date = INT32_MIN,
                                        .first_record = PERIOD_NONE, .closed_through = PERIOD_NONE,
                                        .closing = PERIOD_NONE, .complete_all = INT32_MIN};
    if (!unit || calendar_new(&e->options.grid, &e->calendar) != STATUS_OK) {
        engine_free(e);
        return STATUS_NO_MEMORY;
    }
    *out = e;
    return STATUS_OK;
}

static void rings_free(struct issued_rings *rings)
{
    for (size_t i = 0; rings && i < MEMBER_ORIGINS; i++)
        free(rings->members[i].issued);
    free(rings);
}

static void series_free(struct series *s)
{
    history_free(s);
    rings_free(s->rings);
    free((char *)s->product.data);
    free(s);
}

static void store_free(struct store *store)
{
    free((char *)store->id.data);
    free(store->products);
    free(store);
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    pools_free(e->work);
    pools_free(e->standing);
    for (size_t i = 0; i < e->series_count; i++)
        series_free(e->series[i]);
    for (size_t i = 0; i < e->store_count; i++)
        store_free(e->stores[i]);
    free(e->series);
    free(e->stores);
    free(e->order);
    table_done(&e->store_index);
    table_done(&e->series_index);
    dedup_done(e);
    journal_done(&e->journal);
    calendar_free(e->calendar);
    free((char *)e->options.unit.data);
    free(e);
}

/* ---- stores and series */

static void pair_key_add(struct pair_key *key, struct text t)
{
    assert(t.size <= MESSAGE_ID_BYTES_MAX);
    uint8_t *at = key->data + key->size;
    at[0] = t.data ? 1 : 0;
    at[1] = (uint8_t)t.size;
    if (t.size)
        memcpy(at + 2, t.data, t.size);
    key->size += 2 + t.size;
}

struct pair_key pair_key(struct text a, struct text b)
{
    struct pair_key key;
    key.size = 0;
    pair_key_add(&key, a);
    pair_key_add(&key, b);
    return key;
}

struct text series_store_id(const struct engine *e, const struct series *s)
{
    return e->stores[s->store]->id;
}

struct store *engine_store_find(const struct engine *e, struct text id)
{
    uint32_t index = table_get(&e->store_index, (struct bytes){(const uint8_t *)id.data, id.size});
    return index == TABLE_NONE ? NULL : e->stores[index];
}

struct series *engine_series_find(const struct engine *e, struct text store, struct text product)
{
    struct pair_key key = pair_key(store, product);
    uint32_t index = table_get(&e->series_index, pair_key_bytes(&key));
    return index == TABLE_NONE ? NULL : e->series[index];
}

/* Where the series stands, or would stand, in the order by (store, product). */
static size_t order_position(const struct engine *e, struct text store, struct text product)
{
    size_t low = 0, high = e->series_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct series *s = e->series[e->order[middle]];
        int order = text_compare(series_store_id(e, s), store);
        if (order == 0)
            order = text_compare(s->product, product);
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum status series_room(struct engine *e)
{
    if (e->series_count < e->series_capacity)
        return STATUS_OK;
    size_t capacity = e->series_capacity ? 2 * e->series_capacity : 64;
    struct series **series = realloc(e->series, capacity * sizeof(struct series *));
    if (!series)
        return STATUS_NO_MEMORY;
    e->series = series;
    uint32_t *order = realloc(e->order, capacity * sizeof *order);
    if (!order)
        return STATUS_NO_MEMORY;
    e->order = order;
    e->series_capacity = capacity;
    return STATUS_OK;
}

static enum status product_room(struct store *store)
{
    if (store->product_count < store->product_capacity)
        return STATUS_OK;
    size_t capacity = store->product_capacity ? 2 * store->product_capacity : 8;
    uint32_t *products = realloc(store->products, capacity * sizeof *products);
    if (!products)
        return STATUS_NO_MEMORY;
    store->products = products;
    store->product_capacity = capacity;
    return STATUS_OK;
}

enum status engine_series_add(struct engine *e, struct store *store, struct text product, struct series **out)
{
    if (series_room(e) != STATUS_OK || product_room(store) != STATUS_OK || journal_reserve(&e->journal) != STATUS_OK)
        return STATUS_NO_MEMORY;
    uint32_t index = (uint32_t)e->series_count;
    struct series *s = calloc(1, sizeof *s);
    char *name = product.data ? copy_text(product) : NULL;
    struct pair_key key = pair_key(store->id, product);
    if (!s || (product.data && !name) || table_put(&e->series_index, pair_key_bytes(&key), index) != STATUS_OK) {
        free(s);
        free(name);
        return STATUS_NO_MEMORY;
    }
    s->index = index;
    s->store = store->index;
    s->product = (struct text){name, product.size};
    s->state.first_period = s->state.stockout_since = PERIOD_NONE;
    s->state.derived = !product.data && store->mode == STORE_DERIVED;
    s->drift.since = PERIOD_NONE;
    drift_init(&s->drift.state);
    size_t at = order_position(e, store->id, product);
    memmove(e->order + at + 1, e->order + at, (e->series_count - at) * sizeof *e->order);
    e->order[at] = index;
    e->series[index] = s;
    e->series_count++;
    if (product.data)
        store->products[store->product_count++] = index;
    else
        store->total = index;
    *out = s;
    journal_note(&e->journal, JOURNAL_SERIES_ADDED, index, PERIOD_NONE, 0);
    return journal_touch(&e->journal, JOURNAL_SERIES, index, PERIOD_NONE, &s->state, sizeof s->state);
}

void engine_series_remove_last(struct engine *e)
{
    struct series *s = e->series[e->series_count - 1];
    struct store *store = e->stores[s->store];
    struct pair_key key = pair_key(store->id, s->product);
    size_t at = order_position(e, store->id, s->product);
    memmove(e->order + at, e->order + at + 1, (e->series_count - 1 - at) * sizeof *e->order);
    table_remove(&e->series_index, pair_key_bytes(&key));
    if (s->product.data)
        store->product_count--;
    e->series_count--;
    series_free(s);
}

enum status engine_store_add(struct engine *e, struct text id, enum store_mode mode, struct store **out)
{
    if (e->store_count == e->store_capacity) {
        size_t capacity = e->store_capacity ? 2 * e->store_capacity : 64;
        struct store **stores = realloc(e->stores, capacity * sizeof(struct store *));
        if (!stores)
            return STATUS_NO_MEMORY;
        e->stores = stores;
        e->store_capacity = capacity;
    }
    uint32_t index = (uint32_t)e->store_count;
    struct store *store = calloc(1, sizeof *store);
    char *name = copy_text(id);
    if (!store || !name || journal_reserve(&e->journal) != STATUS_OK ||
        table_put(&e->store_index, (struct bytes){(const uint8_t *)id.data, id.size}, index) != STATUS_OK) {
        free(store);
        free(name);
        return STATUS_NO_MEMORY;
    }
    *store = (struct store){.index = index, .id = {name, id.size}, .mode = mode,
                            .state = {.complete_through = INT32_MIN, .silent_since = PERIOD_NONE}};
    e->stores[index] = store;
    e->store_count++;
    journal_note(&e->journal, JOURNAL_STORE_ADDED, index, PERIOD_NONE, 0);
    enum status status = journal_touch(&e->journal, JOURNAL_STORE, index, PERIOD_NONE, &store->state, sizeof store->state);
    struct series *total;
    if (status == STATUS_OK)
        status = engine_series_add(e, store, (struct text){NULL, 0}, &total);
    if (status == STATUS_OK)
        *out = store;
    return status;
}

void engine_store_remove_last(struct engine *e)
{
    struct store *store = e->stores[--e->store_count];
    table_remove(&e->store_index, (struct bytes){(const uint8_t *)store->id.data, store->id.size});
    store_free(store);
}

/* ---- the end of a batch */

static void undo(struct engine *e, const struct journal_entry *entry)
{
    switch (entry->kind) {
    case JOURNAL_MEMBERS:
        free(((struct member_slot *)entry->object)->issued);
        journal_restore(&e->journal, entry);
        break;
    case JOURNAL_SOURCE:
        journal_restore(&e->journal, entry);
        dedup_source_sync(e, entry->index);
        break;
    case JOURNAL_SEEN_ADDED:
        dedup_seen_remove(e, entry->period, entry->hash);
        break;
    case JOURNAL_SEEN_DROPPED:
        break;
    case JOURNAL_STORE_ADDED:
        engine_store_remove_last(e);
        break;
    case JOURNAL_SERIES_ADDED:
        engine_series_remove_last(e);
        break;
    case JOURNAL_SOURCE_ADDED:
        dedup_source_remove(e, entry->index);
        break;
    case JOURNAL_PARTITION:
    case JOURNAL_STORE:
    case JOURNAL_SERIES:
    case JOURNAL_CELL:
    case JOURNAL_ISSUED:
    case JOURNAL_DRIFT:
    case JOURNAL_POOL:
        journal_restore(&e->journal, entry);
        break;
    }
}

void engine_rollback(struct engine *e)
{
    for (size_t i = e->journal.count; i-- > 0;)
        undo(e, &e->journal.entries[i]);
    dedup_recount(e);
    journal_clear(&e->journal);
    pools_free(e->work);
    pools_free(e->standing); /* may be of a close that did not happen */
    e->work = e->standing = NULL;
    roster_recount(e);
}

void engine_commit(struct engine *e)
{
    for (size_t i = 0; i < e->journal.count; i++) {
        const struct journal_entry *entry = &e->journal.entries[i];
        if (entry->kind == JOURNAL_MEMBERS)
            free(((struct member_slot *)(e->journal.saved.data + entry->saved))->issued);
        else if (entry->kind == JOURNAL_SEEN_DROPPED)
            dedup_seen_free(e, entry->period);
    }
    if (e->source_present < e->source_count)
        for (size_t i = e->source_count; i-- > 0;)
            if (!e->sources[i]->present)
                dedup_source_remove(e, (uint32_t)i);
    journal_clear(&e->journal);
}
