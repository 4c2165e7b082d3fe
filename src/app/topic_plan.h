/* topic_plan.h: what the topics of a cluster must be like, and how those that are there differ.
 * Pure: facts in, findings out. Thread: any. */
#ifndef STORECAST_APP_TOPIC_PLAN_H
#define STORECAST_APP_TOPIC_PLAN_H

#include "app/finding.h"
#include "app/topics.h"
#include "io/kafka_admin.h"

#define TOPIC_PLAN_PARTITIONS   6 /* of new topics, when nothing else is said */
#define TOPIC_PLAN_SETTINGS_MAX 8

/* The settings of a new topic; texts live as long as the program. Returns how many. */
size_t topic_plan_settings(enum topic topic, int32_t replicas, struct kafka_property out[TOPIC_PLAN_SETTINGS_MAX]);

struct topic_plan_view {
    const struct topics *topics;
    const struct kafka_topic_facts *facts; /* TOPIC_COUNT of them */
    const char *servers, *prefix;          /* for the lines to run */
    size_t brokers;
    bool archive; /* the archive topic is used */
};
/* A topic without which, or with which, the worker does not start is FINDING_WRONG. All topics must have as many
 * partitions as the sales topic. */
void topic_plan_compare(const struct topic_plan_view *view, struct findings *out);

#endif
