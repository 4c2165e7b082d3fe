#include "codec/trail.h"

#include <stdarg.h>
#include <stdio.h>

static void place_format(const struct trail *t, char *out, size_t capacity)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < t->depth && i < TRAIL_DEPTH_MAX && used < capacity; i++) {
        const struct trail_step *step = &t->steps[i];
        int n = step->name == NULL ? snprintf(out + used, capacity - used, "[%zu]", step->index)
                                   : snprintf(out + used, capacity - used, "%s%s", used > 0 ? "." : "", step->name);
        used += n > 0 ? (size_t)n : 0;
    }
}

enum status trail_fail(struct trail *t, enum status status, const char *format, ...)
{
    char place[256], what[512];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    place_format(t, place, sizeof place);
    if (place[0] == '\0')
        return error_set(t->why, status, "%s", what);
    return error_set(t->why, status, "%s: %s", place, what);
}
