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
};

/* To the owner's on_error. */
void consumer_report(struct consumer *c, const char *why);

#endif
