/* client_send.c: sending within a window of what the group has not committed. */
#include "app/client_inner.h"

#include <stdlib.h>
#include <string.h>

#include "io/loop.h"

#define COMMITTED_EVERY_US  20000
#define COMMITTED_ANSWER_MS 2000
#define CHUNK_BYTES         4096 /* how finely the window is measured */

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

void client_on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
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
    return client_group_renew(c, err);
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

uint64_t client_undelivered(const struct client *c)
{
    const int waiting = rd_kafka_outq_len(c->producer);
    return waiting > 0 ? (uint64_t)waiting : 0;
}

uint64_t client_unread(const struct client *c)
{
    uint64_t unread = 0;
    for (size_t i = 0; i < c->outlet_count; i++)
        unread += c->outlets[i]->unread_records;
    return unread;
}
