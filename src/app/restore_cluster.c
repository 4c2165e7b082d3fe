#include "app/restore_cluster.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/local_copy.h"
#include "app/restore.h"
#include "app/worker_broker.h"
#include "base/log.h"
#include "io/changelog.h"

#define ANSWER_MS     5000
#define PATIENCE_MS   150000 /* twice what a forgotten transaction lasts, and some */
/* What was committed stood in the changelog before its end was asked for, so waiting should never be needed. */
#define BEHIND_MS     10000
#define ASK_AGAIN_MS  100
#define TELL_US       INT64_C(5000000)
/* What one transaction of the local state takes: sorted, so that neighbours share the pages that it must copy. */
#define CHUNK_BYTES   (64 << 20)
#define CHUNK_RECORDS 400000

struct restore {
    struct pool_job job; /* first: cast back */
    struct worker *worker;
    size_t count; /* partitions; of each array */
    struct changelog_part *logs;
    int64_t *from; /* where reading began */
    int64_t *ends; /* of all partitions */
    struct consumer_position (*committed)[INPUT_COUNT];
    bool is_running;
    int64_t began_us, told_us;
    atomic_bool is_cancelled;
    atomic_ullong read, left; /* of the changelog: records read, offsets still to come */
    uint64_t counted;         /* of read, in the metrics already */
    enum status status;
    struct error error;
    /* the thread's: what goes to the disk next */
    struct arena arena;
    struct change *changes;
    size_t change_count, chunk_bytes;
    struct kv_op *ops;
};

struct change {
    struct kv_op op;
    size_t at; /* of the same key the last one counts */
};

/* ---- into the local state, on the thread */

static int by_key_and_time(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    const size_t shorter = x->op.key.size < y->op.key.size ? x->op.key.size : y->op.key.size;
    const int order = memcmp(x->op.key.data, y->op.key.data, shorter);
    if (order != 0)
        return order;
    if (x->op.key.size != y->op.key.size)
        return x->op.key.size < y->op.key.size ? -1 : 1;
    return x->at < y->at ? -1 : 1;
}

static bool is_of_same_key(const struct change *a, const struct change *b)
{
    return a->op.key.size == b->op.key.size && memcmp(a->op.key.data, b->op.key.data, a->op.key.size) == 0;
}

/* The last change of each key, in their order. */
static size_t list_ops(struct restore *r)
{
    size_t count = 0;
    qsort(r->changes, r->change_count, sizeof *r->changes, by_key_and_time);
    for (size_t i = 0; i < r->change_count; i++)
        if (i + 1 == r->change_count || !is_of_same_key(&r->changes[i], &r->changes[i + 1]))
            r->ops[count++] = r->changes[i].op;
    return count;
}

/* Each piece says how far it goes; the batch is unknown until all is in. */
static enum status write_chunk(struct restore *r, uint64_t (*batch)(const struct restore *, size_t), struct error *err)
{
    enum status status = STATUS_OK;
    size_t count = list_ops(r);
    for (size_t i = 0; !status && i < r->count; i++) {
        const struct checkpoint checkpoint = {
            .batch = batch ? batch(r, i) : 0,
            .next = r->logs[i].next,
            .sales_next = r->committed[i][INPUT_SALES].next_offset,
            .requests_next = r->committed[i][INPUT_REQUESTS].next_offset,
            .time_ms = local_copy_now_ms(),
        };
        if (r->logs[i].next > r->from[i])
            status = local_copy_checkpoint(&r->arena, r->logs[i].partition, &checkpoint, &r->ops[count++]);
    }
    status = status ? error_set(err, status, "state: out of memory") : kv_write(r->worker->kv, r->ops, count, err);
    r->change_count = r->chunk_bytes = 0;
    arena_clear(&r->arena);
    return status;
}

