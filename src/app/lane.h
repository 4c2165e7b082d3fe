/* lane.h: one partition as the worker handles it: its engine, the records that wait, and what the present batch did.
 *
 * A record is taken from `waiting` when it is applied and kept in `taken` until its batch is committed, so that an
 * aborted batch is done again from memory. Who may touch the engine and the effects follows from the stage:
 *
 *     RESTORING   a compute thread reads the state into the engine
 *     OPEN        the loop; records are applied
 *     FULL        the loop; nothing is applied until the batch is committed
 *     LENT        a compute thread closes a period
 *     COMMITTING  the effects are being produced and written; read only
 *
 * Thread: loop. */
#ifndef STORECAST_APP_LANE_H
#define STORECAST_APP_LANE_H

#include "engine/engine.h"
#include "io/consumer.h"
#include "io/pool.h"

enum lane_input { INPUT_SALES, INPUT_REQUESTS, INPUT_COUNT }; /* also the index of the consumer's topics */

enum lane_stage { LANE_RESTORING, LANE_OPEN, LANE_FULL, LANE_LENT, LANE_COMMITTING };
const char *lane_stage_name(enum lane_stage stage);

struct record_queue {
    struct consumer_record *first, *last;
    size_t count;
};

struct refused_request { /* a request that cannot be answered, because it cannot be read: a dead letter */
    int64_t offset;
    enum dead_letter code;
    char sentence[256];
    struct refused_request *next;
};

enum { LANE_ASKERS = 64 };

struct worker;

struct lane {
    struct pool_job job; /* first: restore and close jobs are cast back */
    struct worker *worker;
    int32_t id;
    struct engine *engine;
    enum lane_stage stage;
    struct record_queue waiting[INPUT_COUNT], taken[INPUT_COUNT];
    bool is_paused[INPUT_COUNT];
    /* Behind the last record that came; is that all a reader of committed records can see? */
    int64_t came[INPUT_COUNT];
    bool has_all[INPUT_COUNT];
    struct effects effects;
    struct refused_request *refused, **refused_end;
    /* requests of this batch: answered, the output of their replies, all with those told BUSY, and these by a hash of the store */
    size_t answered, reply_bytes, asked_in_all;
    uint32_t asked[LANE_ASKERS];
    enum lane_input last_input;  /* what the last record was */
    int64_t first_us;            /* when the batch's first record was taken; 0 = nothing taken */
    int64_t poison[INPUT_COUNT]; /* offset of a record to be refused unread; -1 = none */
    /* Results of a job, and what is told while the engine is away. */
    enum status job_status;
    struct error job_error;
    int64_t changelog_next; /* offset behind our last delivered record of the changelog */
    uint64_t restored;      /* records */
    int64_t job_us;         /* how long the last close took */
    struct {                /* copied from the engine at commits */
        int64_t sales_next, requests_next;
        size_t series;
        date_t watermark;
        period_t closed_through;
        uint64_t batch;
    } seen;
    size_t observed, firing; /* periods with a value, series whose drift alert is firing: of look_at_series */
    bool scores_changed;     /* a period was closed since the metrics of its series were set */
};

enum status lane_new(struct worker *worker, int32_t id, const struct engine_options *options, struct lane **out) MUST_CHECK;
void lane_free(struct lane *lane);

void queue_push(struct record_queue *q, struct consumer_record *r);
struct consumer_record *queue_pop(struct record_queue *q); /* NULL when empty */
void queue_free(struct record_queue *q);
/* Puts all of `returned` before what is in q. */
void queue_prepend(struct record_queue *q, struct record_queue *returned);
/* The record with this offset; NULL when it is not in the queue. */
struct consumer_record *queue_find(const struct record_queue *q, int64_t offset);

/* Whether the batch has done anything here that must be written. */
bool lane_has_work(const struct lane *lane);
/* Ends the lane's part of the batch, all being committed: first what it held is given back, which takes the longer the larger the
 * batch was (Thread: any, the lane is COMMITTING), then it is open again. */
void lane_forget(struct lane *lane);
void lane_reopen(struct lane *lane);
/* The same when nothing is committed. */
void lane_rollback(struct lane *lane);
/* Refreshes `seen`; the engine must be the loop's. */
void lane_look(struct lane *lane);

#endif
