/* consumer_inner.h: what consumer.c and consumer_assign.c share. Internal to io/consumer. */
#ifndef STORECAST_IO_CONSUMER_INNER_H
#define STORECAST_IO_CONSUMER_INNER_H

#include <librdkafka/rdkafka.h>

#include "io/consumer.h"

struct consumer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    struct loop_wake *wake;
    struct consumer_hooks hooks;
    const char *const *topics;
    size_t topic_count;
    bool is_held, is_closing, is_closed, is_connected;
    int64_t polled_us;
    rd_kafka_topic_partition_list_t *committed; /* the newest offset of each that was to be committed; NULL = none yet */
    bool must_commit_again;                     /* some of them were refused */
};

/* To the owner's on_error. */
void consumer_report(struct consumer *c, const char *why);

/* What was refused, a second later. Always the newest offsets, so that none goes back. */
void consumer_commit_again(struct consumer *c);

#endif
