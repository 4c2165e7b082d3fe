#include "app/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/crash.h"
#include "app/worker.h"
#include "base/log.h"

const char *batch_stage_name(enum batch_stage stage)
{
    static const char *const names[] = {"init", "collect", "begin", "send", "deliver", "commit", "store", "abort", "backoff"};
    assert((size_t)stage < sizeof names / sizeof *names);
    return names[stage];
}

static void on_timer(void *arg)
{
    struct worker *w = arg;
    if (w->batch.stage == BATCH_BACKOFF)
        w->batch.stage = transaction_state(w->transaction) == TRANSACTION_NEW ? BATCH_INIT : BATCH_COLLECT;
    if (w->batch.stage == BATCH_INIT)
        transaction_init(w->transaction);
    worker_step(w);
}

void batch_enter(struct worker *w, enum batch_stage stage)
{
    w->batch.stage = stage;
    w->batch.stage_us = loop_now_us();
}

enum status batch_init(struct worker *w, struct error *err)
{
    struct batch *b = &w->batch;
    b->lanes = calloc((size_t)w->partition_count, sizeof(struct lane *));
    b->offsets = calloc((size_t)w->partition_count * INPUT_COUNT, sizeof *b->offsets);
    if (!b->lanes || !b->offsets || loop_timer_new(w->loop, "batch timer", on_timer, w, &b->timer))
        return error_set(err, STATUS_NO_MEMORY, "batches: out of memory");
    batch_enter(w, BATCH_INIT);
    return STATUS_OK;
}

void batch_done(struct worker *w)
{
    struct batch *b = &w->batch;
    loop_timer_free(b->timer);
    free(b->lanes);
    free(b->offsets);
    free(b->ops);
    arena_done(&b->store_arena);
}

/* ---- the cut */

static bool can_be_cut(const struct lane *lane)
{
    return lane && (lane->stage == LANE_OPEN || lane->stage == LANE_FULL) && lane_has_work(lane);
}

/* What lanes that are not in the cut have collected stays counted. */
void batch_recount(struct worker *w)
{
    struct batch *b = &w->batch;
    b->collected = 0;
    b->first_us = 0;
    b->is_cut = false;
    for (int32_t i = 0; i < w->partition_count; i++) {
        const struct lane *lane = w->lanes[i];
        if (!lane || lane->stage == LANE_COMMITTING || lane->first_us == 0)
            continue;
        if (b->first_us == 0 || lane->first_us < b->first_us)
            b->first_us = lane->first_us;
        b->collected += lane->taken[INPUT_SALES].count + lane->taken[INPUT_REQUESTS].count;
    }
}

static bool is_due(struct worker *w)
{
    struct batch *b = &w->batch;
    /* While partitions are taken back, others will do again what is not written yet. While we close, the first transaction may become
     * possible: what it sent would be sent again. */
    if (w->phase != WORKER_RUNNING && w->phase != WORKER_DRAINING)
        return false;
    if (b->is_cut || w->phase == WORKER_DRAINING)
        return true;
    if (b->first_us == 0)
        return false;
    int64_t left_us = b->first_us + w->config->batch_max_ms * 1000 - loop_now_us();
    if (left_us <= 0)
        return true;
    loop_timer_start(b->timer, left_us / 1000 + 1);
    return false;
}

/* Returns whether there was anything to cut. */
static bool cut(struct worker *w)
{
    struct batch *b = &w->batch;
    b->lane_count = 0;
    for (int32_t i = 0; i < w->partition_count; i++)
        if (can_be_cut(w->lanes[i])) {
            w->lanes[i]->stage = LANE_COMMITTING;
            b->lanes[b->lane_count++] = w->lanes[i];
        }
    b->cut_us = b->first_us ? b->first_us : loop_now_us();
    batch_recount(w);
    if (b->lane_count == 0)
        return false;
    b->number++;
    b->flush_lane = 0;
    batch_enter(w, BATCH_BEGIN);
    transaction_begin(w->transaction);
    return true;
}

/* ---- the way forward */

#define FLUSH_AT_ONCE 256 /* state records; some milliseconds */

/* The state records are made while the transaction begins. */
static bool flush_some(struct worker *w)
{
    struct batch *b = &w->batch;
    bool done = true;
    if (b->flush_lane == b->lane_count) {
        if (transaction_state(w->transaction) != TRANSACTION_OPEN)
            return false;
        producer_clear(w->producer);
        batch_send_begin(w);
        batch_enter(w, BATCH_SEND);
        return true;
    }
    struct lane *lane = b->lanes[b->flush_lane];
    if (engine_flush_some(lane->engine, b->number, FLUSH_AT_ONCE, &lane->effects, &done)) {
        worker_fail(w, EXIT_CODE_RESTART, "out_of_memory", "the state of a batch could not be made");
        return false;
    }
    b->flush_lane += done;
    return true;
}

static void commit(struct worker *w)
{
    struct batch *b = &w->batch;
    size_t count = 0;
    for (size_t i = 0; i < b->lane_count; i++) {
        const struct lane *lane = b->lanes[i];
        const int64_t next[INPUT_COUNT] = {engine_offset(lane->engine) + 1, engine_requests_offset(lane->engine) + 1};
        for (int input = 0; input < INPUT_COUNT; input++)
            b->offsets[count++] = (struct transaction_offset){w->inputs[input], lane->id, next[input], b->number};
    }
    batch_enter(w, BATCH_COMMIT);
    transaction_commit(w->transaction, w->consumer, b->offsets, count);
}

