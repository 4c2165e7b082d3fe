#include "app/demo.h"

#include <stdlib.h>
#include <string.h>

enum { TOPIC_OF_FORECASTS, TOPIC_OF_ALERTS, TOPIC_OF_DEAD, TOPIC_OF_COUNT };

enum status demo_reader_open(struct demo_reader *r, struct client *client, const struct topics *topics, struct scores *scores,
                             struct error *err)
{
    *r = (struct demo_reader){
        .client = client,
        .scores = scores,
        .topics = {topics_name(topics, TOPIC_FORECASTS), topics_name(topics, TOPIC_ALERTS), topics_name(topics, TOPIC_DEAD)}};
    enum status status = client_partitions(client, r->topics[0], &r->partitions, err);
    if (!status)
        status = client_reader_new(client, r->topics, TOPIC_OF_COUNT, true, &r->reader, err);
    if (status)
        return status;
    r->next = calloc((size_t)r->partitions * TOPIC_OF_COUNT, sizeof *r->next);
    r->ends = calloc((size_t)r->partitions, sizeof *r->ends);
    return r->next && r->ends && codec_new(&r->codec) == STATUS_OK ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
}

void demo_reader_done(struct demo_reader *r)
{
    client_reader_free(r->reader);
    codec_free(r->codec);
    arena_done(&r->arena);
    free(r->next);
    free(r->ends);
    free(r->alerts);
}

/* ------------------------------------------------------------------------------------------ one message */

static enum status on_forecast(struct demo_reader *r, struct bytes value, struct error *err)
{
    struct forecast_result result;
    enum status status = codec_decode_forecast_result(r->codec, value, &r->arena, &result, NULL, err);
    if (status)
        return error_wrap(err, "a record of %s", r->topics[TOPIC_OF_FORECASTS]);
    r->forecasts++;
    status = scores_add(r->scores, &result);
    return status ? error_set(err, status, "forecasts: %s", status_text(status)) : STATUS_OK;
}

static void copy(char *out, size_t size, struct text t)
{
    snprintf(out, size, "%.*s", (int)t.size, t.data ? t.data : "");
}

static void describe(const struct drift_alert *a, struct demo_alert *out)
{
    *out = (struct demo_alert){.partition = a->partition, .number = a->alert_number, .firing = a->firing, .period = a->period};
    snprintf(out->series, sizeof out->series, "%.*s%s%.*s", (int)a->store.size, a->store.data ? a->store.data : "",
             a->product.size ? "/" : "", (int)a->product.size, a->product.data ? a->product.data : "");
    snprintf(out->kind, sizeof out->kind, "%s", alert_kind_name(a->kind));
    for (size_t i = 0; i < a->cause_count; i++) {
        const size_t used = strlen(out->causes);
        snprintf(out->causes + used, sizeof out->causes - used, "%s%.*s", i ? "+" : "", (int)a->causes[i].size, a->causes[i].data);
    }
    copy(out->sentence, sizeof out->sentence, a->sentence);
}

static enum status on_alert(struct demo_reader *r, struct bytes value, struct error *err)
{
    struct drift_alert alert;
    const enum status status = codec_decode_drift_alert(r->codec, value, &r->arena, &alert, NULL, err);
    if (status)
        return error_wrap(err, "a record of %s", r->topics[TOPIC_OF_ALERTS]);
    for (size_t i = 0; i < r->alert_count; i++)
        if (r->alerts[i].partition == alert.partition && r->alerts[i].number == alert.alert_number)
            return STATUS_OK; /* sent again after an aborted batch */
    if (r->alert_count == r->alert_capacity) {
        const size_t capacity = r->alert_capacity ? 2 * r->alert_capacity : 32;
        struct demo_alert *alerts = realloc(r->alerts, capacity * sizeof *alerts);
        if (!alerts)
            return error_set(err, STATUS_NO_MEMORY, "out of memory");
        r->alerts = alerts;
        r->alert_capacity = capacity;
    }
    describe(&alert, &r->alerts[r->alert_count++]);
    return STATUS_OK;
}

static void on_dead_letter(struct demo_reader *r)
{
    struct text code = text_of("?");
    client_message_header(r->reader, "storecast.error.code", &code);
    r->dead_letters++;
    for (size_t i = 0; i < DEMO_DEAD_CODES; i++) {
        if (r->dead[i].count == 0)
            copy(r->dead[i].code, sizeof r->dead[i].code, code);
        if (text_equal(code, text_of(r->dead[i].code)) || i == DEMO_DEAD_CODES - 1) {
            r->dead[i].count++;
            return;
        }
    }
}

static enum status on_message(struct demo_reader *r, const struct client_message *m, struct error *err)
{
    enum codec_record record;
    r->next[m->topic * (size_t)r->partitions + (size_t)m->partition] = m->offset + 1;
    if (m->topic == TOPIC_OF_DEAD)
        on_dead_letter(r);
    if (m->topic == TOPIC_OF_DEAD || !m->value.data)
        return STATUS_OK;
    arena_clear(&r->arena);
    if (codec_value_record(r->codec, m->value, &record) != STATUS_OK)
        return error_set(err, STATUS_BAD_DATA, "%s, partition %d, offset %lld is no message of ours", m->topic_name, (int)m->partition,
                         (long long)m->offset);
    if (record == CODEC_FORECAST_RESULT)
        return on_forecast(r, m->value, err);
    if (record == CODEC_DRIFT_ALERT)
        return on_alert(r, m->value, err);
    r->closes += record == CODEC_PERIOD_CLOSED;
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ all there is */

enum status demo_reader_drain(struct demo_reader *r, struct error *err)
{
    struct client_message m;
    for (;;) {
        enum status status = client_read(r->reader, 0, &m, err);
        if (status == STATUS_BUSY)
            return STATUS_OK;
        if (status == STATUS_NOT_FOUND)
            continue;
        if (!status)
            status = on_message(r, &m, err);
        if (status)
            return status;
    }
}

enum status demo_reader_is_at_end(struct demo_reader *r, bool *out, struct error *err)
{
    *out = false;
    for (size_t topic = 0; topic < TOPIC_OF_COUNT; topic++) {
        const enum status status = client_ends(r->client, r->topics[topic], r->partitions, r->ends, err);
        if (status)
            return status;
        for (int32_t p = 0; p < r->partitions; p++)
            if (r->next[topic * (size_t)r->partitions + (size_t)p] < r->ends[p])
                return STATUS_OK;
    }
    *out = true;
    return STATUS_OK;
}
