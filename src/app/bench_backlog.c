/* bench_backlog.c: a chain with a history; then, again and again, its worker is away for some weeks, and we see how fast everybody
 * goes through the sales that have waited. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "app/bench_kafka.h"

#define TILLS        9
#define WARM_UP      5  /* the first fifth: connections, the first commit, Java's compiler */
#define LOOK_MS      20 /* how often we ask how far it is */
#define READ_WAIT_MS 2000

struct backlog {
    struct bench_place place;
    struct command_context *context;
    struct bench_backlog *out;
    struct simulate *sales; /* of all outages */
    struct sales_update next;
    bool has_next;
    int64_t *from, *to; /* by partition: the sales of this outage */
};

/* ---- sales */

static enum status made(enum status status, struct error *err)
{
    return status ? error_set(err, status, "bench: %s", status_text(status)) : STATUS_OK;
}

static void chain(struct command_context *c, struct simulate_options *o)
{
    bench_kafka_sales(c, o);
    o->stores = (size_t)command_integer(c, "--stores");
    o->products = (size_t)command_integer(c, "--products");
}

/* One sale for what a series has sold in a period, on its last day. */
static enum status send_week(struct backlog *b, const struct simulate *s, const struct simulate_options *o, int64_t period,
                             struct error *err)
{
    char store_id[SIMULATE_ID_BYTES], product_id[SIMULATE_ID_BYTES], event_id[64];
    const period_t p = period_of(&o->grid, simulate_first_day(s)) + (period_t)period;
    enum status status = STATUS_OK;
    for (size_t store = 0; store < o->stores && !status; store++)
        for (size_t product = 0; product < o->products && !status; product++) {
            const struct simulate_truth *t = simulate_truth(s, store, product, period);
            snprintf(event_id, sizeof event_id, "h-%zu-%zu-%lld", store, product, (long long)period);
            const struct sales_update u = {
                .event_id = text_of(event_id),
                .source = text_of("history"),
                .has_sequence = true,
                .sequence = period * (int64_t)o->products + (int64_t)product,
                .store = text_of(simulate_store_id(s, store, store_id)),
                .product = text_of(simulate_product_id(s, product, product_id)),
                .business_date = period_last_day(&o->grid, p),
                .issued_at_ms = date_ms(period_last_day(&o->grid, p)),
                .kind = BODY_SALE,
                .body.sale.sold = {.quantity = t->gross_quantity, .amount = t->gross_amount, .has_quantity = true, .has_amount = true},
            };
            status = feed_send(&b->place.feed, &u, err);
        }
    return status;
}

static enum status send_history(struct backlog *b, struct error *err)
{
    struct simulate_options o;
    struct simulate *s = NULL;
    struct sales_update u;
    enum status drawn = STATUS_OK;
    chain(b->context, &o);
    o.tills = 1;
    o.periods = command_integer(b->context, "--history");
    o.duplicates = o.late = o.returns = 0;
    enum status status = made(simulate_new(&o, &s), err);
    while (!status && simulate_next(s, &u, &drawn)) {
    }
    if (!status)
        status = made(drawn, err);
    for (int64_t period = 0; period < o.periods && !status; period++)
        status = send_week(b, s, &o, period, err);
    simulate_free(s);
    return status ? status : feed_wait(&b->place.feed, err);
}

static enum status open_sales(struct backlog *b, struct error *err)
{
    struct simulate_options o;
    chain(b->context, &o);
    const period_t first = period_of(&o.grid, o.first_date) + (period_t)command_integer(b->context, "--history");
    o.first_date = period_first_day(&o.grid, first);
    o.tills = TILLS;
    o.periods = command_integer(b->context, "--weeks") * (int64_t)(b->out->runs + 1);
    return made(simulate_new(&o, &b->sales), err);
}

static enum status ends_of(const struct backlog *b, int64_t *out, struct error *err)
{
    return client_ends(b->place.client, bench_place_sales(&b->place), b->place.feed.partitions, out, err);
}

/* The sales of outage number k, from 0. */
static enum status send_outage(struct backlog *b, size_t k, struct error *err)
{
    const date_t until = simulate_first_day(b->sales) + (date_t)(7 * command_integer(b->context, "--weeks") * (int64_t)(k + 1));
    enum status status = ends_of(b, b->from, err), drawn = STATUS_OK;
    while (!status) {
        if (!b->has_next)
            b->has_next = simulate_next(b->sales, &b->next, &drawn);
        if (!b->has_next || simulate_today(b->sales) >= until)
            break;
        status = feed_send(&b->place.feed, &b->next, err);
        b->has_next = false;
    }
    if (!status)
        status = made(drawn, err);
    if (!status)
        status = feed_wait(&b->place.feed, err);
    return status ? status : ends_of(b, b->to, err);
}

static uint64_t sum(const struct backlog *b, const int64_t *offsets)
{
    uint64_t all = 0;
    for (int32_t i = 0; i < b->place.feed.partitions; i++)
        all += (uint64_t)offsets[i];
    return all;
}

/* ---- who goes through them */

