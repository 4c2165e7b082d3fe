#include "app/doctor_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/kafka.h"
#include "io/loop.h"

#define ANSWER_MS 10000
#define READ_MS   30000

struct doctor_reader {
    rd_kafka_t *handle;
};

static enum status no_answer(struct error *err, const char *what, rd_kafka_resp_err_t e)
{
    return error_set(err, STATUS_UNAVAILABLE, "Kafka: %s: %s", what, rd_kafka_err2str(e));
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)rk, (void)level, (void)facility, (void)line; /* what matters comes as an error */
}

static enum status configure(const struct config *config, const char *servers, bool committed_only, rd_kafka_conf_t **out,
                             struct error *err)
{
    const struct kafka_property own[] = {
        {"bootstrap.servers", servers},   {"group.id", config->group_id},
        {"enable.auto.commit", "false"},  {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"}, {"isolation.level", committed_only ? "read_committed" : "read_uncommitted"},
    };
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_conf_new(NULL, 0, &conf, err);
    if (status)
        return status;
    for (size_t i = 0; !status && i < config->kafka_count; i++)
        status = kafka_conf_set(conf, config->kafka[i].key, config->kafka[i].value, err);
    for (size_t i = 0; !status && i < sizeof own / sizeof *own; i++)
        status = kafka_conf_set(conf, own[i].name, own[i].value, err);
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (status)
        rd_kafka_conf_destroy(conf);
    else
        *out = conf;
    return status;
}

enum status doctor_reader_new(const struct config *config, const char *servers, bool committed_only, struct doctor_reader **out,
                              struct error *err)
{
    char why[512];
    rd_kafka_conf_t *conf;
    enum status status = configure(config, servers, committed_only, &conf, err);
    if (status)
        return status;
    struct doctor_reader *r = calloc(1, sizeof *r);
    rd_kafka_t *handle = r ? rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why) : NULL;
    if (!handle) {
        rd_kafka_conf_destroy(conf);
        status = r ? error_set(err, STATUS_BAD_CONFIG, "Kafka: %s", why) : error_set(err, STATUS_NO_MEMORY, "out of memory");
        free(r);
        return status;
    }
    rd_kafka_poll_set_consumer(handle);
    *r = (struct doctor_reader){.handle = handle};
    *out = r;
    return STATUS_OK;
}

void doctor_reader_free(struct doctor_reader *r)
{
    if (!r)
        return;
    rd_kafka_destroy_flags(r->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    free(r);
}

enum status doctor_reader_ends(struct doctor_reader *r, const char *topic, int32_t partitions, int64_t *low, int64_t *end,
                               struct error *err)
{
    const enum status status = low ? kafka_offsets(r->handle, topic, partitions, KAFKA_EARLIEST, ANSWER_MS, low, err) : STATUS_OK;
    return status ? status : kafka_offsets(r->handle, topic, partitions, KAFKA_LATEST, ANSWER_MS, end, err);
}

/* ---- reading */

struct reading {
    int64_t *left; /* by partition; 0 = finished, or never begun */
    int32_t partitions, open;
};

static enum status begin(struct doctor_reader *r, const char *topic, const int64_t *from, int64_t count, struct reading *reading,
                         struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(reading->partitions);
    for (int32_t p = 0; p < reading->partitions; p++) {
        if (from[p] == DOCTOR_NO_OFFSET)
            continue;
        rd_kafka_topic_partition_list_add(list, topic, p)->offset = from[p];
        reading->left[p] = count;
        reading->open++;
    }
    const rd_kafka_resp_err_t e = rd_kafka_assign(r->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e ? no_answer(err, topic, e) : STATUS_OK;
}

static void finish(struct reading *reading, int32_t partition)
{
    if (partition >= 0 && partition < reading->partitions && reading->left[partition] > 0) {
        reading->left[partition] = 0;
        reading->open--;
    }
}

static enum status take(struct reading *reading, const rd_kafka_message_t *m, void (*fn)(void *, const rd_kafka_message_t *), void *arg,
                        struct error *err)
{
    switch ((int)m->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        if (reading->left[m->partition] == 0)
            return STATUS_OK;
        fn(arg, m);
        if (reading->left[m->partition] == 1)
            finish(reading, m->partition);
        else
            reading->left[m->partition]--;
        return STATUS_OK;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET: /* dropped meanwhile */
        finish(reading, m->partition);
        return STATUS_OK;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        return error_set(err, STATUS_UNAVAILABLE, "Kafka: %s", rd_kafka_message_errstr(m));
    default:
        return STATUS_OK; /* librdkafka tries again by itself */
    }
}

enum status doctor_reader_each(struct doctor_reader *r, const char *topic, int32_t partitions, const int64_t *from, int64_t count,
                               void (*fn)(void *arg, const rd_kafka_message_t *m), void *arg, struct error *err)
{
    struct reading reading = {.left = calloc((size_t)partitions, sizeof *reading.left), .partitions = partitions};
    if (!reading.left)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = begin(r, topic, from, count, &reading, err);
    const int64_t until = loop_now_us() + READ_MS * INT64_C(1000);
    while (!status && reading.open > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->handle, 100);
        if (m) {
            status = take(&reading, m, fn, arg, err);
            rd_kafka_message_destroy(m);
        }
        if (!status && loop_now_us() > until)
            status = no_answer(err, topic, RD_KAFKA_RESP_ERR__TIMED_OUT);
    }
    rd_kafka_assign(r->handle, NULL);
    free(reading.left);
    return status;
}

enum status doctor_reader_last(struct doctor_reader *r, const char *topic, int32_t partitions, int64_t count,
                               void (*fn)(void *arg, const rd_kafka_message_t *m), void *arg, struct error *err)
{
    int64_t *from = calloc((size_t)partitions, sizeof *from), *end = calloc((size_t)partitions, sizeof *end);
    enum status status =
        from && end ? doctor_reader_ends(r, topic, partitions, from, end, err) : error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (int32_t p = 0; !status && p < partitions; p++) {
        if (from[p] == end[p])
            from[p] = DOCTOR_NO_OFFSET;
        else if (end[p] - from[p] > count)
            from[p] = end[p] - count;
    }
    if (!status)
        status = doctor_reader_each(r, topic, partitions, from, count, fn, arg, err);
    free(from);
    free(end);
    return status;
}

/* ---- the group */

enum status doctor_reader_group_offsets(struct doctor_reader *r, const char *topic, int32_t partitions, int64_t *out, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    rd_kafka_topic_partition_list_add_range(list, topic, 0, partitions - 1);
    rd_kafka_resp_err_t e = rd_kafka_committed(r->handle, list, ANSWER_MS);
    for (int i = 0; !e && i < list->cnt; i++) {
        e = list->elems[i].err;
        out[list->elems[i].partition] = list->elems[i].offset >= 0 ? list->elems[i].offset : DOCTOR_NO_OFFSET;
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (e == RD_KAFKA_RESP_ERR__TIMED_OUT || e == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT)
        return STATUS_BUSY;
    return e ? no_answer(err, "the group's offsets", e) : STATUS_OK;
}
