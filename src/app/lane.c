#include "app/lane.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *lane_stage_name(enum lane_stage stage)
{
    static const char *const names[] = {"restoring", "open", "full", "lent", "committing"};
    assert((size_t)stage < sizeof names / sizeof *names);
    return names[stage];
}

/* ---- queues */

void queue_push(struct record_queue *q, struct consumer_record *r)
{
    r->next = NULL;
    if (q->last)
        q->last->next = r;
    else
        q->first = r;
    q->last = r;
    q->count++;
}

struct consumer_record *queue_pop(struct record_queue *q)
{
    struct consumer_record *r = q->first;
    if (!r)
        return NULL;
    q->first = r->next;
    if (!q->first)
        q->last = NULL;
    q->count--;
    r->next = NULL;
    return r;
}

void queue_free(struct record_queue *q)
{
    struct consumer_record *r;
    while ((r = queue_pop(q)) != NULL)
        consumer_record_free(r);
}

void queue_prepend(struct record_queue *q, struct record_queue *returned)
{
    if (!returned->first)
        return;
    returned->last->next = q->first;
    q->first = returned->first;
    if (!q->last)
        q->last = returned->last;
    q->count += returned->count;
    *returned = (struct record_queue){0};
}

struct consumer_record *queue_find(const struct record_queue *q, int64_t offset)
{
    struct consumer_record *r = q->first;
    while (r && r->offset != offset)
        r = r->next;
    return r;
}

/* ---- life */

enum status lane_new(struct worker *worker, int32_t id, const struct engine_options *options, struct lane **out)
{
    struct lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return STATUS_NO_MEMORY;
    lane->worker = worker;
    lane->id = id;
    lane->stage = LANE_RESTORING;
    lane->refused_end = &lane->refused;
    lane->poison[INPUT_SALES] = lane->poison[INPUT_REQUESTS] = -1;
    enum status status = engine_new(id, options, &lane->engine);
    if (status) {
        lane_free(lane);
        return status;
    }
    *out = lane;
    return STATUS_OK;
}

static void clear_refused(struct lane *lane)
{
    while (lane->refused) {
        struct refused_request *r = lane->refused;
        lane->refused = r->next;
        free(r);
    }
    lane->refused_end = &lane->refused;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    for (int i = 0; i < INPUT_COUNT; i++) {
        queue_free(&lane->waiting[i]);
        queue_free(&lane->taken[i]);
    }
    clear_refused(lane);
    effects_done(&lane->effects);
    engine_free(lane->engine);
    free(lane);
}

/* ---- batches */

bool lane_has_work(const struct lane *lane)
{
    return lane->first_us > 0 || lane->effects.count > 0;
}

static void forget_outputs(struct lane *lane)
{
    effects_clear(&lane->effects);
    clear_refused(lane);
}

static void begin_anew(struct lane *lane)
{
    lane->answered = lane->reply_bytes = lane->asked_in_all = 0;
    memset(lane->asked, 0, sizeof lane->asked);
    lane->first_us = 0;
    lane->stage = LANE_OPEN;
}

void lane_forget(struct lane *lane)
{
    assert(lane->stage == LANE_COMMITTING);
    engine_commit(lane->engine);
    for (int i = 0; i < INPUT_COUNT; i++)
        queue_free(&lane->taken[i]);
    forget_outputs(lane);
}

void lane_reopen(struct lane *lane)
{
    assert(lane->stage == LANE_COMMITTING);
    begin_anew(lane);
    lane_look(lane);
}

void lane_rollback(struct lane *lane)
{
    assert(lane->stage != LANE_LENT && lane->stage != LANE_RESTORING);
    engine_rollback(lane->engine);
    for (int i = 0; i < INPUT_COUNT; i++)
        queue_prepend(&lane->waiting[i], &lane->taken[i]);
    forget_outputs(lane);
    begin_anew(lane);
}

void lane_look(struct lane *lane)
{
    lane->seen.sales_next = engine_offset(lane->engine) + 1;
    lane->seen.requests_next = engine_requests_offset(lane->engine) + 1;
    lane->seen.series = engine_series_count(lane->engine);
    lane->seen.watermark = engine_watermark(lane->engine);
    lane->seen.closed_through = engine_closed_through(lane->engine);
    lane->seen.batch = engine_batch(lane->engine);
}
