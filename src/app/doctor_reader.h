/* doctor_reader.h: looks into any partition at any offset, without joining a group. Thread: main. */
#ifndef STORECAST_APP_DOCTOR_READER_H
#define STORECAST_APP_DOCTOR_READER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/config.h"

struct doctor_reader;
/* Caller frees. `committed_only` decides what it sees, and which end of a partition. */
enum status doctor_reader_new(const struct config *config, const char *servers, bool committed_only, struct doctor_reader **out,
                              struct error *err) MUST_CHECK;
void doctor_reader_free(struct doctor_reader *r);

/* By partition: the first offset that is there (low may be NULL), and the end, which is the last stable offset or the high
 * watermark. */
enum status doctor_reader_ends(struct doctor_reader *r, const char *topic, int32_t partitions, int64_t *low, int64_t *end,
                               struct error *err) MUST_CHECK;

/* Calls fn with at most `count` records of every partition whose from[partition] is not -1, in their order within it. */
enum status doctor_reader_each(struct doctor_reader *r, const char *topic, int32_t partitions, const int64_t *from, int64_t count,
                               void (*fn)(void *arg, const rd_kafka_message_t *m), void *arg, struct error *err) MUST_CHECK;
/* Its last `count` records. */
enum status doctor_reader_last(struct doctor_reader *r, const char *topic, int32_t partitions, int64_t count,
                               void (*fn)(void *arg, const rd_kafka_message_t *m), void *arg, struct error *err) MUST_CHECK;

#define DOCTOR_NO_OFFSET (-1)
/* The group's next offset by partition. STATUS_BUSY: the answer waits for an open transaction. */
enum status doctor_reader_group_offsets(struct doctor_reader *r, const char *topic, int32_t partitions, int64_t *out,
                                        struct error *err) MUST_CHECK;

#endif
