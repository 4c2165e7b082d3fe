/* Every allocation of a search, of a regression and of a pool with ARIMA members fails in turn: NO_MEMORY, nothing lost. */
#include <math.h>

#include "forecast/arima_regression.h"
#include "forecast/arima_search.h"
#include "forecast/pool.h"
#include "support/fault.h"
#include "support/fixture.h"

#define N 96

static const struct period_grid weeks = {PERIOD_WEEK, SATURDAY};

struct sample {
    struct calendar *calendar;
    double y[N], levels[3 * N];
};

static bool search(void *context)
{
    const struct sample *s = context;
    struct arima_fitter *fitter = NULL;
    struct arima_fitted best;
    size_t tried;
    const enum status status = arima_search(&(struct arima_input){.y = s->y, .n = N}, &(struct arima_search){4}, &fitter, &best, &tried);
    assert_true(status == STATUS_OK ? fitter != NULL : status == STATUS_NO_MEMORY && fitter == NULL);
    arima_fitter_free(fitter);
    return status == STATUS_OK;
}

static bool regress(void *context)
{
    const struct sample *s = context;
    struct arima_regression r;
    const enum status status = arima_regression_fit(s->y, N, 2000, s->calendar, &r);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    return status == STATUS_OK;
}

static bool fit(void *context, size_t series, uint32_t requested)
{
    const struct sample *s = context;
    struct pool_fit *f = NULL;
    const struct pool_input input = {.grid = &weeks,
                                     .calendar = s->calendar,
                                     .first = 2000,
                                     .periods = N,
                                     .series = series,
                                     .value = s->levels,
                                     .outliers = true,
                                     .requested = requested};
    const enum status status = pool_fit(&input, &f);
    assert_true(status == STATUS_OK ? f != NULL : status == STATUS_NO_MEMORY && f == NULL);
    pool_fit_free(f);
    return status == STATUS_OK;
}

static bool fit_pool(void *context)
{
    return fit(context, 3, member_on_request());
}

static bool fit_two(void *context)
{
    return fit(context, 2, UINT32_C(1) << MEMBER_ARIMA_GROWTH);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct sample s = {0};
    assert_ok(calendar_new(&weeks, &s.calendar));
    assert_ok(calendar_cover(s.calendar, 2000, 2000 + N + POOL_HORIZON_MAX));
    for (size_t t = 0; t < N; t++) {
        s.y[t] = 9 + sin((double)t) + .1 * sin((double)(t * t));
        for (size_t i = 0; i < 3; i++)
            s.levels[t * 3 + i] = exp(s.y[t] + .1 * sin((double)(t * i)));
    }
    assert_true(fault_sweep(search, &s, false) > 0);
    assert_true(fault_sweep(regress, &s, false) > 0);
    s.y[40] = NAN;
    assert_true(fault_sweep(search, &s, false) > 0); /* the filter with gaps */
    assert_true(fault_sweep(fit_pool, &s, false) > 0);
    assert_true(fault_sweep(fit_two, &s, false) > 0);
    calendar_free(s.calendar);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_allocation_may_fail)};
    return fixture_run(argc, argv, tests);
}
