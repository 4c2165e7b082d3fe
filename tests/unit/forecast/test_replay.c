#include "forecast/replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/backtest.h"
#include "forecast/intervals.h"
#include "support/fixture.h"

#define PERIODS 96
#define SERIES  5
#define FIRST   78

static const struct period_grid weeks = {PERIOD_WEEK, SATURDAY};

static double noise(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return (double)(*seed >> 8) / (double)(UINT32_C(1) << 24) - .5;
}

/* Three long series, one that begins at 70, one with zeros. */
static void fill(double *value)
{
    uint32_t seed = 99;
    for (size_t t = 0; t < PERIODS; t++)
        for (size_t s = 0; s < SERIES; s++) {
            const double v = maths_exp(8 + .2 * (double)s + .2 * maths_sin((double)t * .12) + .1 * noise(&seed));
            value[t * SERIES + s] = s == 3 && t < 70 ? maths_missing() : s == 4 && t % 3 == 0 ? 0 : v;
        }
}

struct kept { /* everything that was handed over, in order */
    double value[PERIODS][SERIES * MEMBER_COUNT * 26];
    double weight[PERIODS][ENSEMBLE_BANDS * MEMBER_COUNT * SERIES];
    double offset[PERIODS][SERIES * 8];
    size_t origins, last, progress, total;
};

static enum status keep(void *user, const struct replay_origin *at)
{
    struct kept *k = user;
    assert_int_equal(at->horizon, 26);
    assert_true(k->origins == 0 || at->origin == k->last + 1);
    k->last = at->origin;
    k->origins++;
    memcpy(k->value[at->origin], at->value, sizeof k->value[0]);
    memcpy(k->weight[at->origin], at->weight, sizeof k->weight[0]);
    struct conformal *c = NULL;
    assert_ok(backtest_conformal(at, MEMBER_ENSEMBLE, &c));
    for (size_t s = 0; s < SERIES; s++)
        for (size_t h = 1; h <= 8; h++)
            k->offset[at->origin][s * 8 + h - 1] = conformal_offset(c, s, h, .9);
    conformal_free(c);
    return STATUS_OK;
}

static void progress(void *user, size_t done, size_t total)
{
    struct kept *k = user;
    assert_int_equal(done, k->progress + 1);
    k->progress = done;
    k->total = total;
}

static struct kept *walk_back(const double *value, size_t history, size_t first, size_t last, size_t threads)
{
    struct kept *k = calloc(1, sizeof *k);
    struct calendar *calendar = NULL;
    const period_t start = period_of(&weeks, date_of(2021, 1, 9));
    assert_ok(calendar_new(&weeks, &calendar));
    assert_ok(calendar_cover(calendar, start, start + PERIODS + POOL_HORIZON_MAX));
    const struct replay_input input = {.grid = &weeks,
                                       .calendar = calendar,
                                       .first = start,
                                       .series = SERIES,
                                       .value = value,
                                       .outliers = true,
                                       .history = history,
                                       .first_origin = first,
                                       .last_origin = last,
                                       .horizon = 8,
                                       .threads = threads};
    assert_ok(replay_run(&input, &(struct replay_hooks){.user = k, .on_origin = keep, .on_progress = progress}));
    assert_int_equal(k->progress, replay_origin_count(&input));
    assert_int_equal(k->total, replay_origin_count(&input));
    calendar_free(calendar);
    return k;
}

static struct kept *walk(const double *value, size_t first, size_t last, size_t threads)
{
    return walk_back(value, 0, first, last, threads);
}

static void assert_same_origin(const struct kept *a, const struct kept *b, size_t origin)
{
    assert_memory_equal(a->value[origin], b->value[origin], sizeof a->value[0]);
    assert_memory_equal(a->weight[origin], b->weight[origin], sizeof a->weight[0]);
    assert_memory_equal(a->offset[origin], b->offset[origin], sizeof a->offset[0]);
}

