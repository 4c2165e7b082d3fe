#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/health.h"
#include "app/worker.h"
#include "io/versions.h"

/* ---- health */

static bool has_work(struct worker *w)
{
    if (w->waiting_records > 0)
        return true;
    for (int32_t i = 0; i < w->partition_count; i++)
        if (w->lanes[i] && consumer_high_watermark(w->consumer, INPUT_SALES, i) > w->lanes[i]->seen.sales_next)
            return true;
    return false;
}

const char *worker_sickness(struct worker *w)
{
    if (w->phase == WORKER_STARTING)
        return NULL;
    const struct health h = {
        .now_us = loop_now_us(),
        .polled_us = consumer_polled_us(w->consumer),
        .stage_us = w->batch.stage_us,
        .progress_us = w->progress_us,
        .is_writing = w->batch.stage != BATCH_COLLECT && w->batch.stage != BATCH_BACKOFF,
        .is_connected = consumer_is_connected(w->consumer),
        .is_running = w->phase == WORKER_RUNNING,
        .has_work = has_work(w),
    };
    return health_sickness(&h);
}

bool worker_is_ready(const struct worker *w)
{
    return w->phase == WORKER_WAITING || (w->phase == WORKER_RUNNING && w->restoring == 0);
}

/* ---- pages */

static void count_answer(struct worker *w, const char *path, int code)
{
    char text[8];
    snprintf(text, sizeof text, "%d", code);
    metrics_add_labelled(w->metrics, METRIC_HTTP_REQUESTS, (struct text[]){text_of(path), text_of(text)}, 1);
}

static void answer(struct worker *w, struct http_request *request, const char *path, int code, const char *type, const char *body)
{
    count_answer(w, path, code);
    http_reply(request, code, type, (struct bytes){(const uint8_t *)body, strlen(body)});
}

static void on_metrics(void *arg, struct http_request *request)
{
    struct worker *w = arg;
    struct buffer text = {0};
    worker_metrics_tick(w);
    count_answer(w, "/metrics", 200);
    metrics_render(w->metrics, &text);
    http_reply(request, text.failed ? 500 : 200, "text/plain; version=0.0.4; charset=utf-8", buffer_bytes(&text));
    buffer_done(&text);
}

static void on_healthz(void *arg, struct http_request *request)
{
    struct worker *w = arg;
    const char *sickness = worker_sickness(w);
    char body[160];
    snprintf(body, sizeof body, "%s\n", sickness ? sickness : "ok");
    answer(w, request, "/healthz", sickness ? 503 : 200, "text/plain; charset=utf-8", body);
}

static void on_readyz(void *arg, struct http_request *request)
{
    struct worker *w = arg;
    char body[96];
    bool ready = worker_is_ready(w);
    if (ready)
        snprintf(body, sizeof body, "ready\n");
    else
        snprintf(body, sizeof body, "%s, %zu partitions to restore\n", worker_phase_name(w->phase), w->restoring);
    answer(w, request, "/readyz", ready ? 200 : 503, "text/plain; charset=utf-8", body);
}

static void on_version(void *arg, struct http_request *request)
{
    char body[160];
    snprintf(body, sizeof body, "{\"version\":\"%s\",\"librdkafka\":\"%s\"}\n", command_program_version(), versions_librdkafka());
    answer(arg, request, "/version", 200, "application/json", body);
}

enum status worker_http_start(struct worker *w, struct error *err)
{
    const struct {
        const char *path;
        http_fn fn;
    } routes[] = {{"/metrics", on_metrics}, {"/healthz", on_healthz}, {"/readyz", on_readyz}, {"/version", on_version}};
    struct http_options options;
    http_options_default(&options);
    options.address = w->config->http_listen;
    options.port = (uint16_t)w->config->http_port;
    options.connections_max = (size_t)w->config->http_max_connections;
    options.idle_timeout_s = (int)w->config->http_timeout_seconds;
    options.deadline_ms = (int)w->config->http_timeout_seconds * 2000;
    enum status status = http_new(w->loop, &options, &w->http, err);
    for (size_t i = 0; !status && i < sizeof routes / sizeof *routes; i++)
        if (http_route(w->http, routes[i].path, routes[i].fn, w))
            status = error_set(err, STATUS_NO_MEMORY, "http: out of memory");
    /* 73 would tell a supervisor that the state directory is taken. */
    if (status == STATUS_IN_USE)
        err->status = status = STATUS_BAD_CONFIG;
    return status;
}
