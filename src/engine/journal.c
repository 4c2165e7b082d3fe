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

enum status journal_reserve(struct journal *j)
{
    if (j->count < j->capacity)
        return STATUS_OK;
    size_t capacity = j->capacity ? 2 * j->capacity : 256;
    struct journal_entry *entries = realloc(j->entries, capacity * sizeof *entries);
    if (!entries)
        return STATUS_NO_MEMORY;
    j->entries = entries;
    j->capacity = capacity;
    return STATUS_OK;
}

enum status journal_touch(struct journal *j, enum journal_kind kind, uint32_t index, period_t period, void *object, size_t size)
{
    struct journal_mark *mark = object;
    if (mark->stamp == j->stamp)
        return STATUS_OK;
    size_t at = j->saved.size;
    buffer_put(&j->saved, object, size);
    if (j->saved.failed || journal_reserve(j) != STATUS_OK)
        return STATUS_NO_MEMORY;
    j->entries[j->count++] =
        (struct journal_entry){.kind = kind, .index = index, .period = period, .object = object, .size = size, .saved = at};
    mark->stamp = j->stamp;
    return STATUS_OK;
}

void journal_note(struct journal *j, enum journal_kind kind, uint32_t index, period_t period, uint64_t hash)
{
    assert(j->count < j->capacity);
    j->entries[j->count++] = (struct journal_entry){.kind = kind, .index = index, .period = period, .hash = hash};
}

void journal_restore(const struct journal *j, const struct journal_entry *entry)
{
    assert(entry->size);
    memcpy(entry->object, j->saved.data + entry->saved, entry->size);
}
