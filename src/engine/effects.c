#include "engine/effects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void effects_done(struct effects *e)
{
    if (!e)
        return;
    free(e->items);
    arena_done(&e->arena);
    *e = (struct effects){0};
}

void effects_clear(struct effects *e)
{
    e->count = 0;
    e->output_bytes = 0;
    e->counters = (struct engine_counters){0};
    arena_clear(&e->arena);
}

struct effect *effects_add(struct effects *e, enum effect_kind kind)
{
    if (e->count == e->capacity) {
        size_t capacity = e->capacity ? 2 * e->capacity : 64;
        struct effect *items = realloc(e->items, capacity * sizeof *items);
        if (!items)
            return NULL;
        e->items = items;
        e->capacity = capacity;
    }
    struct effect *added = &e->items[e->count++];
    *added = (struct effect){.kind = kind};
    return added;
}

void counters_add(struct engine_counters *sum, const struct engine_counters *add)
{
#define COUNTER_ADD(name, help) sum->name += add->name;
    ENGINE_COUNTER_LIST(COUNTER_ADD)
#undef COUNTER_ADD
}

static size_t escape(char *out, struct text id)
{
    size_t used = 0;
    for (size_t i = 0; i < id.size; i++) {
        char c = id.data[i];
        if (c == '%' || c == '/') {
            memcpy(out + used, c == '%' ? "%25" : "%2F", 3); /* NOLINT(bugprone-not-null-terminated-result): counted, not terminated */
            used += 3;
        } else {
            out[used++] = c;
        }
    }
    return used;
}

struct text effects_series_key(struct arena *arena, struct text store, struct text product)
{
    char *key = arena_alloc(arena, 3 * (store.size + product.size) + 2);
    if (!key)
        return (struct text){NULL, 0};
    size_t used = escape(key, store);
    if (product.data) {
        key[used++] = '/';
        used += escape(key + used, product);
    }
    return (struct text){key, used};
}

struct text effects_alert_key(struct arena *arena, const struct drift_alert *alert)
{
    const char *kind = alert_kind_name(alert->kind);
    const size_t bytes = strlen(kind) + 16;
    const bool is_of_partition = !alert->store.data || alert->kind == ALERT_SERIES_LIMIT;
    struct text series = is_of_partition ? (struct text){NULL, 0} : effects_series_key(arena, alert->store, alert->product);
    char *key = is_of_partition || series.data ? arena_alloc(arena, series.size + bytes) : NULL;
    if (!key)
        return (struct text){NULL, 0};
    int used;
    if (is_of_partition) {
        key[0] = '\0'; /* no store id begins so */
        used = 1 + snprintf(key + 1, bytes - 1, "%s/%d", kind, (int)alert->partition);
    } else {
        memcpy(key, series.data, series.size);
        used = (int)series.size + snprintf(key + series.size, bytes, "/%s", kind);
    }
    return (struct text){key, (size_t)used};
}

struct text effects_closed_key(struct arena *arena, int32_t partition)
{
    char *key = arena_alloc(arena, 24);
    if (!key)
        return (struct text){NULL, 0};
    int used = snprintf(key + 1, 23, "closed/%d", partition); /* key[0] stays NUL: no store id begins so */
    return (struct text){key, (size_t)used + 1};
}
