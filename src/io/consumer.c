#include "io/consumer_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_PER_TURN 5000 /* or as many as a turn has time for */

/* ---- records */

void consumer_record_free(struct consumer_record *r)
{
    if (!r)
        return;
    if (r->event)
        rd_kafka_event_destroy(r->event);
    free(r);
}

bool consumer_record_header(const struct consumer_record *r, size_t index, struct kafka_header *out)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (!r->message)
        return false;
    if (rd_kafka_message_headers(r->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    if (rd_kafka_header_get_all(headers, index, &out->name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    out->value = (struct bytes){value, value ? size : 0};
    return true;
}

static size_t topic_index(const struct consumer *c, const char *name)
{
    size_t i = 0;
    while (i < c->topic_count && strcmp(c->topics[i], name) != 0)
        i++;
    return i;
}

static bool has_room(struct consumer *c)
{
    if (!c->room)
        c->room = malloc(sizeof *c->room);
    return c->room != NULL;
}

/* A record that may wait for long is copied: librdkafka's own takes three times the memory, and holds on to what came with it. One with
 * headers stays as it is, and so does one that there is no memory for. NULL then. */
static struct consumer_record *copy_of(const struct consumer_record *r)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(r->message, &headers) != RD_KAFKA_RESP_ERR__NOENT)
        return NULL;
    struct consumer_record *copy = malloc(sizeof *copy + r->key.size + r->value.size);
    if (!copy)
        return NULL;
    uint8_t *bytes = (uint8_t *)(copy + 1);
    *copy = *r;
    copy->event = copy->message = NULL;
    if (r->key.data)
        copy->key.data = memcpy(bytes, r->key.data, r->key.size);
    if (r->value.data)
        copy->value.data = memcpy(bytes + r->key.size, r->value.data, r->value.size);
    return copy;
}

/* Takes the event over, and perhaps the room; returns false when there is no record in it. */
static bool take_record(struct consumer *c, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *m = rd_kafka_event_message_next(event);
    if (!m)
        return false;
    struct consumer_record *r = c->room;
    rd_kafka_timestamp_type_t type;
    *r = (struct consumer_record){
        .topic = topic_index(c, rd_kafka_topic_name(m->rkt)),
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, &type),
        .key = {m->key, m->key ? m->key_len : 0},
        .value = {m->payload, m->payload ? m->len : 0},
        .event = event,
        .message = (void *)(uintptr_t)m,
    };
    assert(r->topic < c->topic_count);
    struct consumer_record *copy = copy_of(r);
    if (copy)
        rd_kafka_event_destroy(event);
    else
        c->room = NULL;
    c->hooks.on_record(c->hooks.arg, copy ? copy : r);
    return true;
}

/* ---- other events */

void consumer_report(struct consumer *c, const char *why)
{
    if (c->hooks.on_error)
        c->hooks.on_error(c->hooks.arg, why);
}

static void on_end_event(struct consumer *c, rd_kafka_event_t *event)
{
    rd_kafka_topic_partition_t *p = rd_kafka_event_topic_partition(event);
    if (!p)
        return;
    size_t topic = topic_index(c, p->topic);
    if (c->hooks.on_end && topic < c->topic_count)
        c->hooks.on_end(c->hooks.arg, topic, p->partition);
    rd_kafka_topic_partition_destroy(p);
}

static void on_error_event(struct consumer *c, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *why = rd_kafka_event_error_string(event);
    if (rd_kafka_event_error_is_fatal(event)) {
        char text[512];
        rd_kafka_fatal_error(c->handle, text, sizeof text);
        c->hooks.on_fatal(c->hooks.arg, text);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        on_end_event(c, event);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        rd_kafka_topic_partition_t *p = rd_kafka_event_topic_partition(event);
        size_t topic = p ? topic_index(c, p->topic) : 0;
        c->hooks.on_lost_input(c->hooks.arg, topic < c->topic_count ? topic : 0, p ? p->partition : -1, why);
        if (p)
            rd_kafka_topic_partition_destroy(p);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        c->is_connected = false;
    consumer_report(c, why ? why : rd_kafka_err2str(code));
}

static void on_rebalance_event(struct consumer *c, rd_kafka_event_t *event)
{
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        if (c->is_closing || !c->hooks.on_revoke)
            consumer_unassign(c);
        else
            c->hooks.on_revoke(c->hooks.arg, rd_kafka_assignment_lost(c->handle) != 0);
        return;
    }
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    struct consumer_position *positions = calloc((size_t)list->cnt + 1, sizeof *positions);
    if (!positions || !c->hooks.on_assign) {
        free(positions);
        consumer_unassign(c);
        if (c->hooks.on_assign)
            c->hooks.on_fatal(c->hooks.arg, "out of memory for the partitions that were assigned"); /* the group takes them for ours */
        return;
    }
    for (int i = 0; i < list->cnt; i++)
        positions[i] = (struct consumer_position){
            .topic = topic_index(c, list->elems[i].topic), .partition = list->elems[i].partition, .next_offset = -1};
    c->hooks.on_assign(c->hooks.arg, positions, (size_t)list->cnt);
    free(positions);
}

static void on_log_event(struct consumer *c, rd_kafka_event_t *event)
{
    const char *facility, *line;
    int level;
    if (c->hooks.on_log && rd_kafka_event_log(event, &facility, &line, &level) == 0)
        c->hooks.on_log(c->hooks.arg, level, facility, line);
}

