#include "app/bench.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "app/interrupt.h"
#include "app/topics.h"
#include "io/kafka.h"

#define CALL_MS       10000
#define BATCH_WAIT_MS 20

char *bench_bare_format(const struct bench_bare *b, char *out, size_t size)
{
    snprintf(out, size, "%s %zu %zu %zu %" PRId32 " %d", b->servers, b->batch_records, b->output_records, b->output_bytes, b->partitions,
             b->is_cluster);
    return out;
}

struct loop {
    struct bench_bare plan;
    rd_kafka_t *consumer, *producer;
    rd_kafka_queue_t *queue;
    rd_kafka_message_t **messages;
    int64_t *next; /* by partition */
    char *payload;
};

static rd_kafka_t *handle_new(rd_kafka_type_t type, const struct kafka_property *own, size_t count, struct error *err)
{
    rd_kafka_conf_t *conf = NULL;
    char why[256] = "";
    enum status status = kafka_conf_new(own, count, &conf, err);
    if (status)
        return NULL;
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        (void)error_set(err, STATUS_BAD_CONFIG, "bare loop: %s", why);
    }
    return rk;
}

static enum status failed(struct error *err, const char *what, const char *why)
{
    return error_set(err, STATUS_UNAVAILABLE, "bare loop: %s: %s", what, why);
}

static enum status transaction_error(struct error *err, const char *what, rd_kafka_error_t *e)
{
    if (!e)
        return STATUS_OK;
    const enum status status = failed(err, what, rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    return status;
}

static enum status start(struct loop *l, struct error *err)
{
    const struct kafka_property reading[] = {{"bootstrap.servers", l->plan.servers},  {"group.id", l->plan.group},
                                             {"enable.auto.commit", "false"},         {"auto.offset.reset", "earliest"},
                                             {"queued.max.messages.kbytes", "16384"}, {"fetch.wait.max.ms", "10"}};
    const struct kafka_property writing[] = {
        {"bootstrap.servers", l->plan.servers}, {"transactional.id", "storecast-bench"}, {"linger.ms", "0"}, {"retry.backoff.ms", "10"}};
    l->consumer = handle_new(RD_KAFKA_CONSUMER, reading, sizeof reading / sizeof *reading, err);
    l->producer = l->consumer ? handle_new(RD_KAFKA_PRODUCER, writing, sizeof writing / sizeof *writing, err) : NULL;
    if (!l->producer)
        return err->status;
    rd_kafka_poll_set_consumer(l->consumer);
    l->queue = rd_kafka_queue_get_consumer(l->consumer);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(l->plan.partitions);
    for (int32_t p = 0; p < l->plan.partitions; p++)
        rd_kafka_topic_partition_list_add(all, l->plan.input, p)->offset = RD_KAFKA_OFFSET_STORED;
    const rd_kafka_resp_err_t e = rd_kafka_assign(l->consumer, all);
    rd_kafka_topic_partition_list_destroy(all);
    if (e)
        return failed(err, "assign", rd_kafka_err2str(e));
    return transaction_error(err, "init", rd_kafka_init_transactions(l->producer, CALL_MS));
}

/* The outputs of a batch of n records, spread over the partitions. */
static enum status produce(struct loop *l, size_t n, struct error *err)
{
    const size_t records = (l->plan.output_records * n + l->plan.batch_records - 1) / l->plan.batch_records;
    const size_t bytes = l->plan.output_records ? l->plan.output_bytes / l->plan.output_records : 0;
    for (size_t i = 0; i < records; i++) {
        const rd_kafka_resp_err_t e = rd_kafka_producev(
            l->producer, RD_KAFKA_V_TOPIC(l->plan.output), RD_KAFKA_V_PARTITION((int32_t)(i % (size_t)l->plan.partitions)),
            RD_KAFKA_V_VALUE(l->payload, bytes), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_BLOCK), RD_KAFKA_V_END);
        if (e)
            return failed(err, "produce", rd_kafka_err2str(e));
        rd_kafka_poll(l->producer, 0);
    }
    const rd_kafka_resp_err_t e = rd_kafka_flush(l->producer, CALL_MS);
    return e ? failed(err, "flush", rd_kafka_err2str(e)) : STATUS_OK;
}

