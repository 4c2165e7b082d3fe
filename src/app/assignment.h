/* assignment.h: which partitions are ours, and how much of them waits in memory.
 *
 * On the embedded broker one worker takes all partitions by hand and goes on where its state ends. On a cluster the group gives
 * and takes:
 *
 *     WAITING --given--> RESTORING -> RUNNING --taken--> REVOKING -> WAITING
 *                            `-----------------taken--------^
 *
 * REVOKING lasts until the transaction on its way has ended and no thread holds an engine; only then is the group answered, so
 * that the next owner finds everything committed or aborted. Thread: loop. */
#ifndef STORECAST_APP_ASSIGNMENT_H
#define STORECAST_APP_ASSIGNMENT_H

#include "app/worker.h"

/* All lanes are restored: read them from the first offset that their state does not know. */
enum status assignment_take(struct worker *w, struct error *err) MUST_CHECK;
enum status assignment_add_lane(struct worker *w, int32_t partition, struct error *err) MUST_CHECK;
/* Lets go of partitions that are taken back, as soon as nothing holds them. */
void assignment_step(struct worker *w);
/* Nothing holds a lane: no transaction, no thread. */
bool assignment_can_let_go(const struct worker *w);

/* consumer_hooks; arg is the worker. */
void assignment_on_record(void *arg, struct consumer_record *record);
void assignment_on_given(void *arg, const struct consumer_position *positions, size_t count);
void assignment_on_taken(void *arg, bool is_lost);
void assignment_on_end(void *arg, size_t topic, int32_t partition);
void assignment_on_lost_input(void *arg, size_t topic, int32_t partition, const char *why);

/* Lets more records come where few wait, and none where many do. */
void assignment_balance(struct worker *w);

#endif
