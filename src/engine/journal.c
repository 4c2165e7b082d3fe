#include "engine/journal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void journal_init(struct journal *j)
{
    *j = (struct journal){.stamp = 1};
}

void journal_done(struct journal *j)
{
    free(j->entries);
    buffer_done(&j->saved);
    *j = (struct journal){0};
}

void journal_clear(struct journal *j)
{
    j->count = 0;
    buffer_clear(&j->saved);
    j->stamp++;
}

static struct journal_entry *add(struct journal *j)
{
    if (j->count == j->capacity) {
        size_t capacity = j->capacity ? 2 * j->capacity : 256;
        struct journal_entry *entries = realloc(j->entries, capacity * sizeof *entries);
        if (!entries)
            return NULL;
        j->entries = entries;
        j->capacity = capacity;
    }
    return &j->entries[j->count];
}

enum status journal_touch(struct journal *j, enum journal_kind kind, uint32_t index, period_t period, void *object, size_t size)
{
    struct journal_mark *mark = object;
    if (mark->stamp == j->stamp)
        return STATUS_OK;
    size_t at = j->saved.size;
    buffer_put(&j->saved, object, size);
    struct journal_entry *entry = add(j);
    if (!entry || j->saved.failed)
        return STATUS_NO_MEMORY;
    *entry = (struct journal_entry){.kind = kind, .index = index, .period = period, .object = object, .size = size, .saved = at};
    j->count++;
    mark->stamp = j->stamp;
    return STATUS_OK;
}

enum status journal_note(struct journal *j, enum journal_kind kind, uint32_t index, period_t period, uint64_t hash)
{
    struct journal_entry *entry = add(j);
    if (!entry)
        return STATUS_NO_MEMORY;
    *entry = (struct journal_entry){.kind = kind, .index = index, .period = period, .hash = hash};
    j->count++;
    return STATUS_OK;
}

void journal_restore(const struct journal *j, const struct journal_entry *entry)
{
    assert(entry->size);
    memcpy(entry->object, j->saved.data + entry->saved, entry->size);
}
