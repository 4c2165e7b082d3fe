/* consumer_assign.c: questions to the broker, and which partitions are read. */
#include "io/consumer_inner.h"

#include <stdlib.h>
#include <string.h>

/* ---- questions */

static enum status unavailable(struct error *err, const char *what, rd_kafka_resp_err_t e)
{
    return error_set(err, STATUS_UNAVAILABLE, "Kafka: %s: %s", what, rd_kafka_err2str(e));
}

enum status consumer_topics(struct consumer *c, int timeout_ms, void (*fn)(void *arg, const char *topic), void *arg, struct error *err)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t e = rd_kafka_metadata(c->handle, 1, NULL, &metadata, timeout_ms);
    if (e)
        return unavailable(err, "no broker answers", e);
    for (int i = 0; i < metadata->topic_cnt; i++)
        fn(arg, metadata->topics[i].topic);
    rd_kafka_metadata_destroy(metadata);
    return STATUS_OK;
}

enum status consumer_partitions(struct consumer *c, const char *topic, int timeout_ms, int32_t *out, struct error *err)
{
    /* All topics are asked for: asking for one by name makes the embedded broker create it. */
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t e = rd_kafka_metadata(c->handle, 1, NULL, &metadata, timeout_ms);
    if (e)
        return unavailable(err, "no broker answers", e);
    int32_t partitions = 0;
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, topic) == 0)
            partitions = metadata->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (partitions == 0)
        return error_set(err, STATUS_NOT_FOUND, "Kafka: there is no topic %s", topic);
    *out = partitions;
    return STATUS_OK;
}

static int64_t offset_of(int64_t next_offset)
{
    if (next_offset == CONSUMER_FROM_FIRST)
        return RD_KAFKA_OFFSET_BEGINNING;
    return next_offset >= 0 ? next_offset : RD_KAFKA_OFFSET_INVALID;
}

rd_kafka_topic_partition_list_t *consumer_list(const struct consumer *c, const struct consumer_position *positions, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, c->topics[positions[i].topic], positions[i].partition)->offset =
            offset_of(positions[i].next_offset);
    return list;
}

/* The metadata is not a C text: it has a length and no end. */
static uint64_t batch_of(const rd_kafka_topic_partition_t *p)
{
    const char *text = p->metadata;
    uint64_t batch = 0;
    if (p->metadata_size == 0 || p->metadata_size > 19)
        return 0;
    for (size_t i = 0; i < p->metadata_size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        batch = batch * 10 + (uint64_t)(text[i] - '0');
    }
    return batch;
}

enum status consumer_committed(struct consumer *c, struct consumer_position *positions, size_t count, int timeout_ms, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = consumer_list(c, positions, count);
    rd_kafka_resp_err_t e = rd_kafka_committed(c->handle, list, timeout_ms);
    for (size_t i = 0; !e && i < count; i++) {
        e = list->elems[i].err;
        positions[i].next_offset = list->elems[i].offset >= 0 ? list->elems[i].offset : -1;
        positions[i].batch = batch_of(&list->elems[i]);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return e ? unavailable(err, "committed offsets", e) : STATUS_OK;
}

/* ---- assignment */

enum status consumer_assign(struct consumer *c, const struct consumer_position *positions, size_t count, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = consumer_list(c, positions, count);
    rd_kafka_resp_err_t e = rd_kafka_assign(c->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e ? unavailable(err, "cannot assign partitions", e) : STATUS_OK;
}

void consumer_unassign(struct consumer *c)
{
    consumer_forget_commits(c); /* no longer ours to commit */
    rd_kafka_resp_err_t e = rd_kafka_assign(c->handle, NULL);
    if (e)
        consumer_report(c, rd_kafka_err2str(e));
}

enum status consumer_subscribe(struct consumer *c, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)c->topic_count);
    for (size_t i = 0; i < c->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, c->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t e = rd_kafka_subscribe(c->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e ? unavailable(err, "cannot subscribe", e) : STATUS_OK;
}

static void set_paused(struct consumer *c, size_t topic, int32_t partition, bool paused)
{
    const struct consumer_position position = {.topic = topic, .partition = partition, .next_offset = -1};
    rd_kafka_topic_partition_list_t *list = consumer_list(c, &position, 1);
    rd_kafka_resp_err_t e = paused ? rd_kafka_pause_partitions(c->handle, list) : rd_kafka_resume_partitions(c->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (e)
        consumer_report(c, rd_kafka_err2str(e));
}

void consumer_pause(struct consumer *c, size_t topic, int32_t partition)
{
    set_paused(c, topic, partition, true);
}

void consumer_resume(struct consumer *c, size_t topic, int32_t partition)
{
    set_paused(c, topic, partition, false);
}

void consumer_hold(struct consumer *c, bool hold)
{
    if (c->is_held && !hold)
        loop_wake_kick(c->wake);
    c->is_held = hold;
}

int64_t consumer_high_watermark(struct consumer *c, size_t topic, int32_t partition)
{
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(c->handle, c->topics[topic], partition, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return -1;
    return high >= 0 ? high : -1;
}
