/* batch_abort.c: a batch that could not be written is undone and done again; a record that is to blame is set aside. */
#include "app/worker.h"
#include "base/log.h"

#define ABORTS_BEFORE_BLAME 3
#define BACKOFF_MIN_MS      50
#define BACKOFF_MAX_MS      5000

/* With one record in the batch, it is to blame when it is refused again and again. */
static void blame(struct worker *w)
{
    struct batch *b = &w->batch;
    for (size_t i = 0; i < b->lane_count; i++)
        for (int input = 0; input < INPUT_COUNT; input++)
            if (b->lanes[i]->taken[input].count > 0)
                b->lanes[i]->poison[input] = b->lanes[i]->taken[input].first->offset;
    b->refused = 0;
}

static void judge_refusal(struct worker *w)
{
    struct batch *b = &w->batch;
    if (++b->refused < ABORTS_BEFORE_BLAME)
        return;
    size_t records = 0;
    for (size_t i = 0; i < b->lane_count; i++)
        records += b->lanes[i]->taken[INPUT_SALES].count + b->lanes[i]->taken[INPUT_REQUESTS].count;
    if (records == 1 || b->single_left > 0)
        blame(w);
    else
        b->single_left = records;
}

void batch_abort(struct worker *w, bool was_refused, const char *why)
{
    struct batch *b = &w->batch;
    struct log_line l;
    log_begin(&l, LOG_WARN, "batch_aborted");
    log_int(&l, "batch", (int64_t)b->number);
    log_string(&l, "stage", batch_stage_name(b->stage));
    log_int(&l, "aborts", b->aborts + 1);
    log_string(&l, "why", why);
    log_end(&l);
    b->aborts++;
    b->was_refused = was_refused;
    if (was_refused)
        judge_refusal(w);
    for (size_t i = 0; i < b->lane_count; i++) {
        struct lane *lane = b->lanes[i];
        w->waiting_records += lane->taken[INPUT_SALES].count + lane->taken[INPUT_REQUESTS].count;
        lane_rollback(lane);
    }
    b->lane_count = 0;
    batch_recount(w);
    enum transaction_state state = transaction_state(w->transaction);
    batch_enter(w, BATCH_ABORT);
    if (state == TRANSACTION_OPEN || state == TRANSACTION_SPOILED)
        transaction_abort(w->transaction);
    else
        batch_on_transaction(w, STATUS_OK, "");
}

void batch_back_off(struct worker *w)
{
    int64_t after_ms = BACKOFF_MIN_MS;
    /* Waiting gives a broker time; it does not make a refused record better. */
    for (unsigned i = 1; !w->batch.was_refused && i < w->batch.aborts && after_ms < BACKOFF_MAX_MS; i++)
        after_ms *= 2;
    batch_enter(w, BATCH_BACKOFF);
    loop_timer_start(w->batch.timer, after_ms < BACKOFF_MAX_MS ? after_ms : BACKOFF_MAX_MS);
}
