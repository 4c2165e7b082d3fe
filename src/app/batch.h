/* batch.h: one batch: apply records, produce what follows from them, commit, write the state.
 *
 *     COLLECT --cut--> BEGIN -> SEND -> DELIVER -> COMMIT -> STORE -> COLLECT
 *                        `-------`--------`--------`--> ABORT -> BACKOFF -> COLLECT
 *
 * A cut takes the lanes that have work and are not lent (stage COMMITTING); the others go on meanwhile and are in a
 * later batch. Every lane is in at most one batch at a time. Thread: loop, but for what STORE does. */
#ifndef STORECAST_APP_BATCH_H
#define STORECAST_APP_BATCH_H

#include "app/lane.h"
#include "io/kv.h"
#include "io/transaction.h"

enum batch_stage {
    BATCH_INIT,
    BATCH_COLLECT,
    BATCH_BEGIN,
    BATCH_SEND,
    BATCH_DELIVER,
    BATCH_COMMIT,
    BATCH_STORE,
    BATCH_ABORT,
    BATCH_BACKOFF
};
const char *batch_stage_name(enum batch_stage stage);

struct batch {
    enum batch_stage stage;
    uint64_t number;     /* of the batch being written, or the last one */
    struct lane **lanes; /* those of this batch */
    size_t lane_count;
    size_t collected;         /* records taken by lanes that are not committing */
    int64_t first_us;         /* when the oldest of them was taken; 0 = none */
    bool is_cut;              /* to be written as soon as the one before is done */
    int32_t next_lane;        /* takes the first records of the next turn */
    struct loop_timer *timer; /* the cut by time, and the end of a back-off */

    size_t flush_lane; /* BEGIN: whose state records are being made */

    /* SEND: where we are */
    size_t send_lane, send_effect;
    int send_part;                        /* enum send_part, batch_send.c */
    struct consumer_record *send_at;      /* the dead letter's record is here or behind */
    struct refused_request *send_refused; /* the next one, while send_part is SEND_REFUSED */
    bool queue_is_full;                   /* the last record did not fit into the producer's queue */
    bool has_paused;                      /* DELIVER: one turn of the loop has passed (a crash point) */

    /* COMMIT, STORE */
    struct transaction_offset *offsets;
    struct pool_job store_job;
    struct kv_op *ops;
    size_t op_count, op_capacity;
    struct arena store_arena;
    enum status store_status;
    struct error store_error;
    int64_t cut_us, stage_us; /* when the batch was cut, when the stage began */

    /* ABORT */
    unsigned aborts;    /* in a row */
    bool was_refused;   /* the last of them, for what a record is */
    unsigned refused;   /* of them, those in which a record was refused for what it is */
    size_t single_left; /* records still to be done one by one, to find the one to blame */
};

enum status batch_init(struct worker *w, struct error *err) MUST_CHECK;
void batch_done(struct worker *w);

/* batch.c: the loop's part. True: call again soon, there is more to do than one turn may. */
bool batch_step(struct worker *w);
void batch_on_room(struct worker *w);
void batch_on_settled(struct worker *w);
void batch_on_transaction(void *worker, enum status status, const char *why);
/* Nothing is collected or being written. */
bool batch_is_idle(const struct worker *w);

void batch_enter(struct worker *w, enum batch_stage stage);
/* What lanes that are not being written have collected. */
void batch_recount(struct worker *w);

/* batch_abort.c: gives the batch up: rollback, back-off, again. was_refused: by what a record is, not by the state of
 * the broker. */
void batch_abort(struct worker *w, bool was_refused, const char *why);
/* The rollback is done: go on after a while. */
void batch_back_off(struct worker *w);

/* batch_apply.c: takes records of open lanes and lends engines whose close is due. True: there is more to do. */
bool batch_apply(struct worker *w, int64_t until_us);
/* One record of the inputs, as the engine gets it or as a dead letter. */
void batch_apply_sales(struct worker *w, struct lane *lane, const struct consumer_record *r);
void batch_apply_request(struct worker *w, struct lane *lane, const struct consumer_record *r);

/* batch_send.c: encodes and produces. STATUS_OK: all is sent. STATUS_BUSY: go on later (wait_for_room: when told). */
void batch_send_begin(struct worker *w);
enum status batch_send(struct worker *w, int64_t until_us, bool *out_wait_for_room, struct error *err) MUST_CHECK;

/* batch_store.c: the state of the batch to LMDB, and what it held given back, on the transaction's thread; then batch_on_stored. */
void batch_store(struct worker *w);
void batch_on_stored(struct worker *w); /* batch.c */

#endif
