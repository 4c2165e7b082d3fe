/* finding.h: what a check has found: a line each, of what is wrong, why it matters and what to run.
 * Thread: any, one at a time. */
#ifndef STORECAST_APP_FINDING_H
#define STORECAST_APP_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/bytes.h"

enum finding_weight {
    FINDING_NOTE,  /* works, but could be better */
    FINDING_WRONG, /* does not work, or not for long */
};

struct finding {
    enum finding_weight weight;
    bool passes; /* by itself, as when a broker is back: no reason to stop for good */
    const char *what, *why, *run; /* texts of the list's arena; run is a command line or an advice */
};

struct findings { /* all zero = empty */
    struct finding *items;
    size_t count, wrong;
    bool failed; /* out of memory: something is missing */
    struct arena arena;
};

void findings_done(struct findings *f);
/* An empty finding at the end, whose texts the caller sets with finding_text; a spare one when out of memory. */
struct finding *findings_add(struct findings *f, enum finding_weight weight);
const char *finding_text(struct findings *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "wrong: WHAT: WHY (run: RUN)", what is wrong first. */
void findings_print(const struct findings *f, FILE *out);

#endif
