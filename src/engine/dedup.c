#include "engine/dedup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/sources.h"

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
        return sources_check(e, u);
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
        return sources_admit(e, u, offset, counters);
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
    sources_done(e);
    for (size_t i = 0; i < e->seen_count; i++)
        free(e->seen[i].hashes);
    free(e->seen);
}
