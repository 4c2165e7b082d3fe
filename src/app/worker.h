/* worker.h: the service: consume, forecast, publish, watch drift, serve metrics.
 *
 * Everything here belongs to the loop's thread. Compute threads get a lane's engine lent for a restore or a close, the
 * transaction thread gets transaction calls and state writes; see lane.h and batch.h. */
#ifndef STORECAST_APP_WORKER_H
#define STORECAST_APP_WORKER_H

#include "app/batch.h"
#include "app/config.h"
#include "app/lane.h"
#include "app/metrics.h"
#include "app/topics.h"
#include "app/traits.h"
#include "codec/codec.h"
#include "io/consumer.h"
#include "io/http.h"
#include "io/kv.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/producer.h"
#include "io/transaction.h"

/* WAITING: the group has given us no partitions. REVOKING: it takes them back, and what is on its way is ended first. */
enum worker_phase {
    WORKER_STARTING,
    WORKER_WAITING,
    WORKER_RESTORING,
    WORKER_REVOKING,
    WORKER_RUNNING,
    WORKER_DRAINING,
    WORKER_CLOSING,
    WORKER_STOPPED
};
const char *worker_phase_name(enum worker_phase phase);

struct worker_options {
    const struct config *config;
    const char *servers; /* host:port[,...] */
    bool is_embedded;    /* they are those of `storecast broker` */
    bool accept_changes; /* go on although options that change numbers have changed */
    /* Reads the configuration again, for SIGHUP; NULL = nothing to read. Borrowed until the next call. */
    const struct config *(*reload)(void *arg, struct error *err);
    void *reload_arg;
};

#define INCARNATION_BYTES   64
#define CLUSTER_INCARNATION "kafka:" /* ... and the cluster's id; without it, an embedded broker's */

struct worker {
    struct worker_options options;
    const struct config *config;
    struct broker_traits traits;
    struct topics topics;
    const char *inputs[INPUT_COUNT]; /* the consumer's topics */
    char transactional_id[256];
    enum worker_phase phase;
    int exit_code;        /* enum exit_code, of the first reason to stop */
    struct error failure; /* why, when it is not EXIT_CODE_OK */

    struct loop *loop;
    struct kv *kv;
    struct consumer *consumer;
    struct producer *producer;
    struct transaction *transaction;
    struct pool *compute;
    struct http_server *http;
    struct metrics *metrics;
    struct codec *codec;
    struct arena arena;    /* of the record being decoded */
    struct buffer scratch; /* of the record being encoded */

    struct lane **lanes; /* by partition; NULL = not ours */
    int32_t partition_count;
    size_t restoring; /* jobs of a restore that have not ended */
    struct pool_job adopt_job;
    enum status adopt_status;
    struct error adopt_error;
    struct restore *restore; /* restore_cluster.c; NULL when there was none yet */
    int64_t restore_began_us;
    bool must_answer_revoke; /* the group waits for us to let go of our partitions */
    struct batch batch;
    struct loop_wake *step; /* runs worker_step */

    char incarnation[INCARNATION_BYTES]; /* of the broker: its offsets mean nothing to another one */
    bool is_new_incarnation;             /* the state was written for another one */
    int64_t copy_max_age_ms;             /* of the local state on a cluster (local_copy.h) */
    size_t waiting_records;
    bool is_held;        /* the consumer is, because too many records wait */
    int64_t progress_us; /* when a record was last taken or a batch ended */
    int64_t started_us, disconnected_us;
};

/* Runs the service until it is told to stop. Returns an enum exit_code; err says why when that is not 0. */
int worker_run(const struct worker_options *options, struct error *err);

/* Looks for something to do; called through the wake `step`. */
void worker_step(void *worker);

/* Begins the end: drain, close, stop. The first reason gives the exit code. Thread: loop. */
void worker_stop(struct worker *w, int exit_code);
/* The same at once, without committing what is open: something broke. Logs event and why. Only with an exit code after which
 * nobody starts it again it leaves a group in order. */
void worker_fail(struct worker *w, int exit_code, const char *event, const char *why);

/* worker_metrics.c: gauges once a second, and the effects of a committed batch. */
void worker_metrics_tick(struct worker *w);
void worker_metrics_lane(struct worker *w, const struct lane *lane);

/* worker_http.c */
enum status worker_http_start(struct worker *w, struct error *err) MUST_CHECK;
/* Why the worker is not healthy; NULL when it is. */
const char *worker_sickness(struct worker *w);
bool worker_is_ready(const struct worker *w);

#endif
