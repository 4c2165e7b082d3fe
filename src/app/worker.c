#include "app/worker.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/assignment.h"
#include "app/command.h"
#include "app/crash.h"
#include "app/restore.h"
#include "app/shutdown.h"
#include "base/log.h"
#include "io/versions.h"

#define BROKER_ANSWER_MS 10000

const char *worker_phase_name(enum worker_phase phase)
{
    static const char *const names[] = {"starting", "running", "draining", "closing", "stopped"};
    assert((size_t)phase < sizeof names / sizeof *names);
    return names[phase];
}

/* ------------------------------------------------------------------------------------------------ hooks of io/ */

static void on_slow(void *arg, const char *name, int64_t elapsed_us)
{
    struct worker *w = arg;
    struct log_line l;
    log_begin(&l, LOG_WARN, "slow_callback");
    log_string(&l, "name", name);
    log_int(&l, "ms", elapsed_us / 1000);
    log_end(&l);
    if (w->metrics)
        metrics_add(w->metrics, METRIC_SLOW_CALLBACKS, 1);
}

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

static void on_tick(void *arg)
{
    struct worker *w = arg;
    consumer_tick(w->consumer);
    assignment_balance(w);
    worker_metrics_tick(w);
    worker_step(w);
}

void worker_step(void *worker)
{
    struct worker *w = worker;
    if (w->phase == WORKER_STOPPED)
        return;
    int64_t until_us = loop_now_us() + LOOP_TURN_US;
    bool more = batch_apply(w, until_us);
    while (batch_step(w)) {
        if (loop_now_us() >= until_us) {
            more = true;
            break;
        }
    }
    if (w->waiting_records == 0 || w->is_held)
        assignment_balance(w);
    shutdown_step(w);
    if (more)
        loop_wake_kick(w->step);
}

/* ------------------------------------------------------------------------------------------------ the broker */

#define PROPERTIES_MAX 128

struct property_list {
    struct kafka_property items[PROPERTIES_MAX];
    size_t count;
};

static void add_property(struct property_list *list, const char *name, const char *value)
{
    if (list->count < PROPERTIES_MAX)
        list->items[list->count++] = (struct kafka_property){name, value};
}

static void list_properties(const struct worker *w, struct property_list *out)
{
    out->count = 0;
    add_property(out, "bootstrap.servers", w->options.servers);
    for (size_t i = 0; i < w->config->kafka_count; i++)
        if (strcmp(w->config->kafka[i].key, "bootstrap.servers") != 0)
            add_property(out, w->config->kafka[i].key, w->config->kafka[i].value);
}

static enum status make_consumer(struct worker *w, struct error *err)
{
    struct property_list list;
    list_properties(w, &list);
    /* The embedded broker's long poll is not woken by new records: an empty fetch waits this long. */
    add_property(&list, "fetch.wait.max.ms", "10");
    add_property(&list, "session.timeout.ms", "6000");
    add_property(&list, "queued.max.messages.kbytes", "16384");
    const struct consumer_options options = {
        .properties = list.items, .property_count = list.count, .group = w->config->group_id,
        .instance = w->config->instance_id[0] ? w->config->instance_id : NULL,
        .topics = w->inputs, .topic_count = INPUT_COUNT, .read_committed = true,
        .hooks = {.on_record = assignment_on_record, .on_lost_input = assignment_on_lost_input, .on_fatal = on_fatal,
                  .on_error = on_kafka_error, .on_log = on_kafka_log, .on_closed = shutdown_on_closed, .arg = w},
    };
    return consumer_new(w->loop, &options, &w->consumer, err);
}

