/* local_copy.h: on a cluster the local state is a copy of the changelog, and knows how far it goes.
 *
 * It is written without waiting for the disk, so after a crash of the machine (not of the process) it is thrown away; so is
 * one of another cluster, and one so old that Kafka may have forgotten deletions since. Thread: any, one at a time. */
#ifndef STORECAST_APP_LOCAL_COPY_H
#define STORECAST_APP_LOCAL_COPY_H

#include "app/state_key.h"
#include "app/worker.h"

/* Checks whose state it is, empties it when it is of no use, and marks it as being written. Once, at start.
 * STATUS_BAD_CONFIG: it is for other partitions, another prefix, or the only copy of what an embedded broker's worker knows. */
enum status local_copy_open(struct worker *w, struct error *err) MUST_CHECK;
/* In order: makes it durable and takes the mark away. */
void local_copy_close(struct worker *w);

/* As an operation for kv_write; key and value are in the arena. */
enum status local_copy_checkpoint(struct arena *arena, int32_t partition, const struct checkpoint *checkpoint,
                                  struct kv_op *out) MUST_CHECK;
/* STATUS_NOT_FOUND: nothing is known of the partition. */
enum status local_copy_read(struct kv *kv, int32_t partition, struct checkpoint *out, struct error *err) MUST_CHECK;
/* Of the partition's own record; 0 = there is none. */
uint64_t local_copy_batch(struct kv *kv, int32_t partition);
enum status local_copy_drop(struct kv *kv, int32_t partition, struct error *err) MUST_CHECK;
/* Kafka forgets deletions some time after they were compacted (delete.retention.ms of the changelog): a copy as old as that may
 * keep what is gone. Half of it, and never more than half a day, leaves room for clocks. */
int64_t local_copy_max_age_ms(int64_t delete_retention_ms);
bool local_copy_is_too_old(const struct worker *w, const struct checkpoint *checkpoint);

int64_t local_copy_now_ms(void);

#endif
