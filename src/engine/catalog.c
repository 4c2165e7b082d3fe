#include "engine/catalog.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/history.h"

char *catalog_copy_text(struct text t)
{
    char *copy = malloc(t.size + 1);
    if (!copy)
        return NULL;
    if (t.size)
        memcpy(copy, t.data, t.size);
    copy[t.size] = '\0';
    return copy;
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

static void key_add(struct catalog_key *key, struct text t)
{
    assert(t.size <= MESSAGE_ID_BYTES_MAX);
    uint8_t *at = key->data + key->size;
    at[0] = t.data ? 1 : 0;
    at[1] = (uint8_t)t.size;
    if (t.size)
        memcpy(at + 2, t.data, t.size);
    key->size += 2 + t.size;
}

struct catalog_key catalog_key(struct text a, struct text b)
{
    struct catalog_key key;
    key.size = 0;
    key_add(&key, a);
    key_add(&key, b);
    return key;
}

struct text catalog_store_id(const struct engine *e, const struct series *s)
{
    return e->stores[s->store]->id;
}

struct store *catalog_store(const struct engine *e, struct text id)
{
    uint32_t index = table_get(&e->store_index, (struct bytes){(const uint8_t *)id.data, id.size});
    return index == TABLE_NONE ? NULL : e->stores[index];
}

struct series *catalog_series(const struct engine *e, struct text store, struct text product)
{
    struct catalog_key key = catalog_key(store, product);
    uint32_t index = table_get(&e->series_index, catalog_key_bytes(&key));
    return index == TABLE_NONE ? NULL : e->series[index];
}

/* Where the series stands, or would stand, in the order by (store, product). */
static size_t order_position(const struct engine *e, struct text store, struct text product)
{
    size_t low = 0, high = e->series_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct series *s = e->series[e->order[middle]];
        int order = text_compare(catalog_store_id(e, s), store);
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

enum status catalog_add_series(struct engine *e, struct store *store, struct text product, struct series **out)
{
    if (series_room(e) != STATUS_OK || product_room(store) != STATUS_OK || journal_reserve(&e->journal) != STATUS_OK)
        return STATUS_NO_MEMORY;
    uint32_t index = (uint32_t)e->series_count;
    struct series *s = calloc(1, sizeof *s);
    char *name = product.data ? catalog_copy_text(product) : NULL;
    struct catalog_key key = catalog_key(store->id, product);
    if (!s || (product.data && !name) || table_put(&e->series_index, catalog_key_bytes(&key), index) != STATUS_OK) {
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

void catalog_remove_last_series(struct engine *e)
{
    struct series *s = e->series[e->series_count - 1];
    struct store *store = e->stores[s->store];
    struct catalog_key key = catalog_key(store->id, s->product);
    size_t at = order_position(e, store->id, s->product);
    memmove(e->order + at, e->order + at + 1, (e->series_count - 1 - at) * sizeof *e->order);
    table_remove(&e->series_index, catalog_key_bytes(&key));
    if (s->product.data)
        store->product_count--;
    e->series_count--;
    series_free(s);
}

enum status catalog_add_store(struct engine *e, struct text id, enum store_mode mode, struct store **out)
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
    char *name = catalog_copy_text(id);
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
        status = catalog_add_series(e, store, (struct text){NULL, 0}, &total);
    if (status == STATUS_OK)
        *out = store;
    return status;
}

void catalog_remove_last_store(struct engine *e)
{
    struct store *store = e->stores[--e->store_count];
    table_remove(&e->store_index, (struct bytes){(const uint8_t *)store->id.data, store->id.size});
    store_free(store);
}

void catalog_done(struct engine *e)
{
    for (size_t i = 0; i < e->series_count; i++)
        series_free(e->series[i]);
    for (size_t i = 0; i < e->store_count; i++)
        store_free(e->stores[i]);
    free(e->series);
    free(e->stores);
    free(e->order);
    table_done(&e->store_index);
    table_done(&e->series_index);
}
