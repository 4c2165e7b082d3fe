#include "app/client_inner.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- connecting */

/* Requests only time out; why, librdkafka tells here. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    (void)rk;
    struct client *c = opaque;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !c->reason[0])
        snprintf(c->reason, sizeof c->reason, "%s", reason);
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)rk, (void)level, (void)facility, (void)line; /* what matters comes as an error */
}

enum status client_handle_new(const struct client *c, rd_kafka_type_t type, const struct kafka_property *own, size_t own_count,
                              void *opaque, void (*on_delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *), rd_kafka_t **out,
                              struct error *err)
{
    rd_kafka_conf_t *conf;
    enum status status = kafka_conf_new(c->properties, c->property_count, &conf, err);
    if (status)
        return status;
    status = kafka_conf_set(conf, "bootstrap.servers", c->servers, err);
    for (size_t i = 0; !status && i < own_count; i++)
        status = kafka_conf_set(conf, own[i].name, own[i].value, err);
    if (status) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_opaque(conf, opaque);
    rd_kafka_conf_set_log_cb(conf, on_log);
    if (opaque)
        rd_kafka_conf_set_error_cb(conf, on_error);
    if (on_delivered)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
    char why[512];
    *out = rd_kafka_new(type, conf, why, sizeof why);
    if (*out)
        return STATUS_OK;
    rd_kafka_conf_destroy(conf);
    return error_set(err, STATUS_BAD_CONFIG, "Kafka client: %s", why);
}

enum status client_broker_error(struct error *err, const char *what, rd_kafka_resp_err_t e)
{
    return error_set(err, STATUS_UNAVAILABLE, "Kafka: %s: %s", what, rd_kafka_err2str(e));
}

static void drop_group(struct client *c)
{
    if (c->group)
        rd_kafka_destroy_flags(c->group, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    c->group = NULL;
}

enum status client_group_renew(struct client *c, struct error *err)
{
    drop_group(c);
    const struct kafka_property own[] = {{"group.id", c->group_id}, {"enable.auto.commit", "false"}};
    enum status status = client_handle_new(c, RD_KAFKA_CONSUMER, own, 2, c, NULL, &c->group, err);
    if (!status)
        rd_kafka_poll_set_consumer(c->group);
    return status;
}

enum status client_new(const struct client_options *options, struct client **out, struct error *err)
{
    const struct kafka_property producing[] = {{"enable.idempotence", "true"}, {"linger.ms", "5"}};
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return error_set(err, STATUS_NO_MEMORY, "Kafka client: out of memory");
    enum status status = STATUS_NO_MEMORY;
    c->window_bytes = options->window_bytes;
    c->servers = strdup(options->servers);
    c->group_id = strdup(options->group ? options->group : "storecast");
    c->properties = calloc(options->property_count + 1, sizeof *c->properties);
    if (!c->servers || !c->group_id || !c->properties) {
        error_set(err, status, "Kafka client: out of memory");
        goto fail;
    }
    c->property_count = options->property_count;
    if (options->property_count > 0)
        memcpy(c->properties, options->properties, options->property_count * sizeof *c->properties);
    status =
        client_handle_new(c, RD_KAFKA_PRODUCER, producing, sizeof producing / sizeof *producing, c, client_on_delivered, &c->producer, err);
    if (!status)
        status = client_group_renew(c, err);
    if (status)
        goto fail;
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t e = rd_kafka_metadata(c->producer, 1, NULL, &metadata, CLIENT_ANSWER_MS);
    if (e) {
        rd_kafka_poll(c->producer, 0); /* on_error */
        status = error_set(err, STATUS_UNAVAILABLE, "Kafka: no broker answers at %s: %s%s", options->servers,
                           c->reason[0] ? c->reason : rd_kafka_err2str(e), kafka_hint(c->reason));
        goto fail;
    }
    rd_kafka_metadata_destroy(metadata);
    char *cluster = rd_kafka_clusterid(c->producer, 0); /* (came with the metadata) */
    c->is_embedded = kafka_is_embedded(cluster);
    if (cluster)
        rd_kafka_mem_free(c->producer, cluster);
    *out = c;
    return STATUS_OK;
fail:
    client_free(c);
    return status;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    if (c->producer) {
        rd_kafka_purge(c->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(c->producer, 100);
        rd_kafka_destroy(c->producer);
    }
    drop_group(c);
    for (size_t i = 0; i < c->outlet_count; i++) {
        free(c->outlets[i]->topic);
        free(c->outlets[i]->chunks);
        free(c->outlets[i]);
    }
    free(c->outlets);
    free(c->properties);
    free(c->group_id);
    free(c->servers);
    free(c);
}

bool client_is_embedded(const struct client *c)
{
    return c->is_embedded;
}

void client_set_window(struct client *c, uint64_t window_bytes)
{
    assert(c->outlet_count == 0);
    c->window_bytes = window_bytes;
}

/* ---- questions */

enum status client_partitions(struct client *c, const char *topic, int32_t *out_count, struct error *err)
{
    /* All topics: the embedded broker would create one that is asked for by name. */
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t e = rd_kafka_metadata(c->producer, 1, NULL, &metadata, CLIENT_ANSWER_MS);
    if (e)
        return client_broker_error(err, "no broker answers", e);
    int32_t count = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, topic) == 0)
            count = metadata->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (count == 0)
        return error_set(err, STATUS_NOT_FOUND, "Kafka: there is no topic %s", topic);
    *out_count = count;
    return STATUS_OK;
}

enum status client_ends(struct client *c, const char *topic, int32_t count, int64_t *out, struct error *err)
{
    return kafka_offsets(c->producer, topic, count, KAFKA_LATEST, CLIENT_ANSWER_MS, out, err);
}

enum status client_committed(struct client *c, const char *topic, int32_t partition, int64_t *out_next, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_resp_err_t e = rd_kafka_committed(c->group, list, CLIENT_ANSWER_MS);
    if (!e)
        e = list->elems[0].err;
    int64_t next = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (e)
        return client_broker_error(err, "committed offsets", e);
    *out_next = next >= 0 ? next : -1;
    return STATUS_OK;
}
