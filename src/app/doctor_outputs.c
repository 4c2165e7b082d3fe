/* doctor_outputs.c: what the workers themselves have noticed: silent stores, refused records. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"
#include "codec/codec.h"

#define DAY_MS      (INT64_C(24) * 3600 * 1000)
#define STORES_TOLD 5
#define CODES_MAX   32

/* ---- silent stores: the last word of every FEED_SILENT alert */

struct silent {
    struct text store;
    date_t since;
    bool firing;
};

struct silence {
    struct codec *codec;
    struct arena scratch, kept;
    struct silent *stores;
    size_t count;
    bool failed;
};

static struct silent *silent_of(struct silence *s, struct text store)
{
    for (size_t i = 0; i < s->count; i++)
        if (text_equal(s->stores[i].store, store))
            return &s->stores[i];
    struct silent *stores = realloc(s->stores, (s->count + 1) * sizeof *stores);
    if (!stores)
        return NULL;
    s->stores = stores;
    stores[s->count] = (struct silent){.store = arena_text(&s->kept, store)};
    return stores[s->count].store.data ? &stores[s->count++] : NULL;
}

static void on_alert(void *arg, const rd_kafka_message_t *m)
{
    struct silence *s = arg;
    struct drift_alert alert;
    arena_clear(&s->scratch);
    if (!m->payload ||
        codec_decode_drift_alert(s->codec, (struct bytes){m->payload, m->len}, &s->scratch, &alert, NULL, NULL) != STATUS_OK ||
        alert.kind != ALERT_FEED_SILENT || !alert.store.data)
        return;
    struct silent *store = silent_of(s, alert.store);
    s->failed |= !store;
    if (store) {
        store->firing = alert.firing;
        store->since = alert.since;
    }
}

static void tell_silence(struct doctor *d, const struct silence *s)
{
    struct findings *out = &d->findings;
    char names[512], date[DATE_TEXT_BYTES];
    size_t firing = 0, size = 0;
    const struct silent *first = NULL;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->stores[i].firing)
            continue;
        if (firing < STORES_TOLD && size < sizeof names - 80)
            size += (size_t)snprintf(names + size, sizeof names - size, "%s%.64s", firing ? ", " : "", s->stores[i].store.data);
        if (!first || s->stores[i].since < first->since)
            first = &s->stores[i];
        firing++;
    }
    if (!first)
        return;
    struct finding *f = findings_add(out, FINDING_WRONG);
    f->what = finding_text(out, "%zu store%s silent, the longest since %s: %s%s", firing, firing == 1 ? " is" : "s are",
                           date_format(first->since, date), names, firing > STORES_TOLD ? ", ..." : "");
    f->why = "forecasts go on without their sales, and grow worse";
    f->run = finding_text(out, "ask the store; storecast tail drift-alerts -X kafka.bootstrap.servers=%s", d->servers);
}

static enum status check_silence(struct doctor *d, struct error *err)
{
    const char *topic = topics_name(&d->topics, TOPIC_ALERTS);
    struct silence s = {0};
    if (codec_new(&s.codec))
        return error_set(err, STATUS_NO_MEMORY, "doctor: out of memory");
    enum status status = doctor_reader_last(d->committed, topic, d->facts[TOPIC_ALERTS].partitions, INT64_MAX, on_alert, &s, err);
    if (!status && s.failed)
        status = error_set(err, STATUS_NO_MEMORY, "doctor: out of memory");
    if (!status)
        tell_silence(d, &s);
    codec_free(s.codec);
    arena_done(&s.scratch);
    arena_done(&s.kept);
    free(s.stores);
    return status;
}

/* ---- refused records */

struct refusals {
    int64_t after_ms;
    size_t count;
    struct {
        char name[32];
        size_t count;
    } codes[CODES_MAX];
    size_t code_count;
};

static void on_dead_letter(void *arg, const rd_kafka_message_t *m)
{
    struct refusals *r = arg;
    rd_kafka_timestamp_type_t type;
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size, i;
    if (rd_kafka_message_timestamp(m, &type) < r->after_ms)
        return;
    r->count++;
    if (rd_kafka_message_headers(m, &headers) || rd_kafka_header_get_last(headers, "storecast.error.code", &value, &size) || size >= 32)
        return;
    for (i = 0; i < r->code_count; i++)
        if (strlen(r->codes[i].name) == size && memcmp(r->codes[i].name, value, size) == 0)
            break;
    if (i == CODES_MAX)
        return;
    if (i == r->code_count) {
        memcpy(r->codes[i].name, value, size);
        r->code_count++;
    }
    r->codes[i].count++;
}

static enum status check_refusals(struct doctor *d, struct error *err)
{
    struct findings *out = &d->findings;
    struct refusals r = {.after_ms = d->now_ms - DAY_MS};
    enum status status = doctor_reader_last(d->committed, topics_name(&d->topics, TOPIC_DEAD), d->facts[TOPIC_DEAD].partitions, d->sample,
                                            on_dead_letter, &r, err);
    if (status || r.count == 0)
        return status;
    size_t most = 0;
    for (size_t i = 1; i < r.code_count; i++)
        if (r.codes[i].count > r.codes[most].count)
            most = i;
    struct finding *f = findings_add(out, FINDING_NOTE);
    f->what = finding_text(out, "%zu or more records were refused in the last 24 h, most as %s", r.count,
                           r.code_count ? r.codes[most].name : "?");
    f->why = "what they say is in no forecast";
    f->run = finding_text(out, "storecast tail dead-letters -X kafka.bootstrap.servers=%s", d->servers);
    return STATUS_OK;
}

enum status doctor_check_outputs(struct doctor *d, struct error *err)
{
    enum status status = d->facts[TOPIC_ALERTS].exists ? check_silence(d, err) : STATUS_OK;
    return status || !d->facts[TOPIC_DEAD].exists ? status : check_refusals(d, err);
}
