#include "chaos/outputs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define NUMBER_MAX 1000000
#define NAME_BYTES 600

static void open_one(struct client *client, const struct topics *topics, enum topic topic, struct client_reader **out)
{
    struct error err;
    const char *name = topics_name(topics, topic);
    if (client_reader_new(client, &name, 1, CLIENT_FROM_ZERO, out, &err) != STATUS_OK)
        chaos_fail("%s", err.text);
}

void outputs_open(struct outputs *o, struct client *client, const struct topics *topics, bool keeps_plain)
{
    *o = (struct outputs){.keeps_plain = keeps_plain};
    open_one(client, topics, TOPIC_FORECASTS, &o->forecasts);
    open_one(client, topics, TOPIC_DEAD, &o->dead);
    open_one(client, topics, TOPIC_ALERTS, &o->alerts);
    if (codec_new(&o->codec) != STATUS_OK)
        chaos_fail("out of memory");
}

void outputs_done(struct outputs *o)
{
    client_reader_free(o->forecasts);
    client_reader_free(o->dead);
    client_reader_free(o->alerts);
    codec_free(o->codec);
    arena_done(&o->arena);
    buffer_done(&o->plain);
    for (size_t i = 0; i < o->stream_count; i++) {
        free(o->streams[i].name);
        free(o->streams[i].crc);
        free(o->streams[i].plain);
    }
    free(o->streams);
    table_done(&o->index);
}

/* ---- what is numbered */

static struct numbered *find(const struct outputs *o, const char *name)
{
    uint32_t i = table_get(&o->index, (struct bytes){(const uint8_t *)name, strlen(name)});
    return i == TABLE_NONE ? NULL : &o->streams[i];
}

static struct numbered *find_or_add(struct outputs *o, const char *name)
{
    struct numbered *n = find(o, name);
    if (n)
        return n;
    if (o->stream_count == o->stream_capacity) {
        o->stream_capacity = o->stream_capacity ? 2 * o->stream_capacity : 256;
        o->streams = chaos_memory(realloc(o->streams, o->stream_capacity * sizeof *o->streams));
    }
    if (table_put(&o->index, (struct bytes){(const uint8_t *)name, strlen(name)}, (uint32_t)o->stream_count) != STATUS_OK)
        chaos_fail("out of memory");
    n = &o->streams[o->stream_count++];
    *n = (struct numbered){.name = chaos_memory(strdup(name))};
    return n;
}

static uint32_t sum(struct bytes b)
{
    uint32_t crc = hash_crc32c(b.data, b.size);
    return crc ? crc : 1;
}

static void note_repeated(struct outputs *o, bool repeated, const char *name, int64_t number, struct findings *f)
{
    o->repeated += repeated;
    if (repeated && o->once)
        findings_add(f, FINDING_DOUBLED, 1, "%s: number %" PRId64 " came twice", name, number);
}

static struct numbered *note(struct outputs *o, const char *name, int64_t number, struct bytes value, struct findings *f)
{
    struct numbered *n = find_or_add(o, name);
    if (number < 1 || number > NUMBER_MAX) {
        findings_add(f, FINDING_DIFFERENT, 1, "%s: number %" PRId64, name, number);
        return n;
    }
    if ((size_t)number > n->capacity) {
        size_t before = n->capacity;
        n->capacity = (size_t)number * 2;
        n->crc = chaos_memory(realloc(n->crc, n->capacity * sizeof *n->crc));
        n->plain = chaos_memory(realloc(n->plain, n->capacity * sizeof *n->plain));
        memset(n->crc + before, 0, (n->capacity - before) * sizeof *n->crc);
        memset(n->plain + before, 0, (n->capacity - before) * sizeof *n->plain);
    }
    uint32_t *crc = &n->crc[number - 1];
    if (*crc && *crc != sum(value))
        findings_add(f, FINDING_DIFFERENT, 1, "%s: number %" PRId64 " came twice and differs", name, number);
    note_repeated(o, *crc != 0, name, number, f);
    *crc = sum(value);
    if (o->keeps_plain)
        n->plain[number - 1] = sum(buffer_bytes(&o->plain));
    if ((size_t)number > n->count)
        n->count = (size_t)number;
    return n;
}

/* ---- one message */

static void unreadable(struct findings *f, const struct client_message *m)
{
    findings_add(f, FINDING_DIFFERENT, 1, "%s %d/%" PRId64 ": cannot be read", m->topic_name, (int)m->partition, m->offset);
}

static void check(enum status status)
{
    if (status != STATUS_OK)
        chaos_fail("a message could not be encoded");
}

