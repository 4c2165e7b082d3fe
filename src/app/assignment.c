#include "app/assignment.h"

#include <assert.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/restore_cluster.h"
#include "base/log.h"

#define LANE_HIGH  20000 /* records that may wait for one partition and input */
#define LANE_LOW   5000
#define TOTAL_HIGH 60000 /* ... and for all */
#define TOTAL_LOW  30000

enum status assignment_add_lane(struct worker *w, int32_t partition, struct error *err)
{
    struct engine_options options;
    config_engine_options(w->config, &options);
    enum status status = lane_new(w, partition, &options, &w->lanes[partition]);
    return status ? error_set(err, status, "partition %d: out of memory", (int)partition) : STATUS_OK;
}

/* A cluster's topic may have lost its oldest records before we first read it; the embedded broker's may not. */
static struct consumer_position position_of(const struct worker *w, enum lane_input input, int32_t partition, int64_t next)
{
    bool from_first = next == 0 && w->traits.transactions;
    return (struct consumer_position){.topic = input, .partition = partition, .next_offset = from_first ? CONSUMER_FROM_FIRST : next};
}

enum status assignment_take(struct worker *w, struct error *err)
{
    struct consumer_position *positions = calloc((size_t)w->partition_count * INPUT_COUNT, sizeof *positions);
    if (!positions)
        return error_set(err, STATUS_NO_MEMORY, "assignment: out of memory");
    size_t count = 0;
    for (int32_t i = 0; i < w->partition_count; i++) {
        if (!w->lanes[i])
            continue;
        positions[count++] = position_of(w, INPUT_SALES, i, w->lanes[i]->seen.sales_next);
        positions[count++] = position_of(w, INPUT_REQUESTS, i, w->lanes[i]->seen.requests_next);
    }
    enum status status = consumer_assign(w->consumer, positions, count, err);
    /* The state may be ahead of what the group was told before a crash. */
    if (!status && !w->traits.transactions)
        consumer_commit(w->consumer, positions, count);
    free(positions);
    if (status)
        return status;
    w->phase = WORKER_RUNNING;
    w->progress_us = loop_now_us();
    size_t partitions = count / INPUT_COUNT;
    metrics_set(w->metrics, METRIC_ASSIGNED_PARTITIONS, (double)partitions);
    log_event(LOG_INFO, "worker_running", "partitions=%d", (int)partitions);
    loop_wake_kick(w->step);
    return STATUS_OK;
}

void assignment_on_record(void *arg, struct consumer_record *record)
{
    struct worker *w = arg;
    struct lane *lane = record->partition < w->partition_count ? w->lanes[record->partition] : NULL;
    if (!lane || w->phase >= WORKER_DRAINING) {
        consumer_record_free(record);
        return;
    }
    const struct text topic = text_of(topic_rows[record->topic == INPUT_SALES ? TOPIC_SALES : TOPIC_REQUESTS].name);
    metrics_add_labelled(w->metrics, METRIC_CONSUMED_RECORDS, &topic, 1);
    metrics_add_labelled(w->metrics, METRIC_CONSUMED_BYTES, &topic, (double)(record->key.size + record->value.size));
    lane->came[record->topic] = record->offset + 1;
    lane->has_all[record->topic] = false;
    queue_push(&lane->waiting[record->topic], record);
    if (w->waiting_records++ == 0)
        loop_wake_kick(w->step);
    if (lane->waiting[record->topic].count > LANE_HIGH || w->waiting_records > TOTAL_HIGH)
        assignment_balance(w);
}

void assignment_on_end(void *arg, size_t topic, int32_t partition)
{
    struct worker *w = arg;
    struct lane *lane = partition < w->partition_count ? w->lanes[partition] : NULL;
    if (lane)
        lane->has_all[topic] = true;
}

void assignment_on_lost_input(void *arg, size_t topic, int32_t partition, const char *why)
{
    struct worker *w = arg;
    struct error err;
    error_set(&err, STATUS_BAD_DATA,
              "topic %s, partition %d: the broker no longer has the records that come next (%s); they are lost, and going on would "
              "give wrong numbers (send the sales again %s)",
              w->inputs[topic], (int)partition, why,
              w->traits.transactions ? "with another topics.prefix, and keep them for longer: retention.ms"
                                     : "to a new broker with a new --state-dir");
    worker_fail(w, EXIT_CODE_DATA, "input_lost", err.text);
}

/* ---- a group that gives and takes */

/* The same partitions of both topics: range does that when every member reads both. */
static bool is_complete(const struct worker *w, const struct consumer_position *positions, size_t count, int32_t partition)
{
    bool has[INPUT_COUNT] = {false};
    for (size_t i = 0; i < count; i++)
        if (positions[i].partition == partition && positions[i].topic < INPUT_COUNT)
            has[positions[i].topic] = true;
    return has[INPUT_SALES] && has[INPUT_REQUESTS] && partition >= 0 && partition < w->partition_count;
}

