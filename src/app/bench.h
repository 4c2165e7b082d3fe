/* bench.h: the parts of cmd_bench.c: what the engine costs, and what the worker costs beside a loop that only moves bytes.
 * Thread: main. */
#ifndef STORECAST_APP_BENCH_H
#define STORECAST_APP_BENCH_H

#include "app/command.h"

/* ------------------------------------------------------------------------------------------ bench_engine.c */

struct bench_engine {
    double observation_us; /* one Sale applied */
    double flush_us;       /* its share of writing state records */
    double request_us;     /* one request answered: 8 steps, 11 quantiles */
    double close_ms;       /* one close: score, refit, weights, intervals, forecasts */
    size_t series, stores, periods;
};
/* STATUS_NO_MEMORY only. */
enum status bench_engine_run(const struct config *config, struct bench_engine *out) MUST_CHECK;

/* ------------------------------------------------------------------------------------------ bench_stream.c */

struct bench_stream {
    uint64_t records, batches, output_records, output_bytes;
    double worker_s, bare_s;
};
enum status bench_stream_run(struct command_context *c, struct bench_stream *out, struct error *err) MUST_CHECK;

/* ------------------------------------------------------------------------------------------ bench_bare.c */

struct bench_bare { /* what the bare loop does for every batch_records it reads */
    const char *servers, *group, *input, *output;
    int32_t partitions;
    size_t batch_records, output_records, output_bytes; /* bytes: of one batch */
    bool is_cluster;                                    /* which keeps the offsets of transactions; the embedded broker forgets them */
};
/* "host:port batch_records output_records output_bytes partitions is_cluster", as bench gives it to its child. */
char *bench_bare_format(const struct bench_bare *b, char *out, size_t size);
/* Reads the input and writes until it is ended by a signal. Returns an exit code. */
int bench_bare_run(struct command_context *c, const char *spec);

#endif
