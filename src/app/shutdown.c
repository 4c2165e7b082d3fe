#include "app/shutdown.h"

#include <signal.h>
#include <unistd.h>

#include "app/command.h"
#include "app/restore_cluster.h"
#include "base/log.h"

static volatile sig_atomic_t watchdog_code;

/* A signal handler: _exit is all that it may call. */
static void on_watchdog(int signal_number)
{
    (void)signal_number;
    _exit(watchdog_code);
}

static void start_watchdog(int exit_code)
{
    watchdog_code = exit_code;
    /* A signal and not a timer of the loop: librdkafka may hang while it is destroyed, after the loop. */
    struct sigaction action = {.sa_handler = on_watchdog};
    sigaction(SIGALRM, &action, NULL);
    alarm(SHUTDOWN_WATCHDOG_S);
}

void worker_stop(struct worker *w, int exit_code)
{
    if (w->phase >= WORKER_DRAINING)
        return;
    start_watchdog(EXIT_CODE_LATER);
    w->exit_code = exit_code;
    log_event(LOG_INFO, "worker_stopping", "exit_code=%d", exit_code);
    if (w->phase == WORKER_STARTING) {
        w->phase = WORKER_STOPPED;
        loop_stop(w->loop);
        return;
    }
    w->phase = WORKER_DRAINING;
    restore_cluster_cancel(w);
    loop_wake_kick(w->step);
}

/* Whom no supervisor starts again must not stay in the group until its session is over: others could not take its partitions,
 * and no operator could move its offsets. */
static bool should_leave(const struct worker *w, int exit_code)
{
    return w->traits.transactions && w->phase > WORKER_STARTING && w->phase < WORKER_DRAINING &&
           (exit_code == EXIT_CODE_DATA || exit_code == EXIT_CODE_CONFIG);
}

void worker_fail(struct worker *w, int exit_code, const char *event, const char *why)
{
    if (w->phase == WORKER_STOPPED)
        return;
    struct log_line l;
    log_begin(&l, LOG_ERROR, event);
    log_string(&l, "why", why);
    log_end(&l);
    if (w->phase < WORKER_DRAINING || w->exit_code == EXIT_CODE_OK) {
        w->exit_code = exit_code;
        error_set(&w->failure, STATUS_IO, "%s: %s", event, why);
    }
    if (should_leave(w, exit_code)) {
        start_watchdog(exit_code);
        w->phase = WORKER_DRAINING;
        restore_cluster_cancel(w);
        loop_wake_kick(w->step);
        return;
    }
    start_watchdog(EXIT_CODE_LATER);
    w->phase = WORKER_STOPPED;
    loop_stop(w->loop);
}

static void on_terminate(void *arg)
{
    struct worker *w = arg;
    if (w->phase >= WORKER_DRAINING) {
        log_event(LOG_WARN, "worker_killed", "signals=2");
        _exit(EXIT_CODE_LATER);
    }
    worker_stop(w, EXIT_CODE_OK);
}

static void on_reload(void *arg)
{
    struct worker *w = arg;
    struct error err = {0};
    struct log_line l;
    if (!w->options.reload)
        return;
    const struct config *fresh = w->options.reload(w->options.reload_arg, &err);
    if (fresh && config_can_reload(w->config, fresh, &err)) {
        log_set_level((enum log_level)fresh->log_level);
        log_event(LOG_INFO, "config_reloaded", "log_level=%d", (int)fresh->log_level);
        return;
    }
    log_begin(&l, LOG_WARN, "config_not_reloaded");
    log_string(&l, "why", err.text);
    log_end(&l);
}

static void dump_lane(const struct lane *lane)
{
    struct log_line l;
    log_begin(&l, LOG_INFO, "dump_partition");
    log_int(&l, "partition", lane->id);
    log_string(&l, "stage", lane_stage_name(lane->stage));
    log_int(&l, "sales_next", lane->seen.sales_next);
    log_int(&l, "requests_next", lane->seen.requests_next);
    log_int(&l, "sales_waiting", (int64_t)lane->waiting[INPUT_SALES].count);
    log_int(&l, "requests_waiting", (int64_t)lane->waiting[INPUT_REQUESTS].count);
    log_int(&l, "taken", (int64_t)(lane->taken[INPUT_SALES].count + lane->taken[INPUT_REQUESTS].count));
    log_int(&l, "series", (int64_t)lane->seen.series);
    log_int(&l, "batch", (int64_t)lane->seen.batch);
    log_end(&l);
}

static void on_dump(void *arg)
{
    const struct worker *w = arg;
    struct log_line l;
    log_begin(&l, LOG_INFO, "dump_worker");
    log_string(&l, "phase", worker_phase_name(w->phase));
    log_string(&l, "batch_stage", batch_stage_name(w->batch.stage));
    log_string(&l, "transaction", transaction_state_name(transaction_state(w->transaction)));
    log_int(&l, "batch", (int64_t)w->batch.number);
    log_int(&l, "in_flight", (int64_t)producer_in_flight(w->producer));
    log_int(&l, "waiting", (int64_t)w->waiting_records);
    log_end(&l);
    for (int32_t i = 0; i < w->partition_count; i++)
        if (w->lanes[i])
            dump_lane(w->lanes[i]);
}

enum status shutdown_catch_signals(struct worker *w, struct error *err)
{
    const struct {
        int number;
        const char *name;
        loop_fn fn;
    } signals[] = {
        {SIGTERM, "SIGTERM", on_terminate}, {SIGINT, "SIGINT", on_terminate}, {SIGHUP, "SIGHUP", on_reload}, {SIGUSR1, "SIGUSR1", on_dump}};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        enum status status = loop_on_signal(w->loop, signals[i].number, signals[i].name, signals[i].fn, w);
        if (status)
            return error_set(err, status, "signals: could not catch %s", signals[i].name);
    }
    return STATUS_OK;
}

void shutdown_step(struct worker *w)
{
    /* While something is restored, the lanes are another thread's. */
    if (w->phase != WORKER_DRAINING || w->restoring > 0 || restore_cluster_is_running(w))
        return;
    /* A batch that waits for a broker that is away is not waited for: it is done again after the restart. */
    if (!batch_is_idle(w) && w->batch.stage != BATCH_BACKOFF && w->batch.stage != BATCH_INIT)
        return;
    w->phase = WORKER_CLOSING;
    if (w->must_answer_revoke)
        consumer_unassign(w->consumer);
    http_free(w->http);
    w->http = NULL;
    consumer_close(w->consumer);
}

void shutdown_on_closed(void *worker)
{
    struct worker *w = worker;
    w->phase = WORKER_STOPPED;
    loop_stop(w->loop);
}