static enum status on_record(void *arg, const struct changelog_part *part, struct bytes key, struct bytes value, struct error *err)
{
    struct restore *r = arg;
    struct kv_op *op = &r->changes[r->change_count].op;
    if (!key.data || key.size > KV_KEY_BYTES_MAX - STATE_PREFIX_BYTES)
        return error_set(err, STATUS_CORRUPT, "changelog, partition %d, offset %" PRId64 ": this is no state record", (int)part->partition,
                         part->next - 1);
    uint8_t *copy = value.data ? arena_alloc(&r->arena, value.size) : NULL;
    if (state_key(&r->arena, part->partition, key, &op->key) || (value.data && !copy))
        return error_set(err, STATUS_NO_MEMORY, "changelog: out of memory");
    if (copy)
        memcpy(copy, value.data, value.size);
    op->value = (struct bytes){copy, value.size};
    op->is_delete = !value.data;
    r->changes[r->change_count].at = r->change_count;
    r->change_count++;
    r->chunk_bytes += key.size + value.size;
    atomic_fetch_add(&r->read, 1);
    return r->change_count >= CHUNK_RECORDS || r->chunk_bytes >= CHUNK_BYTES ? write_chunk(r, NULL, err) : STATUS_OK;
}

static bool on_turn(void *arg)
{
    struct restore *r = arg;
    int64_t left = 0;
    for (size_t i = 0; i < r->count; i++)
        left += r->logs[i].until > r->logs[i].next ? r->logs[i].until - r->logs[i].next : 0;
    atomic_store(&r->left, (unsigned long long)left);
    return !atomic_load(&r->is_cancelled);
}

/* ---- the three places, on the thread */

static bool may_ask_again(struct restore *r, int64_t since_us, int patience_ms)
{
    if (atomic_load(&r->is_cancelled) || loop_now_us() - since_us > (int64_t)patience_ms * 1000)
        return false;
    usleep(ASK_AGAIN_MS * 1000);
    return true;
}

/* While a transaction that somebody left open holds offsets, the broker does not tell. */
static enum status ask_committed(struct restore *r, struct error *err)
{
    for (size_t i = 0; i < r->count; i++)
        for (size_t input = 0; input < INPUT_COUNT; input++)
            r->committed[i][input] = (struct consumer_position){.topic = input, .partition = r->logs[i].partition, .next_offset = -1};
    enum status status;
    do
        status = consumer_committed(r->worker->consumer, r->committed[0], r->count * INPUT_COUNT, ANSWER_MS, err);
    while (status == STATUS_UNAVAILABLE && may_ask_again(r, r->began_us, PATIENCE_MS));
    return status;
}

static enum status ask_ends(struct restore *r, struct changelog *changelog, struct error *err)
{
    enum status status;
    do
        status = changelog_ends(changelog, r->worker->partition_count, ANSWER_MS, r->ends, err);
    while (status == STATUS_UNAVAILABLE && may_ask_again(r, r->began_us, PATIENCE_MS));
    for (size_t i = 0; !status && i < r->count; i++)
        r->logs[i].until = r->ends[r->logs[i].partition];
    return status;
}

static enum status removed(struct restore *r, size_t i, const struct checkpoint *copy, struct error *err)
{
    return error_set(err, STATUS_BAD_DATA,
                     "partition %d: the local state goes up to offset %" PRId64 " of topic %s, which ends at %" PRId64
                     ": records were removed from it (to go on from the local state is not safe; stop all workers, remove the state "
                     "directories, and feed a new topics.prefix)",
                     (int)r->logs[i].partition, copy->next, topics_name(&r->worker->topics, TOPIC_STATE), r->logs[i].until);
}

/* Where reading must begin; nowhere when the copy is that of the group's last batch. */
static enum status begin_part(struct restore *r, size_t i, struct error *err)
{
    struct changelog_part *log = &r->logs[i];
    const struct consumer_position *sales = &r->committed[i][INPUT_SALES], *requests = &r->committed[i][INPUT_REQUESTS];
    struct checkpoint copy;
    enum status status = local_copy_read(r->worker->kv, log->partition, &copy, err);
    if (!status && copy.next > log->until)
        return removed(r, i, &copy, err);
    bool is_current = !status && copy.batch > 0 && copy.batch == sales->batch && copy.sales_next == sales->next_offset &&
                      copy.requests_next == requests->next_offset;
    if (is_current)
        log->until = copy.next;
    if (is_current || (!status && !local_copy_is_too_old(r->worker, &copy))) {
        r->from[i] = log->next = copy.next;
        return STATUS_OK;
    }
    r->from[i] = log->next = 0;
    return local_copy_drop(r->worker->kv, log->partition, err);
}

