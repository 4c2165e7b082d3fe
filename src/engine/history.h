/* history.h: what each period of a series sold, and what that means: SOLD, ZERO or UNKNOWN.
 *
 * A period's value is its Total if there is one, else the sum of its Sales. A Sale feed that says nothing while its store did
 * report sold ZERO; a Total feed that says nothing is UNKNOWN, and so is everything of a store that did not report.
 * Internal to engine/. */
#ifndef STORECAST_ENGINE_HISTORY_H
#define STORECAST_ENGINE_HISTORY_H

#include "engine/partition.h"

struct period_value {
    bool known;
    char state;    /* 'S' sold, 'Z' zero, 'U' unknown */
    int64_t value; /* millionths */
};

/* The cell, or NULL when there never was one; it may be there and not `present`. */
struct cell *history_cell(const struct series *s, period_t period);
/* The cell for a change: created when missing, journaled, present. */
enum status history_cell_touch(struct engine *e, struct series *s, period_t period, struct cell **out) MUST_CHECK;
/* Marks a cell as gone (flushed as a tombstone). */
enum status history_cell_drop(struct engine *e, struct series *s, period_t period) MUST_CHECK;
/* After a commit: the memory of cells that are gone, once all around it are gone too. Nothing while the journal may restore one. */
void history_release(struct series *s, period_t period);
void history_free(struct series *s);

/* What the period contributes to its store's derived total. */
struct contribution history_contribution(const struct cell *cell);
bool history_reported(const struct engine *e, const struct store *store, period_t period);
struct period_value history_value(const struct engine *e, const struct series *s, period_t period);
/* The value that the last close used: corrections since then do not count. */
struct period_value history_value_at_close(const struct engine *e, const struct series *s, period_t period);

/* Least and greatest period with a cell; false when there is none. */
bool history_span(const struct series *s, period_t *out_first, period_t *out_last);

/* The values that one record may change, taken before the change; afterwards corrections are noted in their cells. */
struct history_watch {
    struct watched {
        struct series *series;
        period_t period;
        struct period_value before;
    } *items;
    size_t count, capacity;
    bool failed;
};
/* Only closed periods are watched; others are ignored. */
void history_watch_add(struct history_watch *w, const struct engine *e, struct series *s, period_t period);
/* Counts corrections and backfilled periods. Frees the watch. */
enum status history_watch_finish(struct history_watch *w, struct engine *e, struct engine_counters *counters) MUST_CHECK;

#endif
