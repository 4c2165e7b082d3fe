#include "base/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct table_slot {
    uint8_t *key; /* NULL: free, or dead when `index` is TABLE_DEAD */
    size_t size;
    uint64_t hash;
    uint32_t index;
};
#define SLOT_FREE 0u
#define SLOT_DEAD 1u

void table_done(struct table *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->capacity; i++)
        free(t->slots[i].key);
    free(t->slots);
    *t = (struct table){0};
}

static bool slot_holds(const struct table_slot *s, uint64_t hash, struct bytes key)
{
    return s->key && s->hash == hash && s->size == key.size && memcmp(s->key, key.data, key.size) == 0;
}

/* The slot of the key, or NULL. */
static struct table_slot *find(const struct table *t, uint64_t hash, struct bytes key)
{
    if (!t->capacity)
        return NULL;
    for (size_t i = hash & (t->capacity - 1);; i = (i + 1) & (t->capacity - 1)) {
        struct table_slot *s = &t->slots[i];
        if (slot_holds(s, hash, key))
            return s;
        if (!s->key && s->index == SLOT_FREE)
            return NULL;
    }
}

static struct table_slot *first_empty(struct table_slot *slots, size_t capacity, uint64_t hash)
{
    size_t i = hash & (capacity - 1);
    while (slots[i].key)
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

static enum status grow(struct table *t)
{
    size_t capacity = t->capacity && t->used * 4 < t->capacity ? t->capacity : t->capacity ? t->capacity * 2 : 16;
    struct table_slot *slots = calloc(capacity, sizeof *slots);
    if (!slots)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < t->capacity; i++)
        if (t->slots[i].key)
            *first_empty(slots, capacity, t->slots[i].hash) = t->slots[i];
    free(t->slots);
    t->slots = slots;
    t->capacity = capacity;
    t->dead = 0;
    return STATUS_OK;
}

uint32_t table_get(const struct table *t, struct bytes key)
{
    const struct table_slot *s = find(t, hash_sip(key.data, key.size), key);
    return s ? s->index : TABLE_NONE;
}

enum status table_put(struct table *t, struct bytes key, uint32_t index)
{
    uint64_t hash = hash_sip(key.data, key.size);
    struct table_slot *s = find(t, hash, key);
    if (s) {
        s->index = index;
        return STATUS_OK;
    }
    if ((t->used + t->dead + 1) * 4 > t->capacity * 3 && grow(t) != STATUS_OK)
        return STATUS_NO_MEMORY;
    uint8_t *copy = malloc(key.size ? key.size : 1);
    if (!copy)
        return STATUS_NO_MEMORY;
    if (key.size)
        memcpy(copy, key.data, key.size);
    s = first_empty(t->slots, t->capacity, hash);
    t->dead -= s->index == SLOT_DEAD;
    *s = (struct table_slot){copy, key.size, hash, index};
    t->used++;
    return STATUS_OK;
}

void table_remove(struct table *t, struct bytes key)
{
    struct table_slot *s = find(t, hash_sip(key.data, key.size), key);
    if (!s)
        return;
    free(s->key);
    *s = (struct table_slot){.index = SLOT_DEAD};
    t->used--;
    t->dead++;
}