static enum status make_producer(struct worker *w, struct error *err)
{
    struct property_list list;
    list_properties(w, &list);
    add_property(&list, "linger.ms", "1"); /* small record batches make slow reading on the embedded broker */
    add_property(&list, "transaction.timeout.ms", "60000");
    snprintf(w->transactional_id, sizeof w->transactional_id, "%s-%s", w->config->group_id,
             w->config->instance_id[0] ? w->config->instance_id : "embedded");
    static const enum topic outputs[] = {TOPIC_FORECASTS, TOPIC_REPLIES, TOPIC_ALERTS, TOPIC_DEAD, TOPIC_STATE, TOPIC_ARCHIVE};
    const char *topics[sizeof outputs / sizeof *outputs];
    size_t topic_count = sizeof outputs / sizeof *outputs - (w->config->archive_enabled ? 0 : 1);
    for (size_t i = 0; i < topic_count; i++)
        topics[i] = topics_name(&w->topics, outputs[i]);
    const struct producer_options options = {
        .properties = list.items, .property_count = list.count, .transactional_id = w->transactional_id,
        .topics = topics, .topic_count = topic_count,
        .hooks = {.on_settled = on_settled, .on_room = on_room, .on_fatal = on_fatal, .on_error = on_kafka_error, .on_log = on_kafka_log, .arg = w},
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

static enum status look_at_broker(struct worker *w, struct error *err)
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

/* ------------------------------------------------------------------------------------------------ life */

#ifdef STORECAST_TEST_HOOKS
static void in_lmdb(void)
{
    crash_here(CRASH_IN_LMDB);
}
#define BEFORE_COMMIT in_lmdb
#else
#define BEFORE_COMMIT NULL
#endif

static enum status start_local(struct worker *w, struct error *err)
{
    enum status status = topics_init(&w->topics, w->config->topics_prefix, err);
    if (status)
        return status;
    w->inputs[INPUT_SALES] = topics_name(&w->topics, TOPIC_SALES);
    w->inputs[INPUT_REQUESTS] = topics_name(&w->topics, TOPIC_REQUESTS);
    /* On the embedded broker the state is the only copy of what was learnt, so every batch reaches the disk. */
    const struct kv_options state = {.directory = w->config->state_dir, .sync = !w->traits.transactions, .before_commit = BEFORE_COMMIT};
    status = kv_open(&state, &w->kv, err);
    if (!status)
        status = loop_new(&(struct loop_hooks){on_slow, w}, &w->loop, err);
    if (!status)
        status = metrics_new(w->config->metrics_stores, &w->metrics);
    if (!status)
        status = codec_new(&w->codec);
    if (!status)
        status = loop_wake_new(w->loop, "worker", worker_step, w, &w->step);
    if (!status)
        status = shutdown_catch_signals(w, err);
    if (!status)
        status = pool_new(w->loop, "compute", (size_t)w->config->compute_threads, &w->compute, err);
    return status;
}

static void announce(const struct worker *w)
{
    struct log_line l;
    log_begin(&l, LOG_INFO, "worker_started");
    log_string(&l, "version", command_program_version());
    log_string(&l, "librdkafka", versions_librdkafka());
    log_string(&l, "broker", w->options.servers);
    log_string(&l, "state_dir", w->config->state_dir);
    log_int(&l, "partitions", w->partition_count);
    log_string(&l, "http", w->config->http_listen);
    log_int(&l, "port", http_port(w->http));
    log_end(&l);
}

static enum status start(struct worker *w, struct error *err)
{
    enum status status = start_local(w, err);
    if (!status)
        status = make_consumer(w, err);
    if (!status)
        status = look_at_broker(w, err);
    if (!status)
        status = make_producer(w, err);
    if (status)
        return status;
    w->lanes = calloc((size_t)w->partition_count, sizeof(struct lane *));
    status = w->lanes ? batch_init(w, err) : STATUS_NO_MEMORY;
    if (!status)
        status = worker_http_start(w, err);
    if (!status)
        status = restore_start(w, err);
    if (status)
        return status;
    loop_on_tick(w->loop, on_tick, w);
    worker_metrics_tick(w);
    transaction_init(w->transaction);
    announce(w);
    return STATUS_OK;
}

static void finish(struct worker *w)
{
    /* Threads first: they hold what the rest frees. */
    pool_free(w->compute);
    transaction_free(w->transaction);
    http_free(w->http);
    for (int32_t i = 0; w->lanes && i < w->partition_count; i++)
        lane_free(w->lanes[i]); /* before the consumer: records belong to it */
    free(w->lanes);
    producer_free(w->producer);
    consumer_free(w->consumer);
    if (w->loop)
        batch_done(w);
    kv_close(w->kv);
    codec_free(w->codec);
    metrics_free(w->metrics);
    arena_done(&w->arena);
    buffer_done(&w->scratch);
    loop_wake_free(w->step);
    loop_free(w->loop);
}

int worker_run(const struct worker_options *options, struct error *err)
{
    loop_block_signals();
    log_set_level((enum log_level)options->config->log_level);
    struct worker *w = calloc(1, sizeof *w);
    if (!w) {
        error_set(err, STATUS_NO_MEMORY, "worker: out of memory");
        return EXIT_CODE_RESTART;
    }
    w->options = *options;
    w->config = options->config;
    w->traits = traits_embedded();
    w->started_us = w->progress_us = loop_now_us();
    enum status status = start(w, err);
    if (!status)
        status = loop_run(w->loop);
    if (status && !err->text[0])
        error_set(err, status, "worker: %s", status_text(status));
    if (status)
        w->exit_code = (int)exit_code_of(status);
    else if (w->exit_code != EXIT_CODE_OK)
        *err = w->failure;
    int exit_code = w->exit_code;
    if (!status && exit_code == EXIT_CODE_OK)
        log_event(LOG_INFO, "worker_stopped", "batches=%lld", (long long)w->batch.number);
    finish(w);
    free(w);
    return exit_code;
}
