#include "app/restore.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/assignment.h"
#include "app/command.h"
#include "app/restore_cluster.h"
#include "app/state_key.h"
#include "base/log.h"

/* ---- one lane, on a thread */

static enum status load_record(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    struct lane *lane = arg;
    lane->restored++;
    return engine_load(lane->engine, state_key_inner(key), value, err);
}

static void restore_work(struct pool_job *job)
{
    struct lane *lane = (struct lane *)(void *)job;
    struct worker *w = lane->worker;
    uint8_t prefix[STATE_PREFIX_BYTES];
    state_prefix(lane->id, prefix);
    lane->job_status = kv_each(w->kv, (struct bytes){prefix, sizeof prefix}, load_record, lane, &lane->job_error);
    if (!lane->job_status)
        lane->job_status = engine_loaded(lane->engine, w->options.accept_changes, &lane->job_error);
}

/* ---- the broker at hand */

static enum status collect_state(struct lane *lane, struct batch *b, size_t *count, struct kv_op *ops, size_t capacity)
{
    for (size_t i = 0; i < lane->effects.count; i++) {
        const struct effect *effect = &lane->effects.items[i];
        assert(effect->kind == EFFECT_PUT || effect->kind == EFFECT_DELETE);
        assert(*count < capacity);
        struct bytes key;
        enum status status = state_key(&b->store_arena, lane->id, effect->key, &key);
        if (status)
            return status;
        ops[(*count)++] = (struct kv_op){key, effect->value, effect->kind == EFFECT_DELETE};
    }
    return STATUS_OK;
}

