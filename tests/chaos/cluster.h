/* cluster.h: an Apache Kafka of this run's own, through scripts/kafka: started, killed, paused, and asked how far things are.
 * Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_CLUSTER_H
#define STORECAST_TESTS_CHAOS_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "app/topics.h"

#define CLUSTER_ALL 0 /* in place of a node's number */

struct cluster {
    char dir[96], servers[128];
    int brokers;
    pid_t starting; /* scripts/kafka start, under way */
    const struct topics *topics;
    int32_t partitions;
    rd_kafka_t *any, *committed; /* handles that see everything, and what is committed */
};

/* Starts it in a folder below parent, and makes the topics. group: whose offsets are asked for. */
void cluster_open(struct cluster *c, const char *parent, int brokers, const struct topics *topics, int32_t partitions, const char *group);
/* Stops it and deletes its data. Safe on one that was not opened. */
void cluster_close(struct cluster *c);

/* node: 1.. or CLUSTER_ALL. */
void cluster_kill(struct cluster *c, int node);
void cluster_pause(struct cluster *c, int node);
void cluster_resume(struct cluster *c, int node);
/* Begins to bring back what was killed; cluster_is_starting tells when that has ended, and fails the run if it failed. */
void cluster_start(struct cluster *c);
bool cluster_is_starting(struct cluster *c);

/* The offsets of an input topic that the group reads next, 0 where it has committed none. False: no answer within a second. */
bool cluster_next(struct cluster *c, enum topic input, int64_t *out);
/* Whether nothing written to this topic is held back by an open transaction. False also without an answer. */
bool cluster_is_settled(struct cluster *c, enum topic topic);

#endif
