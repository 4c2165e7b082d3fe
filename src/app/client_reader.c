#include "app/client_inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/loop.h"

struct place { /* one topic-partition being read */
    size_t topic;
    int32_t partition;
    int64_t next; /* offset expected; -1 before the first */
    bool at_end;
};

struct client_reader {
    rd_kafka_t *handle;
    char **topics;
    size_t topic_count;
    struct place *places;
    size_t place_count, ended;
    bool end_told, holes_are_losses;
    rd_kafka_message_t *message;
};

static struct place *place_of(struct client_reader *r, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < r->place_count; i++)
        if (r->places[i].partition == partition && strcmp(r->topics[r->places[i].topic], topic) == 0)
            return &r->places[i];
    return NULL;
}

static enum status list_places(struct client *c, struct client_reader *r, struct error *err)
{
    for (size_t t = 0; t < r->topic_count; t++) {
        int32_t partitions;
        enum status status = client_partitions(c, r->topics[t], &partitions, err);
        if (status)
            return status;
        struct place *places = realloc(r->places, (r->place_count + (size_t)partitions) * sizeof *places);
        if (!places)
            return error_set(err, STATUS_NO_MEMORY, "Kafka client: out of memory");
        r->places = places;
        for (int32_t p = 0; p < partitions; p++)
            r->places[r->place_count++] = (struct place){t, p, -1, false};
    }
    return STATUS_OK;
}

static enum status start_reading(struct client_reader *r, enum client_start start, struct error *err)
{
    static const int64_t offsets[] = {RD_KAFKA_OFFSET_END, 0, RD_KAFKA_OFFSET_BEGINNING};
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)r->place_count);
    for (size_t i = 0; i < r->place_count; i++) {
        rd_kafka_topic_partition_list_add(list, r->topics[r->places[i].topic], r->places[i].partition)->offset = offsets[start];
        r->places[i].next = start == CLIENT_FROM_ZERO ? 0 : -1;
    }
    rd_kafka_resp_err_t e = rd_kafka_assign(r->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e ? client_broker_error(err, "cannot read", e) : STATUS_OK;
}

