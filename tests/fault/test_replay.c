/* Memory may run out anywhere in a fit or a walk over origins: a status comes back, nothing is lost, nothing crashes. */
#include "forecast/replay.h"

#include <stdlib.h>

#include "base/maths.h"
#include "forecast/backtest.h"
#include "forecast/intervals.h"
#include "support/fault.h"
#include "support/fixture.h"

#define PERIODS 62
#define SERIES 5

static const struct period_grid weeks = {PERIOD_WEEK, SUNDAY};

struct walk {
    struct calendar *calendar;
    double value[PERIODS * SERIES];
};

/* Three long series with a gap and a spike, a short one, one with zeros. */
static void prepare(struct walk *w)
{
    const period_t first = period_of(&weeks, date_of(2021, 1, 10));
    for (size_t t = 0; t < PERIODS; t++)
        for (size_t s = 0; s < SERIES; s++)
            w->value[t * SERIES + s] =
                s == 3 && t < 57 ? maths_missing() : s == 4 && t % 2 ? 0 : 100 + (double)((t * 13 + s * 29) % 17);
    w->value[30 * SERIES] = maths_missing();
    w->value[40 * SERIES + 1] *= 20;
    assert_ok(calendar_new(&weeks, &w->calendar));
    assert_ok(calendar_cover(w->calendar, first, first + PERIODS + POOL_HORIZON_MAX));
}

static enum status ignore(void *user, const struct replay_origin *at)
{
    (void)user;
    struct conformal *c = NULL;
    const enum status status = backtest_conformal(at, MEMBER_ENSEMBLE, &c);
    if (!status)
        conformal_free(c);
    return status;
}

static bool walk(void *context)
{
    struct walk *w = context;
    const struct replay_input input = {.grid = &weeks, .calendar = w->calendar, .first = period_of(&weeks, date_of(2021, 1, 10)),
                                       .series = SERIES, .value = w->value, .outliers = true, .first_origin = PERIODS,
                                       .last_origin = PERIODS, .horizon = 60};
    const enum status status = replay_run(&input, &(struct replay_hooks){.on_origin = ignore});
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    return status == STATUS_OK;
}

static bool backtest(void *context)
{
    struct walk *w = context;
    const size_t label[] = {0, 1, 2, 3, 4};
    const struct backtest_pool pool = {SERIES, w->value, label};
    const struct backtest_input input = {.grid = &weeks, .first = period_of(&weeks, date_of(2021, 1, 10)), .periods = 20, .pools = &pool,
                                         .pool_count = 1, .labels = SERIES, .first_origin = 18, .horizon = 3};
    struct backtest_result result;
    const enum status status = backtest_run(&input, &result);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    if (!status)
        backtest_result_done(&result);
    return status == STATUS_OK;
}

static void a_walk_survives_every_failing_allocation(void **state)
{
    (void)state;
    struct walk w;
    prepare(&w);
    assert_true(fault_sweep(walk, &w, false) > 100);
    calendar_free(w.calendar);
}

static void a_backtest_survives_every_failing_allocation(void **state)
{
    (void)state;
    struct walk w;
    prepare(&w);
    assert_true(fault_sweep(backtest, &w, false) > 10);
    calendar_free(w.calendar);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_survives_every_failing_allocation),
        cmocka_unit_test(a_backtest_survives_every_failing_allocation),
    };
    return fixture_run(argc, argv, tests);
}
