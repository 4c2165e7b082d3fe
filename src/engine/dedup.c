#include "engine/dedup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* ---- sources with a counter */

static struct source *source_find(const struct engine *e, struct text store, struct text name)
{
    struct pair_key key = pair_key(store, name);
    uint32_t index = table_get(&e->source_index, pair_key_bytes(&key));
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

static enum dedup_verdict check_window(const struct source *s, const struct sales_update *u)
{
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
    struct pair_key key = pair_key(store, name);
    struct source *s = calloc(1, sizeof(struct source) + store.size + name.size);
    uint32_t index = (uint32_t)e->source_count;
    if (!s || table_put(&e->source_index, pair_key_bytes(&key), index) != STATUS_OK) {
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

enum status dedup_load_source(struct engine *e, struct text store, struct text name, struct source **out)
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

static enum status admit_source(struct engine *e, const struct sales_update *u, int64_t offset, struct engine_counters *counters)
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

void dedup_source_sync(struct engine *e, uint32_t index)
{
    struct source *s = e->sources[index];
    e->source_last[index] = s->present ? s->last_offset : -1;
}

void dedup_recount(struct engine *e)
{
    e->source_present = 0;
    for (size_t i = 0; i < e->source_count; i++)
        e->source_present += e->sources[i]->present;
}

void dedup_source_remove(struct engine *e, uint32_t index)
{
    struct source *s = e->sources[index], *last = e->sources[e->source_count - 1];
    struct pair_key key = pair_key(s->store, s->name), last_key = pair_key(last->store, last->name);
    e->source_present -= s->present;
    table_remove(&e->source_index, pair_key_bytes(&key));
    /* Replacing what a key stands for needs no memory. */
    if (last != s && table_put(&e->source_index, pair_key_bytes(&last_key), index) == STATUS_OK) {
        e->sources[index] = last;
        e->source_last[index] = e->source_last[e->source_count - 1];
        last->index = index;
    }
    e->source_count--;
    free(s);
}

/* ---- event ids */

static bool sequenced(const struct sales_update *u)
{
    return u->source.data && u->has_sequence;
}

/* Of the event id and the store: two tills that number their events alike must not hide each other's sales. */
static uint64_t event_hash(const struct sales_update *u)
{
    char bytes[2 * MESSAGE_ID_BYTES_MAX + 1];
    assert(u->store.size <= MESSAGE_ID_BYTES_MAX && u->event_id.size <= MESSAGE_ID_BYTES_MAX);
    memcpy(bytes, u->store.data, u->store.size);
    bytes[u->store.size] = '\0'; /* no id has a NUL */
    memcpy(bytes + u->store.size + 1, u->event_id.data, u->event_id.size);
    uint64_t hash = hash_sip(bytes, u->store.size + 1 + u->event_id.size);
    return hash ? hash : 1;
}

static struct seen_set *seen_find(const struct engine *e, period_t period)
{
    for (size_t i = 0; i < e->seen_count; i++)
        if (e->seen[i].period == period)
            return &e->seen[i];
    return NULL;
}

static uint64_t *seen_slot(const struct seen_set *set, uint64_t hash)
{
    size_t i = hash & (set->capacity - 1);
    while (set->hashes[i] && set->hashes[i] != hash)
        i = (i + 1) & (set->capacity - 1);
    return &set->hashes[i];
}

static enum status seen_grow(struct seen_set *set)
{
    struct seen_set grown = {set->period, NULL, set->capacity ? 2 * set->capacity : 64, set->used};
    grown.hashes = calloc(grown.capacity, sizeof(uint64_t));
    if (!grown.hashes)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->hashes[i])
            *seen_slot(&grown, set->hashes[i]) = set->hashes[i];
    free(set->hashes);
    *set = grown;
    return STATUS_OK;
}

enum status dedup_load_seen(struct engine *e, period_t period, uint64_t hash)
{
    struct seen_set *set = seen_find(e, period);
    if (!set) {
        if (e->seen_count == e->seen_capacity) {
            size_t capacity = e->seen_capacity ? 2 * e->seen_capacity : 8;
            struct seen_set *sets = realloc(e->seen, capacity * sizeof *sets);
            if (!sets)
                return STATUS_NO_MEMORY;
            e->seen = sets;
            e->seen_capacity = capacity;
        }
        set = &e->seen[e->seen_count++];
        *set = (struct seen_set){.period = period};
    }
    if ((set->used + 1) * 2 > set->capacity && seen_grow(set) != STATUS_OK)
        return STATUS_NO_MEMORY;
    uint64_t *slot = seen_slot(set, hash);
    set->used += *slot == 0;
    *slot = hash;
    return STATUS_OK;
}

void dedup_seen_remove(struct engine *e, period_t period, uint64_t hash)
{
    struct seen_set *set = seen_find(e, period);
    assert(set);
    /* Linear probing: what follows in the run is put in again. */
    size_t mask = set->capacity - 1;
    size_t i = (size_t)(seen_slot(set, hash) - set->hashes);
    set->used -= set->hashes[i] != 0;
    set->hashes[i] = 0;
    for (i = (i + 1) & mask; set->hashes[i]; i = (i + 1) & mask) {
        uint64_t moved = set->hashes[i];
        set->hashes[i] = 0;
        *seen_slot(set, moved) = moved;
    }
}

void dedup_seen_free(struct engine *e, period_t period)
{
    struct seen_set *set = seen_find(e, period);
    if (!set)
        return;
    free(set->hashes);
    *set = e->seen[--e->seen_count];
}

/* Event ids are kept for periods after this one. */
static period_t seen_limit(const struct engine *e)
{
    return e->state.closed_through == PERIOD_NONE ? PERIOD_NONE : e->state.closed_through - e->options.dedup_periods;
}

enum dedup_verdict dedup_check(const struct engine *e, const struct sales_update *u, period_t period)
{
    if (sequenced(u))
        return check_window(source_find(e, u->store, u->source), u);
    if (u->kind == BODY_TOTAL) /* idempotent by itself */
        return DEDUP_FRESH;
    if (period <= seen_limit(e))
        return DEDUP_TOO_LATE;
    const struct seen_set *set = seen_find(e, period);
    return set && set->used && *seen_slot(set, event_hash(u)) ? DEDUP_DUPLICATE : DEDUP_FRESH;
}

enum status dedup_admit(struct engine *e, const struct sales_update *u, period_t period, int64_t offset,
                        struct engine_counters *counters)
{
    if (sequenced(u))
        return admit_source(e, u, offset, counters);
    if (u->kind == BODY_TOTAL)
        return STATUS_OK;
    enum status status = journal_reserve(&e->journal);
    if (status == STATUS_OK)
        status = dedup_load_seen(e, period, event_hash(u));
    if (status == STATUS_OK)
        journal_note(&e->journal, JOURNAL_SEEN_ADDED, 0, period, event_hash(u));
    return status;
}

enum status dedup_trim(struct engine *e)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < e->seen_count; i++)
        if (e->seen[i].period <= seen_limit(e) && e->seen[i].used) {
            status = journal_reserve(&e->journal);
            if (status == STATUS_OK)
                journal_note(&e->journal, JOURNAL_SEEN_DROPPED, 0, e->seen[i].period, 0);
        }
    return status;
}

void dedup_done(struct engine *e)
{
    for (size_t i = 0; i < e->source_count; i++)
        free(e->sources[i]);
    free(e->sources);
    free(e->source_last);
    table_done(&e->source_index);
    for (size_t i = 0; i < e->seen_count; i++)
        free(e->seen[i].hashes);
    free(e->seen);
}