/* Returns whether the event was taken over by a record. */
static bool handle_event(struct consumer *c, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_FETCH:
        c->is_connected = true;
        return take_record(c, event);
    case RD_KAFKA_EVENT_ERROR:
        on_error_event(c, event);
        return false;
    case RD_KAFKA_EVENT_REBALANCE:
        on_rebalance_event(c, event);
        return false;
    case RD_KAFKA_EVENT_LOG:
        on_log_event(c, event);
        return false;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
        consumer_on_commit_event(c, event);
        return false;
    default:
        return false;
    }
}

static void drain(struct consumer *c, int budget)
{
    int64_t until = loop_now_us() + LOOP_TURN_US;
    c->polled_us = loop_now_us();
    for (int i = 0; i < budget; i++) {
        if (c->is_held && !c->is_closing && i > 0)
            return; /* consumer_hold(false) or the tick goes on */
        if (!has_room(c))
            return; /* the tick goes on */
        rd_kafka_event_t *event = rd_kafka_queue_poll(c->queue, 0);
        if (!event)
            return;
        if (!handle_event(c, event))
            rd_kafka_event_destroy(event);
        if ((i & 31) == 31 && loop_now_us() > until)
            break;
    }
    loop_wake_kick(c->wake); /* librdkafka signals only once per empty queue */
}

/* Closing waits for the commit on its way and the newer one behind it; librdkafka answers each within the session. */
static void go_on_closing(struct consumer *c)
{
    if (!c->is_closing || c->is_closed)
        return;
    if (!c->is_leaving && consumer_commits_are_settled(c)) {
        c->is_leaving = true;
        rd_kafka_error_t *error = rd_kafka_consumer_close_queue(c->handle, c->queue);
        if (error) {
            consumer_report(c, rd_kafka_error_string(error));
            rd_kafka_error_destroy(error);
        }
        loop_wake_kick(c->wake);
    }
    if (c->is_leaving && rd_kafka_consumer_closed(c->handle)) {
        c->is_closed = true;
        if (c->hooks.on_closed)
            c->hooks.on_closed(c->hooks.arg);
    }
}

static void on_queue(void *arg)
{
    struct consumer *c = arg;
    if (!c->is_held || c->is_closing)
        drain(c, EVENTS_PER_TURN);
    go_on_closing(c);
}

void consumer_tick(struct consumer *c)
{
    drain(c, c->is_held ? 1 : EVENTS_PER_TURN);
    go_on_closing(c);
    consumer_commit_again(c);
}

/* ---- life */

static enum status configure(const struct consumer_options *o, rd_kafka_conf_t **out, struct error *err)
{
    const struct kafka_property own[] = {
        {"group.id", o->group},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"}, /* what the broker has dropped must be seen, not skipped */
        {"enable.partition.eof", "true"},
        {"isolation.level", o->read_committed ? "read_committed" : "read_uncommitted"},
        {"partition.assignment.strategy", "range"}, /* the only one that keeps our topics co-partitioned */
        {"log.queue", "true"},
    };
    rd_kafka_conf_t *conf;
    enum status status = kafka_conf_new(o->properties, o->property_count, &conf, err);
    if (status)
        return status;
    for (size_t i = 0; !status && i < sizeof own / sizeof *own; i++)
        status = kafka_conf_set(conf, own[i].name, own[i].value, err);
    if (!status && o->instance)
        status = kafka_conf_set(conf, "group.instance.id", o->instance, err);
    if (status) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_LOG);
    *out = conf;
    return STATUS_OK;
}

enum status consumer_new(struct loop *loop, const struct consumer_options *options, struct consumer **out, struct error *err)
{
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf;
    enum status status = configure(options, &conf, err);
    if (status)
        return status;
    struct consumer *c = calloc(1, sizeof *c);
    if (!c) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, STATUS_NO_MEMORY, "consumer: out of memory");
    }
    c->hooks = options->hooks;
    c->topics = options->topics;
    c->topic_count = options->topic_count;
    c->is_connected = true;
    c->polled_us = loop_now_us();
    char why[512];
    c->handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!c->handle) {
        rd_kafka_conf_destroy(conf);
        status = error_set(err, STATUS_BAD_CONFIG, "consumer: %s", why);
        goto fail;
    }
    status = loop_wake_new(loop, "consumer", on_queue, c, &c->wake);
    if (status) {
        error_set(err, status, "consumer: no descriptor to wake it by");
        goto fail;
    }
    rd_kafka_poll_set_consumer(c->handle);
    c->queue = rd_kafka_queue_get_consumer(c->handle);
    rd_kafka_set_log_queue(c->handle, c->queue);
    rd_kafka_queue_io_event_enable(c->queue, loop_wake_fd(c->wake), &one, sizeof one);
    loop_wake_kick(c->wake);
    *out = c;
    return STATUS_OK;
fail:
    consumer_free(c);
    return status;
}

void consumer_free(struct consumer *c)
{
    if (!c)
        return;
    if (c->queue) {
        rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(c->queue);
    }
    if (c->handle)
        rd_kafka_destroy_flags(c->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    consumer_forget_commits(c);
    loop_wake_free(c->wake);
    free(c->room);
    free(c);
}

void consumer_close(struct consumer *c)
{
    c->is_closing = true;
    loop_wake_kick(c->wake);
}

int64_t consumer_polled_us(const struct consumer *c)
{
    return c->polled_us;
}

bool consumer_is_connected(const struct consumer *c)
{
    return c->is_connected;
}

rd_kafka_t *consumer_handle(struct consumer *c)
{
    return c->handle;
}
