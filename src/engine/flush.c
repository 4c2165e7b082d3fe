/* The state effects of a batch: one record per touched object, in the order of first touch. */
#include "engine/partition.h"
#include "engine/state.h"

static enum status emit(struct effects *fx, struct bytes key, struct bytes value)
{
    struct effect *effect = effects_add(fx, value.data ? EFFECT_PUT : EFFECT_DELETE);
    if (!effect)
        return STATUS_NO_MEMORY;
    effect->key = key;
    effect->value = value;
    return STATUS_OK;
}

/* Deletes the hashes of a period from slot e->flush_slot on. Each slot, empty or not, is one of *left. */
static enum status drop_seen(struct engine *e, period_t period, struct effects *fx, size_t *left)
{
    enum status status = STATUS_OK;
    size_t base = 0; /* slots of the sets before, if the period has more than one */
    for (size_t i = 0; i < e->seen_count; i++) {
        const struct seen_set *set = &e->seen[i];
        if (set->period != period)
            continue;
        for (; status == STATUS_OK && *left > 0 && e->flush_slot < base + set->capacity; e->flush_slot++, (*left)--) {
            uint64_t hash = set->hashes[e->flush_slot - base];
            struct bytes key;
            if (!hash)
                continue;
            status = state_seen_key(period, hash, &fx->arena, &key);
            if (status == STATUS_OK)
                status = emit(fx, key, (struct bytes){NULL, 0});
        }
        base += set->capacity;
    }
    return status;
}

/* False: there is more to do than *left allows. */
static bool seen_is_dropped(const struct engine *e, period_t period)
{
    size_t slots = 0;
    for (size_t i = 0; i < e->seen_count; i++)
        slots += e->seen[i].period == period ? e->seen[i].capacity : 0;
    return e->flush_slot >= slots;
}

static enum status flush_entry(struct engine *e, const struct journal_entry *entry, uint64_t batch, struct effects *fx, size_t *left)
{
    switch (entry->kind) {
    case JOURNAL_STORE_ADDED:
    case JOURNAL_SERIES_ADDED:
    case JOURNAL_SOURCE_ADDED:
        return STATUS_OK;
    case JOURNAL_SEEN_DROPPED:
        return drop_seen(e, entry->period, fx, left);
    case JOURNAL_PARTITION:
    case JOURNAL_STORE:
    case JOURNAL_SERIES:
    case JOURNAL_CELL:
    case JOURNAL_ISSUED:
    case JOURNAL_MEMBERS:
    case JOURNAL_DRIFT:
    case JOURNAL_SOURCE:
    case JOURNAL_POOL:
    case JOURNAL_SEEN_ADDED:
        break;
    }
    struct bytes key, value;
    enum status status = state_encode(e, entry, batch, &fx->arena, &key, &value);
    return status == STATUS_OK ? emit(fx, key, value) : status;
}

enum status engine_flush_some(struct engine *e, uint64_t batch, size_t max_records, struct effects *fx, bool *out_done)
{
    size_t left = max_records;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && left > 0 && e->flush_at < e->journal.count) {
        const struct journal_entry *entry = &e->journal.entries[e->flush_at];
        left--;
        status = flush_entry(e, entry, batch, fx, &left);
        if (status != STATUS_OK || (entry->kind == JOURNAL_SEEN_DROPPED && !seen_is_dropped(e, entry->period)))
            continue;
        e->flush_at++;
        e->flush_slot = 0;
    }
    if (status != STATUS_OK)
        return status;
    *out_done = e->flush_at == e->journal.count;
    if (*out_done) {
        e->batch = batch;
        e->flush_at = 0;
    }
    return STATUS_OK;
}

enum status engine_flush(struct engine *e, uint64_t batch, struct effects *fx)
{
    bool done;
    return engine_flush_some(e, batch, SIZE_MAX, fx, &done);
}
