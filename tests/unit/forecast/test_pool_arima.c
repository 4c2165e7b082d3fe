/* The ARIMA members of a pool: fitted when asked for, sound or absent, and nobody else's number moves. */
#include "forecast/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/diagnostics.h"
#include "support/fixture.h"

static const struct period_grid weeks = {PERIOD_WEEK, FRIDAY}, months = {PERIOD_MONTH, FRIDAY}, days = {PERIOD_DAY, FRIDAY};
#define BOTH (UINT32_C(1) << MEMBER_ARIMA_GROWTH | UINT32_C(1) << MEMBER_ARIMA_REGRESSION)

struct panel {
    size_t periods, series;
    double *value;
};

static double noise(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return (double)(*seed >> 8) / (double)(UINT32_C(1) << 24) - .5;
}

/* A wave of `season` periods, growth, and noise of the chain and of each store. */
static struct panel panel_new(size_t periods, size_t series, double season)
{
    struct panel p = {periods, series, malloc((periods * series + 1) * sizeof *p.value)};
    uint32_t seed = 12345;
    for (size_t t = 0; t < periods; t++) {
        const double chain = .3 * maths_sin(6.283185307179586 * (double)t / season) + .001 * (double)t + .04 * noise(&seed);
        for (size_t s = 0; s < series; s++)
            p.value[t * series + s] = maths_exp(10 + .3 * (double)(s % 7) + chain + .06 * noise(&seed));
    }
    return p;
}

struct fitted {
    struct calendar *calendar;
    struct pool_fit *fit;
};

static struct fitted fit_panel(const struct panel *p, const struct period_grid *grid, uint32_t requested)
{
    struct fitted f = {0};
    const period_t first = period_of(grid, date_of(2010, 2, 5));
    assert_ok(calendar_new(grid, &f.calendar));
    assert_ok(calendar_cover(f.calendar, first, first + (period_t)(p->periods + POOL_HORIZON_MAX)));
    const struct pool_input input = {.grid = grid,
                                     .calendar = f.calendar,
                                     .first = first,
                                     .periods = p->periods,
                                     .series = p->series,
                                     .value = p->value,
                                     .outliers = true,
                                     .requested = requested};
    assert_ok(pool_fit(&input, &f.fit));
    return f;
}

static void fitted_done(struct fitted *f)
{
    pool_fit_free(f->fit);
    calendar_free(f->calendar);
}

static void assert_sound(const struct pool_fit *fit, enum member m, size_t s, size_t horizon, double *out)
{
    assert_true(pool_fit_has(fit, m, s));
    assert_ok(pool_fit_forecast(fit, m, s, horizon, out));
    for (size_t h = 0; h < horizon; h++)
        assert_true(maths_finite(out[h]));
}

static void nobody_has_them_unasked_and_nobody_else_changes(void **state)
{
    (void)state;
    struct panel p = panel_new(110, 4, 52.18);
    struct fitted without = fit_panel(&p, &weeks, 0), with = fit_panel(&p, &weeks, BOTH);
    struct pool_residuals unused;
    double a[20], b[20];
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        for (size_t s = 0; s < 4; s++) {
            const bool on_request = member_in(member_on_request(), m);
            assert_true(!on_request || !pool_fit_has(without.fit, m, s));
            assert_false(pool_fit_residuals(without.fit, m, s, &unused));
            if (on_request || !pool_fit_has(with.fit, m, s))
                continue;
            assert_ok(pool_fit_forecast(without.fit, m, s, 20, a));
            assert_ok(pool_fit_forecast(with.fit, m, s, 20, b));
            assert_memory_equal(a, b, sizeof a);
        }
    fitted_done(&without);
    fitted_done(&with);
    free(p.value);
}

static void both_follow_the_season(void **state)
{
    (void)state;
    struct panel p = panel_new(143, 5, 52.18);
    struct panel known = {p.periods - 13, p.series, p.value};
    struct fitted f = fit_panel(&known, &weeks, BOTH);
    const enum member both[] = {MEMBER_ARIMA_GROWTH, MEMBER_ARIMA_REGRESSION};
    for (size_t k = 0; k < 2; k++)
        for (size_t s = 0; s < 5; s++) {
            double out[POOL_HORIZON_MAX];
            assert_sound(f.fit, both[k], s, POOL_HORIZON_MAX, out);
            for (size_t h = 0; h < 13; h++)
                assert_near(out[h], maths_log(p.value[(known.periods + h) * p.series + s]), .15);
            struct pool_residuals r;
            assert_true(pool_fit_residuals(f.fit, both[k], s, &r));
            assert_true(arima_order_valid(&r.order) && r.sigma2 > 0 && isfinite(r.aicc));
            assert_int_equal(r.diagnostics->verdict == RESIDUALS_TOO_FEW, 0);
            assert_true((r.regressors > 0) == (both[k] == MEMBER_ARIMA_REGRESSION));
        }
    fitted_done(&f);
    free(p.value);
}

