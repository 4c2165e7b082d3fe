/* doctor_inputs.c: what producers send: in which partition, in which form, with which clock. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/doctor.h"
#include "base/hash.h"
#include "codec/codec.h"

#define ISSUED_AHEAD_MS (INT64_C(48) * 3600 * 1000) /* of Kafka's timestamp; a replayed Complete is dated to the day's end */

struct sample {
    struct doctor *d;
    struct codec *codec;
    struct arena arena;
    enum topic topic;
    size_t records, strays, unread, mismatched, ahead, early;
    int64_t stray_offset, most_ahead_ms, most_early_ms;
    int32_t stray_partition, stray_right;
    char stray_key[64], mismatched_key[64];
    struct error unread_why; /* of the first */
};

static struct bytes key_of(const rd_kafka_message_t *m)
{
    return (struct bytes){m->key, m->key ? m->key_len : 0};
}

static bool is_all_stores(struct bytes key)
{
    return key.size == ALL_STORES_KEY_BYTES && memcmp(key.data, ALL_STORES_KEY, ALL_STORES_KEY_BYTES) == 0;
}

/* Of strangers, so that only what is plain is shown. */
static void show_key(struct bytes key, char *out, size_t size)
{
    size_t n = 0;
    for (; n < key.size && n < size - 1; n++)
        out[n] = key.data[n] > ' ' && key.data[n] < 127 ? (char)key.data[n] : '?';
    out[n] = '\0';
}

static void look_at_key(struct sample *s, const rd_kafka_message_t *m, struct bytes key)
{
    const int32_t right = hash_partition(key.data, key.size, s->d->facts[s->topic].partitions);
    if (right == m->partition || s->d->config->input_partitioner == PARTITIONER_ANY || is_all_stores(key))
        return;
    if (s->strays++ > 0)
        return;
    show_key(key, s->stray_key, sizeof s->stray_key);
    s->stray_offset = m->offset;
    s->stray_partition = m->partition;
    s->stray_right = right;
}

static void look_at_store(struct sample *s, struct bytes key, struct text store)
{
    const bool matches = store.data ? store.size == key.size && memcmp(store.data, key.data, key.size) == 0 : is_all_stores(key);
    if (!matches && s->mismatched++ == 0)
        show_key(key, s->mismatched_key, sizeof s->mismatched_key);
}

static void look_at_value(struct sample *s, const rd_kafka_message_t *m, struct bytes key)
{
    const struct bytes value = {m->payload, m->payload ? m->len : 0};
    struct error why = {0};
    struct sales_update sale = {0};
    struct forecast_request request = {0};
    arena_clear(&s->arena);
    const bool is_sale = s->topic == TOPIC_SALES;
    const enum status status = is_sale ? codec_decode_sales_update(s->codec, value, &s->arena, &sale, NULL, &why)
                                       : codec_decode_forecast_request(s->codec, value, &s->arena, &request, NULL, &why);
    if (status) {
        if (s->unread++ == 0)
            s->unread_why = why;
        return;
    }
    look_at_store(s, key, is_sale ? sale.store : request.store);
    rd_kafka_timestamp_type_t type;
    const int64_t ahead_ms = sale.issued_at_ms - rd_kafka_message_timestamp(m, &type);
    if (is_sale && ahead_ms > ISSUED_AHEAD_MS) {
        s->early++;
        if (ahead_ms > s->most_early_ms)
            s->most_early_ms = ahead_ms;
    }
}

static void on_record(void *arg, const rd_kafka_message_t *m)
{
    struct sample *s = arg;
    rd_kafka_timestamp_type_t type;
    const int64_t ahead_ms = rd_kafka_message_timestamp(m, &type) - s->d->now_ms;
    const struct bytes key = key_of(m);
    s->records++;
    look_at_key(s, m, key);
    look_at_value(s, m, key);
    if (ahead_ms > s->d->patience_ms) {
        s->ahead++;
        if (ahead_ms > s->most_ahead_ms)
            s->most_ahead_ms = ahead_ms;
    }
}

/* ---- what it means */

