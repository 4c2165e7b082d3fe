/* progress.h: a bar on the terminal for long work; silent when stderr is no terminal.
 *
 * Redrawn at most ten times a second, so it may be shown for every record. Thread: one. */
#ifndef STORECAST_APP_PROGRESS_H
#define STORECAST_APP_PROGRESS_H

#include <stdint.h>

struct progress;

/* label and noun ("replay", "records") are borrowed. NULL when stderr is no terminal (or memory is short); the other
 * functions then do nothing. */
struct progress *progress_start(const char *label, const char *noun);
/* total 0: unknown, a count is shown instead of a bar. */
void progress_show(struct progress *p, uint64_t done, uint64_t total);
/* Removes the bar, so that what is printed next starts on a clean line, and frees p. */
void progress_stop(struct progress *p);

/* The line that is drawn, for tests: "replay [#####.....]  50 %  1234/2468 records  12 s left", within width columns. */
struct progress_state {
    const char *label, *noun;
    uint64_t done, total;
    int64_t elapsed_ms;
};
void progress_format(const struct progress_state *s, int width, char *out, int size);

#endif
