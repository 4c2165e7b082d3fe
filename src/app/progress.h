/* progress.h: a bar on the terminal for long work; silent when stderr is no terminal.
 *
 * Redrawn at most ten times a second, so it may be updated for every record. Thread: one. */
#ifndef STORECAST_APP_PROGRESS_H
#define STORECAST_APP_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label;
    uint64_t done, total; /* total 0: unknown, a count is shown instead of a bar */
    int64_t start_ms, drawn_ms;
    bool is_shown, has_drawn;
};

/* The label is borrowed. */
void progress_start(struct progress *p, const char *label, uint64_t total);
void progress_update(struct progress *p, uint64_t done);
/* Removes the bar, so that what is printed next starts on a clean line. May be called twice. */
void progress_end(struct progress *p);

/* The line that is drawn, for tests: "replay [#####.....]  50 %  1234/2468  12 s left", within width columns. */
void progress_format(const struct progress *p, int64_t now_ms, int width, char *out, int size);

#endif
