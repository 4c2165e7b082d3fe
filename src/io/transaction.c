#include "io/transaction.h"

#include <assert.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAVE_MS 500 /* the end waits for so long for the broker to hear of an abort */

enum request { REQUEST_INIT, REQUEST_BEGIN, REQUEST_COMMIT, REQUEST_ABORT };

struct transaction {
    struct pool_job job;       /* first: jobs are cast back */
    struct producer *messages; /* the same as a module, for what it has in flight */
    rd_kafka_t *producer;
    struct transaction_options options;
    transaction_fn on_done;
    void *arg;
    struct pool *thread;
    enum transaction_state state;
    int64_t submitted_us;
    /* The running request; the thread's while state is BUSY. */
    enum request request;
    rd_kafka_topic_partition_list_t *offsets;
    rd_kafka_t *consumer;
    rd_kafka_consumer_group_metadata_t *membership;
    bool lacks_metadata; /* out of memory: without its number a batch must not be committed, a restore would not know it */
    enum status status;
    char why[512];
};

const char *transaction_state_name(enum transaction_state state)
{
    static const char *const names[] = {"NEW", "READY", "OPEN", "SPOILED", "BUSY", "FAILED"};
    assert((size_t)state < sizeof names / sizeof *names);
    return names[state];
}

void transaction_options_default(struct transaction_options *out)
{
    *out = (struct transaction_options){.call_ms = 5000, .limit_ms = 60000};
}

/* ---- on the thread */

static rd_kafka_error_t *call_once(struct transaction *t, bool offsets_sent)
{
    switch (t->request) {
    case REQUEST_INIT:
        return rd_kafka_init_transactions(t->producer, t->options.call_ms);
    case REQUEST_BEGIN:
        return rd_kafka_begin_transaction(t->producer);
    case REQUEST_ABORT:
        return rd_kafka_abort_transaction(t->producer, t->options.call_ms);
    case REQUEST_COMMIT:
        if (!offsets_sent)
            return rd_kafka_send_offsets_to_transaction(t->producer, t->offsets, t->membership, t->options.call_ms);
        return rd_kafka_commit_transaction(t->producer, t->options.call_ms);
    }
    assert(false);
    return NULL;
}

/* Takes the error over. An abort that is refused leaves nothing to try with this producer: a new one can go on. */
static void judge(struct transaction *t, rd_kafka_error_t *error, bool is_abort)
{
    bool fatal = rd_kafka_error_is_fatal(error) || (is_abort && !rd_kafka_error_is_retriable(error));
    t->status = fatal ? STATUS_FENCED : STATUS_UNAVAILABLE;
    snprintf(t->why, sizeof t->why, "%s: %s", rd_kafka_error_name(error), rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

/* The calls are resumable: one that timed out is simply made again. */
static bool repeat_until_done(struct transaction *t, bool offsets_sent, int64_t deadline_us)
{
    for (;;) {
        rd_kafka_error_t *error = call_once(t, offsets_sent);
        if (!error)
            return true;
        bool again = rd_kafka_error_is_retriable(error) && !rd_kafka_error_txn_requires_abort(error) && loop_now_us() < deadline_us;
        if (!again) {
            judge(t, error, t->request == REQUEST_ABORT);
            return false;
        }
        rd_kafka_error_destroy(error);
    }
}

static void work(struct pool_job *job)
{
    struct transaction *t = (struct transaction *)(void *)job;
    int64_t deadline_us = loop_now_us() + (int64_t)t->options.limit_ms * 1000;
    t->status = STATUS_OK;
    t->why[0] = '\0';
    bool sends_offsets = t->request == REQUEST_COMMIT && t->offsets->cnt > 0;
    if (sends_offsets && t->lacks_metadata) {
        t->status = STATUS_UNAVAILABLE;
        snprintf(t->why, sizeof t->why, "out of memory for the offsets of the batch");
        return;
    }
    if (t->request == REQUEST_ABORT)
        rd_kafka_purge(t->producer, RD_KAFKA_PURGE_F_QUEUE); /* waits for librdkafka's own threads */
    /* Of now: the owner lets go of no partition while it commits. */
    if (sends_offsets)
        t->membership = rd_kafka_consumer_group_metadata(t->consumer);
    if (!sends_offsets || repeat_until_done(t, false, deadline_us))
        (void)repeat_until_done(t, true, deadline_us);
}

/* ---- on the loop */

static void release_request(struct transaction *t)
{
    if (t->offsets)
        rd_kafka_topic_partition_list_destroy(t->offsets);
    if (t->membership)
        rd_kafka_consumer_group_metadata_destroy(t->membership);
    t->offsets = NULL;
    t->membership = NULL;
}

static enum transaction_state state_after(const struct transaction *t)
{
    static const enum transaction_state after_failure[] = {[REQUEST_INIT] = TRANSACTION_NEW,
                                                           [REQUEST_BEGIN] = TRANSACTION_READY,
                                                           [REQUEST_COMMIT] = TRANSACTION_SPOILED,
                                                           [REQUEST_ABORT] = TRANSACTION_SPOILED};
    if (t->status == STATUS_OK)
        return t->request == REQUEST_BEGIN ? TRANSACTION_OPEN : TRANSACTION_READY;
    return t->status == STATUS_FENCED ? TRANSACTION_FAILED : after_failure[t->request];
}

/* librdkafka (2.0.2) may lose messages of a topic that was refused and came back: they are in no queue of its own any more, so
 * that nothing delivers, purges or times them out, and every abort waits for them. Only a new producer goes on. */
static void judge_lost_messages(struct transaction *t)
{
    size_t lost = producer_in_flight(t->messages);
    if (t->request != REQUEST_ABORT || t->status != STATUS_UNAVAILABLE || lost == 0)
        return;
    t->status = STATUS_FENCED;
    snprintf(t->why, sizeof t->why, "the abort waited %d ms for %zu messages that were neither delivered nor given up", t->options.limit_ms,
             lost);
}

static void after(struct pool_job *job)
{
    struct transaction *t = (struct transaction *)(void *)job;
    assert(t->state == TRANSACTION_BUSY);
    release_request(t);
    judge_lost_messages(t);
    t->state = state_after(t);
    t->on_done(t->arg, t->status, t->why);
}

static void submit(struct transaction *t, enum request request)
{
    t->request = request;
    t->state = TRANSACTION_BUSY;
    t->submitted_us = loop_now_us();
    pool_submit(t->thread, &t->job);
}

void transaction_init(struct transaction *t)
{
    assert(t->state == TRANSACTION_NEW);
    submit(t, REQUEST_INIT);
}

void transaction_begin(struct transaction *t)
{
    assert(t->state == TRANSACTION_READY);
    submit(t, REQUEST_BEGIN);
}

static bool set_metadata(rd_kafka_topic_partition_t *p, uint64_t batch)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%" PRIu64, batch);
    p->metadata = malloc((size_t)size); /* librdkafka's to free */
    if (!p->metadata)
        return false;
    memcpy(p->metadata, text, (size_t)size);
    p->metadata_size = (size_t)size;
    return true;
}

void transaction_commit(struct transaction *t, struct consumer *consumer, const struct transaction_offset *offsets, size_t count)
{
    assert(t->state == TRANSACTION_OPEN);
    t->offsets = rd_kafka_topic_partition_list_new((int)count);
    t->lacks_metadata = false;
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(t->offsets, offsets[i].topic, offsets[i].partition);
        p->offset = offsets[i].next_offset;
        t->lacks_metadata |= !set_metadata(p, offsets[i].batch);
    }
    t->consumer = consumer_handle(consumer);
    submit(t, REQUEST_COMMIT);
}