/* 39 values of the growth at least, 54 weeks for the regression. */
static void short_histories_have_none(void **state)
{
    (void)state;
    struct panel p = panel_new(90, 3, 52.18);
    struct fitted f = fit_panel(&p, &weeks, BOTH);
    assert_false(pool_fit_has(f.fit, MEMBER_ARIMA_GROWTH, 0));
    assert_true(pool_fit_has(f.fit, MEMBER_ARIMA_REGRESSION, 0));
    fitted_done(&f);
    p.periods = 53;
    f = fit_panel(&p, &weeks, BOTH);
    assert_false(pool_fit_has(f.fit, MEMBER_ARIMA_REGRESSION, 0));
    fitted_done(&f);
    p.periods = 0;
    f = fit_panel(&p, &weeks, BOTH);
    fitted_done(&f);
    free(p.value);
}

static void a_pool_of_two_is_fitted_one_by_one(void **state)
{
    (void)state;
    struct panel p = panel_new(120, 2, 52.18);
    double before[8], after[8];
    for (size_t t = 0; t < 40; t++) /* 80 weeks left: too few for the growth */
        p.value[t * 2 + 1] = maths_missing();
    p.value[60 * 2] = maths_missing(); /* a gap */
    struct fitted f = fit_panel(&p, &weeks, BOTH);
    assert_sound(f.fit, MEMBER_ARIMA_GROWTH, 0, 8, before);
    assert_false(pool_fit_has(f.fit, MEMBER_ARIMA_GROWTH, 1));
    fitted_done(&f);
    for (size_t t = 0; t < 120; t++)
        p.value[t * 2 + 1] *= 3;
    f = fit_panel(&p, &weeks, BOTH);
    assert_sound(f.fit, MEMBER_ARIMA_GROWTH, 0, 8, after);
    assert_memory_equal(before, after, sizeof before); /* the neighbour says nothing */
    fitted_done(&f);
    free(p.value);
}

/* Monthly data long before the seasonal models have enough: a seasonal ARIMA model. */
static void months_get_a_seasonal_model(void **state)
{
    (void)state;
    struct panel p = panel_new(48, 2, 12);
    struct panel known = {36, 2, p.value};
    struct fitted f = fit_panel(&known, &months, BOTH);
    assert_int_equal(pool_fit_series(f.fit, 0)->kind, SERIES_SHORT);
    double out[12];
    assert_sound(f.fit, MEMBER_ARIMA_REGRESSION, 0, 12, out);
    for (size_t h = 0; h < 12; h++)
        assert_near(out[h], maths_log(p.value[(36 + h) * 2]), .15);
    struct pool_residuals r;
    assert_true(pool_fit_residuals(f.fit, MEMBER_ARIMA_REGRESSION, 0, &r));
    assert_int_equal(r.order.period, 12);
    assert_true(r.order.seasonal_d + r.order.seasonal_p + r.order.seasonal_q > 0);
    fitted_done(&f);
    free(p.value);
}

static void days_get_the_week(void **state)
{
    (void)state;
    struct panel p = panel_new(84, 1, 7);
    struct panel known = {77, 1, p.value};
    struct fitted f = fit_panel(&known, &days, BOTH);
    double out[7];
    assert_sound(f.fit, MEMBER_ARIMA_REGRESSION, 0, 7, out);
    for (size_t h = 0; h < 7; h++)
        assert_near(out[h], maths_log(p.value[77 + h]), .15);
    fitted_done(&f);
    free(p.value);
}

/* Gaps, zeros, huge and tiny values, constants: a sound number or none, and the neighbours' bytes stay. */
static void ugly_series_give_a_number_or_none(void **state)
{
    (void)state;
    struct panel p = panel_new(110, 8, 52.18);
    double plain[16], out[POOL_HORIZON_MAX];
    struct fitted f = fit_panel(&p, &weeks, BOTH);
    assert_sound(f.fit, MEMBER_ARIMA_REGRESSION, 0, 16, plain);
    fitted_done(&f);
    for (size_t t = 0; t < p.periods; t++) {
        double *row = p.value + t * p.series;
        row[1] = maths_missing();
        row[2] = 7;
        row[3] = 0;
        row[4] *= 1e295;
        row[5] *= 1e-300;
        row[6] = t % 3 == 0 ? -1e5 * row[6] : row[6];
        row[7] = t % 2 ? maths_missing() : row[7];
    }
    f = fit_panel(&p, &weeks, BOTH);
    for (size_t s = 0; s < p.series; s++)
        for (enum member m = MEMBER_ARIMA_GROWTH; m <= MEMBER_ARIMA_REGRESSION; m++) {
            const enum status status = pool_fit_forecast(f.fit, m, s, POOL_HORIZON_MAX, out);
            assert_true(status == STATUS_TOO_SHORT || status == STATUS_OK);
            assert_int_equal(status == STATUS_OK, pool_fit_has(f.fit, m, s));
            for (size_t h = 0; h < POOL_HORIZON_MAX; h++)
                assert_true(maths_finite(out[h]) || out[h] != out[h]);
        }
    assert_sound(f.fit, MEMBER_ARIMA_REGRESSION, 0, 16, out);
    assert_memory_equal(plain, out, sizeof plain);
    fitted_done(&f);
    free(p.value);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_has_them_unasked_and_nobody_else_changes),
        cmocka_unit_test(both_follow_the_season),
        cmocka_unit_test(short_histories_have_none),
        cmocka_unit_test(a_pool_of_two_is_fitted_one_by_one),
        cmocka_unit_test(months_get_a_seasonal_model),
        cmocka_unit_test(days_get_the_week),
        cmocka_unit_test(ugly_series_give_a_number_or_none),
    };
    return fixture_run(argc, argv, tests);
}