static void every_wanted_origin_comes_once_in_order(void **state)
{
    (void)state;
    double value[PERIODS * SERIES];
    fill(value);
    struct kept *k = walk(value, FIRST, PERIODS - 1, 1);
    assert_int_equal(k->origins, PERIODS - FIRST);
    assert_int_equal(k->last, PERIODS - 1);
    assert_int_equal(k->total, PERIODS - 54); /* errors are built up from the first seasonal origin on */
    free(k);
}

static void threads_change_no_byte(void **state)
{
    (void)state;
    double value[PERIODS * SERIES];
    fill(value);
    struct kept *one = walk(value, FIRST, PERIODS - 1, 1), *three = walk(value, FIRST, PERIODS - 1, 3);
    assert_memory_equal(one, three, sizeof *one);
    free(one);
    free(three);
}

static void where_scoring_begins_changes_no_byte(void **state)
{
    (void)state;
    double value[PERIODS * SERIES];
    fill(value);
    struct kept *early = walk(value, 60, PERIODS - 1, 2), *late = walk(value, 90, PERIODS - 1, 2);
    for (size_t o = 90; o < PERIODS; o++)
        assert_same_origin(early, late, o);
    free(early);
    free(late);
}

static void nothing_at_or_after_an_origin_is_seen_and_the_last_known_period_is(void **state)
{
    (void)state;
    const size_t origin = 88;
    double value[PERIODS * SERIES], spoiled[PERIODS * SERIES];
    uint32_t seed = 5;
    fill(value);
    memcpy(spoiled, value, sizeof value);
    for (size_t i = origin * SERIES; i < PERIODS * SERIES; i++)
        spoiled[i] *= 1.1 + 8 * (noise(&seed) + .5);
    struct kept *a = walk(value, FIRST, PERIODS - 1, 2), *b = walk(spoiled, FIRST, PERIODS - 1, 2);
    for (size_t o = FIRST; o <= origin; o++)
        assert_same_origin(a, b, o);
    assert_memory_not_equal(a->value[origin + 1], b->value[origin + 1], sizeof a->value[0]);
    for (size_t s = 0; s < SERIES; s++)
        spoiled[(origin - 1) * SERIES + s] *= 1.01;
    struct kept *c = walk(spoiled, FIRST, PERIODS - 1, 2);
    assert_same_origin(a, c, origin - 1);
    assert_memory_not_equal(a->value[origin], c->value[origin], sizeof a->value[0]);
    free(a);
    free(b);
    free(c);
}

static void the_past_without_a_future_is_enough(void **state)
{
    (void)state;
    double value[PERIODS * SERIES], *cut = malloc(90 * SERIES * sizeof *cut); /* not one row too many to read */
    fill(value);
    memcpy(cut, value, 90 * SERIES * sizeof *cut);
    struct kept *whole = walk(value, 90, PERIODS - 1, 1), *now = walk(cut, 90, 90, 1);
    assert_same_origin(whole, now, 90);
    free(whole);
    free(now);
    free(cut);
}

static void what_lies_before_the_history_kept_is_not_seen(void **state)
{
    (void)state;
    double value[PERIODS * SERIES], spoiled[PERIODS * SERIES];
    fill(value);
    memcpy(spoiled, value, sizeof value);
    for (size_t i = 0; i < 20 * SERIES; i++)
        spoiled[i] *= 3;
    struct kept *a = walk_back(value, 64, 95, 95, 2), *b = walk_back(spoiled, 64, 95, 95, 2);
    struct kept *all = walk_back(value, 500, 95, 95, 2), *whole = walk(value, 95, 95, 2);
    const size_t alone = (0 * MEMBER_COUNT + MEMBER_SEASONAL_YOY) * 26; /* a model, no weight that older origins formed */
    assert_memory_equal(&a->value[95][alone], &b->value[95][alone], 26 * sizeof(double));
    assert_memory_not_equal(&a->value[95][alone], &whole->value[95][alone], 26 * sizeof(double));
    assert_same_origin(all, whole, 95);
    free(a);
    free(b);
    free(all);
    free(whole);
}

/* Errors count from six origins after the pool's first seasonal one: 54 + 6. */
struct counted {
    size_t first, scored;
};

