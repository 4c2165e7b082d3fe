/* panel.h: made-up sales with a year's pattern, for tests of the engine. Deterministic by seed. */
#ifndef STORECAST_TESTS_SUPPORT_ENGINE_PANEL_H
#define STORECAST_TESTS_SUPPORT_ENGINE_PANEL_H

#include "support/engine/driver.h"

struct panel {
    struct sales_update *updates;
    size_t count, capacity;
    struct arena texts;
};

uint64_t panel_random(uint64_t *state); /* xorshift64* */
double panel_uniform(uint64_t *state);  /* 0..1 */

void panel_done(struct panel *p);
void panel_add(struct panel *p, struct sales_update u);
const char *panel_text(struct panel *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Level of store `store` in week `week`: growth, a year's wave, noise. */
double panel_level(int store, int week, uint64_t seed);
/* Weekly Totals of stores "s00".. whose weeks end on Fridays, the first on 2010-02-05; in order of week, then store. */
void panel_totals(struct panel *p, int stores, int weeks, uint64_t seed);
/* Daily till Sales of stores, each with `products` products (0: of the store as a whole) that join one after
 * the other; some are returns. */
void panel_sales(struct panel *p, int stores, int products, int weeks, uint64_t seed);

/* Swaps records at most `distance` places apart. */
void panel_shuffle(struct panel *p, size_t distance, uint64_t seed);
/* Shuffles the records of each run with the same period (weeks that end on Fridays). */
void panel_shuffle_weeks(struct panel *p, uint64_t seed);
/* Repeats a share of the records within the next `distance` places. */
void panel_duplicate(struct panel *p, double share, size_t distance, uint64_t seed);

#endif
