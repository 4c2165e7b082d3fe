/* kafka_admin.h: asks a cluster about its topics, and makes them.
 *
 * Every call waits for its answer, at most the options' timeout each: for commands, and for the worker before its loop
 * runs. STATUS_UNAVAILABLE: no answer, with the cause (a refused password, an unknown certificate) when librdkafka
 * tells one. The embedded broker knows no admin requests: of it only names and partitions can be asked.
 * Thread: any, one at a time. */
#ifndef STORECAST_IO_KAFKA_ADMIN_H
#define STORECAST_IO_KAFKA_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "io/kafka.h"

struct kafka_admin_options {
    const struct kafka_property *properties; /* bootstrap.servers among them */
    size_t property_count;
    int timeout_ms; /* 0 = 10 s */
};

struct kafka_admin;
/* Connects, and learns who the brokers are. Caller frees. */
enum status kafka_admin_new(const struct kafka_admin_options *options, struct kafka_admin **out, struct error *err) MUST_CHECK;
void kafka_admin_free(struct kafka_admin *a);

size_t kafka_admin_brokers(const struct kafka_admin *a);
/* Of the cluster, fixed for its life; "" when the cluster has none. */
const char *kafka_admin_cluster_id(const struct kafka_admin *a);

/* The settings of a topic that we care about. */
#define KAFKA_SETTING_LIST(X)                                                                                                              \
    X(CLEANUP_POLICY, "cleanup.policy")                                                                                                    \
    X(RETENTION_MS, "retention.ms")                                                                                                        \
    X(DELETE_RETENTION_MS, "delete.retention.ms")                                                                                          \
    X(SEGMENT_MS, "segment.ms")                                                                                                            \
    X(SEGMENT_BYTES, "segment.bytes")                                                                                                      \
    X(DIRTY_RATIO, "min.cleanable.dirty.ratio")                                                                                            \
    X(MAX_MESSAGE_BYTES, "max.message.bytes")                                                                                              \
    X(MIN_INSYNC_REPLICAS, "min.insync.replicas")                                                                                          \
    X(TIMESTAMP_TYPE, "message.timestamp.type")

enum kafka_setting {
#define KAFKA_SETTING_ENUM(id, name) KAFKA_SETTING_##id,
    KAFKA_SETTING_LIST(KAFKA_SETTING_ENUM)
#undef KAFKA_SETTING_ENUM
        KAFKA_SETTING_COUNT
};
const char *kafka_setting_name(enum kafka_setting setting);

#define KAFKA_SETTING_BYTES 48
struct kafka_topic_facts {
    bool exists;                                             /* and this user may see it */
    int32_t partitions;                                      /* 0 when it does not exist */
    int32_t replicas;                                        /* of partition 0 */
    int32_t leaderless;                                      /* partitions that no broker leads now */
    bool has_settings;                                       /* false: this user may not read them (it needs DescribeConfigs) */
    char settings[KAFKA_SETTING_COUNT][KAFKA_SETTING_BYTES]; /* as Kafka writes them: "compact,delete"; "" = it has no such setting */
};

/* facts[i] is about names[i]; a topic that does not exist is an answer and no failure. The second asks for no settings. */
enum status kafka_admin_describe_topics(struct kafka_admin *a, const char *const *names, size_t count, struct kafka_topic_facts *facts,
                                        struct error *err) MUST_CHECK;
enum status kafka_admin_count_partitions(struct kafka_admin *a, const char *const *names, size_t count, struct kafka_topic_facts *facts,
                                         struct error *err) MUST_CHECK;
/* A setting as a number; `otherwise` when it is none. */
int64_t kafka_topic_number(const struct kafka_topic_facts *facts, enum kafka_setting setting, int64_t otherwise);
/* "compact,delete" and "delete,compact" hold "compact". */
bool kafka_topic_cleans(const struct kafka_topic_facts *facts, const char *policy);

struct kafka_group_facts {
    size_t members;    /* 0: nobody, or no such group */
    char assignor[32]; /* "range"; "" without members */
};
/* Asks the group's coordinator, which a cluster may need some seconds to find. */
enum status kafka_admin_describe_group(struct kafka_admin *a, const char *group, struct kafka_group_facts *out,
                                       struct error *err) MUST_CHECK;

struct kafka_new_topic {
    const char *name;
    int32_t partitions, replicas;
    const struct kafka_property *settings;
    size_t setting_count;
};
/* Makes one topic. *out_made is false when it was there already. STATUS_BAD_CONFIG: the cluster refuses it. */
enum status kafka_admin_create_topic(struct kafka_admin *a, const struct kafka_new_topic *topic, bool *out_made,
                                     struct error *err) MUST_CHECK;

#endif