static void tell_keys(struct sample *s, const char *topic)
{
    struct findings *out = &s->d->findings;
    if (s->strays > 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out,
                               "topic %s: %zu of %zu records looked at are in another partition than their key's (key %s, offset %" PRId64
                               ": in %d, not %d)",
                               topic, s->strays, s->records, s->stray_key, s->stray_offset, (int)s->stray_partition, (int)s->stray_right);
        f->why = "they are refused as WRONG_PARTITION: two workers would own one store";
        f->run = "set partitioner=murmur2_random in their producer (librdkafka's default is another; Java's is right), or -X "
                 "input.partitioner=any on all workers when every producer hashes alike";
    }
    if (s->mismatched > 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "topic %s: the key of %zu of %zu records looked at is not their store (key %s)", topic, s->mismatched,
                               s->records, s->mismatched_key);
        f->why = "they are refused as KEY_MISMATCH: the key decides which worker sees a store";
        f->run = "make the producer's key the bytes of store_id, and nothing else";
    }
    if (s->unread > 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "topic %s: %zu of %zu records looked at cannot be read", topic, s->unread, s->records);
        f->why = finding_text(out, "they become dead letters: %s", s->unread_why.text);
        f->run = finding_text(out, "storecast tail dead-letters -X kafka.bootstrap.servers=%s", s->d->servers);
    }
}

static void tell_clocks(struct sample *s, const char *topic)
{
    struct findings *out = &s->d->findings;
    char time[DOCTOR_TIME_BYTES];
    if (s->ahead > 0) {
        const bool is_brokers = strcmp(s->d->facts[s->topic].settings[KAFKA_SETTING_TIMESTAMP_TYPE], "LogAppendTime") == 0;
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "topic %s: %zu of %zu records looked at come from the future, by up to %s", topic, s->ahead, s->records,
                               doctor_time(s->most_ahead_ms, time));
        f->why = finding_text(
            out,
            "the clock of %s is ahead, or that of this machine is behind: dates too far ahead pass, and Kafka keeps the records too long",
            is_brokers ? "their broker" : "their producer");
        f->run = "chronyc tracking, on that machine and on this one";
    }
    if (s->early > 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "topic %s: issued_at of %zu of %zu records looked at is later than when they came, by up to %s", topic,
                               s->early, s->records, doctor_time(s->most_early_ms, time));
        f->why = "of two Totals the one issued later counts, so that no correction can win until then";
        f->run = "chronyc tracking, where the records are made";
    }
}

static enum status check_topic(struct doctor *d, enum topic topic, struct error *err)
{
    struct sample s = {.d = d, .topic = topic};
    const char *name = topics_name(&d->topics, topic);
    if (codec_new(&s.codec))
        return error_set(err, STATUS_NO_MEMORY, "doctor: out of memory");
    const enum status status = doctor_reader_last(d->committed, name, d->facts[topic].partitions, d->sample, on_record, &s, err);
    if (!status) {
        tell_keys(&s, name);
        tell_clocks(&s, name);
    }
    codec_free(s.codec);
    arena_done(&s.arena);
    return status;
}

enum status doctor_check_inputs(struct doctor *d, struct error *err)
{
    const enum status status = check_topic(d, TOPIC_SALES, err);
    return status || !d->facts[TOPIC_REQUESTS].exists ? status : check_topic(d, TOPIC_REQUESTS, err);
}

const char *doctor_time(int64_t ms, char out[DOCTOR_TIME_BYTES])
{
    const int64_t s = ms / 1000;
    if (s >= 2 * 86400)
        snprintf(out, DOCTOR_TIME_BYTES, "%" PRId64 " days", s / 86400);
    else if (s >= 2 * 3600)
        snprintf(out, DOCTOR_TIME_BYTES, "%" PRId64 " h", s / 3600);
    else if (s >= 120)
        snprintf(out, DOCTOR_TIME_BYTES, "%" PRId64 " min", s / 60);
    else
        snprintf(out, DOCTOR_TIME_BYTES, "%" PRId64 " s", s);
    return out;
}
