#include "app/client_inner.h"

#include <stdlib.h>
#include <string.h>

#include "io/loop.h"

#define COMMITTED_EVERY_US 20000
#define COMMITTED_ANSWER_MS 2000
#define CHUNK_BYTES 4096 /* how finely the window is measured */

struct chunk { /* delivered records that end before `end_offset` */
    int64_t end_offset;
    uint64_t bytes, records;
};

struct outlet { /* what was sent to one topic-partition */
    char *topic;
    int32_t partition;
    uint64_t unread_bytes, unread_records; /* undelivered ones included */
    struct chunk *chunks; /* delivered and not known to be committed, oldest first */
    size_t chunk_first, chunk_count, chunk_capacity;
};

struct client {
    rd_kafka_t *producer, *group; /* group: asks for committed offsets, never joins */
    char *servers, *group_id;
    struct kafka_property *properties; /* borrowed texts */
    size_t property_count;
    uint64_t window_bytes, delivered;
    int64_t committed_us, unanswered_us; /* when the group's offsets were last asked for; since when without an answer */
    struct outlet **outlets; /* their addresses are kept by librdkafka while messages fly */
    size_t outlet_count;
    struct error failure;
};

/* ------------------------------------------------------------------------------------------------ connecting */

enum status client_handle_new(const struct client *c, rd_kafka_type_t type, const struct kafka_property *own, size_t own_count,
                              void *opaque, void (*on_delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *),
                              rd_kafka_t **out, struct error *err)
{
    rd_kafka_conf_t *conf;
    enum status status = kafka_conf_new(c->properties, c->property_count, &conf, err);
    if (status)
        return status;
    status = kafka_conf_set(conf, "bootstrap.servers", c->servers, err);
    if (!status)
        status = kafka_conf_set(conf, "log_level", "2", err);
    for (size_t i = 0; !status && i < own_count; i++)
        status = kafka_conf_set(conf, own[i].name, own[i].value, err);
    if (status) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_opaque(conf, opaque);
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

static bool add_chunk(struct outlet *outlet, int64_t end_offset, uint64_t bytes)
{
    struct chunk *last = outlet->chunk_count ? &outlet->chunks[outlet->chunk_first + outlet->chunk_count - 1] : NULL;
    if (last && last->bytes < CHUNK_BYTES) {
        last->end_offset = end_offset;
        last->bytes += bytes;
        last->records++;
        return true;
    }
    if (outlet->chunk_first + outlet->chunk_count == outlet->chunk_capacity) {
        if (outlet->chunk_first > outlet->chunk_capacity / 2) {
            memmove(outlet->chunks, outlet->chunks + outlet->chunk_first, outlet->chunk_count * sizeof *outlet->chunks);
            outlet->chunk_first = 0;
        } else {
            size_t capacity = outlet->chunk_capacity ? outlet->chunk_capacity * 2 : 64;
            struct chunk *chunks = realloc(outlet->chunks, capacity * sizeof *chunks);
            if (!chunks)
                return false;
            outlet->chunks = chunks;
            outlet->chunk_capacity = capacity;
        }
    }
    outlet->chunks[outlet->chunk_first + outlet->chunk_count++] = (struct chunk){end_offset, bytes, 1};
    return true;
}

static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct client *c = opaque;
    struct outlet *outlet = m->_private;
    if (m->err) {
        if (!c->failure.status)
            error_set(&c->failure, STATUS_UNAVAILABLE, "topic %s, partition %d: %s", outlet->topic, (int)outlet->partition,
                      rd_kafka_err2str(m->err));
        return;
    }
    c->delivered++;
    if (c->window_bytes > 0 && !add_chunk(outlet, m->offset + 1, m->len + m->key_len) && !c->failure.status)
        error_set(&c->failure, STATUS_NO_MEMORY, "Kafka client: out of memory");
}