static void take_forecast(struct outputs *o, const struct client_message *m, struct findings *f)
{
    struct forecast_result r;
    struct period_closed c;
    enum codec_record record;
    char name[NAME_BYTES];
    arena_clear(&o->arena);
    buffer_clear(&o->plain);
    if (codec_value_record(o->codec, m->value, &record) != STATUS_OK) {
        unreadable(f, m);
    } else if (record == CODEC_PERIOD_CLOSED && !codec_decode_period_closed(o->codec, m->value, &o->arena, &c, NULL, NULL)) {
        c.sales_offset = 0;
        check(codec_encode_period_closed(&c, &o->plain));
        snprintf(name, sizeof name, "closed/%d", (int)c.partition);
        note(o, name, c.close_number, m->value, f)->origin = c.last_date;
    } else if (record == CODEC_FORECAST_RESULT && !codec_decode_forecast_result(o->codec, m->value, &o->arena, &r, NULL, NULL)) {
        r.sales_offset = 0;
        if (o->keeps_plain)
            check(codec_encode_forecast_result(&r, &o->plain));
        snprintf(name, sizeof name, "forecast/%.*s", (int)m->key.size, (const char *)m->key.data);
        struct numbered *n = note(o, name, r.issue, m->value, f);
        if (r.origin > n->origin)
            n->origin = r.origin;
    } else {
        unreadable(f, m);
    }
}

static void take_alert(struct outputs *o, const struct client_message *m, struct findings *f)
{
    struct drift_alert a;
    char name[NAME_BYTES];
    arena_clear(&o->arena);
    buffer_clear(&o->plain);
    if (codec_decode_drift_alert(o->codec, m->value, &o->arena, &a, NULL, NULL) != STATUS_OK) {
        unreadable(f, m);
        return;
    }
    a.sales_offset = 0;
    check(codec_encode_drift_alert(&a, &o->plain));
    snprintf(name, sizeof name, "alert/%d", (int)a.partition);
    note(o, name, a.alert_number, m->value, f);
}

