#include "io/kafka_admin.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MS  10000
#define TRIES      3
#define AGAIN_MS   200
#define REASON_MAX 256

struct kafka_admin {
    rd_kafka_t *handle;
    rd_kafka_queue_t *answers;
    int timeout_ms;
    size_t brokers;
    char *cluster_id;
    char reason[REASON_MAX]; /* what librdkafka said last of a connection that failed */
};

static const char *const setting_names[KAFKA_SETTING_COUNT] = {
#define SETTING_NAME(id, name) name,
    KAFKA_SETTING_LIST(SETTING_NAME)
#undef SETTING_NAME
};

const char *kafka_setting_name(enum kafka_setting setting)
{
    assert(setting < KAFKA_SETTING_COUNT);
    return setting_names[setting];
}

/* ---- connecting */

/* Requests only time out; why, the error callback knows. "All brokers are down" says less than what came before it. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct kafka_admin *a = opaque;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !a->reason[0]) {
        const size_t size = strlen(reason) < REASON_MAX - 1 ? strlen(reason) : REASON_MAX - 1;
        memcpy(a->reason, reason, size);
        a->reason[size] = '\0';
    }
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)rk, (void)level, (void)facility, (void)line; /* what matters comes as an error */
}

static enum status unavailable(struct kafka_admin *a, const char *what, rd_kafka_resp_err_t e, struct error *err)
{
    rd_kafka_poll(a->handle, 0); /* on_error */
    if (a->reason[0])
        return error_set(err, STATUS_UNAVAILABLE, "Kafka: %s: %s: %s%s", what, rd_kafka_err2str(e), a->reason, kafka_hint(a->reason));
    return error_set(err, STATUS_UNAVAILABLE, "Kafka: %s: %s", what, rd_kafka_err2str(e));
}

static enum status open_handle(struct kafka_admin *a, const struct kafka_admin_options *options, struct error *err)
{
    rd_kafka_conf_t *conf;
    enum status status = kafka_conf_new(options->properties, options->property_count, &conf, err);
    if (status)
        return status;
    rd_kafka_conf_set_opaque(conf, a);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    char why[512];
    a->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (a->handle)
        return STATUS_OK;
    rd_kafka_conf_destroy(conf);
    return error_set(err, STATUS_BAD_CONFIG, "Kafka: %s", why);
}

enum status kafka_admin_new(const struct kafka_admin_options *options, struct kafka_admin **out, struct error *err)
{
    struct kafka_admin *a = calloc(1, sizeof *a);
    if (!a)
        return error_set(err, STATUS_NO_MEMORY, "Kafka: out of memory");
    a->timeout_ms = options->timeout_ms ? options->timeout_ms : ANSWER_MS;
    enum status status = open_handle(a, options, err);
    if (status)
        goto fail;
    a->answers = rd_kafka_queue_new(a->handle);
    const struct rd_kafka_metadata *metadata;
    const rd_kafka_resp_err_t e = rd_kafka_metadata(a->handle, 1, NULL, &metadata, a->timeout_ms);
    if (e) {
        status = unavailable(a, "no broker answers", e, err);
        goto fail;
    }
    a->brokers = (size_t)metadata->broker_cnt;
    rd_kafka_metadata_destroy(metadata);
    a->cluster_id = rd_kafka_clusterid(a->handle, 0); /* (came with the metadata) */
    *out = a;
    return STATUS_OK;
fail:
    kafka_admin_free(a);
    return status;
}

void kafka_admin_free(struct kafka_admin *a)
{
    if (!a)
        return;
    if (a->cluster_id)
        rd_kafka_mem_free(a->handle, a->cluster_id);
    if (a->answers)
        rd_kafka_queue_destroy(a->answers);
    if (a->handle)
        rd_kafka_destroy(a->handle);
    free(a);
}

size_t kafka_admin_brokers(const struct kafka_admin *a)
{
    return a->brokers;
}

const char *kafka_admin_cluster_id(const struct kafka_admin *a)
{
    return a->cluster_id ? a->cluster_id : "";
}

/* ---- admin requests */

struct request {
    rd_kafka_admin_op_t op;
    void (*send)(struct kafka_admin *a, const struct request *request, const rd_kafka_AdminOptions_t *options);
    void *what; /* for send */
    size_t count;
    const char *failed; /* of the sentence */
};

/* librdkafka gives an answer, if only that time is up, before we stop waiting. */
static rd_kafka_resp_err_t send_and_wait(struct kafka_admin *a, const struct request *request, rd_kafka_event_t **out)
{
    const int wait_ms = a->timeout_ms / TRIES;
    char why[256];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(a->handle, request->op);
    rd_kafka_resp_err_t e = rd_kafka_AdminOptions_set_request_timeout(options, wait_ms, why, sizeof why);
    assert(!e);
    request->send(a, request, options);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_event_t *event = rd_kafka_queue_poll(a->answers, wait_ms + 1000);
    if (!event)
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    e = rd_kafka_event_error(event);
    if (e)
        rd_kafka_event_destroy(event);
    else
        *out = event;
    return e;
}