static size_t first_behind(const struct restore *r)
{
    size_t i = 0;
    while (i < r->count && local_copy_batch(r->worker->kv, r->logs[i].partition) >= r->committed[i][INPUT_SALES].batch)
        i++;
    return i;
}

static enum status still_behind(const struct restore *r, size_t i, struct error *err)
{
    return error_set(err, STATUS_BAD_DATA,
                     "partition %d: group %s has committed batch %" PRIu64 ", but topic %s holds no more than batch %" PRIu64
                     " (were its records removed? the state cannot be rebuilt from it: feed the sales again with another topics.prefix)",
                     (int)r->logs[i].partition, r->worker->config->group_id, r->committed[i][INPUT_SALES].batch,
                     topics_name(&r->worker->topics, TOPIC_STATE), local_copy_batch(r->worker->kv, r->logs[i].partition));
}

static uint64_t committed_batch(const struct restore *r, size_t i)
{
    return r->committed[i][INPUT_SALES].batch;
}

/* One partition after the other: what is written at once then lies side by side in the local state, and most of its pages are
 * written only once. */
static enum status read_parts(struct restore *r, struct changelog *changelog, struct error *err)
{
    const struct changelog_hooks hooks = {on_record, on_turn, r};
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < r->count; i++) {
        status = changelog_read(changelog, &r->logs[i], 1, &hooks, PATIENCE_MS, err);
        if (!status)
            status = write_chunk(r, NULL, err);
    }
    return status;
}

static enum status bring_up(struct restore *r, struct changelog *changelog, struct error *err)
{
    enum status status = ask_committed(r, err);
    if (!status)
        status = ask_ends(r, changelog, err);
    for (size_t i = 0; !status && i < r->count; i++)
        status = begin_part(r, i, err);
    for (int64_t read_us = 0; !status;) {
        status = read_parts(r, changelog, err);
        read_us = read_us ? read_us : loop_now_us();
        size_t behind = status ? r->count : first_behind(r);
        if (status || behind == r->count)
            break;
        if (!may_ask_again(r, read_us, BEHIND_MS))
            return still_behind(r, behind, err);
        status = ask_ends(r, changelog, err);
    }
    return status ? status : write_chunk(r, committed_batch, err);
}

static void work(struct pool_job *job)
{
    struct restore *r = (struct restore *)(void *)job;
    struct worker *w = r->worker;
    struct property_list properties = {.count = 0};
    struct changelog *changelog = NULL;
    worker_broker_properties(w, &properties);
    r->ops = calloc(CHUNK_RECORDS + r->count, sizeof *r->ops);
    r->changes = calloc(CHUNK_RECORDS, sizeof *r->changes);
    r->status = r->ops && r->changes ? STATUS_OK : error_set(&r->error, STATUS_NO_MEMORY, "restore: out of memory");
    if (!r->status)
        r->status = changelog_open(properties.items, properties.count, topics_name(&w->topics, TOPIC_STATE), &changelog, &r->error);
    if (!r->status)
        r->status = bring_up(r, changelog, &r->error);
    changelog_close(changelog);
    free(r->ops);
    free(r->changes);
    r->ops = NULL;
    r->changes = NULL;
    arena_done(&r->arena);
}

/* ---- on the loop */

static void after(struct pool_job *job)
{
    struct restore *r = (struct restore *)(void *)job;
    struct worker *w = r->worker;
    r->is_running = false;
    restore_cluster_tick(w);
    if (atomic_load(&r->is_cancelled) || w->phase != WORKER_RESTORING) {
        loop_wake_kick(w->step);
        return;
    }
    if (r->status) {
        worker_fail(w, (int)exit_code_of(r->status), "restore_failed", r->error.text);
        return;
    }
    for (size_t i = 0; i < r->count; i++)
        w->lanes[r->logs[i].partition]->changelog_next = r->logs[i].next;
    restore_lanes(w);
}