static int compare_dead(const void *a, const void *b)
{
    const struct ledger_dead *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static int64_t number_in(const struct client_reader *r, const char *name)
{
    struct text t;
    char text[32];
    if (!client_message_header(r, name, &t))
        return -1;
    snprintf(text, sizeof text, "%.*s", (int)t.size, t.data);
    return strtoll(text, NULL, 10);
}

static void take_dead(struct outputs *o, const struct client_message *m, struct ledger *l, struct findings *f)
{
    struct text code = {0};
    int64_t partition = number_in(o->dead, "storecast.error.partition");
    struct ledger_dead key = {.offset = number_in(o->dead, "storecast.error.offset")};
    if (!client_message_header(o->dead, "storecast.error.code", &code) || partition < 0 || partition >= l->partition_count) {
        unreadable(f, m);
        return;
    }
    const struct ledger_partition *p = &l->partitions[partition];
    struct ledger_dead *d = p->dead_count ? bsearch(&key, p->dead, p->dead_count, sizeof key, compare_dead) : NULL;
    if (!d) {
        findings_add(f, FINDING_LOST, 1, "record %d/%" PRId64 " is a dead letter (%.*s), it should be a %s", (int)partition, key.offset,
                     (int)code.size, code.data, (size_t)key.offset < p->count ? verdict_name(p->verdicts[key.offset]) : "future one");
        return;
    }
    const char *expected = verdict_name(p->verdicts[key.offset]);
    if (!text_equal(code, text_of(expected)))
        findings_add(f, FINDING_DIFFERENT, 1, "record %d/%" PRId64 ": the dead letter says %.*s, it should be %s", (int)partition,
                     key.offset, (int)code.size, code.data, expected);
    if (hash_crc32c(m->value.data, m->value.size) != d->crc)
        findings_add(f, FINDING_DIFFERENT, 1, "record %d/%" PRId64 ": the dead letter has other bytes", (int)partition, key.offset);
    note_repeated(o, d->seen, "dead letter", key.offset, f);
    o->dead_letters += !d->seen;
    d->seen = true;
}

/* ---- reading */

static bool next(struct outputs *o, struct client_reader *r, bool to_end, struct client_message *m)
{
    struct error err;
    enum status status;
    do
        status = client_read(r, to_end ? 1000 : 0, m, &err);
    while (to_end && status == STATUS_BUSY);
    if (status == STATUS_NOT_FOUND || status == STATUS_BUSY)
        return false;
    if (status)
        chaos_fail("%s", err.text);
    o->records++;
    o->bytes += m->key.size + m->value.size;
    return true;
}

static void read_topics(struct outputs *o, bool to_end, struct ledger *l, struct findings *f)
{
    struct client_message m;
    while (next(o, o->forecasts, to_end, &m))
        take_forecast(o, &m, f);
    while (next(o, o->dead, to_end, &m))
        take_dead(o, &m, l, f);
    while (next(o, o->alerts, to_end, &m))
        take_alert(o, &m, f);
}

void outputs_read(struct outputs *o, struct ledger *l, struct findings *f)
{
    read_topics(o, false, l, f);
}

void outputs_read_all(struct outputs *o, struct ledger *l, struct findings *f)
{
    read_topics(o, true, l, f);
}

/* ---- at the end */

static void expect_last(const struct outputs *o, const char *name, date_t day, struct findings *f)
{
    const struct numbered *n = find(o, name);
    if (!n || n->origin != day)
        findings_add(f, FINDING_LOST, 1, "%s: the last one that should be there is missing", name);
}

static void finish_series(const struct outputs *o, const struct ledger *l, const struct ledger_series *s, struct findings *f)
{
    char name[NAME_BYTES];
    const struct ledger_partition *p = &l->partitions[l->stores[s->store].partition];
    const char *id = s->product_id;
    bool is_simulated = s->store_id[0] == 's' && strlen(id) == 4 && id[0] == 'p' && strspn(id + 1, "0123456789") == 3;
    if (!is_simulated || p->closed_through == PERIOD_NONE)
        return;
    const date_t day = period_last_day(&l->grid, p->closed_through);
    snprintf(name, sizeof name, "forecast/%s", s->store_id);
    expect_last(o, name, day, f);
    snprintf(name, sizeof name, "forecast/%s/%s", s->store_id, s->product_id);
    expect_last(o, name, day, f);
}

void outputs_finish(struct outputs *o, struct ledger *l, struct findings *f)
{
    for (size_t i = 0; i < o->stream_count; i++)
        for (size_t n = 0; n < o->streams[i].count; n++)
            if (!o->streams[i].crc[n])
                findings_add(f, FINDING_LOST, 1, "%s: number %zu never came", o->streams[i].name, n + 1);
    for (size_t i = 0; i < l->series_count; i++)
        finish_series(o, l, &l->series[i], f);
    for (int32_t p = 0; p < l->partition_count; p++) {
        char name[NAME_BYTES];
        const struct ledger_partition *part = &l->partitions[p];
        snprintf(name, sizeof name, "closed/%d", (int)p);
        const struct numbered *closed = find(o, name);
        if ((closed ? closed->count : 0) != part->closes)
            findings_add(f, FINDING_DIFFERENT, 1, "%s: %zu closes, there should be %" PRIu64, name, closed ? closed->count : 0,
                         part->closes);
        for (size_t i = 0; i < part->dead_count; i++)
            if (!part->dead[i].seen)
                findings_add(f, FINDING_LOST, 1, "record %d/%" PRId64 ": its dead letter (%s) never came", (int)p, part->dead[i].offset,
                             verdict_name(part->verdicts[part->dead[i].offset]));
    }
}

void outputs_count(const struct outputs *o, uint64_t *out_forecasts, uint64_t *out_alerts)
{
    *out_forecasts = *out_alerts = 0;
    for (size_t i = 0; i < o->stream_count; i++) {
        const struct numbered *n = &o->streams[i];
        *out_forecasts += strncmp(n->name, "forecast/", 9) == 0 ? n->count : 0;
        *out_alerts += strncmp(n->name, "alert/", 6) == 0 ? n->count : 0;
    }
}

void outputs_compare(const struct outputs *a, const struct outputs *b, struct findings *f)
{
    if (a->stream_count != b->stream_count)
        findings_add(f, FINDING_DIFFERENT, 1, "%zu series, closes and alerts, %zu in the calm run", a->stream_count, b->stream_count);
    for (size_t i = 0; i < a->stream_count; i++) {
        const struct numbered *x = &a->streams[i], *y = find(b, x->name);
        if (!y || y->count != x->count) {
            findings_add(f, FINDING_DIFFERENT, 1, "%s: %zu of them, %zu in the calm run", x->name, x->count, y ? y->count : 0);
            continue;
        }
        for (size_t n = 0; n < x->count; n++)
            if (x->plain[n] != y->plain[n])
                findings_add(f, FINDING_DIFFERENT, 1, "%s: number %zu differs from the calm run's", x->name, n + 1);
    }
}