/* Requests go to the controller, and the one that librdkafka knows of may just have died: then it is asked for anew. */
static enum status ask(struct kafka_admin *a, const struct request *request, rd_kafka_event_t **out, struct error *err)
{
    rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR__TIMED_OUT;
    for (int tries = 0; tries < TRIES && (e == RD_KAFKA_RESP_ERR__TIMED_OUT || e == RD_KAFKA_RESP_ERR_NOT_CONTROLLER); tries++) {
        const struct rd_kafka_metadata *metadata;
        if (tries > 0 && !rd_kafka_metadata(a->handle, 1, NULL, &metadata, a->timeout_ms / TRIES))
            rd_kafka_metadata_destroy(metadata);
        e = send_and_wait(a, request, out);
    }
    return e ? unavailable(a, request->failed, e, err) : STATUS_OK;
}

/* ---- what topics are like */

static void take_partitions(const struct rd_kafka_metadata_topic *t, struct kafka_topic_facts *facts)
{
    if (t->partition_cnt == 0)
        return; /* known by name only, as while it is being deleted */
    *facts = (struct kafka_topic_facts){.exists = true, .partitions = t->partition_cnt, .replicas = t->partitions[0].replica_cnt};
    for (int p = 0; p < t->partition_cnt; p++)
        facts->leaderless += t->partitions[p].leader < 0;
}

enum status kafka_admin_count_partitions(struct kafka_admin *a, const char *const *names, size_t count, struct kafka_topic_facts *facts,
                                         struct error *err)
{
    /* All topics: one that is asked for by name may be created by that. */
    const struct rd_kafka_metadata *metadata;
    const rd_kafka_resp_err_t e = rd_kafka_metadata(a->handle, 1, NULL, &metadata, a->timeout_ms);
    if (e)
        return unavailable(a, "no broker answers", e, err);
    for (size_t i = 0; i < count; i++) {
        facts[i] = (struct kafka_topic_facts){0};
        for (int t = 0; t < metadata->topic_cnt; t++)
            if (strcmp(metadata->topics[t].topic, names[i]) == 0)
                take_partitions(&metadata->topics[t], &facts[i]);
    }
    a->brokers = (size_t)metadata->broker_cnt;
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

static void take_setting(const rd_kafka_ConfigEntry_t *entry, struct kafka_topic_facts *facts)
{
    const char *name = rd_kafka_ConfigEntry_name(entry), *value = rd_kafka_ConfigEntry_value(entry);
    for (int s = 0; s < KAFKA_SETTING_COUNT; s++) {
        if (strcmp(name, setting_names[s]) == 0 && value && strlen(value) < KAFKA_SETTING_BYTES)
            memcpy(facts->settings[s], value, strlen(value) + 1);
    }
}

/* A topic may have gone since it was listed, or its settings may be none of this user's business. */
static void take_settings(const rd_kafka_ConfigResource_t *resource, struct kafka_topic_facts *facts)
{
    if (rd_kafka_ConfigResource_error(resource))
        return;
    size_t count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++)
        take_setting(entries[i], facts);
    facts->has_settings = true;
}

static void take_described(const rd_kafka_event_t *event, const char *const *names, size_t count, struct kafka_topic_facts *facts)
{
    size_t described;
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result((rd_kafka_event_t *)(uintptr_t)event), &described);
    for (size_t r = 0; r < described; r++)
        for (size_t i = 0; i < count; i++)
            if (strcmp(rd_kafka_ConfigResource_name(resources[r]), names[i]) == 0)
                take_settings(resources[r], &facts[i]);
}

static void send_describe(struct kafka_admin *a, const struct request *request, const rd_kafka_AdminOptions_t *options)
{
    rd_kafka_DescribeConfigs(a->handle, request->what, request->count, options, a->answers);
}

