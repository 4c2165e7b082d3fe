#include "app/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/assignment.h"
#include "app/command.h"
#include "app/crash.h"
#include "app/restore.h"
#include "app/shutdown.h"
#include "app/worker_broker.h"
#include "app/local_copy.h"
#include "app/restore_cluster.h"
#include "base/log.h"
#include "io/versions.h"

#define WATCHDOG_US INT64_C(120000000) /* twice what the calls of a transaction may take */

const char *worker_phase_name(enum worker_phase phase)
{
    static const char *const names[] = {"starting", "waiting", "restoring", "revoking", "running", "draining", "closing", "stopped"};
    assert((size_t)phase < sizeof names / sizeof *names);
    return names[phase];
}

/* ---- hooks of io/ */

static void on_slow(void *arg, const char *name, const struct loop_cost *cost)
{
    struct worker *w = arg;
    struct log_line l;
    log_begin(&l, LOG_WARN, "slow_callback");
    log_string(&l, "name", name);
    log_int(&l, "wall_ms", cost->wall_us / 1000);
    log_int(&l, "cpu_ms", cost->cpu_us / 1000);
    log_int(&l, "blocked_ms", cost->blocked_us / 1000);
    log_int(&l, "starved_ms", cost->starved_us / 1000);
    log_int(&l, "queued_ms", cost->queued_us / 1000);
    log_end(&l);
    if (w->metrics)
        metrics_add(w->metrics, METRIC_SLOW_CALLBACKS, 1);
}

/* The calls have time limits of their own; should one not come back all the same, the restart does what is left. */
static void check_transaction(struct worker *w)
{
    if (transaction_busy_us(w->transaction) > WATCHDOG_US)
        worker_fail(w, EXIT_CODE_RESTART, "transaction_stuck", "a call of librdkafka does not return");
}

static void on_tick(void *arg)
{
    struct worker *w = arg;
    consumer_tick(w->consumer);
    restore_cluster_tick(w);
    check_transaction(w);
    assignment_balance(w);
    worker_metrics_tick(w);
    worker_step(w);
}

void worker_step(void *worker)
{
    struct worker *w = worker;
    if (w->phase == WORKER_STOPPED)
        return;
    int64_t until_us = loop_now_us() + LOOP_TURN_US;
    bool more = batch_apply(w, until_us);
    while (batch_step(w)) {
        if (loop_now_us() >= until_us) {
            more = true;
            break;
        }
    }
    if (w->waiting_records == 0 || w->is_held)
        assignment_balance(w);
    assignment_step(w);
    shutdown_step(w);
    if (more)
        loop_wake_kick(w->step);
}

/* ---- life */

#ifdef STORECAST_TEST_HOOKS
static void in_lmdb(void)
{
    crash_here(CRASH_IN_LMDB);
}
#define BEFORE_COMMIT in_lmdb
#else
#define BEFORE_COMMIT NULL
#endif

#define OWN_DESCRIPTORS 64 /* librdkafka's connections and pipes, the state, the loop: half of it, and as much again */

/* Without descriptors libraries give up, or try for ever: so they are made sure of before anything starts. */
static enum status secure_descriptors(const struct worker *w, struct error *err)
{
    struct rlimit limit;
    const rlim_t need = OWN_DESCRIPTORS + (rlim_t)w->config->http_max_connections;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= need)
        return STATUS_OK;
    limit.rlim_cur = limit.rlim_max < need ? limit.rlim_max : need;
    if (limit.rlim_cur >= need && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_CONFIG,
                     "only %llu files may be open, the worker needs %llu (raise the limit: ulimit -n, or LimitNOFILE= of systemd; or lower "
                     "http.max.connections)",
                     (unsigned long long)limit.rlim_max, (unsigned long long)need);
}

