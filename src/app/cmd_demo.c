/* cmd_demo.c: the first thing a newcomer runs: everything in one process tree, and a table that says what happened. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "app/demo.h"
#include "app/forecast_file.h"
#include "app/interrupt.h"
#include "app/sales_options.h"

#define END_MS 60000 /* for the last outputs to arrive */
#define CHECK_EVERY_MS 200

struct demo {
    struct command_context *context;
    struct demo_source source;
    struct demo_services services;
    struct topics topics;
    struct client *client;
    struct scores *scores;
    struct demo_reader reader;
    struct feed feed;
    struct progress progress;
    FILE *forecasts; /* NULL: not wanted */
    int64_t started_ms, checked_ms;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum status look_after(struct demo *d, struct error *err)
{
    if (interrupt_requested())
        return error_set(err, STATUS_UNAVAILABLE, "interrupted");
    if (now_ms() - d->checked_ms < CHECK_EVERY_MS)
        return STATUS_OK;
    d->checked_ms = now_ms();
    return demo_services_check(&d->services, err);
}

/* Runs every few milliseconds while the feed sends or waits. */
static enum status on_turn(void *arg, struct error *err)
{
    struct demo *d = arg;
    uint64_t total;
    progress_update(&d->progress, demo_source_progress(&d->source, d->feed.sent, &total));
    const enum status status = look_after(d, err);
    return status ? status : demo_reader_drain(&d->reader, err);
}

static enum status connect_to_broker(struct demo *d, struct error *err)
{
    const struct client_options client = {.servers = d->services.address, .group = d->context->config.group_id,
                                          .window_bytes = demo_source_window(&d->source)};
    enum status status = topics_init(&d->topics, d->context->config.topics_prefix, err);
    if (!status)
        status = client_new(&client, &d->client, err);
    if (!status && scores_new(&d->source.grid, d->source.first, d->source.periods, &d->scores) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!status)
        status = demo_reader_open(&d->reader, d->client, &d->topics, d->scores, err);
    const struct feed_options feed = {.client = d->client, .topic = topics_name(&d->topics, TOPIC_SALES), .arg = d, .on_turn = on_turn};
    return status ? status : feed_init(&d->feed, &feed, err);
}

/* The worker commits a batch's input after its output is delivered, so the topics are complete now; we read to their ends. */
static enum status read_the_rest(struct demo *d, struct error *err)
{
    const int64_t until = now_ms() + END_MS;
    bool at_end = false;
    while (!at_end) {
        enum status status = on_turn(d, err);
        if (!status)
            status = client_poll(d->client, 10, err);
        if (!status)
            status = demo_reader_is_at_end(&d->reader, &at_end, err);
        if (!status && now_ms() > until)
            status = error_set(err, STATUS_UNAVAILABLE, "the output topics cannot be read to their ends");
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status stream(struct demo *d, struct error *err)
{
    struct sales_update u;
    enum status status = STATUS_OK, made;
    uint64_t total;
    demo_source_progress(&d->source, 0, &total);
    progress_start(&d->progress, d->source.path ? "streaming records" : "streaming days", total);
    while (!status && demo_source_next(&d->source, &u, &made))
        status = feed_send(&d->feed, &u, err);
    if (!status && made)
        status = error_set(err, made, "%s", status_text(made));
    if (!status)
        status = feed_complete(&d->feed, demo_source_last_date(&d->source), err);
    if (!status)
        status = feed_wait(&d->feed, err);
    if (!status)
        status = read_the_rest(d, err);
    progress_end(&d->progress);
    return status;
}

static enum status print_outcome(struct demo *d, struct error *err)
{
    struct scores_table table;
    struct buffer metrics = {0};
    if (demo_source_actuals(&d->source, d->scores) != STATUS_OK || demo_services_metrics(&d->services, &metrics) == STATUS_NO_MEMORY) {
        buffer_done(&metrics);
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    }
    scores_compute(d->scores, SCORES_ORIGINS, &table);
    const struct demo_outcome outcome = {.source = &d->source, .reader = &d->reader, .metrics = &metrics, .table = &table, .sent = d->feed.sent,
                                         .seconds = (double)(now_ms() - d->started_ms) / 1000, .partitions = d->reader.partitions};
    const char *format = command_text(d->context, "--format");
    if (strcmp(format, "table") == 0)
        demo_report(&outcome, stdout);
    else
        demo_report_rows(&outcome, stdout, strcmp(format, "json") == 0);
    buffer_done(&metrics);
    return fflush(stdout) == 0 ? STATUS_OK : error_set(err, STATUS_IO, "standard output: %s", strerror(errno));
}

static void on_forecast(void *arg, struct text series, size_t origin, size_t h, enum member m, double value)
{
    forecast_file_row(arg, origin, series, h, m, value);
}

static enum status open_forecasts(struct demo *d, struct error *err)
{
    const char *path = command_text(d->context, "--forecasts");
    return path ? forecast_file_open(path, &d->forecasts, err) : STATUS_OK;
}

/* written: false when there is nothing to tell, because something failed before. */
static enum status close_forecasts(struct demo *d, bool written, struct error *err)
{
    FILE *file = d->forecasts;
    struct error ignored;
    if (!file)
        return STATUS_OK;
    d->forecasts = NULL;
    if (written)
        scores_each(d->scores, on_forecast, file);
    return forecast_file_close(file, command_text(d->context, "--forecasts"), written ? err : &ignored);
}

static enum status stay(struct demo *d, struct error *err)
{
    enum status status = STATUS_OK;
    fprintf(stderr, "\nstill running, until Ctrl-C: metrics at http://127.0.0.1:%d/metrics, broker at %s\n"
                    "  storecast tail forecasts --broker %s\n", d->services.http_port, d->services.address, d->services.address);
    while (!status && !interrupt_requested()) {
        status = client_poll(d->client, CHECK_EVERY_MS, err);
        if (!status && !interrupt_requested())
            status = demo_services_check(&d->services, err);
    }
    return interrupt_requested() ? STATUS_OK : status;
}

static enum status run_all(struct demo *d, struct error *err)
{
    enum status status = demo_source_open(&d->source, d->context, err);
    if (!status)
        status = open_forecasts(d, err);
    if (!status)
        status = demo_services_start_broker(&d->services, d->context, command_text(d->context, "--state-dir"), err);
    if (!status)
        status = demo_services_start_worker(&d->services, d->context, &d->source.grid, err);
    if (!status)
        status = connect_to_broker(d, err);
    if (!status)
        status = stream(d, err);
    if (!status)
        status = print_outcome(d, err);
    const enum status written = close_forecasts(d, !status, err);
    status = status ? status : written;
    if (!status && command_flag(d->context, "--stay"))
        status = stay(d, err);
    return status;
}

static int run(struct command_context *c)
{
    struct demo d = {.context = c, .started_ms = now_ms()};
    interrupt_watch();
    const enum status status = run_all(&d, &c->err);
    progress_end(&d.progress);
    feed_done(&d.feed);
    demo_reader_done(&d.reader);
    client_free(d.client);
    demo_services_stop(&d.services);
    scores_free(d.scores);
    demo_source_done(&d.source);
    if (status && interrupt_requested())
        return EXIT_CODE_INTERRUPTED;
    if (status == STATUS_CORRUPT)
        return command_fail_with(c, EXIT_CODE_RESTART); /* a message was lost */
    return status ? command_fail(c) : EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {.name = "--sales", .kind = OPTION_TEXT, .argument = "FILE", .help = "sales of your own as CSV; without it they are simulated"},
    {.name = "--partitions", .kind = OPTION_INTEGER, .argument = "N", .fallback = "3", .min = 1, .max = 256,
     .help = "partitions of every topic; forecasts depend on their number"},
    {.name = "--format", .kind = OPTION_CHOICE, .argument = "FORMAT", .fallback = "table", .choices = "table|csv|json",
     .help = "csv and json: the accuracies only, as of backtest, protocol stream"},
    {.name = "--forecasts", .kind = OPTION_TEXT, .argument = "FILE",
     .help = "write every forecast read back to FILE, as of backtest (origin,series,h,model,value)"},
    {.name = "--stay", .kind = OPTION_FLAG, .help = "keep it running afterwards, until Ctrl-C"},
    {.name = "--state-dir", .kind = OPTION_TEXT, .argument = "DIR", .help = "keep state and logs in this new folder; without it they are temporary"},
    SALES_OPTION_ROWS("--stores-file"),
    SIMULATE_OPTION_ROWS("0.01"),
};

const struct command command_demo = {
    .name = "demo", .arguments = "", .summary = "broker, worker and a stream of sales in one go, and what came out",
    .text = "Nothing else is needed: the broker is embedded, and everything is gone when it ends.",
    .options = options, .option_count = sizeof options / sizeof options[0], .takes_config = true, .run = run,
};
