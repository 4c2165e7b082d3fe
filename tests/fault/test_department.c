/* Every allocation of the department models fails in turn: NO_MEMORY, nothing lost, nothing half made. */
#include "support/fixture.h"

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "forecast/covariate.h"
#include "forecast/damped.h"
#include "forecast/department_errors.h"
#include "forecast/fev.h"
#include "forecast/pool.h"
#include "support/fault.h"

#define SERIES  5 /* four of one department, one alone */
#define PERIODS 76
#define KNOWN   68
#define AHEAD   8

static const struct period_grid grid = {PERIOD_WEEK, SATURDAY};

struct world {
    struct calendar *calendar;
    double value[PERIODS * SERIES], x[PERIODS * SERIES];
    size_t store[SERIES], department[SERIES];
    struct department_panel panel;
};

static void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    assert_ok(calendar_new(&grid, &w->calendar));
    assert_ok(calendar_cover(w->calendar, 2000, 2000 + PERIODS + POOL_HORIZON_MAX));
    for (size_t k = 0; k < PERIODS * SERIES; k++) {
        w->x[k] = 9 + sin((double)k);
        w->value[k] = k % 37 == 0 ? NAN : exp(w->x[k]);
    }
    for (size_t s = 0; s < SERIES; s++) {
        w->store[s] = s % 2;
        w->department[s] = s == SERIES - 1;
    }
    w->panel = (struct department_panel){PERIODS, SERIES, w->value, w->store, w->department, 2, 2, 2000, w->calendar};
}

static bool done(enum status status)
{
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    return status == STATUS_OK;
}

static bool run_window(void *context)
{
    const struct world *w = context;
    struct fev_sums sums[FEV_MODELS] = {{0}};
    const struct fev_input in = {.panel = &w->panel, .known = KNOWN, .ahead = AHEAD, .threads = 1};
    return done(fev_run(&in, sums));
}

static bool forecast_full(void *context)
{
    const struct world *w = context;
    struct department_known *known = NULL;
    double out[AHEAD * SERIES];
    enum status status = department_known_new(&w->panel, KNOWN, AHEAD, &known);
    assert_true(status == STATUS_OK ? known != NULL : known == NULL);
    if (!status)
        status = department_forecast(known, DEPARTMENT_FULL, out);
    department_known_free(known);
    return done(status);
}

static bool forecast_damped(void *context)
{
    const struct world *w = context;
    const struct damped_input in = {w->x, KNOWN, SERIES, 2000, w->calendar, AHEAD, true};
    double out[AHEAD * SERIES];
    return done(damped_forecast(&in, &yoy_single, 1, out));
}

static bool forecast_covariate(void *context)
{
    const struct world *w = context;
    double out[AHEAD * SERIES], common[PERIODS * 2];
    for (size_t i = 0; i < PERIODS * 2; i++)
        common[i] = cos((double)i);
    const struct covariate_input input = {w->x, KNOWN, SERIES, AHEAD, NULL, 0, common, 2};
    return done(covariate_forecast(&input, &covariate_default, out));
}

static bool fit_pool(void *context)
{
    const struct world *w = context;
    const struct pool_input in = {.grid = &grid, .calendar = w->calendar, .first = 2000, .periods = KNOWN, .series = SERIES,
                                  .value = w->value, .requested = UINT32_C(1) << MEMBER_DAMPED_GROWTH};
    struct pool_fit *fit = NULL;
    const enum status status = pool_fit(&in, &fit);
    if (!status)
        assert_true(pool_fit_has(fit, MEMBER_DAMPED_GROWTH, 0));
    pool_fit_free(fit);
    return done(status);
}

static void department_models_survive_any_failing_allocation(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    assert_true(fault_sweep(forecast_full, &w, false) > 10);
    assert_true(fault_sweep(forecast_damped, &w, false) > 2);
    assert_true(fault_sweep(forecast_covariate, &w, false) > 0);
    assert_true(fault_sweep(fit_pool, &w, false) > 10);
    assert_true(fault_sweep(run_window, &w, false) > 100);
    calendar_free(w.calendar);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(department_models_survive_any_failing_allocation)};
    return fixture_run(argc, argv, tests);
}
