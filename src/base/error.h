/* error.h: the sentence that goes with a status, at the edges of the program.
 *
 * A message reads `what: why (what to do)`; callers prepend their own context on the way up.
 * Texts are cut at the buffer's end, never overrun; control characters in them become '?'. Thread: any, one error per caller. */
#ifndef STORECAST_BASE_ERROR_H
#define STORECAST_BASE_ERROR_H

#include "base/status.h"

struct error {
    enum status status;
    char text[1024];
};

/* Sets the text and returns status, so that `return error_set(err, STATUS_IO, ...)` reads well. err may be NULL. */
enum status error_set(struct error *err, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Prepends "context: " to the text and returns err's status. err may be NULL (then STATUS_IO). */
enum status error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
