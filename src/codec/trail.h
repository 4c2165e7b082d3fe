/* trail.h: where in a message we are, so that a refusal can name the field: "body.Total.covariates.price".
 * Thread: any, one per walk. */
#ifndef STORECAST_CODEC_TRAIL_H
#define STORECAST_CODEC_TRAIL_H

#include "base/bytes.h"
#include "base/error.h"

enum { TRAIL_DEPTH_MAX = 16 };

struct trail_step {
    const char *name; /* NULL: an array item, number `index` */
    size_t index;
};

struct trail {
    struct trail_step steps[TRAIL_DEPTH_MAX];
    size_t depth;
    struct error *why; /* may be NULL */
};

static inline void trail_enter(struct trail *t, const char *name, size_t index)
{
    if (t->depth < TRAIL_DEPTH_MAX)
        t->steps[t->depth] = (struct trail_step){name, index};
    t->depth++;
}

static inline void trail_leave(struct trail *t)
{
    t->depth--;
}

/* Sets why's text to "<place>: <format...>" and returns status. */
enum status trail_fail(struct trail *t, enum status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
