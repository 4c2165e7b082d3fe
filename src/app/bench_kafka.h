/* bench_kafka.h: the parts of `bench kafka`: what is done on a real cluster, by whom, and how fast.
 * Everybody reads the same topic, one after the other, and how far each has come its group's committed offsets say.
 * Thread: main. */
#ifndef STORECAST_APP_BENCH_KAFKA_H
#define STORECAST_APP_BENCH_KAFKA_H

#include "app/bench.h"
#include "app/child.h"
#include "app/client.h"
#include "app/feed.h"
#include "app/simulate.h"

/* ------------------------------------------------------------------------------------------ bench_kafka.c */

/* `bench kafka`: measures and prints. Returns an exit code. */
int bench_kafka_run(struct command_context *c);
/* What the sales of a chain are, as the configuration has periods. */
void bench_kafka_sales(struct command_context *c, struct simulate_options *out);

/* ------------------------------------------------------------------------------------------ bench_place.c */

#define BENCH_PATH_BYTES 512
struct bench_place { /* topics of their own, and a temporary folder */
    struct command_context *context;
    char folder[BENCH_PATH_BYTES], prefix[64], group[64], servers[BENCH_PATH_BYTES];
    struct topics topics;
    struct client *client;
    struct feed feed;
};
/* Makes the topics, which stay. STATUS_BAD_CONFIG without kafka.bootstrap.servers. bench_place_close in every case. */
enum status bench_place_open(struct bench_place *p, struct command_context *c, const char *name, struct error *err) MUST_CHECK;
void bench_place_close(struct bench_place *p);
const char *bench_place_sales(const struct bench_place *p); /* the topic's name */

/* Who reads the sales; ended with bench_reader_stop. */
struct bench_reader {
    struct bench_place *place;
    struct child child;
    struct rd_kafka_s *group; /* asks what the group has committed */
    char log[BENCH_PATH_BYTES + 32];
};
enum status bench_worker_start(struct bench_place *p, struct bench_reader *out, struct error *err) MUST_CHECK;
/* from: the first offset of each partition. */
enum status bench_bare_start(struct bench_place *p, const struct bench_bare *plan, const char *group, const int64_t *from,
                             struct bench_reader *out, struct error *err) MUST_CHECK;
/* build: the folder that Maven has compiled scripts/bench/streams into. */
enum status bench_streams_start(struct bench_place *p, const char *build, const char *group, const int64_t *from, struct bench_reader *out,
                                struct error *err) MUST_CHECK;
void bench_reader_stop(struct bench_reader *r);
/* Sum of the committed offsets of all partitions. A failure too when the reader has ended, or we are to end. */
enum status bench_reader_progress(struct bench_reader *r, uint64_t *out, struct error *err) MUST_CHECK;
/* Waits until that is at least `until`. */
enum status bench_reader_wait(struct bench_reader *r, uint64_t until, struct error *err) MUST_CHECK;
/* The most memory that it had at any time, in KiB; 0 when it has ended. */
long bench_reader_memory(const struct bench_reader *r);

int64_t bench_now_us(void);

/* ------------------------------------------------------------------------------------------ bench_backlog.c */

#define BENCH_RUNS_MAX 25
enum bench_who { BENCH_BARE, BENCH_WORKER, BENCH_STREAMS, BENCH_WHO_COUNT };

struct bench_backlog {
    size_t runs;
    uint64_t records, output_records, output_bytes; /* of one run; outputs as counted in a rehearsal */
    double rate[BENCH_WHO_COUNT][BENCH_RUNS_MAX];   /* records a second; 0 = was not there */
    long memory_kib[BENCH_WHO_COUNT];               /* the most of all runs */
};
enum status bench_backlog_run(struct command_context *c, struct bench_backlog *out, struct error *err) MUST_CHECK;

/* ------------------------------------------------------------------------------------------ bench_visible.c */

struct bench_visible { /* from a sale that lets a period close to the set of forecasts that a read_committed reader sees */
    size_t count, closes, stores;
    double *ms; /* ascending */
};
enum status bench_visible_run(struct command_context *c, struct bench_visible *out, struct error *err) MUST_CHECK;
void bench_visible_done(struct bench_visible *v);

#endif
