/* producer.h: records to Kafka from the loop, in transactions.
 *
 * producer_send queues a copy; deliveries are counted on the loop. A failed delivery is remembered until
 * producer_clear, and belongs to the batch being sent. Transaction calls: transaction.h. Thread: loop. */
#ifndef STORECAST_IO_PRODUCER_H
#define STORECAST_IO_PRODUCER_H

#include "io/kafka.h"
#include "io/loop.h"

struct producer;

struct producer_hooks {
    /* Nothing is in flight any more, or a delivery has failed: then the rest may wait for ever in a transaction that is
     * spoilt, and it must be aborted without waiting for them. */
    void (*on_settled)(void *arg);
    void (*on_room)(void *arg);                   /* some was delivered after a producer_send that returned STATUS_BUSY */
    void (*on_fatal)(void *arg, const char *why); /* end the process */
    void (*on_error)(void *arg, const char *why); /* heals by itself; may be NULL */
    kafka_log_fn on_log;                          /* may be NULL */
    void *arg;
};

struct producer_options {
    const struct kafka_property *properties;
    size_t property_count;
    const char *transactional_id;
    const char *const *topics; /* looked up at once: the first record of a topic that is not known yet waits up to 1 s */
    size_t topic_count;
    struct producer_hooks hooks;
};

enum status producer_new(struct loop *loop, const struct producer_options *options, struct producer **out, struct error *err) MUST_CHECK;
/* No transaction call may be running (free the transaction before). */
void producer_free(struct producer *p);

struct producer_message {
    const char *topic;
    int32_t partition;
    struct bytes key, value; /* data NULL = null; a null value is a tombstone */
    const struct kafka_header *headers;
    size_t header_count;
    int64_t *next_offset; /* when delivered: at least this record's offset + 1; NULL = not asked. Must live until nothing is in flight */
};
/* STATUS_BUSY: the queue is full, wait for on_room. STATUS_OUT_OF_RANGE: larger than Kafka takes. */
enum status producer_send(struct producer *p, const struct producer_message *m, struct error *err) MUST_CHECK;

size_t producer_in_flight(const struct producer *p);
uint64_t producer_delivered(const struct producer *p);
/* The failed delivery that tells most since producer_clear; STATUS_OK when there is none. STATUS_OUT_OF_RANGE: the record itself
 * was refused (too large); STATUS_UNAVAILABLE: anything else. */
enum status producer_failure(const struct producer *p, struct error *err) MUST_CHECK;
void producer_clear(struct producer *p);

struct rd_kafka_s *producer_handle(struct producer *p); /* for transaction.c */

#endif