enum status client_reader_new(struct client *c, const char *const *topics, size_t topic_count, enum client_start start,
                              struct client_reader **out, struct error *err)
{
    const struct kafka_property own[] = {
        {"group.id", "storecast-reader"}, {"enable.auto.commit", "false"},       {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"}, {"isolation.level", "read_committed"}, {"fetch.wait.max.ms", "20"},
    };
    struct client_reader *r = calloc(1, sizeof *r);
    if (!r)
        return error_set(err, STATUS_NO_MEMORY, "Kafka client: out of memory");
    enum status status = STATUS_OK;
    r->holes_are_losses = c->is_embedded;
    r->topics = calloc(topic_count, sizeof *r->topics);
    for (size_t i = 0; r->topics && i < topic_count; i++)
        r->topics[r->topic_count++] = strdup(topics[i]);
    for (size_t i = 0; i < topic_count && !status; i++)
        if (!r->topics || !r->topics[i])
            status = error_set(err, STATUS_NO_MEMORY, "Kafka client: out of memory");
    if (!status)
        status = list_places(c, r, err);
    if (!status)
        status = client_handle_new(c, RD_KAFKA_CONSUMER, own, sizeof own / sizeof *own, NULL, NULL, &r->handle, err);
    if (!status) {
        rd_kafka_poll_set_consumer(r->handle);
        status = start_reading(r, start, err);
    }
    if (status)
        client_reader_free(r);
    else
        *out = r;
    return status;
}

void client_reader_free(struct client_reader *r)
{
    if (!r)
        return;
    if (r->message)
        rd_kafka_message_destroy(r->message);
    if (r->handle) {
        rd_kafka_assign(r->handle, NULL);
        rd_kafka_destroy_flags(r->handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
    for (size_t i = 0; i < r->topic_count; i++)
        free(r->topics[i]);
    free(r->topics);
    free(r->places);
    free(r);
}

static enum status lost(struct error *err, const char *topic, int32_t partition, int64_t from, int64_t to)
{
    return error_set(err, STATUS_CORRUPT, "topic %s, partition %d: the broker dropped records %lld to %lld before they were read", topic,
                     (int)partition, (long long)from, (long long)to - 1);
}

/* The embedded broker drops records without a word to a reader that is within them. Kafka itself refuses to read what is
 * gone, and its offsets have holes: markers of transactions, and what compaction took. */
static enum status check_hole(struct client_reader *r, const struct place *place, int64_t offset, struct error *err)
{
    int64_t low;
    const char *topic = r->topics[place->topic];
    enum status status = kafka_first_offset(r->handle, topic, place->partition, CLIENT_ANSWER_MS, &low, err);
    if (status)
        return status;
    return low > place->next ? lost(err, topic, place->partition, place->next, low < offset ? low : offset) : STATUS_OK;
}

static enum status on_reader_error(struct client_reader *r, const rd_kafka_message_t *m, struct error *err)
{
    struct place *place = m->rkt ? place_of(r, rd_kafka_topic_name(m->rkt), m->partition) : NULL;
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && place) {
        r->ended += !place->at_end;
        place->at_end = true;
        return STATUS_BUSY;
    }
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        int64_t low = 0;
        if (!place)
            return lost(err, "?", m->partition, 0, low);
        const char *topic = r->topics[place->topic];
        enum status status = kafka_first_offset(r->handle, topic, m->partition, CLIENT_ANSWER_MS, &low, err);
        return status ? status : lost(err, topic, m->partition, place->next, low);
    }
    if (m->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        return error_set(err, STATUS_UNAVAILABLE, "Kafka: %s", rd_kafka_message_errstr(m));
    return STATUS_BUSY; /* librdkafka tries again by itself */
}

static enum status take_message(struct client_reader *r, struct client_message *out, struct error *err)
{
    const rd_kafka_message_t *m = r->message;
    struct place *place = place_of(r, rd_kafka_topic_name(m->rkt), m->partition);
    assert(place);
    if (r->holes_are_losses && place->next >= 0 && m->offset > place->next) {
        enum status status = check_hole(r, place, m->offset, err);
        if (status)
            return status;
    }
    place->next = m->offset + 1;
    r->ended -= place->at_end;
    place->at_end = false;
    r->end_told = false;
    rd_kafka_timestamp_type_t type;
    *out = (struct client_message){
        .topic = place->topic,
        .topic_name = r->topics[place->topic],
        .partition = m->partition,
        .offset = m->offset,
        .timestamp_ms = rd_kafka_message_timestamp(m, &type),
        .key = {m->key, m->key ? m->key_len : 0},
        .value = {m->payload, m->payload ? m->len : 0},
    };
    return STATUS_OK;
}

enum status client_read(struct client_reader *r, int wait_ms, struct client_message *out, struct error *err)
{
    int64_t until = loop_now_us() + (int64_t)wait_ms * 1000;
    for (;;) {
        if (r->message)
            rd_kafka_message_destroy(r->message);
        int64_t left_ms = (until - loop_now_us()) / 1000;
        r->message = rd_kafka_consumer_poll(r->handle, left_ms > 0 ? (int)left_ms : 0);
        if (!r->message)
            return STATUS_BUSY;
        if (!r->message->err)
            return take_message(r, out, err);
        enum status status = on_reader_error(r, r->message, err);
        if (status != STATUS_BUSY)
            return status;
        if (r->ended == r->place_count && !r->end_told) {
            r->end_told = true;
            return STATUS_NOT_FOUND;
        }
    }
}

bool client_message_header(const struct client_reader *r, const char *name, struct text *out)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (!r->message || rd_kafka_message_headers(r->message, &headers) || rd_kafka_header_get_last(headers, name, &value, &size))
        return false;
    *out = (struct text){value, value ? size : 0};
    return true;
}

bool client_message_header_at(const struct client_reader *r, size_t index, const char **out_name, struct text *out)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (!r->message || rd_kafka_message_headers(r->message, &headers) || rd_kafka_header_get_all(headers, index, out_name, &value, &size))
        return false;
    *out = (struct text){value, value ? size : 0};
    return true;
}
