/* cmd_bench.c: the figures of this machine, now; nothing is asserted. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/bench.h"
#include "app/bench_kafka.h"
#include "app/interrupt.h"

static void print_engine(const struct bench_engine *e)
{
    printf("engine, one thread\n");
    printf("  %-34s%10.2f us   a till's sale applied; %zu series\n", "one observation", e->observation_us, e->series);
    printf("  %-34s%10.2f us   per observation, in batches of 5,000\n", "writing its state records", e->flush_us);
    printf("  %-34s%10.1f us   8 steps, 11 quantiles, every model\n", "one request", e->request_us);
    printf("  %-34s%10.2f ms   score, refit, weights, intervals, forecasts; week %zu\n", "one close of 45 stores", e->close_ms, e->periods);
}

static double rate(uint64_t records, double seconds)
{
    return seconds > 0 ? (double)records / seconds : 0;
}

static void print_stream(const struct bench_stream *s)
{
    printf("stream, embedded broker, %" PRIu64 " records in %" PRIu64 " transactions, %" PRIu64 " records (%.1f MB) out\n", s->records,
           s->batches, s->output_records, (double)s->output_bytes / 1e6);
    printf("  %-34s%10.0f records/s   decode, dedup, apply, state, commit\n", "worker", rate(s->records, s->worker_s));
    printf("  %-34s%10.0f records/s   decodes nothing, writes as many bytes in as many transactions\n", "bare librdkafka loop",
           rate(s->records, s->bare_s));
    printf("  %-34s%10.2f\n", "worker / bare", s->worker_s > 0 ? s->bare_s / s->worker_s : 0);
}

static int run(struct command_context *c)
{
    struct bench_engine engine;
    struct bench_stream stream;
    if (command_given(c, "--bare"))
        return bench_bare_run(c, command_text(c, "--bare"));
    if (c->argument_count > 0 && strcmp(c->arguments[0], "kafka") == 0)
        return bench_kafka_run(c);
    if (c->argument_count > 0) {
        (void)error_set(&c->err, STATUS_BAD_USAGE, "bench %s: there is only `bench` and `bench kafka`", c->arguments[0]);
        return command_fail(c);
    }
    enum status status = bench_engine_run(&c->config, &engine);
    if (status) {
        (void)error_set(&c->err, status, "bench: %s", status_text(status));
        return command_fail(c);
    }
    print_engine(&engine);
    fflush(stdout);
    status = bench_stream_run(c, &stream, &c->err);
    if (!status)
        print_stream(&stream);
    if (status && interrupt_requested())
        return EXIT_CODE_INTERRUPTED;
    return status ? command_fail(c) : EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {.name = "--records",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "50000",
     .min = 1000,
     .max = 54000,
     .help = "sales sent through the worker and the bare loop"},
    {.name = "--partitions",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "6",
     .min = 1,
     .max = 256,
     .help = "partitions of every topic"},
    {.name = "--runs",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "3",
     .min = 1,
     .max = BENCH_RUNS_MAX,
     .help = "kafka: outages, of which the median counts"},
    {.name = "--stores",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "60",
     .min = 1,
     .max = 10000,
     .help = "kafka: stores of the chain"},
    {.name = "--products",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "10",
     .min = 1,
     .max = SIMULATE_PRODUCTS_MAX,
     .help = "kafka: products of every store"},
    {.name = "--history",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "104",
     .min = 1,
     .max = 500,
     .help = "kafka: weeks that the worker knows before"},
    {.name = "--weeks", .kind = OPTION_INTEGER, .argument = "N", .fallback = "6", .min = 1, .max = 52, .help = "kafka: weeks of an outage"},
    {.name = "--closes",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "40",
     .min = 1,
     .max = 1000,
     .help = "kafka: weeks whose forecasts are waited for"},
    {.name = "--streams",
     .kind = OPTION_TEXT,
     .argument = "DIR",
     .help = "kafka: where scripts/bench/streams is compiled; without it there is no such row"},
    {.name = "--bare", .kind = OPTION_TEXT, .argument = "PLAN", .help = "be the bare loop (bench starts itself so)"},
};

const struct command command_bench = {
    .name = "bench",
    .arguments = "[kafka]",
    .summary = "what things cost on this machine, beside a loop that only moves bytes",
    .text =
        "bench kafka does it on a cluster (kafka.bootstrap.servers): how fast the worker goes through what has waited for it, beside a\n"
        "bare loop and a Kafka Streams application, and how soon a forecast can be read. scripts/bench/kafka starts the cluster and\n"
        "builds the peer. Its topics, bench-..., stay.",
    .max_arguments = 1,
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .takes_config = true,
    .run = run,
};