enum status kafka_admin_describe_topics(struct kafka_admin *a, const char *const *names, size_t count, struct kafka_topic_facts *facts,
                                        struct error *err)
{
    enum status status = kafka_admin_count_partitions(a, names, count, facts, err);
    if (status)
        return status;
    rd_kafka_ConfigResource_t **resources = calloc(count + 1, sizeof(rd_kafka_ConfigResource_t *));
    if (!resources)
        return error_set(err, STATUS_NO_MEMORY, "Kafka: out of memory");
    struct request request = {RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, send_describe, resources, 0, "the settings of the topics cannot be read"};
    for (size_t i = 0; i < count; i++)
        if (facts[i].exists)
            resources[request.count++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, names[i]);
    rd_kafka_event_t *event = NULL;
    if (request.count > 0)
        status = ask(a, &request, &event, err);
    if (event) {
        take_described(event, names, count, facts);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy_array(resources, request.count);
    free(resources);
    return status;
}

int64_t kafka_topic_number(const struct kafka_topic_facts *facts, enum kafka_setting setting, int64_t otherwise)
{
    char *end;
    const long long value = strtoll(facts->settings[setting], &end, 10);
    return end == facts->settings[setting] || *end ? otherwise : value;
}

bool kafka_topic_cleans(const struct kafka_topic_facts *facts, const char *policy)
{
    const char *at = facts->settings[KAFKA_SETTING_CLEANUP_POLICY];
    while (*at) {
        const size_t size = strcspn(at, ", ");
        if (size == strlen(policy) && memcmp(at, policy, size) == 0)
            return true;
        at += size + strspn(at + size, ", ");
    }
    return false;
}

/* ---- groups */

static void send_describe_group(struct kafka_admin *a, const struct request *request, const rd_kafka_AdminOptions_t *options)
{
    rd_kafka_DescribeConsumerGroups(a->handle, request->what, request->count, options, a->answers);
}

/* A cluster that has just begun, or has lost a broker, does not know for some seconds who speaks for a group. */
static bool is_between_coordinators(rd_kafka_resp_err_t e)
{
    return e == RD_KAFKA_RESP_ERR_NOT_COORDINATOR || e == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           e == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
}

static rd_kafka_resp_err_t take_group(rd_kafka_event_t *event, struct kafka_group_facts *out)
{
    size_t count;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), &count);
    *out = (struct kafka_group_facts){0};
    const rd_kafka_error_t *failure = count > 0 ? rd_kafka_ConsumerGroupDescription_error(groups[0]) : NULL;
    if (failure && rd_kafka_error_code(failure) != RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND)
        return rd_kafka_error_code(failure);
    if (count == 0 || failure)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    const char *assignor = rd_kafka_ConsumerGroupDescription_partition_assignor(groups[0]);
    out->members = rd_kafka_ConsumerGroupDescription_member_count(groups[0]);
    if (assignor && strlen(assignor) < sizeof out->assignor)
        memcpy(out->assignor, assignor, strlen(assignor) + 1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

enum status kafka_admin_describe_group(struct kafka_admin *a, const char *group, struct kafka_group_facts *out, struct error *err)
{
    const struct request request = {RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, send_describe_group, &group, 1, "the group's members"};
    rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE;
    for (int waited_ms = 0; is_between_coordinators(e) && waited_ms <= a->timeout_ms; waited_ms += AGAIN_MS) {
        rd_kafka_event_t *event;
        if (waited_ms > 0)
            usleep(AGAIN_MS * 1000);
        enum status status = ask(a, &request, &event, err);
        if (status)
            return status;
        e = take_group(event, out);
        rd_kafka_event_destroy(event);
    }
    return e ? unavailable(a, "the group's members", e, err) : STATUS_OK;
}

/* ---- making topics */

static enum status new_topic(const struct kafka_new_topic *topic, rd_kafka_NewTopic_t **out, struct error *err)
{
    char why[256];
    rd_kafka_NewTopic_t *t = rd_kafka_NewTopic_new(topic->name, topic->partitions, topic->replicas, why, sizeof why);
    if (!t)
        return error_set(err, STATUS_BAD_CONFIG, "Kafka: topic %s: %s", topic->name, why);
    for (size_t i = 0; i < topic->setting_count; i++)
        rd_kafka_NewTopic_set_config(t, topic->settings[i].name, topic->settings[i].value);
    *out = t;
    return STATUS_OK;
}

static enum status created(const rd_kafka_event_t *event, const char *name, bool *out_made, struct error *err)
{
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)(uintptr_t)event), &count);
    assert(count == 1);
    const rd_kafka_resp_err_t e = rd_kafka_topic_result_error(results[0]);
    if (e && e != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        const char *why = rd_kafka_topic_result_error_string(results[0]);
        return error_set(err, STATUS_BAD_CONFIG, "Kafka: topic %s is refused: %s", name, why ? why : rd_kafka_err2str(e));
    }
    *out_made = !e;
    return STATUS_OK;
}

static void send_create(struct kafka_admin *a, const struct request *request, const rd_kafka_AdminOptions_t *options)
{
    rd_kafka_CreateTopics(a->handle, request->what, request->count, options, a->answers);
}

enum status kafka_admin_create_topic(struct kafka_admin *a, const struct kafka_new_topic *topic, bool *out_made, struct error *err)
{
    rd_kafka_NewTopic_t *t;
    enum status status = new_topic(topic, &t, err);
    if (status)
        return status;
    const struct request request = {RD_KAFKA_ADMIN_OP_CREATETOPICS, send_create, &t, 1, "the topic cannot be made"};
    rd_kafka_event_t *event;
    status = ask(a, &request, &event, err);
    rd_kafka_NewTopic_destroy(t);
    if (status)
        return status;
    status = created(event, topic->name, out_made, err);
    rd_kafka_event_destroy(event);
    return status;
}