static enum status start_local(struct worker *w, struct error *err)
{
    enum status status = secure_descriptors(w, err);
    if (!status)
        status = topics_init(&w->topics, w->config->topics_prefix, err);
    if (status)
        return status;
    w->inputs[INPUT_SALES] = topics_name(&w->topics, TOPIC_SALES);
    w->inputs[INPUT_REQUESTS] = topics_name(&w->topics, TOPIC_REQUESTS);
    /* On the embedded broker the state is the only copy of what was learnt, so every batch reaches the disk. */
    const struct kv_options state = {.directory = w->config->state_dir, .sync = !w->traits.transactions, .before_commit = BEFORE_COMMIT};
    status = kv_open(&state, &w->kv, err);
    if (!status)
        status = loop_new(&(struct loop_hooks){on_slow, w}, &w->loop, err);
    if (!status)
        status = metrics_new(w->config->metrics_stores, &w->metrics);
    if (!status)
        status = codec_new(&w->codec);
    if (!status)
        status = loop_wake_new(w->loop, "worker", worker_step, w, &w->step);
    if (!status)
        status = shutdown_catch_signals(w, err);
    if (!status)
        status = pool_new(w->loop, "compute", (size_t)w->config->compute_threads, &w->compute, err);
    return status;
}

static void announce(const struct worker *w)
{
    struct log_line l;
    log_begin(&l, LOG_INFO, "worker_started");
    log_string(&l, "version", command_program_version());
    log_string(&l, "librdkafka", versions_librdkafka());
    log_string(&l, "broker", w->options.servers);
    log_string(&l, "state_dir", w->config->state_dir);
    log_int(&l, "partitions", w->partition_count);
    log_string(&l, "http", w->config->http_listen);
    log_int(&l, "port", http_port(w->http));
    log_end(&l);
}

static enum status start_in_group(struct worker *w, struct error *err)
{
    enum status status = local_copy_open(w, err);
    if (!status)
        status = consumer_subscribe(w->consumer, err);
    w->phase = WORKER_WAITING;
    return status;
}

static enum status start(struct worker *w, struct error *err)
{
    enum status status = start_local(w, err);
    if (!status)
        status = worker_broker_consume(w, err);
    if (!status)
        status = worker_broker_look(w, err);
    if (!status)
        status = worker_broker_produce(w, err);
    if (status)
        return status;
    w->lanes = calloc((size_t)w->partition_count, sizeof(struct lane *));
    status = w->lanes ? batch_init(w, err) : STATUS_NO_MEMORY;
    if (!status)
        status = worker_http_start(w, err);
    if (!status)
        status = w->traits.transactions ? start_in_group(w, err) : restore_start(w, err);
    if (status)
        return status;
    loop_on_tick(w->loop, on_tick, w);
    worker_metrics_tick(w);
    transaction_init(w->transaction);
    announce(w);
    return STATUS_OK;
}

static void finish(struct worker *w)
{
    /* Threads first: they hold what the rest frees. */
    pool_free(w->compute);
    transaction_free(w->transaction);
    restore_cluster_free(w);
    http_free(w->http);
    for (int32_t i = 0; w->lanes && i < w->partition_count; i++)
        lane_free(w->lanes[i]); /* before the consumer: records belong to it */
    free(w->lanes);
    producer_free(w->producer);
    consumer_free(w->consumer);
    if (w->loop)
        batch_done(w);
    kv_close(w->kv);
    codec_free(w->codec);
    metrics_free(w->metrics);
    arena_done(&w->arena);
    buffer_done(&w->scratch);
    loop_wake_free(w->step);
    loop_free(w->loop);
}

int worker_run(const struct worker_options *options, struct error *err)
{
    loop_block_signals();
    log_set_level((enum log_level)options->config->log_level);
    struct worker *w = calloc(1, sizeof *w);
    if (!w) {
        error_set(err, STATUS_NO_MEMORY, "worker: out of memory");
        return EXIT_CODE_RESTART;
    }
    w->options = *options;
    w->config = options->config;
    w->traits = options->is_embedded ? traits_embedded() : traits_cluster();
    w->started_us = w->progress_us = loop_now_us();
    enum status status = start(w, err);
    if (!status)
        status = loop_run(w->loop);
    if (status && !err->text[0])
        error_set(err, status, "worker: %s", status_text(status));
    if (status)
        w->exit_code = (int)exit_code_of(status);
    else if (w->exit_code != EXIT_CODE_OK)
        *err = w->failure;
    int exit_code = w->exit_code;
    if (w->traits.transactions && w->kv && !status && exit_code == EXIT_CODE_OK)
        local_copy_close(w);
    if (!status && exit_code == EXIT_CODE_OK)
        log_event(LOG_INFO, "worker_stopped", "batches=%lld", (long long)w->batch.number);
    finish(w);
    free(w);
    return exit_code;
}
