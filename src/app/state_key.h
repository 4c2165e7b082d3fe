/* state_key.h: keys of the local state: partition (big-endian), then the engine's key; and the record about the
 * directory itself, which sorts behind all partitions.
 * Thread: any. */
#ifndef STORECAST_APP_STATE_KEY_H
#define STORECAST_APP_STATE_KEY_H

#include "base/bytes.h"
#include "base/error.h"

#define STATE_PREFIX_BYTES 4

enum status state_key(struct arena *arena, int32_t partition, struct bytes key, struct bytes *out) MUST_CHECK;
void state_prefix(int32_t partition, uint8_t out[STATE_PREFIX_BYTES]);
/* The engine's part of a key. */
struct bytes state_key_inner(struct bytes key);

/* What the directory as a whole was written for. Texts are borrowed from the bytes it was read from. */
struct state_about {
    uint32_t partitions;
    struct text incarnation; /* of the broker whose offsets the state holds */
    struct text prefix;      /* of the topics */
};
struct bytes state_about_key(void);
void state_about_write(const struct state_about *about, struct buffer *out);
/* STATUS_CORRUPT or STATUS_NEWER. */
enum status state_about_read(struct bytes value, struct state_about *out, struct error *err) MUST_CHECK;

/* A cluster's changelog rebuilds the state, so there the directory is a copy, and knows how much it holds of each partition. */
struct checkpoint {
    uint64_t batch;                    /* the state is that of this batch; 0 = something between two */
    int64_t next;                      /* in the changelog: everything before is in */
    int64_t sales_next, requests_next; /* input offsets of that batch */
    int64_t time_ms;                   /* when it was written */
};
enum status state_checkpoint_key(struct arena *arena, int32_t partition, struct bytes *out) MUST_CHECK;
void state_checkpoint_write(const struct checkpoint *checkpoint, struct buffer *out);
/* STATUS_CORRUPT. */
enum status state_checkpoint_read(struct bytes value, struct checkpoint *out) MUST_CHECK;

/* Which boot of the machine is writing without waiting for the disk; there from start to orderly end. */
struct bytes state_boot_key(void);

#endif