/* Records a second, from the first fifth to the last record committed. */
static enum status time_reader(struct backlog *b, struct bench_reader *r, double *out_rate, struct error *err)
{
    const uint64_t first = sum(b, b->from), end = sum(b, b->to), warm = first + (end - first) / WARM_UP;
    uint64_t done = 0, begun = first;
    int64_t began_us = bench_now_us();
    enum status status;
    while (!(status = bench_reader_progress(r, &done, err)) && done < end) {
        if (begun == first && done >= warm) {
            began_us = bench_now_us();
            begun = done;
        }
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    const int64_t took_us = bench_now_us() - began_us;
    *out_rate = took_us > 0 ? (double)(end - begun) * 1e6 / (double)took_us : 0;
    return status;
}

static enum status start(struct backlog *b, enum bench_who who, size_t run, struct bench_reader *r, struct error *err)
{
    char group[128];
    snprintf(group, sizeof group, "%s-%s-%zu", b->place.group, who == BENCH_BARE ? "bare" : "streams", run);
    if (who == BENCH_WORKER)
        return bench_worker_start(&b->place, r, err);
    if (who == BENCH_STREAMS)
        return bench_streams_start(&b->place, command_text(b->context, "--streams"), group, b->from, r, err);
    const size_t batch = (size_t)b->context->config.batch_max_records;
    const double batches = (double)b->out->records / (double)batch;
    const struct bench_bare plan = {.servers = b->place.servers,
                                    .partitions = b->place.feed.partitions,
                                    .batch_records = batch,
                                    .output_records = (size_t)((double)b->out->output_records / batches),
                                    .output_bytes = (size_t)((double)b->out->output_bytes / batches),
                                    .is_cluster = true};
    return bench_bare_start(&b->place, &plan, group, b->from, r, err);
}

static enum status time_one(struct backlog *b, enum bench_who who, size_t run, struct error *err)
{
    struct bench_reader r = {0};
    enum status status = start(b, who, run, &r, err);
    if (!status)
        status = time_reader(b, &r, &b->out->rate[who][run], err);
    const long memory = status ? 0 : bench_reader_memory(&r);
    if (memory > b->out->memory_kib[who])
        b->out->memory_kib[who] = memory;
    bench_reader_stop(&r);
    return status;
}

static enum status catch_up(struct backlog *b, uint64_t until, struct error *err)
{
    struct bench_reader r = {0};
    enum status status = bench_worker_start(&b->place, &r, err);
    if (!status)
        status = bench_reader_wait(&r, until, err);
    bench_reader_stop(&r);
    return status;
}

/* What the worker writes while it catches up, which the bare loop shall write too. The sales are those of the first outage. */
static enum status rehearse(struct backlog *b, struct error *err)
{
    static const enum topic outputs[] = {TOPIC_STATE, TOPIC_FORECASTS, TOPIC_ALERTS, TOPIC_DEAD};
    const char *topics[sizeof outputs / sizeof *outputs];
    struct client_reader *reader = NULL;
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++)
        topics[i] = topics_name(&b->place.topics, outputs[i]);
    enum status status = client_reader_new(b->place.client, topics, sizeof outputs / sizeof *outputs, CLIENT_NEW_ONLY, &reader, err);
    struct client_message m;
    while (!status) /* to the end, so that "new" is settled */
        status = client_read(reader, READ_WAIT_MS, &m, err);
    if (status == STATUS_NOT_FOUND || status == STATUS_BUSY)
        status = send_outage(b, 0, err);
    if (!status)
        status = catch_up(b, sum(b, b->to), err);
    while (!status || status == STATUS_NOT_FOUND) { /* (ends that it came to while the worker went on) */
        status = client_read(reader, READ_WAIT_MS, &m, err);
        b->out->output_records += !status;
        b->out->output_bytes += status ? 0 : m.key.size + m.value.size;
    }
    client_reader_free(reader);
    b->out->records = sum(b, b->to) - sum(b, b->from);
    return status == STATUS_BUSY ? STATUS_OK : status;
}

static enum status one_run(struct backlog *b, size_t run, struct error *err)
{
    enum status status = send_outage(b, run + 1, err);
    if (!status)
        status = time_one(b, BENCH_BARE, run, err);
    if (!status)
        status = time_one(b, BENCH_WORKER, run, err);
    if (!status && command_text(b->context, "--streams"))
        status = time_one(b, BENCH_STREAMS, run, err);
    return status;
}

enum status bench_backlog_run(struct command_context *c, struct bench_backlog *out, struct error *err)
{
    struct backlog b = {.context = c, .out = out};
    *out = (struct bench_backlog){.runs = (size_t)command_integer(c, "--runs")};
    enum status status = bench_place_open(&b.place, c, "backlog", err);
    if (!status) {
        b.from = calloc((size_t)b.place.feed.partitions, sizeof *b.from);
        b.to = calloc((size_t)b.place.feed.partitions, sizeof *b.to);
        status = b.from && b.to ? open_sales(&b, err) : made(STATUS_NO_MEMORY, err);
    }
    if (!status)
        status = send_history(&b, err);
    if (!status)
        status = catch_up(&b, b.place.feed.sent, err);
    if (!status)
        status = rehearse(&b, err);
    for (size_t run = 0; run < out->runs && !status; run++)
        status = one_run(&b, run, err);
    simulate_free(b.sales);
    free(b.from);
    free(b.to);
    bench_place_close(&b.place);
    return status;
}