static void drop_group(struct client *c)
{
    if (c->group)
        rd_kafka_destroy_flags(c->group, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    c->group = NULL;
}

static enum status make_group(struct client *c, struct error *err)
{
    const struct kafka_property own[] = {{"group.id", c->group_id}, {"enable.auto.commit", "false"}};
    enum status status = client_handle_new(c, RD_KAFKA_CONSUMER, own, 2, c, NULL, &c->group, err);
    if (!status)
        rd_kafka_poll_set_consumer(c->group);
    return status;
}

enum status client_new(const struct client_options *options, struct client **out, struct error *err)
{
    const struct kafka_property producing[] = {{"enable.idempotence", "true"}, {"linger.ms", "5"}, {"compression.type", "none"}};
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
    status = client_handle_new(c, RD_KAFKA_PRODUCER, producing, 3, c, on_delivered, &c->producer, err);
    if (!status)
        status = make_group(c, err);
    if (status)
        goto fail;
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t e = rd_kafka_metadata(c->producer, 1, NULL, &metadata, CLIENT_ANSWER_MS);
    if (e) {
        status = error_set(err, STATUS_UNAVAILABLE, "Kafka: no broker answers at %s: %s", options->servers, rd_kafka_err2str(e));
        goto fail;
    }
    rd_kafka_metadata_destroy(metadata);
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

/* ------------------------------------------------------------------------------------------------ questions */

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

enum status client_watermarks(struct client *c, const char *topic, int32_t partition, int64_t *out_low, int64_t *out_high,
                              struct error *err)
{
    int64_t low, high;
    rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(c->producer, topic, partition, &low, &high, CLIENT_ANSWER_MS);
    if (e)
        return client_broker_error(err, topic, e);
    *out_low = low;
    *out_high = high;
    return STATUS_OK;
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

/* ------------------------------------------------------------------------------------------------ sending */

static struct outlet *outlet_of(struct client *c, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < c->outlet_count; i++)
        if (c->outlets[i]->partition == partition && strcmp(c->outlets[i]->topic, topic) == 0)
            return c->outlets[i];
    struct outlet **outlets = realloc(c->outlets, (c->outlet_count + 1) * sizeof *outlets);
    if (!outlets)
        return NULL;
    c->outlets = outlets;
    struct outlet *outlet = calloc(1, sizeof *outlet);
    char *name = strdup(topic);
    if (!outlet || !name) {
        free(outlet);
        free(name);
        return NULL;
    }
    outlet->topic = name;
    outlet->partition = partition;
    c->outlets[c->outlet_count++] = outlet;
    return outlet;
}

static enum status produce(struct client *c, struct outlet *outlet, const struct client_record *r, struct error *err)
{
    rd_kafka_headers_t *headers = r->header_count > 0 ? rd_kafka_headers_new(r->header_count) : NULL;
    for (size_t i = 0; i < r->header_count; i++)
        rd_kafka_header_add(headers, r->headers[i].name, -1, r->headers[i].value.data, (ssize_t)r->headers[i].value.size);
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = r->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = r->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)r->key.data, r->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)r->value.data, r->value.size}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = r->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = outlet},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(c->producer, fields, sizeof fields / sizeof *fields - (headers ? 0 : 1));
    if (!error)
        return STATUS_OK;
    bool full = rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR__QUEUE_FULL;
    enum status status = full ? STATUS_BUSY : error_set(err, STATUS_UNAVAILABLE, "topic %s: %s", r->topic, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers);
    return status;
}

enum status client_send(struct client *c, const struct client_record *r, struct error *err)
{
    if (c->failure.status)
        return error_set(err, c->failure.status, "%s", c->failure.text);
    struct outlet *outlet = outlet_of(c, r->topic, r->partition);
    if (!outlet)
        return error_set(err, STATUS_NO_MEMORY, "Kafka client: out of memory");
    uint64_t bytes = r->key.size + r->value.size;
    /* A single record larger than the window may pass when nothing else waits. */
    if (c->window_bytes > 0 && outlet->unread_bytes > 0 && outlet->unread_bytes + bytes > c->window_bytes)
        return STATUS_BUSY;
    enum status status = produce(c, outlet, r, err);
    if (!status && c->window_bytes > 0) {
        outlet->unread_bytes += bytes;
        outlet->unread_records++;
    }
    return status;
}

static void forget_committed(struct outlet *outlet, int64_t next)
{
    while (outlet->chunk_count > 0 && outlet->chunks[outlet->chunk_first].end_offset <= next) {
        const struct chunk *chunk = &outlet->chunks[outlet->chunk_first];
        outlet->unread_bytes -= chunk->bytes;
        outlet->unread_records -= chunk->records;
        outlet->chunk_first++;
        outlet->chunk_count--;
    }
}

/* A broker may be away for a while. The handle does not always find its coordinator again (librdkafka 2.0.2 on the
 * embedded broker), a new one does. */
static enum status on_no_answer(struct client *c, rd_kafka_resp_err_t e, struct error *err)
{
    if (c->unanswered_us == 0)
        c->unanswered_us = c->committed_us;
    if (c->committed_us - c->unanswered_us > CLIENT_ANSWER_MS * INT64_C(1000))
        return client_broker_error(err, "committed offsets", e);
    drop_group(c);
    return make_group(c, err);
}

static enum status look_at_committed(struct client *c, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)c->outlet_count);
    for (size_t i = 0; i < c->outlet_count; i++)
        if (c->outlets[i]->unread_records > 0)
            rd_kafka_topic_partition_list_add(list, c->outlets[i]->topic, c->outlets[i]->partition);
    rd_kafka_resp_err_t e = list->cnt > 0 ? rd_kafka_committed(c->group, list, COMMITTED_ANSWER_MS) : RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; !e && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (!p->err && p->offset >= 0)
            forget_committed(outlet_of(c, p->topic, p->partition), p->offset);
    }
    rd_kafka_topic_partition_list_destroy(list);
    c->committed_us = loop_now_us();
    if (e)
        return on_no_answer(c, e, err);
    c->unanswered_us = 0;
    return STATUS_OK;
}

enum status client_poll(struct client *c, int wait_ms, struct error *err)
{
    rd_kafka_poll(c->producer, wait_ms);
    if (c->failure.status)
        return error_set(err, c->failure.status, "%s", c->failure.text);
    if (c->window_bytes > 0 && loop_now_us() - c->committed_us >= COMMITTED_EVERY_US)
        return look_at_committed(c, err);
    return STATUS_OK;
}

enum status client_flush(struct client *c, int timeout_ms, struct error *err)
{
    rd_kafka_resp_err_t e = rd_kafka_flush(c->producer, timeout_ms);
    if (e)
        return client_broker_error(err, "not everything could be delivered", e);
    return c->failure.status ? error_set(err, c->failure.status, "%s", c->failure.text) : STATUS_OK;
}

uint64_t client_delivered(const struct client *c)
{
    return c->delivered;
}

uint64_t client_unread(const struct client *c)
{
    uint64_t unread = 0;
    for (size_t i = 0; i < c->outlet_count; i++)
        unread += c->outlets[i]->unread_records;
    return unread;
}
