#include "app/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 100, BAR_MAX = 40, LINE_MAX_BYTES = 200 };

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

void progress_start(struct progress *p, const char *label, uint64_t total)
{
    *p = (struct progress){.label = label, .total = total, .start_ms = now_ms(), .is_shown = isatty(STDERR_FILENO) == 1};
}

/* Nothing before a second has passed: a guess from less is noise. */
static int64_t seconds_left(const struct progress *p, int64_t now)
{
    int64_t elapsed = now - p->start_ms;
    if (p->done == 0 || p->done >= p->total || elapsed < 1000)
        return -1;
    return (int64_t)((double)elapsed * (double)(p->total - p->done) / (double)p->done / 1000.0 + 0.5);
}

void progress_format(const struct progress *p, int64_t now, int width, char *out, int size)
{
    char bar[BAR_MAX + 1], tail[100];
    uint64_t done = p->done < p->total ? p->done : p->total;
    if (p->total == 0) {
        snprintf(out, (size_t)size, "%s  %" PRIu64, p->label, p->done);
        return;
    }
    int64_t left = seconds_left(p, now);
    int n = snprintf(tail, sizeof tail, "%3d %%  %" PRIu64 "/%" PRIu64, (int)((double)done / (double)p->total * 100.0), done, p->total);
    if (left >= 0)
        snprintf(tail + n, sizeof tail - (size_t)n, "  %" PRId64 " s left", left);
    int room = width - (int)strlen(p->label) - (int)strlen(tail) - 6;
    int bar_size = room > BAR_MAX ? BAR_MAX : room < 0 ? 0 : room;
    int filled = (int)((double)done / (double)p->total * bar_size);
    memset(bar, '#', (size_t)filled);
    memset(bar + filled, '.', (size_t)(bar_size - filled));
    bar[bar_size] = '\0';
    if (bar_size > 0)
        snprintf(out, (size_t)size, "%s [%s] %s", p->label, bar, tail);
    else
        snprintf(out, (size_t)size, "%s %s", p->label, tail);
}

void progress_update(struct progress *p, uint64_t done)
{
    char line[LINE_MAX_BYTES];
    p->done = done;
    if (!p->is_shown)
        return;
    int64_t now = now_ms();
    if (p->has_drawn && now - p->drawn_ms < REDRAW_MS)
        return;
    p->drawn_ms = now;
    p->has_drawn = true;
    progress_format(p, now, terminal_width(), line, sizeof line);
    fprintf(stderr, "\r%s\033[K", line);
    fflush(stderr);
}

void progress_end(struct progress *p)
{
    if (p->has_drawn)
        fprintf(stderr, "\r\033[K");
    p->has_drawn = false;
    p->is_shown = false;
}
