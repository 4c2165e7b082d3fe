/* client_inner.h: what client.c, client_send.c and client_reader.c share. Internal to app/client. */
#ifndef STORECAST_APP_CLIENT_INNER_H
#define STORECAST_APP_CLIENT_INNER_H

#include <librdkafka/rdkafka.h>

#include "app/client.h"

#define CLIENT_ANSWER_MS 10000

struct chunk { /* delivered records that end before `end_offset` */
    int64_t end_offset;
    uint64_t bytes, records;
};

struct outlet { /* what was sent to one topic-partition */
    char *topic;
    int32_t partition;
    uint64_t unread_bytes, unread_records; /* undelivered ones included */
    struct chunk *chunks;                  /* delivered and not known to be committed, oldest first */
    size_t chunk_first, chunk_count, chunk_capacity;
};

struct client {
    rd_kafka_t *producer, *group; /* group: asks for committed offsets, never joins */
    char *servers, *group_id;
    struct kafka_property *properties; /* borrowed texts */
    size_t property_count;
    uint64_t window_bytes, delivered;
    bool is_embedded;
    int64_t committed_us, unanswered_us; /* when the group's offsets were last asked for; since when without an answer */
    struct outlet **outlets;             /* their addresses are kept by librdkafka while messages fly */
    size_t outlet_count;
    struct error failure;
    char reason[256]; /* what librdkafka said last of a connection that failed */
};

/* A new handle for asking what the group has committed, in place of the one before. */
enum status client_group_renew(struct client *c, struct error *err) MUST_CHECK;
/* The producer's delivery report; opaque is the client. */
void client_on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque);

/* A handle with the client's servers and properties, then `own` on top. */
enum status client_handle_new(const struct client *c, rd_kafka_type_t type, const struct kafka_property *own, size_t own_count,
                              void *opaque, void (*on_delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *), rd_kafka_t **out,
                              struct error *err) MUST_CHECK;
enum status client_broker_error(struct error *err, const char *what, rd_kafka_resp_err_t e);

#endif
