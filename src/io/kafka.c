#include "io/kafka.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

#define OFFSET_TRIES 4

enum status kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_CONFIG, "kafka.%s: %s", name, why);
}

enum status kafka_conf_new(const struct kafka_property *properties, size_t count, rd_kafka_conf_t **out, struct error *err)
{
    static const struct kafka_property defaults[] = {
        {"client.id", "storecast"},
        {"reconnect.backoff.max.ms", "500"},
        {"retry.backoff.ms", "10"},
        {"log.connection.close", "false"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sizeof defaults / sizeof *defaults; i++)
        status = kafka_conf_set(conf, defaults[i].name, defaults[i].value, err);
    for (size_t i = 0; !status && i < count; i++)
        status = kafka_conf_set(conf, properties[i].name, properties[i].value, err);
    if (status)
        rd_kafka_conf_destroy(conf);
    else
        *out = conf;
    return status;
}

bool kafka_is_embedded(const char *cluster_id)
{
    return cluster_id && strncmp(cluster_id, "mockCluster", strlen("mockCluster")) == 0;
}

const char *kafka_scram_warning(void)
{
    if (rd_kafka_version() >= 0x02060100)
        return NULL;
    return "librdkafka before 2.6.1 cannot log in to Kafka 4 by SCRAM (take kafka.sasl.mechanism=PLAIN over TLS, or a client certificate)";
}

const char *kafka_hint(const char *reason)
{
    if (strstr(reason, "SCRAM") && strstr(reason, "invalid credentials") && kafka_scram_warning())
        return " (is it the password? Besides, librdkafka before 2.6.1 cannot log in to Kafka 4 by SCRAM: take kafka.sasl.mechanism=PLAIN "
               "over "
               "TLS, or a client certificate)";
    return "";
}

struct question {
    const char *topic;
    int32_t first, last; /* partitions */
    int64_t end;
};

/* A question for the offset at a time takes the protocol's special times too, and keeps its time-out. */
static rd_kafka_resp_err_t ask_offsets(rd_kafka_t *rk, const struct question *q, int timeout_ms, int64_t *out)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(q->last - q->first + 1);
    rd_kafka_topic_partition_list_add_range(list, q->topic, q->first, q->last);
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = q->end;
    rd_kafka_resp_err_t e = rd_kafka_offsets_for_times(rk, list, timeout_ms);
    for (int i = 0; !e && i < list->cnt; i++) {
        e = list->elems[i].err;
        out[list->elems[i].partition - q->first] = list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return e;
}

static enum status ask_until_answered(rd_kafka_t *rk, const struct question *q, int timeout_ms, int64_t *out, struct error *err)
{
    rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;
    /* The first question may go to a leader that is none any more; librdkafka then learns the new one. */
    for (int tries = 0; tries < OFFSET_TRIES; tries++) {
        e = ask_offsets(rk, q, timeout_ms / OFFSET_TRIES, out);
        if (!e)
            return STATUS_OK;
        const struct rd_kafka_metadata *metadata;
        if (!rd_kafka_metadata(rk, 1, NULL, &metadata, timeout_ms / OFFSET_TRIES))
            rd_kafka_metadata_destroy(metadata);
    }
    return error_set(err, STATUS_UNAVAILABLE, "Kafka: the ends of %s: %s", q->topic, rd_kafka_err2str(e));
}

enum status kafka_offsets(rd_kafka_t *rk, const char *topic, int32_t count, int64_t end, int timeout_ms, int64_t *out, struct error *err)
{
    const struct question q = {topic, 0, count - 1, end};
    return ask_until_answered(rk, &q, timeout_ms, out, err);
}

enum status kafka_first_offset(rd_kafka_t *rk, const char *topic, int32_t partition, int timeout_ms, int64_t *out, struct error *err)
{
    const struct question q = {topic, partition, partition, KAFKA_EARLIEST};
    return ask_until_answered(rk, &q, timeout_ms, out, err);
}
