#include "app/bench_kafka.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/interrupt.h"

void bench_kafka_sales(struct command_context *c, struct simulate_options *out)
{
    struct engine_options engine;
    config_engine_options(&c->config, &engine);
    simulate_options_default(out);
    out->grid = engine.grid;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[BENCH_RUNS_MAX] = {0};
    for (size_t i = 0; i < count; i++)
        sorted[i] = values[i];
    qsort(sorted, count, sizeof *sorted, ascending);
    return count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
}

/* ---- the table */

static void print_load(const char *when)
{
    double one = 0;
    const int got = getloadavg(&one, 1);
    printf("load %s: %.1f\n", when, got == 1 ? one : 0);
    fflush(stdout);
}

static void print_row(const struct bench_backlog *b, enum bench_who who, const char *name)
{
    printf("  %-28s%9.0f%8.0f", name, median(b->rate[who], b->runs), (double)b->memory_kib[who] / 1024);
    for (size_t i = 0; i < b->runs; i++)
        printf("%s%.0f", i ? " " : "   ", b->rate[who][i]);
    putchar('\n');
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void print_backlog(struct command_context *c, const struct bench_backlog *b)
{
    printf("backlog: %llu sales of %lld weeks, %lld series, %lld partitions, after %lld weeks of history; %llu records (%.1f MB) out\n",
           (unsigned long long)b->records, (long long)command_integer(c, "--weeks"),
           (long long)command_integer(c, "--stores") * (command_integer(c, "--products") + 1),
           (long long)command_integer(c, "--partitions"), (long long)command_integer(c, "--history"), (unsigned long long)b->output_records,
           (double)b->output_bytes / 1e6);
    printf("  %-28s%9s%8s   %s\n", "", "records/s", "MB", "each run");
    print_row(b, BENCH_BARE, "bare librdkafka loop");
    print_row(b, BENCH_WORKER, "worker");
    const double worker = median(b->rate[BENCH_WORKER], b->runs), bare = median(b->rate[BENCH_BARE], b->runs);
    const double streams = median(b->rate[BENCH_STREAMS], b->runs);
    if (streams > 0)
        print_row(b, BENCH_STREAMS, "Kafka Streams, sums only");
    printf("  worker / bare loop: %.2f\n", ratio(worker, bare));
    if (streams > 0)
        printf("  worker / Kafka Streams: %.2f, in %.2f of its memory\n", ratio(worker, streams),
               ratio((double)b->memory_kib[BENCH_WORKER], (double)b->memory_kib[BENCH_STREAMS]));
    fflush(stdout);
}

/* The smallest value that at least this share of them does not pass. */
static double quantile(const struct bench_visible *v, double share)
{
    size_t rank = (size_t)(share * (double)v->count);
    if ((double)rank < share * (double)v->count)
        rank++;
    return v->count ? v->ms[rank > 0 ? rank - 1 : 0] : 0;
}

static void print_visible(const struct command_context *c, const struct bench_visible *v)
{
    printf("from the sale that ends a week to its forecasts, as a read_committed reader sees them: %zu stores, %zu weeks, %zu sets\n",
           v->stores, v->closes, v->count);
    printf("  median %.0f ms, 99th percentile %.0f ms; median / batch.max.ms (%lld): %.2f\n", quantile(v, .5), quantile(v, .99),
           (long long)c->config.batch_max_ms, quantile(v, .5) / (double)c->config.batch_max_ms);
}

/* Before all else, for what comes first takes minutes. */
static enum status check_streams(struct command_context *c)
{
    char path[BENCH_PATH_BYTES];
    const char *build = command_text(c, "--streams");
    if (!build)
        return STATUS_OK;
    snprintf(path, sizeof path, "%s/classes/storecast/SumSales.class", build);
    return access(path, R_OK) == 0 ? STATUS_OK
                                   : error_set(&c->err, STATUS_BAD_CONFIG,
                                               "--streams %s: scripts/bench/streams is not compiled there "
                                               "(scripts/bench/kafka does it)",
                                               build);
}

int bench_kafka_run(struct command_context *c)
{
    struct bench_backlog backlog;
    struct bench_visible visible = {0};
    if (check_streams(c))
        return command_fail(c);
    interrupt_watch();
    print_load("before");
    enum status status = bench_backlog_run(c, &backlog, &c->err);
    if (!status) {
        print_backlog(c, &backlog);
        status = bench_visible_run(c, &visible, &c->err);
    }
    if (!status) {
        print_visible(c, &visible);
        print_load("after");
    }
    bench_visible_done(&visible);
    if (status && interrupt_requested())
        return EXIT_CODE_INTERRUPTED;
    return status ? command_fail(c) : EXIT_CODE_OK;
}