static enum status commit(struct loop *l, struct error *err)
{
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(l->plan.partitions);
    for (int32_t p = 0; p < l->plan.partitions; p++)
        if (l->next[p] > 0)
            rd_kafka_topic_partition_list_add(offsets, l->plan.input, p)->offset = l->next[p];
    rd_kafka_consumer_group_metadata_t *group = rd_kafka_consumer_group_metadata_new(l->plan.group);
    enum status status = transaction_error(err, "offsets", rd_kafka_send_offsets_to_transaction(l->producer, offsets, group, CALL_MS));
    if (!status)
        status = transaction_error(err, "commit", rd_kafka_commit_transaction(l->producer, CALL_MS));
    if (!status && !l->plan.is_cluster) {
        const rd_kafka_resp_err_t e = rd_kafka_commit(l->consumer, offsets, 0);
        if (e)
            status = failed(err, "offsets", rd_kafka_err2str(e));
    }
    rd_kafka_consumer_group_metadata_destroy(group);
    rd_kafka_topic_partition_list_destroy(offsets);
    return status;
}

static enum status one_batch(struct loop *l, struct error *err)
{
    const ssize_t got = rd_kafka_consume_batch_queue(l->queue, BATCH_WAIT_MS, l->messages, l->plan.batch_records);
    size_t records = 0;
    for (ssize_t i = 0; i < got; i++) {
        const rd_kafka_message_t *m = l->messages[i];
        if (!m->err) {
            l->next[m->partition] = m->offset + 1;
            records++;
        }
        rd_kafka_message_destroy(l->messages[i]);
    }
    if (records == 0)
        return STATUS_OK;
    enum status status = transaction_error(err, "begin", rd_kafka_begin_transaction(l->producer));
    if (!status)
        status = produce(l, records, err);
    return status ? status : commit(l, err);
}

static void stop(struct loop *l)
{
    if (l->queue)
        rd_kafka_queue_destroy(l->queue);
    if (l->consumer) {
        rd_kafka_consumer_close(l->consumer);
        rd_kafka_destroy(l->consumer);
    }
    if (l->producer)
        rd_kafka_destroy(l->producer);
    free(l->messages);
    free(l->next);
    free(l->payload);
}

int bench_bare_run(struct command_context *c, const char *spec)
{
    char servers[256];
    int is_cluster = 0;
    struct topics topics;
    struct loop l = {.plan = {.servers = servers, .group = c->config.group_id}};
    /* NOLINTNEXTLINE(cert-err34-c): bench writes it, with numbers of its own */
    if (sscanf(spec, "%255s %zu %zu %zu %" SCNd32 " %d", servers, &l.plan.batch_records, &l.plan.output_records, &l.plan.output_bytes,
               &l.plan.partitions, &is_cluster) != 6 ||
        l.plan.batch_records == 0 || l.plan.partitions < 1) {
        (void)error_set(&c->err, STATUS_BAD_USAGE, "--bare: `%s` is not what bench gives (leave the option out)", spec);
        return command_fail(c);
    }
    l.plan.is_cluster = is_cluster != 0;
    enum status status = topics_init(&topics, c->config.topics_prefix, &c->err);
    l.plan.input = topics_name(&topics, TOPIC_SALES);
    l.plan.output = topics_name(&topics, is_cluster ? TOPIC_EVENTS : TOPIC_STATE); /* a worker would read its own back */
    l.messages = calloc(l.plan.batch_records, sizeof *l.messages);
    l.next = calloc((size_t)l.plan.partitions, sizeof *l.next);
    l.payload = calloc(1, l.plan.output_bytes + 1);
    if (!status && (!l.messages || !l.next || !l.payload))
        status = error_set(&c->err, STATUS_NO_MEMORY, "out of memory");
    interrupt_watch();
    if (!status)
        status = start(&l, &c->err);
    while (!status && !interrupt_requested())
        status = one_batch(&l, &c->err);
    stop(&l);
    return status ? command_fail(c) : EXIT_CODE_OK;
}
