/* shutdown.h: signals, and the end of the worker as a state:
 *
 *     RUNNING --stop--> DRAINING (finish the batch) -> CLOSING (close the consumer) -> STOPPED (leave the loop)
 *
 * A second signal, or SHUTDOWN_WATCHDOG_S seconds without an end, ends the process at once: what is committed is safe.
 * Thread: loop. */
#ifndef STORECAST_APP_SHUTDOWN_H
#define STORECAST_APP_SHUTDOWN_H

#include "app/worker.h"

#define SHUTDOWN_WATCHDOG_S 15

enum status shutdown_catch_signals(struct worker *w, struct error *err) MUST_CHECK;
/* Called by worker_step: moves on when the phase's work is done. */
void shutdown_step(struct worker *w);
void shutdown_on_closed(void *worker); /* the consumer's hook */

#endif
