/* transaction.h: the producer's transactions, on a thread of their own.
 *
 * Commit and abort may block for as long as a broker is away, so the loop asks and is told:
 *
 *     NEW --init--> READY --begin--> OPEN --commit--> READY
 *                                     |  `--(must abort)--> SPOILED --abort--> READY
 *                                     `--abort--> READY              anything --(fenced, ...)--> FAILED
 *
 * A call that runs out of time is repeated, until limit_ms has passed. One request at a time. Thread: loop. */
#ifndef STORECAST_IO_TRANSACTION_H
#define STORECAST_IO_TRANSACTION_H

#include "io/consumer.h"
#include "io/pool.h"
#include "io/producer.h"

enum transaction_state { TRANSACTION_NEW, TRANSACTION_READY, TRANSACTION_OPEN, TRANSACTION_SPOILED, TRANSACTION_BUSY, TRANSACTION_FAILED };
const char *transaction_state_name(enum transaction_state state);

struct transaction;

/* After init, begin, commit or abort. status: STATUS_OK; STATUS_UNAVAILABLE (commit: abort and do the batch again; init,
 * abort: ask again); STATUS_FENCED: end the process. why is borrowed for the call. */
typedef void (*transaction_fn)(void *arg, enum status status, const char *why);

struct transaction_options {
    int call_ms;  /* of one call of librdkafka */
    int limit_ms; /* of all its repetitions */
};
void transaction_options_default(struct transaction_options *out); /* 5 s, 60 s */

/* The producer is borrowed. on_done is called on the loop. Caller frees. */
enum status transaction_new(struct loop *loop, struct producer *producer, const struct transaction_options *options, transaction_fn on_done,
                            void *arg, struct transaction **out, struct error *err) MUST_CHECK;
/* Waits for a running call. */
void transaction_free(struct transaction *t);

enum transaction_state transaction_state(const struct transaction *t);
/* For how long the running call has not returned; 0 when there is none. */
int64_t transaction_busy_us(const struct transaction *t);

/* Each asserts the state it starts from. */
void transaction_init(struct transaction *t);  /* NEW */
void transaction_begin(struct transaction *t); /* READY; nothing is asked of the broker yet, but librdkafka's threads may be busy */

struct transaction_offset {
    const char *topic;
    int32_t partition;
    int64_t next_offset;
    uint64_t batch; /* becomes the offset's metadata, in decimal */
};
/* OPEN, with nothing in flight. Sends the offsets of every partition that the batch wrote for (that is what fences a
 * zombie) with the consumer's present group membership, and commits. The offsets are copied. */
void transaction_commit(struct transaction *t, struct consumer *consumer, const struct transaction_offset *offsets, size_t count);
/* OPEN or SPOILED. Purges what is still queued. STATUS_FENCED also when messages are in flight for longer than the limit. */
void transaction_abort(struct transaction *t);

/* The thread, for other work that may block and must not run beside a transaction call: state writes. */
struct pool *transaction_thread(struct transaction *t);

#endif