void transaction_abort(struct transaction *t)
{
    assert(t->state == TRANSACTION_OPEN || t->state == TRANSACTION_SPOILED);
    submit(t, REQUEST_ABORT);
}

enum transaction_state transaction_state(const struct transaction *t)
{
    return t->state;
}

int64_t transaction_busy_us(const struct transaction *t)
{
    return t->state == TRANSACTION_BUSY ? loop_now_us() - t->submitted_us : 0;
}

struct pool *transaction_thread(struct transaction *t)
{
    return t->thread;
}

enum status transaction_new(struct loop *loop, struct producer *producer, const struct transaction_options *options, transaction_fn on_done,
                            void *arg, struct transaction **out, struct error *err)
{
    struct transaction *t = calloc(1, sizeof *t);
    if (!t)
        return error_set(err, STATUS_NO_MEMORY, "transactions: out of memory");
    t->job = (struct pool_job){.work = work, .after = after};
    t->messages = producer;
    t->producer = producer_handle(producer);
    t->options = *options;
    t->on_done = on_done;
    t->arg = arg;
    enum status status = pool_new(loop, "txn", 1, &t->thread, err);
    if (status) {
        free(t);
        return status;
    }
    *out = t;
    return STATUS_OK;
}

/* Left open, librdkafka (2.0.2) may be about to tell the broker of a partition, and asserts when it is destroyed then; begun, the
 * abort makes it forget that. And readers need not wait until the broker gives the transaction up. */
static void leave(struct transaction *t)
{
    const bool may_be_open = t->state == TRANSACTION_OPEN || t->state == TRANSACTION_SPOILED || t->state == TRANSACTION_BUSY;
    if (!may_be_open || (t->state == TRANSACTION_BUSY && t->request == REQUEST_INIT))
        return;
    rd_kafka_purge(t->producer, RD_KAFKA_PURGE_F_QUEUE);
    rd_kafka_error_t *error = rd_kafka_abort_transaction(t->producer, LEAVE_MS);
    if (error)
        rd_kafka_error_destroy(error);
}

void transaction_free(struct transaction *t)
{
    if (!t)
        return;
    pool_free(t->thread);
    leave(t);
    release_request(t);
    free(t);
}
