/* consumer_inner.h: what consumer.c, consumer_assign.c and consumer_commit.c share. Internal to io/consumer. */
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
    bool is_held, is_closing, is_leaving, is_closed, is_connected;
    int64_t polled_us;
    struct consumer_record *room; /* for the next record: what has been taken from librdkafka must not be lost; NULL = none yet */
    rd_kafka_topic_partition_list_t *newest; /* the newest offset of each that was to be committed; NULL = none yet */
    enum commit_state { COMMIT_IDLE, COMMIT_RUNS, COMMIT_RUNS_BEHIND, COMMIT_REFUSED } commit_state;
};

/* To the owner's on_error. */
void consumer_report(struct consumer *c, const char *why);

/* Positions as librdkafka has them. Caller destroys. */
rd_kafka_topic_partition_list_t *consumer_list(const struct consumer *c, const struct consumer_position *positions, size_t count);

void consumer_on_commit_event(struct consumer *c, rd_kafka_event_t *event);
/* What was refused, a second later. */
void consumer_commit_again(struct consumer *c);
/* Nothing runs that an event will tell the end of. */
bool consumer_commits_are_settled(const struct consumer *c);
void consumer_forget_commits(struct consumer *c);

#endif
