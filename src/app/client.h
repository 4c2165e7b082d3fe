/* client.h: a small synchronous client of a broker, for replay, demo, tail and the tests; not for the worker's loop.
 *
 * Sending may have a window: records that the worker's group has not committed yet may not pass window_bytes in a
 * partition, because the embedded broker silently drops what is older than its last 5 MiB. Reading from the beginning
 * notices when something was dropped unread. Thread: any, one at a time per client or reader. */
#ifndef STORECAST_APP_CLIENT_H
#define STORECAST_APP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "io/kafka.h"

struct client_options {
    const char *servers;   /* host:port[,host:port] */
    const char *group;     /* whose committed offsets open the window; NULL = "storecast" */
    uint64_t window_bytes; /* per topic-partition, keys and values; 0 = no window. CLIENT_WINDOW_BYTES for the embedded broker */
    const struct kafka_property *properties; /* more librdkafka properties */
    size_t property_count;
};
#define CLIENT_WINDOW_BYTES (UINT64_C(1536) << 10)

struct client;
/* STATUS_UNAVAILABLE when no broker answers within 10 s. Caller frees. */
enum status client_new(const struct client_options *options, struct client **out, struct error *err) MUST_CHECK;
void client_free(struct client *c);
/* Is it librdkafka's in-process broker? */
bool client_is_embedded(const struct client *c);
/* Another window than that of the options, before the first client_send. */
void client_set_window(struct client *c, uint64_t window_bytes);

/* STATUS_NOT_FOUND: the broker has no such topic. */
enum status client_partitions(struct client *c, const char *topic, int32_t *out_count, struct error *err) MUST_CHECK;
/* The offset that the next record will get, of partitions 0 to count - 1. */
enum status client_ends(struct client *c, const char *topic, int32_t count, int64_t *out, struct error *err) MUST_CHECK;
/* The offset that the group reads next; -1 when it has committed none. */
enum status client_committed(struct client *c, const char *topic, int32_t partition, int64_t *out_next, struct error *err) MUST_CHECK;

struct client_record { /* copied by client_send */
    const char *topic;
    int32_t partition;       /* for store data: hash_partition(store id, count) */
    struct bytes key, value; /* data NULL = null */
    int64_t timestamp_ms;    /* 0 = now */
    const struct kafka_header *headers;
    size_t header_count;
};
/* Queues one record. STATUS_BUSY: the window or the local queue is full; call client_poll and send again.
 * STATUS_UNAVAILABLE: an earlier record could not be delivered. */
enum status client_send(struct client *c, const struct client_record *r, struct error *err) MUST_CHECK;
/* Serves deliveries and, at most every 20 ms, looks at what the group has committed. Waits at most wait_ms. */
enum status client_poll(struct client *c, int wait_ms, struct error *err) MUST_CHECK;
/* Waits until everything sent is delivered. STATUS_UNAVAILABLE after timeout_ms. */
enum status client_flush(struct client *c, int timeout_ms, struct error *err) MUST_CHECK;
uint64_t client_delivered(const struct client *c);
uint64_t client_undelivered(const struct client *c); /* sent, and not yet delivered or failed */
/* Records sent through this client that the group has not committed (undelivered ones included), as of the last
 * client_poll; 0 = the worker has everything. Needs a window. */
uint64_t client_unread(const struct client *c);

/* ---- reading */

struct client_message { /* borrowed until the next client_read */
    size_t topic;       /* index into the reader's topics */
    const char *topic_name;
    int32_t partition;
    int64_t offset, timestamp_ms;
    struct bytes key, value; /* data NULL = null: a tombstone */
};
/* Header by name; the last one when repeated. False when the message has none of that name. */
struct client_reader;
bool client_message_header(const struct client_reader *r, const char *name, struct text *out);
/* The index-th header of the message; false past the last. */
bool client_message_header_at(const struct client_reader *r, size_t index, const char **out_name, struct text *out);

enum client_start {
    CLIENT_NEW_ONLY,     /* what comes from now on */
    CLIENT_FROM_ZERO,    /* from offset 0: what the broker has dropped already is a loss */
    CLIENT_FROM_PRESENT, /* from the first record that is still there */
};
/* Reads all partitions of the topics, without joining a group. Caller frees; the client may be freed before. */
enum status client_reader_new(struct client *c, const char *const *topics, size_t topic_count, enum client_start start,
                              struct client_reader **out, struct error *err) MUST_CHECK;
void client_reader_free(struct client_reader *r);

/* The next message. STATUS_BUSY: none came within wait_ms. STATUS_NOT_FOUND: everything that was there is read (more
 * may come; told once per reaching the end of all partitions). STATUS_CORRUPT: the broker dropped records that were
 * never read, err says which. */
enum status client_read(struct client_reader *r, int wait_ms, struct client_message *out, struct error *err) MUST_CHECK;

#endif
