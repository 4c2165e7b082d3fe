/* kv.h: an ordered store of keys and values on local disk (LMDB), one writer.
 *
 * A directory belongs to one process at a time: opening it for writing takes DIRECTORY/lock, which the operating
 * system releases when the process ends, however it ends. Readers need no lock and see the last committed batch.
 * Thread: any, one at a time (the worker hands kv_write to its transaction thread). */
#ifndef STORECAST_IO_KV_H
#define STORECAST_IO_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define KV_KEY_BYTES_MAX 511

struct kv;

struct kv_options {
    const char *directory; /* made if absent (not its parents) when writing */
    bool read_only;
    bool sync;                   /* every kv_write reaches the disk before it returns; else kv_sync does that */
    uint64_t map_bytes;          /* address space to begin with; it grows by itself. 0 = 64 MiB */
    void (*before_commit)(void); /* for crash tests: called by kv_write when all is put and nothing committed; may be NULL */
};

/* STATUS_IN_USE when another process holds the directory (err names its pid), STATUS_NOT_FOUND when it is opened for
 * reading and is not there, STATUS_IO, STATUS_CORRUPT. Caller closes. */
enum status kv_open(const struct kv_options *options, struct kv **out, struct error *err) MUST_CHECK;
void kv_close(struct kv *kv);

struct kv_op {
    struct bytes key;
    struct bytes value;
    bool is_delete; /* of a key that need not exist */
};
/* All operations or none. */
enum status kv_write(struct kv *kv, const struct kv_op *ops, size_t count, struct error *err) MUST_CHECK;
enum status kv_sync(struct kv *kv, struct error *err) MUST_CHECK;

/* Appends the value to out. STATUS_NOT_FOUND. */
enum status kv_get(struct kv *kv, struct bytes key, struct buffer *out, struct error *err) MUST_CHECK;

/* Calls fn for every key with the prefix, in byte order; key and value are borrowed for the call. Stops at the first
 * status that is not STATUS_OK and returns it. fn must not write. */
typedef enum status (*kv_fn)(void *arg, struct bytes key, struct bytes value, struct error *err);
enum status kv_each(struct kv *kv, struct bytes prefix, kv_fn fn, void *arg, struct error *err) MUST_CHECK;

/* Deletes all keys with the prefix. */
enum status kv_clear(struct kv *kv, struct bytes prefix, struct error *err) MUST_CHECK;

/* As of the last kv_open, kv_write or kv_clear. Thread: any, at any time. kv_entries counts what was put, not what can be read:
 * when kv_each finds another number, the file is damaged. */
uint64_t kv_entries(struct kv *kv);
uint64_t kv_used_bytes(struct kv *kv); /* pages in use */

#endif