static void delivered(struct worker *w)
{
    struct error err = {0};
    enum status status = producer_failure(w->producer, &err);
    if (status) {
        batch_abort(w, status == STATUS_OUT_OF_RANGE, err.text);
        return;
    }
    crash_here(CRASH_AFTER_DELIVERY);
    commit(w);
}

static bool send_some(struct worker *w)
{
    struct error err = {0};
    bool wait_for_room;
    enum status status = batch_send(w, loop_now_us() + LOOP_TURN_US, &wait_for_room, &err);
    if (status == STATUS_BUSY)
        return !wait_for_room;
    if (status) {
        batch_abort(w, status == STATUS_OUT_OF_RANGE, err.text);
        return true;
    }
    crash_here(CRASH_AFTER_PRODUCE);
    w->batch.has_paused = false;
    batch_enter(w, BATCH_DELIVER);
    return true;
}

static bool wait_for_delivery(struct worker *w)
{
    if (!w->batch.has_paused) {
        w->batch.has_paused = true;
        return true;
    }
    crash_here(CRASH_BEFORE_DELIVERY);
    struct error err;
    if (producer_in_flight(w->producer) == 0 || producer_failure(w->producer, &err))
        delivered(w);
    return false;
}

void batch_on_room(struct worker *w)
{
    loop_wake_kick(w->step);
}

void batch_on_settled(struct worker *w)
{
    loop_wake_kick(w->step);
}

void batch_on_stored(struct worker *w)
{
    struct batch *b = &w->batch;
    metrics_add(w->metrics, METRIC_BATCHES, 1);
    metrics_observe(w->metrics, METRIC_BATCH_DURATION, (double)(loop_now_us() - b->cut_us) / 1e6);
    w->progress_us = loop_now_us();
    b->aborts = b->refused = 0;
    if (b->single_left > 0)
        b->single_left--;
    b->lane_count = 0;
    batch_enter(w, BATCH_COLLECT);
    loop_wake_kick(w->step);
}

/* ---- transactions */

static void on_init(struct worker *w, enum status status, const char *why)
{
    if (status) {
        struct log_line l;
        log_begin(&l, LOG_WARN, "transactions_unavailable");
        log_string(&l, "why", why);
        log_end(&l);
        w->batch.aborts++;
        batch_back_off(w);
        return;
    }
    w->batch.aborts = 0;
    batch_enter(w, BATCH_COLLECT);
    loop_wake_kick(w->step);
}

static void on_begin(struct worker *w, enum status status, const char *why)
{
    if (status) {
        batch_abort(w, false, why);
        return;
    }
    loop_wake_kick(w->step); /* flush_some goes on */
}

static void on_commit(struct worker *w, enum status status, const char *why)
{
    if (status) {
        batch_abort(w, false, why);
        return;
    }
    crash_here(CRASH_AFTER_COMMIT);
    metrics_observe(w->metrics, METRIC_COMMIT_DURATION, (double)(loop_now_us() - w->batch.stage_us) / 1e6);
    batch_enter(w, BATCH_STORE);
    batch_store(w);
}

void batch_on_transaction(void *worker, enum status status, const char *why)
{
    struct worker *w = worker;
    if (status == STATUS_FENCED) {
        worker_fail(w, EXIT_CODE_RESTART, "transaction_failed", why);
        return;
    }
    switch (w->batch.stage) {
    case BATCH_INIT:
        on_init(w, status, why);
        return;
    case BATCH_BEGIN:
        on_begin(w, status, why);
        return;
    case BATCH_COMMIT:
        on_commit(w, status, why);
        return;
    case BATCH_ABORT:
        if (status)
            transaction_abort(w->transaction); /* again: nothing can go on before */
        else
            batch_back_off(w);
        return;
    case BATCH_COLLECT:
    case BATCH_SEND:
    case BATCH_DELIVER:
    case BATCH_STORE:
    case BATCH_BACKOFF:
        break;
    }
    assert(false);
}

/* ---- one turn */

bool batch_step(struct worker *w)
{
    switch (w->batch.stage) {
    case BATCH_COLLECT:
        /* What an aborted transaction still has in flight must not count for the next one. */
        return producer_in_flight(w->producer) == 0 && is_due(w) && cut(w);
    case BATCH_BEGIN:
        return flush_some(w);
    case BATCH_SEND:
        return send_some(w);
    case BATCH_DELIVER:
        return wait_for_delivery(w);
    case BATCH_INIT:
    case BATCH_COMMIT:
    case BATCH_STORE:
    case BATCH_ABORT:
    case BATCH_BACKOFF:
        break;
    }
    return false;
}

bool batch_is_idle(const struct worker *w)
{
    if (w->batch.stage != BATCH_COLLECT)
        return false;
    for (int32_t i = 0; i < w->partition_count; i++)
        if (w->lanes[i] && (w->lanes[i]->stage == LANE_LENT || lane_has_work(w->lanes[i])))
            return false;
    return true;
}
