#include "app/bench.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "app/demo.h"
#include "app/interrupt.h"

#define STORES 45
#define PRODUCTS 20
#define TILLS 9
#define WINDOW_BYTES (UINT64_C(4) << 20) /* the sender stays ahead, below what the broker keeps */
#define WARM_UP 2000
#define BARE_LOG "bare.log"

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct side { /* one of the two that are compared */
    struct command_context *context;
    struct demo_services services;
    struct topics topics;
    struct client *client;
    struct feed feed;
    uint64_t timed, batches_before; /* records after the warm-up; batches before it ended */
    double total_s;
};

static enum status on_turn(void *arg, struct error *err)
{
    struct side *s = arg;
    return interrupt_requested() ? error_set(err, STATUS_UNAVAILABLE, "interrupted") : demo_services_check(&s->services, err);
}

static enum status connect_to_broker(struct side *s, struct error *err)
{
    const struct client_options options = {.servers = s->services.address, .group = s->context->config.group_id, .window_bytes = WINDOW_BYTES};
    enum status status = topics_init(&s->topics, s->context->config.topics_prefix, err);
    if (!status)
        status = client_new(&options, &s->client, err);
    const struct feed_options feed = {.client = s->client, .topic = topics_name(&s->topics, TOPIC_SALES), .arg = s, .on_turn = on_turn};
    return status ? status : feed_init(&s->feed, &feed, err);
}

/* Sales of one period, so that nothing closes; both sides get the same bytes. */
static struct simulate_options sales_of_bench(struct command_context *c)
{
    struct engine_options engine;
    struct simulate_options o;
    config_engine_options(&c->config, &engine);
    simulate_options_default(&o);
    o.grid = engine.grid;
    o.stores = STORES;
    o.products = PRODUCTS;
    o.tills = TILLS;
    o.periods = 1;
    o.late = 0;
    return o;
}

/* Batches that the worker has made; 0 for the bare loop. */
static enum status measure_batches(const struct side *s, uint64_t *out, struct error *err)
{
    struct buffer metrics = {0};
    *out = 0;
    if (s->services.http_port == 0)
        return STATUS_OK;
    const enum status status = demo_services_metrics(&s->services, &metrics);
    if (!status)
        *out = (uint64_t)demo_metric(&metrics, "storecast_batches_total");
    buffer_done(&metrics);
    return status ? error_set(err, status, "bench: the worker's metrics cannot be read") : STATUS_OK;
}

/* Sends up to `limit` records in all and waits until they are read. */
static enum status send_up_to(struct side *s, struct simulate *simulate, uint64_t limit, struct error *err)
{
    struct sales_update u;
    enum status made = STATUS_OK, status = STATUS_OK;
    while (!made && !status && s->feed.sent < limit && simulate_next(simulate, &u, &made))
        status = feed_send(&s->feed, &u, err);
    if (made)
        return error_set(err, made, "bench: %s", status_text(made));
    return status ? status : feed_wait(&s->feed, err);
}

/* The first records warm up what only begins once: connections, the producer's id, the first commit. */
static enum status send_and_wait(struct side *s, struct error *err)
{
    const struct simulate_options o = sales_of_bench(s->context);
    const uint64_t limit = (uint64_t)command_integer(s->context, "--records");
    struct simulate *simulate = NULL;
    if (simulate_new(&o, &simulate) != STATUS_OK)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    enum status status = send_up_to(s, simulate, WARM_UP, err);
    const double started = now_s();
    if (!status)
        status = measure_batches(s, &s->batches_before, err);
    if (!status)
        status = send_up_to(s, simulate, WARM_UP + limit, err);
    s->total_s = now_s() - started;
    s->timed = s->feed.sent > WARM_UP ? s->feed.sent - WARM_UP : 0;
    simulate_free(simulate);
    return status;
}

static void side_done(struct side *s)
{
    feed_done(&s->feed);
    client_free(s->client);
    demo_services_stop(&s->services);
}

/* ------------------------------------------------------------------------------------------ the worker */

/* What the worker wrote: its changelog; nothing else is published while nothing closes. The warm-up's is in it. */
static enum status measure_output(struct side *s, struct bench_stream *out, struct error *err)
{
    struct client_reader *reader = NULL;
    const char *topic = topics_name(&s->topics, TOPIC_STATE);
    enum status status = client_reader_new(s->client, &topic, 1, true, &reader, err);
    while (!status) {
        struct client_message m;
        status = client_read(reader, 1000, &m, err);
        if (!status) {
            out->output_records++;
            out->output_bytes += m.key.size + m.value.size;
        }
    }
    client_reader_free(reader);
    if (status == STATUS_CORRUPT)
        return error_wrap(err, "bench: give fewer --records");
    return status == STATUS_NOT_FOUND || status == STATUS_BUSY ? STATUS_OK : status;
}

static enum status run_worker(struct command_context *c, struct bench_stream *out, struct error *err)
{
    struct side s = {.context = c};
    const struct simulate_options o = sales_of_bench(c);
    enum status status = demo_services_start_broker(&s.services, c, NULL, err);
    if (!status)
        status = demo_services_start_worker(&s.services, c, &o.grid, err);
    if (!status)
        status = connect_to_broker(&s, err);
    if (!status)
        status = send_and_wait(&s, err);
    if (!status)
        status = measure_batches(&s, &out->batches, err);
    if (!status)
        status = measure_output(&s, out, err);
    out->batches -= s.batches_before;
    out->records = s.timed;
    out->worker_s = s.total_s;
    side_done(&s);
    return status;
}

/* ------------------------------------------------------------------------------------------ the bare loop */

static enum status start_bare(struct side *s, const struct bench_stream *worker, struct error *err)
{
    char spec[512], log[DEMO_PATH_BYTES + 32];
    const uint64_t batches = worker->batches ? worker->batches : 1;
    const struct bench_bare plan = {.servers = s->services.address, .batch_records = (size_t)((worker->records + batches - 1) / batches),
                                    .output_records = (size_t)(worker->output_records / batches), .output_bytes = (size_t)(worker->output_bytes / batches),
                                    .partitions = (int32_t)command_integer(s->context, "--partitions")};
    char *arguments[] = {(char[]){"storecast"}, (char[]){"bench"}, (char[]){"--bare"}, bench_bare_format(&plan, spec, sizeof spec), NULL};
    snprintf(log, sizeof log, "%s/" BARE_LOG, s->services.folder);
    return child_start(&s->services.worker, arguments, log, err);
}

static enum status run_bare(struct command_context *c, struct bench_stream *out, struct error *err)
{
    struct side s = {.context = c};
    enum status status = demo_services_start_broker(&s.services, c, NULL, err);
    if (!status)
        status = start_bare(&s, out, err);
    if (!status)
        status = connect_to_broker(&s, err);
    if (!status)
        status = send_and_wait(&s, err);
    out->bare_s = s.total_s;
    side_done(&s);
    return status;
}

enum status bench_stream_run(struct command_context *c, struct bench_stream *out, struct error *err)
{
    *out = (struct bench_stream){0};
    interrupt_watch();
    const enum status status = run_worker(c, out, err);
    return status ? status : run_bare(c, out, err);
}
