#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Messages quote what strangers wrote: a line stays one line, and a terminal gets no commands. */
static void tame(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
}

enum status error_set(struct error *err, enum status status, const char *format, ...)
{
    if (!err)
        return status;
    err->status = status;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    tame(err->text);
    return status;
}

enum status error_wrap(struct error *err, const char *format, ...)
{
    if (!err)
        return STATUS_IO;
    char context[sizeof err->text], old[sizeof err->text];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(context, sizeof context, format, args);
    va_end(args);
    tame(context);
    memcpy(old, err->text, sizeof old);
    size_t used = strlen(context);
    if (used > sizeof err->text - 3)
        used = sizeof err->text - 3;
    memcpy(err->text, context, used);
    memcpy(err->text + used, ": ", 3);
    used += 2;
    size_t keep = strlen(old);
    if (keep > sizeof err->text - 1 - used)
        keep = sizeof err->text - 1 - used;
    memcpy(err->text + used, old, keep);
    err->text[used + keep] = '\0';
    return err->status;
}
