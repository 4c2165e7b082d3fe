#include "io/producer.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#define EVENTS_PER_TURN 500

struct producer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    struct loop_wake *wake;
    struct producer_hooks hooks;
    rd_kafka_topic_t **topics;
    size_t topic_count;
    size_t in_flight;
    uint64_t delivered;
    bool wants_room;
    struct error failure;
};

static void on_delivered(struct producer *p, const rd_kafka_message_t *m)
{
    assert(p->in_flight > 0);
    p->in_flight--;
    if (!m->err) {
        int64_t *next_offset = m->_private;
        if (next_offset && *next_offset <= m->offset)
            *next_offset = m->offset + 1;
        p->delivered++;
        return;
    }
    bool refused = m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || m->err == RD_KAFKA_RESP_ERR_INVALID_MSG ||
                   m->err == RD_KAFKA_RESP_ERR_INVALID_RECORD;
    /* One refused record purges what is queued with it: it is the one to tell, even when it is not the first told. */
    if (!p->failure.status || (refused && p->failure.status != STATUS_OUT_OF_RANGE))
        error_set(&p->failure, refused ? STATUS_OUT_OF_RANGE : STATUS_UNAVAILABLE, "topic %s, partition %d: %s",
                  rd_kafka_topic_name(m->rkt), (int)m->partition, rd_kafka_err2str(m->err));
}

static void on_error_event(struct producer *p, rd_kafka_event_t *event)
{
    if (rd_kafka_event_error_is_fatal(event)) {
        char text[512];
        rd_kafka_fatal_error(p->handle, text, sizeof text);
        p->hooks.on_fatal(p->hooks.arg, text);
    } else if (p->hooks.on_error) {
        p->hooks.on_error(p->hooks.arg, rd_kafka_event_error_string(event));
    }
}

static void handle_event(struct producer *p, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *m;
    const char *facility, *line;
    int level;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        while ((m = rd_kafka_event_message_next(event)) != NULL)
            on_delivered(p, m);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error_event(p, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        if (p->hooks.on_log && rd_kafka_event_log(event, &facility, &line, &level) == 0)
            p->hooks.on_log(p->hooks.arg, level, facility, line);
        break;
    default:
        break;
    }
}

static void on_queue(void *arg)
{
    struct producer *p = arg;
    size_t before = p->in_flight;
    bool had_failed = p->failure.status != STATUS_OK;
    int64_t until = loop_now_us() + LOOP_TURN_US;
    bool drained = false;
    for (int i = 0; i < EVENTS_PER_TURN && !drained && loop_now_us() < until; i++) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(p->queue, 0);
        if (event) {
            handle_event(p, event);
            rd_kafka_event_destroy(event);
        }
        drained = !event;
    }
    if (!drained)
        loop_wake_kick(p->wake);
    if (p->wants_room && p->in_flight < before) {
        p->wants_room = false;
        p->hooks.on_room(p->hooks.arg);
    }
    bool has_just_failed = !had_failed && p->failure.status;
    if (has_just_failed || (before > 0 && p->in_flight == 0))
        p->hooks.on_settled(p->hooks.arg);
}

static enum status look_up_topics(struct producer *p, const struct producer_options *options)
{
    p->topics = calloc(options->topic_count + 1, sizeof *p->topics);
    if (!p->topics)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < options->topic_count; i++) {
        p->topics[i] = rd_kafka_topic_new(p->handle, options->topics[i], NULL);
        if (!p->topics[i])
            return STATUS_NO_MEMORY;
        p->topic_count++;
    }
    return STATUS_OK;
}

enum status producer_new(struct loop *loop, const struct producer_options *options, struct producer **out, struct error *err)
{
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf;
    enum status status = kafka_conf_new(options->properties, options->property_count, &conf, err);
    if (status)
        return status;
    status = kafka_conf_set(conf, "transactional.id", options->transactional_id, err);
    if (!status)
        status = kafka_conf_set(conf, "log.queue", "true", err);
    struct producer *p = status ? NULL : calloc(1, sizeof *p);
    if (!p) {
        rd_kafka_conf_destroy(conf);
        return status ? status : error_set(err, STATUS_NO_MEMORY, "producer: out of memory");
    }
    p->hooks = options->hooks;
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    char why[512];
    p->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!p->handle) {
        rd_kafka_conf_destroy(conf);
        status = error_set(err, STATUS_BAD_CONFIG, "producer: %s", why);
        goto fail;
    }
    status = look_up_topics(p, options);
    if (status) {
        error_set(err, status, "producer: out of memory");
        goto fail;
    }
    status = loop_wake_new(loop, "producer", on_queue, p, &p->wake);
    if (status) {
        error_set(err, status, "producer: no descriptor to wake it by");
        goto fail;
    }
    p->queue = rd_kafka_queue_get_main(p->handle);
    rd_kafka_set_log_queue(p->handle, p->queue);
    rd_kafka_queue_io_event_enable(p->queue, loop_wake_fd(p->wake), &one, sizeof one);
    loop_wake_kick(p->wake);
    *out = p;
    return STATUS_OK;
fail:
    producer_free(p);
    return status;
}

void producer_free(struct producer *p)
{
    if (!p)
        return;
    if (p->queue) {
        rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(p->queue);
    }
    for (size_t i = 0; i < p->topic_count; i++)
        rd_kafka_topic_destroy(p->topics[i]);
    free(p->topics);
    if (p->handle)
        rd_kafka_destroy(p->handle);
    loop_wake_free(p->wake);
    free(p);
}

static rd_kafka_headers_t *headers_of(const struct producer_message *m)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(m->header_count);
    for (size_t i = 0; i < m->header_count; i++)
        rd_kafka_header_add(headers, m->headers[i].name, -1, m->headers[i].value.data, (ssize_t)m->headers[i].value.size);
    return headers;
}

enum status producer_send(struct producer *p, const struct producer_message *m, struct error *err)
{
    rd_kafka_headers_t *headers = m->header_count > 0 ? headers_of(m) : NULL;
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = m->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = m->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)m->key.data, m->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)m->value.data, m->value.size}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = m->next_offset},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof fields / sizeof *fields - (headers ? 0 : 1);
    rd_kafka_error_t *error = rd_kafka_produceva(p->handle, fields, count);
    if (!error) {
        p->in_flight++;
        return STATUS_OK;
    }
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    enum status status;
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        p->wants_room = true;
        status = STATUS_BUSY;
    } else {
        status = code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ? STATUS_OUT_OF_RANGE : STATUS_UNAVAILABLE;
        error_set(err, status, "topic %s, partition %d: %s", m->topic, (int)m->partition, rd_kafka_error_string(error));
    }
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers); /* not taken over when producing fails */
    return status;
}

size_t producer_in_flight(const struct producer *p)
{
    return p->in_flight;
}

uint64_t producer_delivered(const struct producer *p)
{
    return p->delivered;
}

enum status producer_failure(const struct producer *p, struct error *err)
{
    return p->failure.status ? error_set(err, p->failure.status, "%s", p->failure.text) : STATUS_OK;
}

void producer_clear(struct producer *p)
{
    p->failure = (struct error){0};
}

rd_kafka_t *producer_handle(struct producer *p)
{
    return p->handle;
}
