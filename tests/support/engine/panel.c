#include "support/engine/panel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

uint64_t panel_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

double panel_uniform(uint64_t *state)
{
    return (double)(panel_random(state) >> 11) / 9007199254740992.0;
}

void panel_done(struct panel *p)
{
    free(p->updates);
    arena_done(&p->texts);
}

void panel_add(struct panel *p, struct sales_update u)
{
    if (p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 1024;
        p->updates = realloc(p->updates, p->capacity * sizeof *p->updates);
        assert_non_null(p->updates);
    }
    p->updates[p->count++] = u;
}

const char *panel_text(struct panel *p, const char *format, ...)
{
    char text[128];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return arena_text(&p->texts, text_of(text)).data;
}

double panel_level(int store, int week, uint64_t seed)
{
    uint64_t state = seed * 7919 + (uint64_t)store * 104729 + (uint64_t)week * 1299709 + 1;
    for (int i = 0; i < 4; i++)
        (void)panel_random(&state);
    double noise = panel_uniform(&state) + panel_uniform(&state) + panel_uniform(&state) - 1.5;
    double year = 2 * M_PI * week / 52.18;
    double christmas = week % 52 == 46 ? 0.35 : 0;
    return 100000.0 * (1 + store) * exp(0.0008 * week + 0.15 * cos(year + 0.1 * store) + christmas + 0.04 * noise);
}

static const int first_friday_y = 2010, first_friday_m = 2, first_friday_d = 5;

void panel_totals(struct panel *p, int stores, int weeks, uint64_t seed)
{
    date_t first = date_of(first_friday_y, first_friday_m, first_friday_d);
    for (int week = 0; week < weeks; week++)
        for (int store = 0; store < stores; store++)
            panel_add(p, driver_total(panel_text(p, "s%02d", store), NULL, first + 7 * week, panel_level(store, week, seed),
                                      panel_text(p, "total-%d-%d", store, week)));
}

void panel_sales(struct panel *p, int stores, int products, int weeks, uint64_t seed)
{
    date_t first = date_of(first_friday_y, first_friday_m, first_friday_d) - 6;
    uint64_t state = seed + 17;
    int64_t *sequence = calloc((size_t)stores, sizeof *sequence);
    assert_non_null(sequence);
    for (int day = 0; day < 7 * weeks; day++)
        for (int store = 0; store < stores; store++)
            for (int product = 0; product < (products ? products : 1); product++) {
                if (day < 24 * product) /* products join one after the other, in the middle of a week */
                    continue;
                double amount = panel_level(store, day / 7, seed) / 7 * (1 + 0.3 * product);
                if (panel_uniform(&state) < 0.05)
                    amount = -amount / 50; /* a return */
                panel_add(p, driver_till_sale(panel_text(p, "s%02d", store), products ? panel_text(p, "p%d", product) : NULL, first + day,
                                              amount, panel_text(p, "till-%d", store), ++sequence[store]));
            }
    free(sequence);
}

void panel_shuffle(struct panel *p, size_t distance, uint64_t seed)
{
    uint64_t state = seed * 2 + 1;
    for (size_t from = 0; from < p->count; from += distance) { /* whole blocks: nobody moves further than its block */
        size_t n = p->count - from < distance ? p->count - from : distance;
        for (size_t i = n; i > 1; i--) {
            size_t j = panel_random(&state) % i;
            struct sales_update swap = p->updates[from + i - 1];
            p->updates[from + i - 1] = p->updates[from + j];
            p->updates[from + j] = swap;
        }
    }
}

void panel_shuffle_weeks(struct panel *p, uint64_t seed)
{
    const struct period_grid grid = {PERIOD_WEEK, FRIDAY};
    uint64_t state = seed * 2 + 1;
    for (size_t from = 0; from < p->count;) {
        size_t n = 0;
        while (from + n < p->count &&
               period_of(&grid, p->updates[from + n].business_date) == period_of(&grid, p->updates[from].business_date))
            n++;
        for (size_t i = n; i > 1; i--) {
            size_t j = panel_random(&state) % i;
            struct sales_update swap = p->updates[from + i - 1];
            p->updates[from + i - 1] = p->updates[from + j];
            p->updates[from + j] = swap;
        }
        from += n;
    }
}

void panel_duplicate(struct panel *p, double share, size_t distance, uint64_t seed)
{
    uint64_t state = seed * 2 + 1;
    struct panel out = {0};
    struct pending {
        size_t at;
        struct sales_update update;
    } *pending = calloc(p->count, sizeof *pending);
    assert_non_null(pending);
    size_t waiting = 0, first = 0;
    for (size_t i = 0; i < p->count; i++) {
        panel_add(&out, p->updates[i]);
        if (panel_uniform(&state) < share)
            pending[waiting++] = (struct pending){i + 1 + panel_random(&state) % distance, p->updates[i]};
        while (first < waiting && pending[first].at <= i)
            panel_add(&out, pending[first++].update);
    }
    while (first < waiting)
        panel_add(&out, pending[first++].update);
    free(pending);
    free(p->updates);
    p->updates = out.updates;
    p->count = out.count;
    p->capacity = out.capacity;
}
