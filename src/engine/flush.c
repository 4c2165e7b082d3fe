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

static enum status drop_seen(const struct engine *e, period_t period, struct effects *fx)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < e->seen_count; i++) {
        const struct seen_set *set = &e->seen[i];
        if (set->period != period)
            continue;
        for (size_t k = 0; status == STATUS_OK && k < set->capacity; k++) {
            struct bytes key;
            if (!set->hashes[k])
                continue;
            status = state_seen_key(period, set->hashes[k], &fx->arena, &key);
            if (status == STATUS_OK)
                status = emit(fx, key, (struct bytes){NULL, 0});
        }
    }
    return status;
}

static enum status flush_entry(struct engine *e, const struct journal_entry *entry, uint64_t batch, struct effects *fx)
{
    switch (entry->kind) {
    case JOURNAL_STORE_ADDED:
    case JOURNAL_SERIES_ADDED:
    case JOURNAL_SOURCE_ADDED:
        return STATUS_OK;
    case JOURNAL_SEEN_DROPPED:
        return drop_seen(e, entry->period, fx);
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

enum status engine_flush(struct engine *e, uint64_t batch, struct effects *fx)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < e->journal.count; i++)
        status = flush_entry(e, &e->journal.entries[i], batch, fx);
    if (status == STATUS_OK)
        e->batch = batch;
    return status;
}
