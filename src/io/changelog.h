/* changelog.h: a topic read back from a place up to where everything before another place is settled.
 *
 * A reader of committed records sees nothing behind an open transaction, even when later transactions are committed. So
 * "the end" is asked for on a second handle that sees uncommitted records too (changelog_ends), and reading goes on until
 * the stable offset has passed it: what stood there when it was asked has then been committed or aborted.
 * Blocking. Thread: any, one at a time; never the loop's. */
#ifndef STORECAST_IO_CHANGELOG_H
#define STORECAST_IO_CHANGELOG_H

#include <stdbool.h>

#include "io/kafka.h"

struct changelog;

/* The topic is borrowed. Caller closes. */
enum status changelog_open(const struct kafka_property *properties, size_t property_count, const char *topic, struct changelog **out,
                           struct error *err) MUST_CHECK;
void changelog_close(struct changelog *c);

/* Of partitions 0 to count - 1 the offset behind the last record, committed or not. STATUS_UNAVAILABLE: no answer, ask again. */
enum status changelog_ends(struct changelog *c, int32_t count, int timeout_ms, int64_t *out, struct error *err) MUST_CHECK;

struct changelog_part {
    int32_t partition;
    int64_t next;     /* in: where to begin (0 = with the first record there is); out: how far it has come */
    int64_t until;    /* from changelog_ends */
    uint64_t records; /* added to */
};

struct changelog_hooks {
    /* One record; part->next is already behind it. value.data NULL: the key was deleted. Borrowed for the call. */
    enum status (*on_record)(void *arg, const struct changelog_part *part, struct bytes key, struct bytes value, struct error *err);
    /* About ten times a second, and after the last record. False: stop, STATUS_CANCELLED. */
    bool (*on_turn)(void *arg);
    void *arg;
};

/* Until every part's next is at or behind its until. STATUS_UNAVAILABLE when nothing has moved for stall_ms (err says where it
 * stands); STATUS_BAD_DATA when the broker no longer has what comes next; otherwise what a hook returned. */
enum status changelog_read(struct changelog *c, struct changelog_part *parts, size_t count, const struct changelog_hooks *hooks,
                           int stall_ms, struct error *err) MUST_CHECK;

#endif
