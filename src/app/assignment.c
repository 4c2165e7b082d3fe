#include "app/assignment.h"

#include <assert.h>
#include <stdlib.h>

#include "app/command.h"
#include "base/log.h"

#define LANE_HIGH  20000 /* records that may wait for one partition and input */
#define LANE_LOW   5000
#define TOTAL_HIGH 100000 /* ... and for all */
#define TOTAL_LOW  50000

enum status assignment_take_all(struct worker *w, struct error *err)
{
    struct consumer_position *positions = calloc((size_t)w->partition_count * INPUT_COUNT, sizeof *positions);
    if (!positions)
        return error_set(err, STATUS_NO_MEMORY, "assignment: out of memory");
    size_t count = 0;
    for (int32_t i = 0; i < w->partition_count; i++) {
        positions[count++] = (struct consumer_position){INPUT_SALES, i, w->lanes[i]->seen.sales_next};
        positions[count++] = (struct consumer_position){INPUT_REQUESTS, i, w->lanes[i]->seen.requests_next};
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
    metrics_set(w->metrics, METRIC_ASSIGNED_PARTITIONS, w->partition_count);
    log_event(LOG_INFO, "worker_running", "partitions=%d", (int)w->partition_count);
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
    queue_push(&lane->waiting[record->topic], record);
    if (w->waiting_records++ == 0)
        loop_wake_kick(w->step);
    if (lane->waiting[record->topic].count > LANE_HIGH || w->waiting_records > TOTAL_HIGH)
        assignment_balance(w);
}

void assignment_on_lost_input(void *arg, size_t topic, int32_t partition, const char *why)
{
    struct worker *w = arg;
    struct error err;
    error_set(&err, STATUS_BAD_DATA,
              "topic %s, partition %d: the broker no longer has the records that come next (%s); they are lost, and going on would "
              "give wrong numbers (send the sales again to a new broker with a new --state-dir)",
              w->inputs[topic], (int)partition, why);
    worker_fail(w, EXIT_CODE_DATA, "input_lost", err.text);
}

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