static enum status check_given(const struct worker *w, const struct consumer_position *positions, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!is_complete(w, positions, count, positions[i].partition))
            return error_set(err, STATUS_BAD_CONFIG,
                             "group %s gave partition %d of one input topic without the other, or one that was not there at start "
                             "(another program in this group, or a topic that was enlarged: `storecast topics check` looks)",
                             w->config->group_id, (int)positions[i].partition);
    return STATUS_OK;
}

static enum status add_given(struct worker *w, const struct consumer_position *positions, size_t count, struct error *err)
{
    enum status status = check_given(w, positions, count, err);
    for (size_t i = 0; !status && i < count; i++)
        if (positions[i].topic == INPUT_SALES)
            status = assignment_add_lane(w, positions[i].partition, err);
    /* The group has its answer, and nothing is fetched before the state is there. */
    return status ? status : consumer_assign(w->consumer, NULL, 0, err);
}

void assignment_on_given(void *arg, const struct consumer_position *positions, size_t count)
{
    struct worker *w = arg;
    struct error err = {0};
    if (w->phase != WORKER_WAITING) {
        consumer_unassign(w->consumer); /* the end has begun */
        return;
    }
    log_event(LOG_INFO, "partitions_given", "partitions=%zu", count / INPUT_COUNT);
    enum status status = add_given(w, positions, count, &err);
    if (!status && count > 0) {
        w->phase = WORKER_RESTORING;
        w->restore_began_us = loop_now_us();
        status = restore_cluster_start(w, &err);
    }
    if (status)
        worker_fail(w, (int)exit_code_of(status), "assignment_failed", err.text);
}

void assignment_on_taken(void *arg, bool is_lost)
{
    struct worker *w = arg;
    log_event(LOG_INFO, "partitions_taken", "lost=%d phase=%s", is_lost, worker_phase_name(w->phase));
    w->must_answer_revoke = true;
    restore_cluster_cancel(w);
    if (w->phase == WORKER_WAITING || w->phase == WORKER_RESTORING || w->phase == WORKER_RUNNING)
        w->phase = WORKER_REVOKING;
    loop_wake_kick(w->step);
}

bool assignment_can_let_go(const struct worker *w)
{
    enum batch_stage stage = w->batch.stage;
    if (w->restoring > 0 || restore_cluster_is_running(w) || producer_in_flight(w->producer) > 0)
        return false;
    if (stage != BATCH_COLLECT && stage != BATCH_BACKOFF && stage != BATCH_INIT)
        return false;
    for (int32_t i = 0; i < w->partition_count; i++)
        if (w->lanes[i] && w->lanes[i]->stage == LANE_LENT)
            return false;
    return true;
}

static void forget_lane(struct worker *w, int32_t partition)
{
    struct lane *lane = w->lanes[partition];
    for (int input = 0; lane && input < INPUT_COUNT; input++)
        w->waiting_records -= lane->waiting[input].count;
    lane_free(lane);
    w->lanes[partition] = NULL;
}

void assignment_step(struct worker *w)
{
    if (w->phase != WORKER_REVOKING || !assignment_can_let_go(w))
        return;
    for (int32_t i = 0; i < w->partition_count; i++)
        forget_lane(w, i);
    batch_recount(w);
    restore_cluster_free(w);
    if (w->is_held)
        consumer_hold(w->consumer, w->is_held = false);
    w->must_answer_revoke = false;
    w->phase = WORKER_WAITING;
    metrics_set(w->metrics, METRIC_ASSIGNED_PARTITIONS, 0);
    log_event(LOG_INFO, "worker_waiting", "batches=%lld", (long long)w->batch.number);
    consumer_unassign(w->consumer);
}

/* ---- how much waits */

static void balance_lane(struct worker *w, struct lane *lane)
{
    for (int input = 0; input < INPUT_COUNT; input++) {
        size_t waiting = lane->waiting[input].count;
        if (!lane->is_paused[input] && waiting > LANE_HIGH) {
            lane->is_paused[input] = true;
            consumer_pause(w->consumer, (size_t)input, lane->id);
        } else if (lane->is_paused[input] && waiting < LANE_LOW) {
            lane->is_paused[input] = false;
            consumer_resume(w->consumer, (size_t)input, lane->id);
        }
    }
}

void assignment_balance(struct worker *w)
{
    if (w->phase != WORKER_RUNNING)
        return;
    for (int32_t i = 0; i < w->partition_count; i++)
        if (w->lanes[i])
            balance_lane(w, w->lanes[i]);
    if (!w->is_held && w->waiting_records > TOTAL_HIGH)
        w->is_held = true;
    else if (w->is_held && w->waiting_records < TOTAL_LOW)
        w->is_held = false;
    else
        return;
    consumer_hold(w->consumer, w->is_held);
}
