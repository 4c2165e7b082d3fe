/* journal.h: what a batch changed: the old bytes for a rollback, and the list of records to write.
 *
 * An object is touched before its first change of a batch; its old bytes are kept and it is listed once for the flush.
 * What cannot be undone by bytes alone (things created, things to be freed) has entries of its own kind, which
 * engine.c undoes. Internal to engine/. */
#ifndef STORECAST_ENGINE_JOURNAL_H
#define STORECAST_ENGINE_JOURNAL_H

#include "base/bytes.h"
#include "base/period.h"

struct journal_mark { /* first field of every journaled object; not part of its state */
    uint64_t stamp; /* of the batch that touched it last */
};

enum journal_kind {
    JOURNAL_PARTITION, /* objects: old bytes, flushed as a state record */
    JOURNAL_STORE,
    JOURNAL_SERIES,
    JOURNAL_CELL,
    JOURNAL_ISSUED,
    JOURNAL_MEMBERS, /* the old pointer is freed at commit, the new one at rollback */
    JOURNAL_DRIFT,
    JOURNAL_SOURCE,
    JOURNAL_POOL,
    JOURNAL_SEEN_ADDED, /* period, hash */
    JOURNAL_SEEN_DROPPED, /* period: freed at commit */
    JOURNAL_STORE_ADDED,
    JOURNAL_SERIES_ADDED,
    JOURNAL_SOURCE_ADDED,
};

struct journal_entry {
    enum journal_kind kind;
    uint32_t index;   /* of the series, store, source or pool */
    period_t period;  /* cells, slots, seen */
    uint64_t hash;    /* seen */
    void *object;
    size_t size;
    size_t saved;     /* offset of the old bytes */
};

struct journal {
    struct journal_entry *entries;
    size_t count, capacity;
    struct buffer saved;
    uint64_t stamp;   /* of the batch under way, from 1 */
};

void journal_init(struct journal *j);
void journal_done(struct journal *j);
/* Begins the next batch. */
void journal_clear(struct journal *j);

/* Before the first change of `object` (which begins with a journal_mark) in a batch; nothing on later calls. */
enum status journal_touch(struct journal *j, enum journal_kind kind, uint32_t index, period_t period, void *object, size_t size) MUST_CHECK;
/* Room for one more entry, before something is created: the note that undoes it must not fail afterwards. */
enum status journal_reserve(struct journal *j) MUST_CHECK;
/* An entry without bytes; journal_reserve has made room for it. */
void journal_note(struct journal *j, enum journal_kind kind, uint32_t index, period_t period, uint64_t hash);
/* Puts the old bytes of an entry back. */
void journal_restore(const struct journal *j, const struct journal_entry *entry);

#endif
