#include "app/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 100, BAR_MAX = 40, LINE_BYTES = 200 };

struct progress {
    struct progress_state state;
    int64_t start_ms, drawn_ms;
    bool has_drawn;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int terminal_width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

struct progress *progress_start(const char *label, const char *noun)
{
    struct progress *p = isatty(STDERR_FILENO) == 1 ? calloc(1, sizeof *p) : NULL;
    if (p == NULL)
        return NULL;
    p->state.label = label;
    p->state.noun = noun;
    p->start_ms = now_ms();
    return p;
}

/* -1 before a second has passed: a guess from less is noise. */
static int64_t seconds_left(const struct progress_state *s)
{
    if (s->done == 0 || s->done >= s->total || s->elapsed_ms < 1000)
        return -1;
    return (int64_t)((double)s->elapsed_ms * (double)(s->total - s->done) / (double)s->done / 1000.0 + 0.5);
}

void progress_format(const struct progress_state *s, int width, char *out, int size)
{
    char bar[BAR_MAX + 1], tail[120];
    uint64_t done = s->done < s->total ? s->done : s->total;
    if (s->total == 0) {
        snprintf(out, (size_t)size, "%s  %" PRIu64 " %s", s->label, s->done, s->noun);
        return;
    }
    double share = (double)done / (double)s->total;
    int n = snprintf(tail, sizeof tail, "%3d %%  %" PRIu64 "/%" PRIu64 " %.40s", (int)(share * 100.0), done, s->total, s->noun);
    int64_t left = seconds_left(s);
    if (left >= 0)
        snprintf(tail + n, sizeof tail - (size_t)n, "  %" PRId64 " s left", left);
    int room = width - (int)strlen(s->label) - (int)strlen(tail) - 6;
    int bar_size = room > BAR_MAX ? BAR_MAX : room;
    if (bar_size <= 0) {
        snprintf(out, (size_t)size, "%s %s", s->label, tail);
        return;
    }
    int filled = (int)(share * bar_size);
    memset(bar, '#', (size_t)filled);
    memset(bar + filled, '.', (size_t)(bar_size - filled));
    bar[bar_size] = '\0';
    snprintf(out, (size_t)size, "%s [%s] %s", s->label, bar, tail);
}

void progress_show(struct progress *p, uint64_t done, uint64_t total)
{
    char line[LINE_BYTES];
    int64_t now = p != NULL ? now_ms() : 0;
    if (p == NULL || (p->has_drawn && now - p->drawn_ms < REDRAW_MS))
        return;
    p->state.done = done;
    p->state.total = total;
    p->state.elapsed_ms = now - p->start_ms;
    p->drawn_ms = now;
    p->has_drawn = true;
    progress_format(&p->state, terminal_width(), line, sizeof line);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
}

void progress_stop(struct progress *p)
{
    if (p != NULL && p->has_drawn)
        fprintf(stderr, "\r\033[K");
    free(p);
}
