/* consumer.h: records from Kafka on the loop, without polling.
 *
 * Two ways to get partitions: consumer_assign takes them by hand (embedded broker: no group join, which takes 3 s
 * there), consumer_subscribe joins the group (range assignment, static membership) and tells on_assign and on_revoke.
 * Records arrive in offset order within a topic-partition. Thread: loop. */
#ifndef STORECAST_IO_CONSUMER_H
#define STORECAST_IO_CONSUMER_H

#include "io/kafka.h"
#include "io/loop.h"

struct consumer;

struct consumer_record { /* owned by whoever was given it; consumer_record_free */
    size_t topic;        /* index into the options' topics */
    int32_t partition;
    int64_t offset, timestamp_ms;
    struct bytes key, value;      /* data NULL = null; borrowed from the record */
    void *event, *message;        /* librdkafka's; NULL = the bytes stand behind the record */
    struct consumer_record *next; /* for the owner's lists */
};
void consumer_record_free(struct consumer_record *r);
/* The index-th header, borrowed from the record; false past the last. */
bool consumer_record_header(const struct consumer_record *r, size_t index, struct kafka_header *out);

#define CONSUMER_FROM_FIRST INT64_C(-2) /* the first record that the broker still has */

struct consumer_position {
    size_t topic;
    int32_t partition;
    int64_t next_offset; /* -1 = unknown or none */
    uint64_t batch;      /* of consumer_committed: the decimal number in the offset's metadata (transaction.h), 0 = none */
};

struct consumer_hooks { /* all on the loop; none may free the consumer */
    /* Takes ownership of the record. */
    void (*on_record)(void *arg, struct consumer_record *record);
    /* What can be read now has come: behind it there is nothing, or a transaction that is open. May be NULL. */
    void (*on_end)(void *arg, size_t topic, int32_t partition);
    /* Offsets that the broker no longer has: input was lost. */
    void (*on_lost_input)(void *arg, size_t topic, int32_t partition, const char *why);
    /* Groups only. The owner answers with consumer_assign or, when it has let go of everything, consumer_unassign; it
     * may do so later, but within max.poll.interval.ms. is_lost: others may own the partitions already. */
    void (*on_assign)(void *arg, const struct consumer_position *positions, size_t count);
    void (*on_revoke)(void *arg, bool is_lost);
    /* The consumer cannot go on (fenced, ...): end the process. */
    void (*on_fatal)(void *arg, const char *why);
    /* Everything else that goes wrong, once per occurrence; it heals by itself. May be NULL. */
    void (*on_error)(void *arg, const char *why);
    kafka_log_fn on_log; /* may be NULL */
    void (*on_closed)(void *arg);
    void *arg;
};

struct consumer_options {
    const struct kafka_property *properties;
    size_t property_count;
    const char *group;
    const char *instance;      /* group.instance.id; NULL = dynamic membership */
    const char *const *topics; /* borrowed for the consumer's life */
    size_t topic_count;
    bool read_committed;
    struct consumer_hooks hooks;
};

/* Caller frees, after on_closed or when the process ends anyway. */
enum status consumer_new(struct loop *loop, const struct consumer_options *options, struct consumer **out, struct error *err) MUST_CHECK;
void consumer_free(struct consumer *c);

/* Asks the broker, blocking: before the loop runs. STATUS_NOT_FOUND: no such topic; STATUS_UNAVAILABLE: no answer. */
enum status consumer_partitions(struct consumer *c, const char *topic, int timeout_ms, int32_t *out, struct error *err) MUST_CHECK;
/* Calls fn with the name of every topic of the broker, likewise. */
enum status consumer_topics(struct consumer *c, int timeout_ms, void (*fn)(void *arg, const char *topic), void *arg,
                            struct error *err) MUST_CHECK;
/* Fills next_offset and batch with what the group has committed (-1: nothing), likewise; also on another thread while the loop
 * runs. While a transaction with such offsets is open the broker does not tell: STATUS_UNAVAILABLE after timeout_ms. */
enum status consumer_committed(struct consumer *c, struct consumer_position *positions, size_t count, int timeout_ms,
                               struct error *err) MUST_CHECK;

/* Reads exactly these, from next_offset on. */
enum status consumer_assign(struct consumer *c, const struct consumer_position *positions, size_t count, struct error *err) MUST_CHECK;
void consumer_unassign(struct consumer *c);
enum status consumer_subscribe(struct consumer *c, struct error *err) MUST_CHECK;

/* Stops or resumes one topic-partition; records already on their way may still come. */
void consumer_pause(struct consumer *c, size_t topic, int32_t partition);
void consumer_resume(struct consumer *c, size_t topic, int32_t partition);
/* Stops taking anything from librdkafka (which then stops fetching by itself), but for a sign of life a second. */
void consumer_hold(struct consumer *c, bool hold);
/* Once a second: keeps the group membership alive while held. */
void consumer_tick(struct consumer *c);

/* Commits without waiting, one request at a time, so that no older offset can win; failures go to on_error, and what was
 * refused is committed again with the next tick. */
void consumer_commit(struct consumer *c, const struct consumer_position *positions, size_t count);

/* Last known end of a topic-partition, without asking, what is not committed or only a marker included; -1 = not known. */
int64_t consumer_high_watermark(struct consumer *c, size_t topic, int32_t partition);
/* When the queue was last looked at, loop_now_us. */
int64_t consumer_polled_us(const struct consumer *c);
/* False while no broker answers. */
bool consumer_is_connected(const struct consumer *c);

/* Leaves the group, after what is still to be committed; on_closed follows. */
void consumer_close(struct consumer *c);

struct rd_kafka_s *consumer_handle(struct consumer *c); /* for transaction.c: group metadata */

#endif
