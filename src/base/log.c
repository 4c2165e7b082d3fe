#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int minimum_level = LOG_INFO;
static log_sink sink; /* set by tests before any thread runs */
static void *sink_context;

void log_set_level(enum log_level level)
{
    minimum_level = (int)level;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= minimum_level && level != LOG_OFF;
}

void log_set_sink(log_sink new_sink, void *context)
{
    sink = new_sink;
    sink_context = context;
}

/* Keeps room for the mark of a cut line and the newline. */
enum { LINE_RESERVE = 5 };

static void append(struct log_line *l, const char *data, size_t size)
{
    if (l->is_cut)
        return;
    if (size > sizeof l->text - LINE_RESERVE - l->size) {
        l->is_cut = true;
        return;
    }
    memcpy(l->text + l->size, data, size);
    l->size += size;
}

static void append_key(struct log_line *l, const char *key)
{
    append(l, " ", 1);
    append(l, key, strlen(key));
    append(l, "=", 1);
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error", "off"};
    return names[level];
}

static void append_time(struct log_line *l)
{
    struct timespec now;
    struct tm utc;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    int fraction = snprintf(text + n, sizeof text - n, ".%03ldZ", now.tv_nsec / 1000000);
    append(l, text, n + (size_t)fraction);
}

void log_begin(struct log_line *l, enum log_level level, const char *event)
{
    l->level = level;
    l->is_enabled = log_enabled(level);
    l->is_cut = false;
    l->size = 0;
    if (!l->is_enabled)
        return;
    append_time(l);
    append(l, " ", 1);
    append(l, level_name(level), strlen(level_name(level)));
    append(l, " ", 1);
    append(l, event, strlen(event));
}

void log_text(struct log_line *l, const char *key, struct text value)
{
    if (!l->is_enabled)
        return;
    struct buffer escaped = {0};
    log_escape(&escaped, value);
    append_key(l, key);
    if (!escaped.failed)
        append(l, (const char *)escaped.data, escaped.size);
    buffer_done(&escaped);
}

void log_string(struct log_line *l, const char *key, const char *value)
{
    log_text(l, key, text_of(value));
}

void log_int(struct log_line *l, const char *key, int64_t value)
{
    char text[32];
    if (!l->is_enabled)
        return;
    append_key(l, key);
    append(l, text, (size_t)snprintf(text, sizeof text, "%" PRId64, value));
}

void log_number(struct log_line *l, const char *key, double value)
{
    char text[40];
    if (!l->is_enabled)
        return;
    append_key(l, key);
    append(l, text, (size_t)snprintf(text, sizeof text, "%.9g", value));
}

static void write_all(const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(STDERR_FILENO, data, size);
        if (n <= 0)
            return; /* nobody to tell */
        data += n;
        size -= (size_t)n;
    }
}

void log_end(struct log_line *l)
{
    if (!l->is_enabled)
        return;
    if (l->is_cut) {
        memcpy(l->text + l->size, " ...", 4);
        l->size += 4;
    }
    l->text[l->size++] = '\n';
    assert(l->size <= sizeof l->text);
    if (sink != NULL)
        sink(sink_context, (struct text){l->text, l->size});
    else
        write_all(l->text, l->size);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    struct log_line l;
    char text[1024];
    log_begin(&l, level, event);
    if (!l.is_enabled)
        return;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n > 0) {
        size_t size = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
        append(&l, " ", 1);
        append(&l, text, size);
    }
    log_end(&l);
}
