#include "app/worker_broker.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/admin_open.h"
#include "app/assignment.h"
#include "app/command.h"
#include "app/local_copy.h"
#include "app/shutdown.h"
#include "app/topic_plan.h"
#include "base/hash.h"
#include "base/log.h"

#define BROKER_ANSWER_MS                10000
#define HOST_NAME_BYTES                 65
/* Where it is not set, or may not be read. */
#define KAFKA_USUAL_DELETE_RETENTION_MS (INT64_C(24) * 3600 * 1000)

/* ---- hooks of io/ */

static void on_kafka_log(void *arg, int level, const char *facility, const char *line)
{
    (void)arg;
    struct log_line l;
    /* One list of properties serves both kinds of clients, each of which complains about the other's (CONFWARN). What
     * librdkafka cannot mend by itself comes as an error and not only here. */
    bool is_chatter = level > 5 || strcmp(facility, "CONFWARN") == 0;
    log_begin(&l, is_chatter ? LOG_DEBUG : level <= 3 ? LOG_WARN : LOG_INFO, "kafka_log");
    log_string(&l, "facility", facility);
    log_string(&l, "line", line);
    log_end(&l);
}

static void on_kafka_error(void *arg, const char *why)
{
    (void)arg;
    struct log_line l;
    log_begin(&l, LOG_WARN, "kafka_error");
    log_string(&l, "why", why);
    log_end(&l);
}

static void on_fatal(void *arg, const char *why)
{
    worker_fail(arg, EXIT_CODE_RESTART, "kafka_fatal", why);
}

static void on_room(void *arg)
{
    batch_on_room(arg);
}

static void on_settled(void *arg)
{
    batch_on_settled(arg);
}

/* ---- clients */

static void add_property(struct property_list *list, const char *name, const char *value)
{
    if (list->count < WORKER_PROPERTIES_MAX)
        list->items[list->count++] = (struct kafka_property){name, value};
}

void worker_broker_properties(const struct worker *w, struct property_list *out)
{
    add_property(out, "bootstrap.servers", w->options.servers);
    for (size_t i = 0; i < w->config->kafka_count; i++)
        if (strcmp(w->config->kafka[i].key, "bootstrap.servers") != 0)
            add_property(out, w->config->kafka[i].key, w->config->kafka[i].value);
}

/* The later of two wins: on a cluster these are defaults, on the embedded broker they are what works. */
static void consumer_properties(const struct worker *w, struct property_list *out)
{
    out->count = 0;
    /* Little is to wait in librdkafka, where a record takes three times the memory. But not less than some fetches: (2.0.2) with more
     * than this in the queue it looks again a second later. */
    add_property(out, "queued.min.messages", "30000");
    add_property(out, "queued.max.messages.kbytes", "8192");
    add_property(out, "max.partition.fetch.bytes", "131072");
    if (w->traits.transactions) {
        /* A member with a name may be away for as long as a broker's restart takes; one without is replaced soon. */
        add_property(out, "session.timeout.ms", w->config->instance_id[0] ? "45000" : "10000");
        worker_broker_properties(w, out);
        return;
    }
    worker_broker_properties(w, out);
    /* The embedded broker's long poll is not woken by new records: an empty fetch waits this long. */
    add_property(out, "fetch.wait.max.ms", "10");
    add_property(out, "session.timeout.ms", "6000");
}

enum status worker_broker_consume(struct worker *w, struct error *err)
{
    struct property_list list;
    consumer_properties(w, &list);
    const struct consumer_options options = {
        .properties = list.items,
        .property_count = list.count,
        .group = w->config->group_id,
        .instance = w->config->instance_id[0] ? w->config->instance_id : NULL,
        .topics = w->inputs,
        .topic_count = INPUT_COUNT,
        .read_committed = true,
        .hooks = {.on_record = assignment_on_record,
                  .on_assign = assignment_on_given,
                  .on_revoke = assignment_on_taken,
                  .on_end = assignment_on_end,
                  .on_lost_input = assignment_on_lost_input,
                  .on_fatal = on_fatal,
                  .on_error = on_kafka_error,
                  .on_log = on_kafka_log,
                  .on_closed = shutdown_on_closed,
                  .arg = w},
    };
    return consumer_new(w->loop, &options, &w->consumer, err);
}

/* One that outlives a restart of this worker: its successor then ends at once what it left open, and need not wait for Kafka's
 * time limit. A worker without a name has its state directory, which is one worker's at a time. */
static void name_transactions(struct worker *w)
{
    char place[PATH_MAX];
    const char *name = w->config->instance_id;
    if (name[0]) {
        snprintf(w->transactional_id, sizeof w->transactional_id, "%s-%s", w->config->group_id, name);
    } else if (!w->traits.transactions) {
        snprintf(w->transactional_id, sizeof w->transactional_id, "%s-embedded", w->config->group_id);
    } else {
        char host[HOST_NAME_BYTES] = "";
        gethostname(host, sizeof host - 1);
        if (!realpath(w->config->state_dir, place))
            snprintf(place, sizeof place, "%s", w->config->state_dir);
        snprintf(w->transactional_id, sizeof w->transactional_id, "%s-%s-%08x", w->config->group_id, host,
                 (unsigned)hash_crc32c(place, strlen(place)));
    }
}