static enum status forget_offsets(struct worker *w)
{
    w->batch.number++;
    for (int32_t i = 0; i < w->partition_count; i++) {
        struct lane *lane = w->lanes[i];
        enum status status = engine_reset_offsets(lane->engine);
        if (!status)
            status = engine_flush(lane->engine, w->batch.number, &lane->effects);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Writes which broker the state belongs to from now on, with the forgotten offsets, in one go. On a thread: it waits for the disk. */
static enum status adopt(struct worker *w, struct error *err)
{
    size_t capacity = 1, count = 0;
    enum status status = w->is_new_incarnation ? forget_offsets(w) : STATUS_OK;
    for (int32_t i = 0; i < w->partition_count; i++)
        capacity += w->lanes[i]->effects.count;
    struct kv_op *ops = calloc(capacity, sizeof *ops);
    if (!ops || status) {
        free(ops);
        return error_set(err, STATUS_NO_MEMORY, "state: out of memory");
    }
    arena_clear(&w->batch.store_arena);
    for (int32_t i = 0; !status && i < w->partition_count; i++)
        status = collect_state(w->lanes[i], &w->batch, &count, ops, capacity);
    const struct state_about about = {(uint32_t)w->partition_count, text_of(w->incarnation), text_of(w->config->topics_prefix)};
    buffer_clear(&w->scratch);
    state_about_write(&about, &w->scratch);
    if (!status)
        status = buffer_status(&w->scratch);
    ops[count++] = (struct kv_op){state_about_key(), buffer_bytes(&w->scratch), false};
    status = status ? error_set(err, status, "state: out of memory") : kv_write(w->kv, ops, count, err);
    for (int32_t i = 0; !status && i < w->partition_count; i++) {
        engine_commit(w->lanes[i]->engine);
        effects_clear(&w->lanes[i]->effects);
    }
    free(ops);
    return status;
}

/* ---- all lanes */

/* A record that is lost, or that belongs to no partition, shows in the number of all. */
static enum status check_count(const struct worker *w, uint64_t found, struct error *err)
{
    const uint64_t stored = kv_entries(w->kv);
    if (stored == 0 || found + 1 == stored) /* one is about the directory */
        return STATUS_OK;
    return error_set(err, STATUS_CORRUPT,
                     "state directory %s: it should hold %" PRIu64 " records, %" PRIu64 " are to be found (remove it to rebuild it)",
                     w->config->state_dir, stored, found + 1);
}

static void tell_restored(const struct worker *w, uint64_t records, size_t partitions)
{
    struct log_line l;
    log_begin(&l, LOG_INFO, "state_restored");
    log_int(&l, "records", (int64_t)records);
    log_int(&l, "partitions", (int64_t)partitions);
    log_int(&l, "ms", (loop_now_us() - w->restore_began_us) / 1000);
    log_string(&l, "broker", w->is_new_incarnation ? "new: input is read from its beginning" : "known");
    log_end(&l);
}

static void open_lanes(struct worker *w)
{
    struct error err = {0};
    uint64_t records = 0;
    size_t partitions = 0;
    for (int32_t i = 0; i < w->partition_count; i++) {
        struct lane *lane = w->lanes[i];
        if (!lane)
            continue;
        partitions++;
        records += lane->restored;
        lane_look(lane);
        lane->stage = LANE_OPEN;
        lane->scores_changed = true;
    }
    tell_restored(w, records, partitions);
    enum status status = assignment_take(w, &err);
    if (status)
        worker_fail(w, (int)exit_code_of(status), "assignment_failed", err.text);
}

static struct worker *worker_of(struct pool_job *job)
{
    return (struct worker *)(void *)((char *)job - offsetof(struct worker, adopt_job));
}

static void adopt_work(struct pool_job *job)
{
    struct worker *w = worker_of(job);
    w->adopt_status = adopt(w, &w->adopt_error);
}

static void adopt_after(struct pool_job *job)
{
    struct worker *w = worker_of(job);
    w->restoring--;
    if (w->phase != WORKER_RESTORING)
        loop_wake_kick(w->step);
    else if (w->adopt_status)
        worker_fail(w, (int)exit_code_of(w->adopt_status), "restore_failed", w->adopt_error.text);
    else
        open_lanes(w);
}

static void all_restored(struct worker *w)
{
    struct error err = {0};
    uint64_t records = 0;
    for (int32_t i = 0; i < w->partition_count; i++) {
        if (!w->lanes[i])
            continue;
        records += w->lanes[i]->restored;
        if (engine_batch(w->lanes[i]->engine) > w->batch.number)
            w->batch.number = engine_batch(w->lanes[i]->engine);
    }
    enum status status = w->traits.transactions ? restore_cluster_compare(w, &err) : check_count(w, records, &err);
    if (status) {
        worker_fail(w, (int)exit_code_of(status), "restore_failed", err.text);
    } else if (w->traits.transactions) {
        open_lanes(w);
    } else {
        w->restoring++;
        w->adopt_job = (struct pool_job){.work = adopt_work, .after = adopt_after};
        pool_submit(w->compute, &w->adopt_job);
    }
}

static void restore_after(struct pool_job *job)
{
    struct lane *lane = (struct lane *)(void *)job;
    struct worker *w = lane->worker;
    assert(w->restoring > 0);
    w->restoring--;
    if (w->phase != WORKER_RESTORING) { /* taken back, or the end, meanwhile */
        loop_wake_kick(w->step);
        return;
    }
    if (lane->job_status) {
        error_wrap(&lane->job_error, "partition %d", (int)lane->id);
        worker_fail(w, (int)exit_code_of(lane->job_status), "restore_failed", lane->job_error.text);
        return;
    }
    char name[16];
    snprintf(name, sizeof name, "%d", (int)lane->id);
    metrics_set_labelled(w->metrics, METRIC_RESTORE_PROGRESS, (struct text[]){text_of(name)}, 1);
    if (!w->traits.transactions)
        metrics_add(w->metrics, METRIC_RESTORE_RECORDS, (double)lane->restored);
    if (w->restoring == 0)
        all_restored(w);
}

static enum status check_about(struct worker *w, const struct state_about *about, struct error *err)
{
    if (about->partitions != (uint32_t)w->partition_count)
        return error_set(err, STATUS_BAD_CONFIG,
                         "state directory %s: it was written for %" PRIu32 " partitions, the broker has %d (numbers depend on the "
                         "partitions: use the old number, or another --state-dir)",
                         w->config->state_dir, about->partitions, (int)w->partition_count);
    if (!text_equal(about->prefix, text_of(w->config->topics_prefix)))
        return error_set(err, STATUS_BAD_CONFIG,
                         "state directory %s: it was written for topics.prefix=%.*s (use that, or another --state-dir)",
                         w->config->state_dir, (int)about->prefix.size, about->prefix.data);
    /* An embedded broker keeps nothing, so there the directory is the only copy; a cluster's would take it for an old one. */
    if (about->incarnation.size > 0 && text_starts(about->incarnation, CLUSTER_INCARNATION) != w->traits.transactions)
        return error_set(err, STATUS_BAD_CONFIG, "state directory %s: it belongs to a worker %s (use another --state-dir)",
                         w->config->state_dir,
                         w->traits.transactions ? "with the embedded broker, and is all that is known there" : "of a Kafka cluster");
    w->is_new_incarnation = !text_equal(about->incarnation, text_of(w->incarnation));
    return STATUS_OK;
}

enum status restore_read_about(struct worker *w, struct error *err)
{
    buffer_clear(&w->scratch);
    enum status status = kv_get(w->kv, state_about_key(), &w->scratch, err);
    if (status == STATUS_NOT_FOUND && kv_entries(w->kv) == 0)
        return STATUS_OK; /* an empty directory */
    if (status == STATUS_NOT_FOUND)
        return error_set(err, STATUS_CORRUPT, "state directory %s: it does not say what it is for (remove it to rebuild it)",
                         w->config->state_dir);
    struct state_about about;
    if (!status)
        status = buffer_status(&w->scratch);
    if (!status)
        status = state_about_read(buffer_bytes(&w->scratch), &about, err);
    return status ? status : check_about(w, &about, err);
}

enum status restore_start(struct worker *w, struct error *err)
{
    enum status status = restore_read_about(w, err);
    for (int32_t i = 0; !status && i < w->partition_count; i++)
        status = assignment_add_lane(w, i, err);
    if (status)
        return status;
    w->phase = WORKER_RESTORING;
    w->restore_began_us = w->started_us;
    restore_lanes(w);
    return STATUS_OK;
}

void restore_lanes(struct worker *w)
{
    for (int32_t i = 0; i < w->partition_count; i++)
        w->restoring += w->lanes[i] != NULL;
    for (int32_t i = 0; i < w->partition_count; i++) {
        if (!w->lanes[i])
            continue;
        w->lanes[i]->job.work = restore_work;
        w->lanes[i]->job.after = restore_after;
        pool_submit(w->compute, &w->lanes[i]->job);
    }
    if (w->restoring == 0)
        all_restored(w);
}
