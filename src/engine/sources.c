#include "engine/sources.h"

#include <stdlib.h>
#include <string.h>

#include "engine/catalog.h"

static struct source *source_find(const struct engine *e, struct text store, struct text name)
{
    struct catalog_key key = catalog_key(store, name);
    uint32_t index = table_get(&e->source_index, catalog_key_bytes(&key));
    return index == TABLE_NONE ? NULL : e->sources[index];
}

static bool window_seen(const struct source *s, int64_t sequence)
{
    size_t bit = (size_t)((uint64_t)sequence % SOURCE_WINDOW);
    return s->seen[bit / 8] >> (bit % 8) & 1;
}

static void window_set(struct source *s, int64_t sequence, bool seen)
{
    size_t bit = (size_t)((uint64_t)sequence % SOURCE_WINDOW);
    if (seen)
        s->seen[bit / 8] = (uint8_t)(s->seen[bit / 8] | 1u << (bit % 8));
    else
        s->seen[bit / 8] = (uint8_t)(s->seen[bit / 8] & ~(1u << (bit % 8)));
}

static void window_add(struct source *s, int64_t sequence)
{
    if (sequence > s->greatest) {
        if (sequence - s->greatest >= SOURCE_WINDOW)
            memset(s->seen, 0, sizeof s->seen);
        else
            for (int64_t gap = s->greatest + 1; gap < sequence; gap++)
                window_set(s, gap, false);
        s->greatest = sequence;
    }
    window_set(s, sequence, true);
}

enum dedup_verdict sources_check(const struct engine *e, const struct sales_update *u)
{
    const struct source *s = source_find(e, u->store, u->source);
    if (!s || !s->present || u->sequence > s->greatest)
        return DEDUP_FRESH;
    bool below = s->greatest - u->sequence >= SOURCE_WINDOW;
    if (!below && !window_seen(s, u->sequence))
        return DEDUP_FRESH;
    if (u->issued_at_ms > s->issued_at_ms)
        return DEDUP_REUSED;
    return below ? DEDUP_TOO_LATE : DEDUP_DUPLICATE;
}

static enum status source_new(struct engine *e, struct text store, struct text name, struct source **out)
{
    if (e->source_count == e->source_capacity) {
        size_t capacity = e->source_capacity ? 2 * e->source_capacity : 64;
        struct source **sources = realloc(e->sources, capacity * sizeof(struct source *));
        if (!sources)
            return STATUS_NO_MEMORY;
        e->sources = sources;
        int64_t *last = realloc(e->source_last, capacity * sizeof *last);
        if (!last)
            return STATUS_NO_MEMORY;
        e->source_last = last;
        e->source_capacity = capacity;
    }
    struct catalog_key key = catalog_key(store, name);
    struct source *s = calloc(1, sizeof(struct source) + store.size + name.size);
    uint32_t index = (uint32_t)e->source_count;
    if (!s || table_put(&e->source_index, catalog_key_bytes(&key), index) != STATUS_OK) {
        free(s);
        return STATUS_NO_MEMORY;
    }
    char *texts = (char *)(s + 1);
    memcpy(texts, store.data, store.size);
    memcpy(texts + store.size, name.data, name.size);
    s->store = (struct text){texts, store.size};
    s->name = (struct text){texts + store.size, name.size};
    s->index = index;
    s->last_offset = -1;
    e->sources[index] = s;
    e->source_last[index] = -1;
    e->source_count++;
    *out = s;
    return STATUS_OK;
}

enum status sources_load(struct engine *e, struct text store, struct text name, struct source **out)
{
    enum status status = source_new(e, store, name, out);
    if (status == STATUS_OK) {
        (*out)->present = true;
        e->source_present++;
    }
    return status;
}

/* Forgets the source that was used longest ago; the offset of its last use says so, the same in every replay. */
static enum status drop_oldest(struct engine *e, uint32_t keep, struct engine_counters *counters)
{
    uint32_t oldest = TABLE_NONE;
    for (uint32_t i = 0; i < e->source_count; i++)
        if (i != keep && e->source_last[i] >= 0 && (oldest == TABLE_NONE || e->source_last[i] < e->source_last[oldest]))
            oldest = i;
    if (oldest == TABLE_NONE)
        return STATUS_OK;
    struct source *s = e->sources[oldest];
    enum status status = journal_touch(&e->journal, JOURNAL_SOURCE, oldest, PERIOD_NONE, s, sizeof *s);
    if (status != STATUS_OK)
        return status;
    s->present = false;
    s->last_offset = e->source_last[oldest] = -1;
    e->source_present--;
    counters->sources_dropped++;
    return STATUS_OK;
}

enum status sources_admit(struct engine *e, const struct sales_update *u, int64_t offset, struct engine_counters *counters)
{
    struct source *s = source_find(e, u->store, u->source);
    enum status status = STATUS_OK;
    if (!s) {
        status = journal_reserve(&e->journal);
        if (status == STATUS_OK)
            status = source_new(e, u->store, u->source, &s);
        if (status == STATUS_OK)
            journal_note(&e->journal, JOURNAL_SOURCE_ADDED, s->index, PERIOD_NONE, 0);
    }
    if (status == STATUS_OK)
        status = journal_touch(&e->journal, JOURNAL_SOURCE, s->index, PERIOD_NONE, s, sizeof *s);
    if (status != STATUS_OK)
        return status;
    if (!s->present) {
        memset(s->seen, 0, sizeof s->seen);
        s->present = true;
        s->greatest = u->sequence;
        s->issued_at_ms = u->issued_at_ms;
        e->source_present++;
    }
    window_add(s, u->sequence);
    if (u->issued_at_ms > s->issued_at_ms)
        s->issued_at_ms = u->issued_at_ms;
    s->last_offset = e->source_last[s->index] = offset;
    return e->source_present > e->options.dedup_sources ? drop_oldest(e, s->index, counters) : STATUS_OK;
}

void sources_sync(struct engine *e, uint32_t index)
{
    struct source *s = e->sources[index];
    e->source_last[index] = s->present ? s->last_offset : -1;
}

void sources_recount(struct engine *e)
{
    e->source_present = 0;
    for (size_t i = 0; i < e->source_count; i++)
        e->source_present += e->sources[i]->present;
}

void sources_remove(struct engine *e, uint32_t index)
{
    struct source *s = e->sources[index], *last = e->sources[e->source_count - 1];
    struct catalog_key key = catalog_key(s->store, s->name), last_key = catalog_key(last->store, last->name);
    e->source_present -= s->present;
    table_remove(&e->source_index, catalog_key_bytes(&key));
    /* Replacing what a key stands for needs no memory. */
    if (last != s && table_put(&e->source_index, catalog_key_bytes(&last_key), index) == STATUS_OK) {
        e->sources[index] = last;
        e->source_last[index] = e->source_last[e->source_count - 1];
        last->index = index;
    }
    e->source_count--;
    free(s);
}

void sources_drop_gone(struct engine *e)
{
    if (e->source_present == e->source_count)
        return;
    for (size_t i = e->source_count; i-- > 0;)
        if (!e->sources[i]->present)
            sources_remove(e, (uint32_t)i);
}

void sources_done(struct engine *e)
{
    for (size_t i = 0; i < e->source_count; i++)
        free(e->sources[i]);
    free(e->sources);
    free(e->source_last);
    table_done(&e->source_index);
}