static enum status count_errors(void *user, const struct replay_origin *at)
{
    struct counted *c = user;
    const struct rolling_errors *e = &at->errors[MEMBER_ENSEMBLE];
    c->scored = 0;
    for (size_t slot = 0; slot < e->origins; slot++)
        if (maths_finite(rolling_errors_at(e, 0, slot)[0])) {
            if (c->scored++ == 0)
                c->first = at->origin - e->origins + slot;
        }
    return STATUS_OK;
}

static void errors_count_from_origin_60_on(void **state)
{
    (void)state;
    double value[PERIODS * SERIES];
    fill(value);
    struct calendar *calendar = NULL;
    struct counted c = {0};
    const period_t start = period_of(&weeks, date_of(2021, 1, 9));
    assert_ok(calendar_new(&weeks, &calendar));
    assert_ok(calendar_cover(calendar, start, start + PERIODS + POOL_HORIZON_MAX));
    const struct replay_input input = {.grid = &weeks,
                                       .calendar = calendar,
                                       .first = start,
                                       .series = SERIES,
                                       .value = value,
                                       .first_origin = 80,
                                       .last_origin = 80,
                                       .horizon = 1};
    assert_ok(replay_run(&input, &(struct replay_hooks){.user = &c, .on_origin = count_errors}));
    assert_int_equal(c.first, 60);
    assert_int_equal(c.scored, 20);
    calendar_free(calendar);
}

/* ---- long histories */

#define LONG 168 /* the errors of the first origins have left the ring */

struct newest {
    double value[SERIES * MEMBER_COUNT * 26], weight[ENSEMBLE_BANDS * MEMBER_COUNT * SERIES];
};

static enum status keep_newest(void *user, const struct replay_origin *at)
{
    struct newest *n = user;
    memcpy(n->value, at->value, sizeof n->value);
    memcpy(n->weight, at->weight, sizeof n->weight);
    return STATUS_OK;
}

static struct newest newest_of_walk_from(size_t first)
{
    static double value[LONG * SERIES];
    uint32_t seed = 7;
    for (size_t t = 0; t < LONG; t++)
        for (size_t s = 0; s < SERIES; s++)
            value[t * SERIES + s] = maths_exp(8 + .2 * (double)s + .2 * maths_sin((double)t * .12) + .1 * noise(&seed));
    struct calendar *calendar = NULL;
    struct newest n = {0};
    const period_t start = period_of(&weeks, date_of(2019, 1, 12));
    assert_ok(calendar_new(&weeks, &calendar));
    assert_ok(calendar_cover(calendar, start, start + LONG + POOL_HORIZON_MAX));
    const struct replay_input input = {.grid = &weeks,
                                       .calendar = calendar,
                                       .first = start,
                                       .series = SERIES,
                                       .value = value,
                                       .first_origin = first,
                                       .last_origin = LONG,
                                       .horizon = 8,
                                       .threads = 2};
    assert_ok(replay_run(&input, &(struct replay_hooks){.user = &n, .on_origin = keep_newest}));
    calendar_free(calendar);
    return n;
}

static void a_walk_that_skips_the_first_origins_ends_with_the_same_bytes(void **state)
{
    (void)state;
    struct newest all = newest_of_walk_from(54), late = newest_of_walk_from(LONG);
    assert_memory_equal(all.value, late.value, sizeof all.value);
    assert_memory_equal(all.weight, late.weight, sizeof all.weight);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wanted_origin_comes_once_in_order),
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(where_scoring_begins_changes_no_byte),
        cmocka_unit_test(nothing_at_or_after_an_origin_is_seen_and_the_last_known_period_is),
        cmocka_unit_test(the_past_without_a_future_is_enough),
        cmocka_unit_test(what_lies_before_the_history_kept_is_not_seen),
        cmocka_unit_test(errors_count_from_origin_60_on),
        cmocka_unit_test(a_walk_that_skips_the_first_origins_ends_with_the_same_bytes),
    };
    return fixture_run(argc, argv, tests);
}