enum status worker_broker_produce(struct worker *w, struct error *err)
{
    struct property_list list = {.count = 0};
    add_property(&list, "linger.ms",
                 w->traits.transactions ? "0" : "1"); /* small record batches make slow reading on the embedded broker */
    add_property(&list, "transaction.timeout.ms", "60000");
    worker_broker_properties(w, &list);
    name_transactions(w);
    static const enum topic outputs[] = {TOPIC_FORECASTS, TOPIC_REPLIES, TOPIC_ALERTS, TOPIC_DEAD, TOPIC_STATE, TOPIC_ARCHIVE};
    const char *topics[sizeof outputs / sizeof *outputs];
    size_t topic_count = sizeof outputs / sizeof *outputs - (w->config->archive_enabled ? 0 : 1);
    for (size_t i = 0; i < topic_count; i++)
        topics[i] = topics_name(&w->topics, outputs[i]);
    const struct producer_options options = {
        .properties = list.items,
        .property_count = list.count,
        .transactional_id = w->transactional_id,
        .topics = topics,
        .topic_count = topic_count,
        .hooks = {.on_settled = on_settled,
                  .on_room = on_room,
                  .on_fatal = on_fatal,
                  .on_error = on_kafka_error,
                  .on_log = on_kafka_log,
                  .arg = w},
    };
    enum status status = producer_new(w->loop, &options, &w->producer, err);
    if (status)
        return status;
    struct transaction_options transaction;
    transaction_options_default(&transaction);
    return transaction_new(w->loop, w->producer, &transaction, batch_on_transaction, w, &w->transaction, err);
}

/* The embedded broker tells its incarnation by the name of a topic (topics.h). */
static void find_incarnation(void *arg, const char *topic)
{
    struct worker *w = arg;
    char start[TOPIC_NAME_BYTES + 32];
    int size = snprintf(start, sizeof start, "%s%s", w->config->topics_prefix, TOPIC_INCARNATION_INFIX);
    if (strncmp(topic, start, (size_t)size) == 0)
        snprintf(w->incarnation, sizeof w->incarnation, "%.*s", INCARNATION_BYTES - 1, topic + size);
}

static enum status look_at_embedded(struct worker *w, struct error *err)
{
    enum status status = consumer_topics(w->consumer, BROKER_ANSWER_MS, find_incarnation, w, err);
    if (status)
        return error_wrap(err, "%s", w->options.servers);
    if (!w->incarnation[0])
        return error_set(err, STATUS_BAD_CONFIG,
                         "%s: this is not a broker that `storecast broker` has started with topics.prefix=%s (--embedded needs one)",
                         w->options.servers, w->config->topics_prefix);
    int32_t requests = 0;
    status = consumer_partitions(w->consumer, w->inputs[INPUT_SALES], BROKER_ANSWER_MS, &w->partition_count, err);
    if (!status)
        status = consumer_partitions(w->consumer, w->inputs[INPUT_REQUESTS], BROKER_ANSWER_MS, &requests, err);
    if (!status && requests != w->partition_count)
        return error_set(err, STATUS_BAD_CONFIG, "topic %s has %d partitions and %s has %d: they must have as many (make the topics anew)",
                         w->inputs[INPUT_SALES], (int)w->partition_count, w->inputs[INPUT_REQUESTS], (int)requests);
    return status;
}

/* The first thing that is wrong, and if all that is wrong passes, that: a supervisor starts the worker again. What could only be better
 * is for `storecast topics check`. */
static enum status judge_topics(const struct worker *w, const struct kafka_topic_facts facts[TOPIC_COUNT], size_t brokers,
                                struct error *err)
{
    const struct topic_plan_view view = {.topics = &w->topics,
                                         .facts = facts,
                                         .servers = w->options.servers,
                                         .prefix = w->config->topics_prefix,
                                         .brokers = brokers,
                                         .archive = w->config->archive_enabled};
    struct findings findings = {0};
    enum status status = STATUS_OK;
    topic_plan_compare(&view, &findings);
    for (size_t i = 0; status != STATUS_BAD_CONFIG && i < findings.count; i++) {
        const struct finding *f = &findings.items[i];
        if (f->weight == FINDING_WRONG && (!status || !f->passes))
            status = error_set(err, f->passes ? STATUS_UNAVAILABLE : STATUS_BAD_CONFIG, "%s: %s (run: %s)", f->what, f->why, f->run);
    }
    if (findings.failed)
        status = error_set(err, STATUS_NO_MEMORY, "topics: out of memory");
    findings_done(&findings);
    return status;
}

static enum status look_at_cluster(struct worker *w, struct error *err)
{
    struct kafka_admin *admin = NULL;
    struct kafka_topic_facts *facts = calloc(TOPIC_COUNT, sizeof *facts);
    const char *names[TOPIC_COUNT], *servers;
    for (int i = 0; i < TOPIC_COUNT; i++)
        names[i] = topics_name(&w->topics, (enum topic)i);
    enum status status =
        facts ? admin_open(w->config, NULL, &admin, &servers, err) : error_set(err, STATUS_NO_MEMORY, "topics: out of memory");
    if (!status)
        status = kafka_admin_describe_topics(admin, names, TOPIC_COUNT, facts, err);
    if (!status)
        status = judge_topics(w, facts, kafka_admin_brokers(admin), err);
    if (!status) {
        w->partition_count = facts[TOPIC_SALES].partitions;
        w->copy_max_age_ms = local_copy_max_age_ms(
            kafka_topic_number(&facts[TOPIC_STATE], KAFKA_SETTING_DELETE_RETENTION_MS, KAFKA_USUAL_DELETE_RETENTION_MS));
        snprintf(w->incarnation, sizeof w->incarnation, "%s%s", CLUSTER_INCARNATION, kafka_admin_cluster_id(admin));
    }
    kafka_admin_free(admin);
    free(facts);
    return status;
}

enum status worker_broker_look(struct worker *w, struct error *err)
{
    return w->traits.admin ? look_at_cluster(w, err) : look_at_embedded(w, err);
}
