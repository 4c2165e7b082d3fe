/* Every allocation of the calendar and of a fit fails in turn: NO_MEMORY, nothing lost, nothing half made. */
#include "support/fixture.h"

#include <math.h>

#include "base/status.h"
#include "forecast/yoy.h"
#include "support/fault.h"

#define SERIES  12
#define PERIODS 60

static const struct period_grid grid = {PERIOD_WEEK, SATURDAY};

static bool cover_calendar(void *context)
{
    struct calendar *c = NULL;
    (void)context;
    enum status status = calendar_new(&grid, &c);
    if (!status)
        status = calendar_cover(c, 2100, 2110);
    if (!status) {
        double before = calendar_annual(c, 2105)[0];
        status = calendar_cover(c, 2090, 2200);
        assert_true(calendar_annual(c, 2105)[0] == before); /* what was covered stays, also when growing fails */
    }
    calendar_free(c);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    return status == STATUS_OK;
}

static void calendar_survives_any_failing_allocation(void **state)
{
    (void)state;
    assert_true(fault_sweep(cover_calendar, NULL, false) > 0);
}

struct fitting {
    struct calendar *calendar;
    double x[PERIODS * SERIES];
};

static bool fit_pool(void *context)
{
    const struct fitting *f = context;
    struct yoy_input input = {f->x, PERIODS, SERIES, 2000, f->calendar};
    struct yoy_model *m = NULL;
    enum status status = yoy_fit(&input, yoy_averaged, YOY_AVERAGED, &m);
    assert_true(status == STATUS_OK ? m != NULL : status == STATUS_NO_MEMORY && m == NULL);
    yoy_free(m);
    return status == STATUS_OK;
}

static bool fit_traced(void *context)
{
    const struct fitting *f = context;
    struct yoy_input input = {f->x, PERIODS, SERIES, 2000, f->calendar};
    struct yoy_model *m = NULL;
    struct yoy_trace trace;
    enum status status = yoy_fit_traced(&input, &yoy_single, &m, &trace);
    assert_true(status == STATUS_OK ? m != NULL : status == STATUS_NO_MEMORY && m == NULL);
    yoy_free(m);
    return status == STATUS_OK;
}

static bool fit_each(void *context)
{
    const struct fitting *f = context;
    struct yoy_input input = {f->x, PERIODS, SERIES, 2000, f->calendar};
    struct yoy_model *each[SERIES] = {NULL};
    enum status status = yoy_fit_each(&input, each);
    for (size_t i = 0; i < SERIES; i++) {
        assert_true((each[i] != NULL) == (status == STATUS_OK));
        yoy_free(each[i]);
    }
    return status == STATUS_OK;
}

static void fits_survive_any_failing_allocation(void **state)
{
    (void)state;
    struct fitting f = {NULL, {0}};
    assert_ok(calendar_new(&grid, &f.calendar));
    assert_ok(calendar_cover(f.calendar, 2000, 2000 + PERIODS));
    for (size_t k = 0; k < PERIODS * SERIES; k++)
        f.x[k] = 9.0 + sin((double)k);
    assert_true(fault_sweep(fit_pool, &f, false) > 0);
    assert_true(fault_sweep(fit_traced, &f, false) > 0);
    assert_true(fault_sweep(fit_each, &f, false) > SERIES);
    calendar_free(f.calendar);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar_survives_any_failing_allocation),
        cmocka_unit_test(fits_survive_any_failing_allocation),
    };
    return fixture_run(argc, argv, tests);
}
