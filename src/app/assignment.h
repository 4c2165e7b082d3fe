/* assignment.h: which partitions are ours, and how much of them waits in memory.
 *
 * On the embedded broker one worker takes all partitions by hand and goes on where its state ends. A cluster's group
 * will call on_assign and on_revoke of the consumer's hooks; their place is here. Thread: loop. */
#ifndef STORECAST_APP_ASSIGNMENT_H
#define STORECAST_APP_ASSIGNMENT_H

#include "app/worker.h"

/* All lanes are restored: read every partition from the first offset that its state does not know. */
enum status assignment_take_all(struct worker *w, struct error *err) MUST_CHECK;

/* consumer_hooks; arg is the worker. */
void assignment_on_record(void *arg, struct consumer_record *record);
void assignment_on_lost_input(void *arg, size_t topic, int32_t partition, const char *why);

/* Lets more records come where few wait, and none where many do. */
void assignment_balance(struct worker *w);

#endif
