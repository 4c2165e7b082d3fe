#include <assert.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/crash.h"
#include "app/local_copy.h"
#include "app/state_key.h"
#include "app/worker.h"

static struct kv_op *new_op(struct batch *b)
{
    if (b->op_count == b->op_capacity) {
        size_t capacity = b->op_capacity ? 2 * b->op_capacity : 1024;
        struct kv_op *ops = realloc(b->ops, capacity * sizeof *ops);
        if (!ops)
            return NULL;
        b->ops = ops;
        b->op_capacity = capacity;
    }
    return &b->ops[b->op_count++];
}

static enum status add_op(struct batch *b, const struct lane *lane, const struct effect *effect)
{
    struct bytes key;
    enum status status = state_key(&b->store_arena, lane->id, effect->key, &key);
    struct kv_op *op = status ? NULL : new_op(b);
    if (!op)
        return STATUS_NO_MEMORY;
    *op = (struct kv_op){key, effect->value, effect->kind == EFFECT_DELETE};
    return STATUS_OK;
}

/* How far the local state goes, which is a copy of the changelog on a cluster. */
static enum status add_checkpoint(struct batch *b, const struct lane *lane)
{
    const struct checkpoint checkpoint = {
        .batch = b->number,
        .next = lane->changelog_next,
        .sales_next = engine_offset(lane->engine) + 1,
        .requests_next = engine_requests_offset(lane->engine) + 1,
        .time_ms = local_copy_now_ms(),
    };
    struct kv_op *op = new_op(b);
    return op ? local_copy_checkpoint(&b->store_arena, lane->id, &checkpoint, op) : STATUS_NO_MEMORY;
}

static enum status list_ops(struct batch *b)
{
    b->op_count = 0;
    arena_clear(&b->store_arena);
    for (size_t i = 0; i < b->lane_count; i++) {
        const struct effects *fx = &b->lanes[i]->effects;
        for (size_t k = 0; k < fx->count; k++) {
            bool is_state = fx->items[k].kind == EFFECT_PUT || fx->items[k].kind == EFFECT_DELETE;
            enum status status = is_state ? add_op(b, b->lanes[i], &fx->items[k]) : STATUS_OK;
            if (status)
                return status;
        }
        if (b->lanes[i]->worker->traits.transactions && add_checkpoint(b, b->lanes[i]))
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static struct worker *worker_of(struct pool_job *job)
{
    struct batch *b = (struct batch *)(void *)((char *)job - offsetof(struct batch, store_job));
    return b->lanes[0]->worker;
}

static void store_work(struct pool_job *job)
{
    struct worker *w = worker_of(job);
    w->batch.store_status = kv_write(w->kv, w->batch.ops, w->batch.op_count, &w->batch.store_error);
}

/* The input offsets go to the group last: whoever sees them may count on the state. */
static void commit_offsets(struct worker *w)
{
    struct batch *b = &w->batch;
    struct consumer_position *positions = calloc(b->lane_count * INPUT_COUNT, sizeof *positions);
    size_t count = 0;
    for (size_t i = 0; positions && i < b->lane_count; i++) {
        const struct engine *e = b->lanes[i]->engine;
        positions[count++] =
            (struct consumer_position){.topic = INPUT_SALES, .partition = b->lanes[i]->id, .next_offset = engine_offset(e) + 1};
        positions[count++] =
            (struct consumer_position){.topic = INPUT_REQUESTS, .partition = b->lanes[i]->id, .next_offset = engine_requests_offset(e) + 1};
    }
    if (count > 0)
        consumer_commit(w->consumer, positions, count);
    free(positions);
}

static void forget_work(struct pool_job *job)
{
    struct batch *b = &worker_of(job)->batch;
    for (size_t i = 0; i < b->lane_count; i++)
        lane_forget(b->lanes[i]);
}

static void forget_after(struct pool_job *job)
{
    struct worker *w = worker_of(job);
    for (size_t i = 0; i < w->batch.lane_count; i++)
        lane_reopen(w->batch.lanes[i]);
    batch_on_stored(w);
}

static void store_after(struct pool_job *job)
{
    struct worker *w = worker_of(job);
    struct batch *b = &w->batch;
    assert(b->stage == BATCH_STORE);
    if (b->store_status) {
        worker_fail(w, (int)exit_code_of(b->store_status), "state_write_failed", b->store_error.text);
        return;
    }
    crash_here(CRASH_AFTER_LMDB);
    metrics_observe(w->metrics, METRIC_STATE_WRITE_DURATION, (double)(loop_now_us() - b->stage_us) / 1e6);
    if (!w->traits.transactions)
        commit_offsets(w);
    for (size_t i = 0; i < b->lane_count; i++) {
        struct lane *lane = b->lanes[i];
        worker_metrics_lane(w, lane);
        if (lane->effects.counters.periods_closed > 0)
            lane->scores_changed = true;
    }
    b->store_job.work = forget_work;
    b->store_job.after = forget_after;
    pool_submit(transaction_thread(w->transaction), &b->store_job);
}

void batch_store(struct worker *w)
{
    struct batch *b = &w->batch;
    b->store_job.work = store_work;
    b->store_job.after = store_after;
    if (list_ops(b)) {
        worker_fail(w, EXIT_CODE_RESTART, "out_of_memory", "the state of a batch could not be listed");
        return;
    }
    pool_submit(transaction_thread(w->transaction), &b->store_job);
}
