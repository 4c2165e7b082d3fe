/* interrupt.h: Ctrl-C and SIGTERM as a question, for commands that end cleanly in their own time.
 * A second signal within the end does nothing more. Thread: main. */
#ifndef STORECAST_APP_INTERRUPT_H
#define STORECAST_APP_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT, SIGTERM and SIGHUP are only remembered. SIGPIPE is ignored: writes fail instead. */
void interrupt_watch(void);
bool interrupt_requested(void);

#endif
