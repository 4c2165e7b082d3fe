/* log.h: one line per fact, as logfmt: `2026-01-31T12:00:00.123Z info worker_started partitions=3 version=0.1.0`.
 *
 * The event is a fixed word, one per fact; values go through one escaping function, so that a name from a message
 * can neither forge a line nor upset a terminal. Only app/ logs (and callbacks of io/ that have no caller).
 * Thread: any; a line is written with one call. */
#ifndef STORECAST_BASE_LOG_H
#define STORECAST_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_OFF };
#define LOG_LEVEL_CHOICES "debug|info|warn|error|off"

void log_set_level(enum log_level level); /* info at first */
bool log_enabled(enum log_level level);

/* Lines (with their newline) go here instead of stderr; NULL = stderr again. */
typedef void (*log_sink)(void *context, struct text line);
void log_set_sink(log_sink sink, void *context);

/* A line under construction, on the caller's stack. What does not fit is cut, marked with "...". */
struct log_line {
    enum log_level level;
    bool is_enabled, is_cut;
    size_t size;
    char text[1500];
};

/* log_begin(&l, LOG_INFO, "batch_done"); log_int(&l, "records", n); log_end(&l); */
void log_begin(struct log_line *l, enum log_level level, const char *event);
void log_text(struct log_line *l, const char *key, struct text value);
void log_string(struct log_line *l, const char *key, const char *value); /* NULL is written as "" */
void log_int(struct log_line *l, const char *key, int64_t value);
void log_number(struct log_line *l, const char *key, double value);
void log_end(struct log_line *l);

/* The same in one call: log_event(LOG_INFO, "batch_done", "records=%d ms=%d", n, ms). The format holds key=value
 * pairs of numbers only; use log_text or log_string for anything that came from outside. */
void log_event(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends a value as logfmt wants it: bare when it is plain, else quoted, with control characters, invalid UTF-8 and
 * bidirectional controls as \xNN or \u{NNNN}. */
void log_escape(struct buffer *out, struct text value);

#endif