enum status restore_cluster_start(struct worker *w, struct error *err)
{
    restore_cluster_free(w);
    struct restore *r = calloc(1, sizeof *r);
    w->restore = r;
    if (r) {
        r->logs = calloc((size_t)w->partition_count, sizeof *r->logs);
        r->from = calloc((size_t)w->partition_count, sizeof *r->from);
        r->ends = calloc((size_t)w->partition_count, sizeof *r->ends);
        r->committed = calloc((size_t)w->partition_count, sizeof *r->committed);
    }
    if (!r || !r->logs || !r->from || !r->ends || !r->committed)
        return error_set(err, STATUS_NO_MEMORY, "restore: out of memory");
    r->worker = w;
    for (int32_t i = 0; i < w->partition_count; i++)
        if (w->lanes[i])
            r->logs[r->count++].partition = i;
    r->job = (struct pool_job){.work = work, .after = after};
    r->began_us = r->told_us = loop_now_us();
    r->is_running = true;
    pool_submit(w->compute, &r->job);
    return STATUS_OK;
}

void restore_cluster_cancel(struct worker *w)
{
    if (w->restore)
        atomic_store(&w->restore->is_cancelled, true);
}

bool restore_cluster_is_running(const struct worker *w)
{
    return w->restore && w->restore->is_running;
}

/* Somebody has moved the group's offsets, or they were lost; the batch numbers cannot tell that. */
static enum status disagree(const struct worker *w, const struct consumer_position *p, int64_t state_next, struct error *err)
{
    const char *topic = w->inputs[p->topic];
    char group[48];
    snprintf(group, sizeof group, p->next_offset < 0 ? "no offset" : "offset %" PRId64, p->next_offset);
    return error_set(err, STATUS_BAD_DATA,
                     "partition %d of topic %s: the state is that before offset %" PRId64 " (batch %" PRIu64
                     "), group %s has %s (batch %" PRIu64
                     "): sales would be lost or counted twice (to go on from the state, stop all workers and run: kafka-consumer-groups.sh "
                     "--bootstrap-server %s --group %s --topic %s:%d --reset-offsets --to-offset %" PRId64 " --execute)",
                     (int)p->partition, topic, state_next, engine_batch(w->lanes[p->partition]->engine), w->config->group_id, group,
                     p->batch, w->options.servers, w->config->group_id, topic, (int)p->partition, state_next);
}

enum status restore_cluster_compare(const struct worker *w, struct error *err)
{
    const struct restore *r = w->restore;
    for (size_t i = 0; i < r->count; i++) {
        const struct engine *e = w->lanes[r->logs[i].partition]->engine;
        const int64_t next[INPUT_COUNT] = {engine_offset(e) + 1, engine_requests_offset(e) + 1};
        for (int input = 0; input < INPUT_COUNT; input++) {
            const struct consumer_position *p = &r->committed[i][input];
            bool is_fresh = p->next_offset < 0 && next[input] == 0 && engine_batch(e) == 0;
            if (!is_fresh && (p->next_offset != next[input] || (p->batch > 0 && p->batch != engine_batch(e))))
                return disagree(w, p, next[input], err);
        }
    }
    return STATUS_OK;
}

void restore_cluster_tick(struct worker *w)
{
    struct restore *r = w->restore;
    if (!r)
        return;
    unsigned long long read = atomic_load(&r->read), left = atomic_load(&r->left);
    metrics_add(w->metrics, METRIC_RESTORE_RECORDS, (double)(read - r->counted));
    r->counted = read;
    if (!r->is_running)
        return;
    for (size_t i = 0; i < r->count; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", (int)r->logs[i].partition);
        metrics_set_labelled(w->metrics, METRIC_RESTORE_PROGRESS, (struct text[]){text_of(name)},
                             read + left > 0 ? (double)read / (double)(read + left) : 0);
    }
    if (loop_now_us() - r->told_us < TELL_US)
        return;
    r->told_us = loop_now_us();
    log_event(LOG_INFO, "state_restoring", "records=%llu left=%llu seconds=%lld", read, left,
              (long long)((loop_now_us() - r->began_us) / 1000000));
}

void restore_cluster_free(struct worker *w)
{
    struct restore *r = w->restore;
    if (!r)
        return;
    free(r->logs);
    free(r->from);
    free(r->ends);
    free(r->committed);
    free(r);
    w->restore = NULL;
}
