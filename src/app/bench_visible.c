/* bench_visible.c: how long after the sale that lets a period close its forecasts are there to be read. */
#include <stdlib.h>
#include <string.h>

#include "app/bench_kafka.h"
#include "base/hash.h"
#include "codec/codec.h"

#define STORES       45
#define READ_WAIT_MS 20
#define CLOSE_MS     60000 /* a set that does not come for so long is a failure, not slow */

struct watch {       /* one partition */
    int64_t sent_us; /* its first sale of the closing day; 0 = none yet, or seen */
};

struct visible {
    struct bench_place place;
    struct bench_reader worker;
    struct client_reader *reader;
    struct codec *codec;
    struct arena arena;
    struct period_grid grid;
    int32_t lateness_days;
    date_t closing; /* the last day of the period that closes on the day that is being sent; valid while is_closing */
    bool is_closing;
    struct watch *partitions;
    size_t pending, capacity;
    struct bench_visible *out;
};

/* ---- what the reader sees */

static enum status seen(struct visible *v, const struct client_message *m, struct error *err)
{
    struct period_closed closed;
    enum codec_record record;
    const int64_t now = bench_now_us();
    struct watch *w = &v->partitions[m->partition];
    if (!m->value.data || w->sent_us == 0 || codec_value_record(v->codec, m->value, &record) || record != CODEC_PERIOD_CLOSED)
        return STATUS_OK;
    arena_clear(&v->arena);
    enum status status = codec_decode_period_closed(v->codec, m->value, &v->arena, &closed, NULL, err);
    if (status || closed.last_date != v->closing)
        return status;
    v->out->ms[v->out->count++] = (double)(now - w->sent_us) / 1e3;
    w->sent_us = 0;
    v->pending--;
    return STATUS_OK;
}

static enum status read_some(struct visible *v, struct error *err)
{
    struct client_message m;
    enum status status = client_read(v->reader, READ_WAIT_MS, &m, err);
    if (status)
        return status == STATUS_BUSY || status == STATUS_NOT_FOUND ? STATUS_OK : status;
    return seen(v, &m, err);
}

static enum status await_closes(struct visible *v, struct error *err)
{
    const int64_t until = bench_now_us() + CLOSE_MS * INT64_C(1000);
    enum status status = client_flush(v->place.client, CLOSE_MS, err);
    while (!status && v->pending > 0) {
        status = read_some(v, err);
        if (!status && bench_now_us() > until)
            status = error_set(err, STATUS_UNAVAILABLE, "bench: %zu partitions have published no forecasts within %d s", v->pending,
                               CLOSE_MS / 1000);
    }
    v->is_closing = false;
    v->out->closes++;
    return status;
}

/* Everything that was sent is read by the worker, and what it wrote by us. */
static enum status settle(struct visible *v, struct error *err)
{
    struct client_message m;
    enum status status = feed_wait(&v->place.feed, err);
    if (!status)
        status = bench_reader_wait(&v->worker, v->place.feed.sent, err);
    while (!status)
        status = client_read(v->reader, READ_WAIT_MS, &m, err);
    return status == STATUS_BUSY || status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* ---- what is sold */

/* The first sale that is later than lateness.days after the end of a period. */
static bool closes_a_period(const struct visible *v, date_t day, date_t *out)
{
    *out = day - v->lateness_days - 1;
    return period_last_day(&v->grid, period_of(&v->grid, *out)) == *out;
}

static enum status send_one(struct visible *v, const struct sales_update *u, struct error *err)
{
    struct feed *f = &v->place.feed;
    struct watch *w = &v->partitions[hash_partition(u->store.data, u->store.size, f->partitions)];
    const bool is_first = v->is_closing && w->sent_us == 0;
    if (is_first) {
        w->sent_us = bench_now_us();
        v->pending++;
    }
    return feed_send(f, u, err);
}

static enum status begin_day(struct visible *v, date_t day, date_t first_timed, struct error *err)
{
    date_t closing;
    enum status status = v->is_closing ? await_closes(v, err) : STATUS_OK;
    if (status || day < first_timed || !closes_a_period(v, day, &closing))
        return status;
    status = settle(v, err);
    v->is_closing = true;
    v->closing = closing;
    return status;
}

static enum status sell(struct visible *v, const struct simulate_options *o, int64_t history, struct error *err)
{
    struct simulate *s = NULL;
    struct sales_update u;
    date_t today = 0;
    enum status drawn = STATUS_OK, status = simulate_new(o, &s);
    if (status)
        return error_set(err, status, "bench: %s", status_text(status));
    const date_t first_timed = period_first_day(&o->grid, period_of(&o->grid, o->first_date) + (period_t)history) + v->lateness_days;
    while (!status && simulate_next(s, &u, &drawn)) {
        if (u.business_date != today)
            status = begin_day(v, today = u.business_date, first_timed, err);
        if (!status)
            status = send_one(v, &u, err);
    }
    if (!status && drawn)
        status = error_set(err, drawn, "bench: %s", status_text(drawn));
    if (!status && v->is_closing)
        status = await_closes(v, err);
    simulate_free(s);
    return status;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum status open_all(struct visible *v, struct error *err)
{
    const char *forecasts = topics_name(&v->place.topics, TOPIC_FORECASTS);
    v->partitions = calloc((size_t)v->place.feed.partitions, sizeof *v->partitions);
    v->out->ms = calloc(v->capacity * (size_t)v->place.feed.partitions, sizeof *v->out->ms);
    if (!v->partitions || !v->out->ms || codec_new(&v->codec))
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    const enum status status = client_reader_new(v->place.client, &forecasts, 1, CLIENT_NEW_ONLY, &v->reader, err);
    return status ? status : bench_worker_start(&v->place, &v->worker, err);
}

enum status bench_visible_run(struct command_context *c, struct bench_visible *out, struct error *err)
{
    *out = (struct bench_visible){.stores = STORES};
    const int64_t history = command_integer(c, "--history"), closes = command_integer(c, "--closes");
    struct simulate_options o;
    bench_kafka_sales(c, &o);
    o.stores = STORES;
    o.products = 0;
    o.tills = 1;
    o.late = 0;
    o.periods = history + closes;
    struct visible v = {.grid = o.grid, .lateness_days = (int32_t)c->config.lateness_days, .capacity = (size_t)closes + 1, .out = out};
    enum status status = bench_place_open(&v.place, c, "visible", err);
    if (!status)
        status = open_all(&v, err);
    if (!status)
        status = sell(&v, &o, history, err);
    if (out->count > 0)
        qsort(out->ms, out->count, sizeof *out->ms, ascending);
    bench_reader_stop(&v.worker);
    client_reader_free(v.reader);
    codec_free(v.codec);
    arena_done(&v.arena);
    free(v.partitions);
    bench_place_close(&v.place);
    return status;
}

void bench_visible_done(struct bench_visible *v)
{
    free(v->ms);
}
