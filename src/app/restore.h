/* restore.h: engines from the local state, and which broker the state belongs to.
 *
 * Each lane is read on a compute thread; when the last one is done the state's broker is compared with the one at hand:
 * the offsets of another one mean nothing, so they are forgotten (what was learnt stays). Thread: loop. */
#ifndef STORECAST_APP_RESTORE_H
#define STORECAST_APP_RESTORE_H

#include "app/worker.h"

/* Embedded: makes the lanes of all partitions and fills them. STATUS_BAD_CONFIG when the state is for another number of partitions
 * or another topic prefix. */
enum status restore_start(struct worker *w, struct error *err) MUST_CHECK;
/* Loads the engines of the lanes that there are from the local state; then they are read from where that ends. */
void restore_lanes(struct worker *w);

/* Who the local state belongs to: sets w->is_new_incarnation. Errors as restore_start's. */
enum status restore_read_about(struct worker *w, struct error *err) MUST_CHECK;

#endif
