#include "forecast/pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/damped.h"
#include "support/fixture.h"

/* ---- synthetic panels: weekly, a yearly wave, growth, noise of the chain and of each store */

static const struct period_grid weeks = {PERIOD_WEEK, FRIDAY};

struct panel {
    size_t periods, series;
    double *value;
};

static double noise(uint32_t *seed)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return (double)(*seed >> 8) / (double)(UINT32_C(1) << 24) - .5;
}

static struct panel panel_new(size_t periods, size_t series)
{
    struct panel p = {periods, series, malloc((periods * series + 1) * sizeof *p.value)};
    uint32_t seed = 12345;
    for (size_t t = 0; t < periods; t++) {
        const double chain = .3 * maths_sin(6.283185307179586 * (double)t / 52.18) + .001 * (double)t + .04 * noise(&seed);
        for (size_t s = 0; s < series; s++)
            p.value[t * series + s] = maths_exp(10 + .3 * (double)(s % 7) + chain + .06 * noise(&seed));
    }
    return p;
}

static void panel_done(struct panel *p)
{
    free(p->value);
}

static double *cell(struct panel *p, size_t t, size_t s)
{
    return p->value + t * p->series + s;
}

static void forget(struct panel *p, size_t s, size_t first, size_t end)
{
    for (size_t t = first; t < end; t++)
        *cell(p, t, s) = maths_missing();
}

struct fitted {
    struct calendar *calendar;
    struct pool_fit *fit;
};

static struct fitted fit_panel_with(const struct panel *p, bool outliers, uint32_t requested)
{
    struct fitted f = {0};
    const period_t first = period_of(&weeks, date_of(2010, 2, 5));
    assert_ok(calendar_new(&weeks, &f.calendar));
    assert_ok(calendar_cover(f.calendar, first, first + (period_t)(p->periods + POOL_HORIZON_MAX)));
    const struct pool_input input = {&weeks, f.calendar, first, p->periods, p->series, p->value, outliers, requested};
    assert_ok(pool_fit(&input, &f.fit));
    return f;
}

/* With every model that costs no more than the others. */
static struct fitted fit_panel(const struct panel *p, bool outliers)
{
    return fit_panel_with(p, outliers, UINT32_C(1) << MEMBER_DAMPED_GROWTH);
}

static void fitted_done(struct fitted *f)
{
    pool_fit_free(f->fit);
    calendar_free(f->calendar);
}

static bool gives(const struct pool_fit *fit, enum member m, size_t s, size_t horizon, double *out)
{
    const enum status status = pool_fit_forecast(fit, m, s, horizon, out);
    assert_true(status == STATUS_OK || status == STATUS_TOO_SHORT);
    assert_int_equal(status == STATUS_OK, pool_fit_has(fit, m, s));
    for (size_t h = 0; status && h < horizon; h++)
        assert_false(maths_finite(out[h]));
    return status == STATUS_OK;
}

/* Every number that any member gives is finite or missing, never infinite. */
static void assert_nothing_infinite(const struct pool_fit *fit)
{
    double out[POOL_HORIZON_MAX];
    for (size_t s = 0; s < pool_fit_series_count(fit); s++) {
        assert_true(maths_finite(pool_fit_series(fit, s)->residual_sd));
        for (enum member m = 0; m < MEMBER_COUNT; m++) {
            (void)gives(fit, m, s, POOL_HORIZON_MAX, out);
            for (size_t h = 0; h < POOL_HORIZON_MAX; h++)
                assert_true(maths_finite(out[h]) || out[h] != out[h]);
        }
    }
}

/* ---- kinds */

static void kinds_follow_the_number_of_observed_periods(void **state)
{
    (void)state;
    struct panel p = panel_new(100, 6);
    forget(&p, 0, 0, 100);
    forget(&p, 1, 0, 99);
    forget(&p, 2, 0, 47); /* 53 left */
    forget(&p, 3, 0, 46); /* 54 left */
    forget(&p, 4, 0, 92);
    struct fitted f = fit_panel(&p, true);
    const enum series_kind kinds[] = {SERIES_NONE, SERIES_SHORT, SERIES_SHORT, SERIES_LONG, SERIES_SHORT, SERIES_LONG};
    const size_t observed[] = {0, 1, 53, 54, 8, 100};
    for (size_t s = 0; s < 6; s++) {
        assert_int_equal(pool_fit_series(f.fit, s)->kind, kinds[s]);
        assert_int_equal(pool_fit_series(f.fit, s)->observed, observed[s]);
    }
    assert_int_equal(pool_fit_long_count(f.fit), 2);
    assert_int_equal(pool_fit_series(f.fit, 3)->first_row, 46);
    assert_int_equal(pool_fit_series(f.fit, 3)->last_row, 99);
    assert_nothing_infinite(f.fit);
    fitted_done(&f);
    panel_done(&p);
}

static void isolated_zeros_are_missing_and_many_make_a_series_in_levels(void **state)
{
    (void)state;
    struct panel p = panel_new(100, 3);
    for (size_t t = 0; t < 4; t++)
        *cell(&p, 10 * t + 5, 0) = 0; /* 4 of 100 */
    for (size_t t = 0; t < 5; t++)
        *cell(&p, 10 * t + 5, 1) = t ? 0 : -3; /* 5 of 100 */
    struct fitted f = fit_panel(&p, true);
    assert_int_equal(pool_fit_series(f.fit, 0)->kind, SERIES_LONG);
    assert_int_equal(pool_fit_series(f.fit, 1)->kind, SERIES_LEVEL);
    assert_int_equal(pool_fit_series(f.fit, 2)->kind, SERIES_LONG);
    double out[8];
    assert_false(gives(f.fit, MEMBER_SEASONAL_YOY, 1, 8, out));
    assert_true(gives(f.fit, MEMBER_SES, 1, 8, out));
    assert_true(gives(f.fit, MEMBER_SEASONAL_YOY, 0, 8, out));
    assert_nothing_infinite(f.fit);
    fitted_done(&f);
    panel_done(&p);
}

static void constants_and_zeros_come_back_exactly_with_no_spread(void **state)
{
    (void)state;
    struct panel p = panel_new(80, 6);
    for (size_t t = 0; t < 80; t++) {
        *cell(&p, t, 1) = 123.456;
        *cell(&p, t, 4) = 0;
    }
    struct fitted f = fit_panel(&p, true);
    const enum member members[] = {MEMBER_MEAN, MEMBER_SES, MEMBER_DAMPED_DRIFT, MEMBER_SEASONAL_NAIVE, MEMBER_NAIVE};
    double out[60];
    for (size_t k = 0; k < sizeof members / sizeof *members; k++) {
        assert_true(gives(f.fit, members[k], 1, 60, out));
        for (size_t h = 0; h < 60; h++)
            assert_near(out[h], 123.456, 0);
        assert_true(gives(f.fit, members[k], 4, 60, out));
        for (size_t h = 0; h < 60; h++)
            assert_near(out[h], 0, 0);
    }
    assert_near(pool_fit_series(f.fit, 1)->residual_sd, 0, 0);
    assert_near(pool_fit_series(f.fit, 4)->residual_sd, 0, 0);
    fitted_done(&f);
    panel_done(&p);
}

/* ---- members */

static void naive_and_seasonal_naive_take_raw_values(void **state)
{
    (void)state;
    struct panel p = panel_new(110, 3);
    *cell(&p, 109, 0) *= 9; /* an outlier, and still the last value */
    *cell(&p, 60, 1) = maths_missing();
    forget(&p, 2, 107, 110);
    struct fitted f = fit_panel(&p, true);
    double out[120];
    assert_true(pool_fit_outlier(f.fit, 109, 0));
    assert_true(gives(f.fit, MEMBER_NAIVE, 0, 3, out));
    assert_near(out[2], maths_log(*cell(&p, 109, 0)), 0);
    assert_true(gives(f.fit, MEMBER_NAIVE, 2, 3, out));
    assert_near(out[0], maths_log(*cell(&p, 106, 2)), 0);
    assert_true(gives(f.fit, MEMBER_SEASONAL_NAIVE, 1, 120, out));
    for (size_t h = 1; h <= 120; h++)
        assert_near(out[h - 1], maths_log(*cell(&p, 58 + (h - 1) % 52, 1)), 0);
    assert_false(maths_finite(out[2])); /* row 60 is missing, and so are its repetitions */
    assert_false(maths_finite(out[54]));
    fitted_done(&f);
    panel_done(&p);
}

static void sisters_are_the_mean_of_the_long_ones_moved_to_the_series(void **state)
{
    (void)state;
    struct panel p = panel_new(100, 5);
    forget(&p, 2, 0, 95);
    struct fitted f = fit_panel(&p, false);
    double expected[40] = {0}, out[40];
    const size_t sisters[] = {0, 1, 3, 4};
    for (size_t k = 0; k < 4; k++) {
        assert_true(gives(f.fit, MEMBER_SEASONAL_YOY, sisters[k], 40, out));
        for (size_t h = 0; h < 40; h++)
            expected[h] += out[h] / 4;
    }
    double sum = 0, total = 0, weight = 1;
    for (size_t t = 100; t-- > 95; weight *= .85) {
        double mean = 0;
        for (size_t k = 0; k < 4; k++)
            mean += maths_log(*cell(&p, t, sisters[k])) / 4;
        sum += weight * (maths_log(*cell(&p, t, 2)) - mean);
        total += weight;
    }
    assert_true(gives(f.fit, MEMBER_SISTERS, 2, 40, out));
    for (size_t h = 0; h < 40; h++)
        assert_near(out[h], expected[h] + sum / total, 1e-12);
    double fewer[8];
    assert_true(gives(f.fit, MEMBER_SISTERS, 2, 8, fewer));
    assert_memory_equal(fewer, out, sizeof fewer); /* a longer horizon changes no step */
    assert_false(gives(f.fit, MEMBER_SISTERS, 0, 8, out));
    fitted_done(&f);
    panel_done(&p);
}

static void small_pools_use_the_model_without_pooling(void **state)
{
    (void)state;
    for (size_t series = 1; series <= 3; series++) {
        struct panel p = panel_new(100, series);
        struct fitted f = fit_panel(&p, true);
        double alone[8], averaged[8], single[8];
        assert_true(gives(f.fit, MEMBER_SEASONAL_YOY_ALONE, series - 1, 8, alone));
        assert_true(gives(f.fit, MEMBER_SEASONAL_YOY, series - 1, 8, averaged));
        assert_true(gives(f.fit, MEMBER_SEASONAL_YOY_SINGLE, series - 1, 8, single));
        if (series < YOY_MIN_POOL) {
            assert_memory_equal(alone, averaged, sizeof alone);
            assert_memory_equal(alone, single, sizeof alone);
        } else {
            assert_memory_not_equal(alone, averaged, sizeof alone);
        }
        assert_true(pool_fit_series(f.fit, 0)->residual_sd > 0);
        fitted_done(&f);
        panel_done(&p);
    }
}

/* Its numbers are damped_forecast's (unit_forecast_department); past a season they are the averaged model's. */
static void damped_growth_is_fitted_on_request_and_ends_after_a_season(void **state)
{
    (void)state;
    double damped[60], averaged[60], matrix[52 * 6];
    struct panel p = panel_new(100, 6);
    struct fitted plain = fit_panel_with(&p, true, 0), f = fit_panel(&p, true);
    assert_false(gives(plain.fit, MEMBER_DAMPED_GROWTH, 2, 60, damped));
    assert_true(gives(f.fit, MEMBER_DAMPED_GROWTH, 2, 60, damped));
    assert_true(gives(f.fit, MEMBER_SEASONAL_YOY, 2, 60, averaged));
    for (size_t i = 0; i < 100 * 6; i++)
        p.value[i] = maths_log(p.value[i]);
    const struct damped_input in = {p.value, 100, 6, period_of(&weeks, date_of(2010, 2, 5)), f.calendar, 52, false};
    assert_ok(damped_forecast(&in, yoy_averaged, YOY_AVERAGED, matrix));
    for (size_t h = 0; h < 60; h++)
        assert_near(damped[h], h < 52 ? matrix[h * 6 + 2] : averaged[h], 0);
    fitted_done(&plain);
    fitted_done(&f);
    panel_done(&p);
}

static void an_outlier_is_left_out_of_fits_and_counted(void **state)
{
    (void)state;
    struct panel p = panel_new(110, 6), spiky = panel_new(110, 6);
    *cell(&spiky, 108, 2) *= 10;
    struct fitted clean = fit_panel(&p, true), flagged = fit_panel(&spiky, true), believed = fit_panel(&spiky, false);
    assert_int_equal(pool_fit_series(clean.fit, 2)->outliers, 0);
    assert_int_equal(pool_fit_series(flagged.fit, 2)->outliers, 1);
    assert_int_equal(pool_fit_series(believed.fit, 2)->outliers, 0);
    assert_true(pool_fit_outlier(flagged.fit, 108, 2));
    assert_false(pool_fit_outlier(flagged.fit, 107, 2));
    assert_false(pool_fit_outlier(believed.fit, 108, 2));
    double a[4], b[4], c[4];
    assert_true(gives(clean.fit, MEMBER_SEASONAL_YOY, 2, 4, a));
    assert_true(gives(flagged.fit, MEMBER_SEASONAL_YOY, 2, 4, b));
    assert_true(gives(believed.fit, MEMBER_SEASONAL_YOY, 2, 4, c));
    assert_near(b[0], a[0], .02);
    assert_true(c[0] - a[0] > .05);
    fitted_done(&clean);
    fitted_done(&flagged);
    fitted_done(&believed);
    panel_done(&p);
    panel_done(&spiky);
}

static void a_late_start_in_the_pool_is_filled_and_alone_begins_there(void **state)
{
    (void)state;
    struct panel p = panel_new(120, 5);
    forget(&p, 4, 0, 60);
    forget(&p, 1, 30, 34);
    struct fitted f = fit_panel(&p, true);
    double out[30];
    for (enum member m = MEMBER_SEASONAL_YOY; m <= MEMBER_SEASONAL_YOY_ALONE; m++) {
        assert_true(gives(f.fit, m, 4, 30, out));
        for (size_t h = 0; h < 30; h++)
            assert_true(maths_finite(out[h]));
    }
    fitted_done(&f);
    panel_done(&p);
}

static void a_common_factor_only_shifts_the_logs(void **state)
{
    (void)state;
    struct panel p = panel_new(110, 4), q = panel_new(110, 4);
    for (size_t i = 0; i < 440; i++)
        q.value[i] *= 1000;
    struct fitted a = fit_panel(&p, true), b = fit_panel(&q, true);
    double x[26], y[26];
    for (enum member m = MEMBER_SEASONAL_YOY; m < MEMBER_COUNT; m++)
        for (size_t s = 0; s < 4; s++) {
            assert_int_equal(gives(a.fit, m, s, 26, x), gives(b.fit, m, s, 26, y));
            for (size_t h = 0; h < 26 && maths_finite(x[h]); h++)
                assert_near(y[h], x[h] + maths_log(1000), 1e-8); /* the intercept is penalised by 1e-8 */
        }
    fitted_done(&a);
    fitted_done(&b);
    panel_done(&p);
    panel_done(&q);
}

static void models_without_pooling_do_not_see_their_neighbours(void **state)
{
    (void)state;
    struct panel p = panel_new(110, 5), q = panel_new(110, 5);
    for (size_t t = 0; t < 110; t++)
        *cell(&q, t, 1) *= 2 + maths_sin((double)t);
    forget(&q, 3, 0, 110);
    struct fitted a = fit_panel(&p, false), b = fit_panel(&q, false);
    const enum member members[] = {MEMBER_SEASONAL_YOY_ALONE, MEMBER_SEASONAL_NAIVE, MEMBER_NAIVE};
    double x[60], y[60];
    for (size_t k = 0; k < 3; k++)
        for (size_t s = 0; s < 5; s += 2) {
            assert_true(gives(a.fit, members[k], s, 60, x));
            assert_true(gives(b.fit, members[k], s, 60, y));
            assert_memory_equal(x, y, sizeof x);
        }
    fitted_done(&a);
    fitted_done(&b);
    panel_done(&p);
    panel_done(&q);
}

static void the_same_input_gives_the_same_bytes(void **state)
{
    (void)state;
    struct panel p = panel_new(100, 5);
    forget(&p, 2, 0, 90);
    forget(&p, 0, 40, 44);
    struct fitted a = fit_panel(&p, true), b = fit_panel(&p, true);
    double x[POOL_HORIZON_MAX], y[POOL_HORIZON_MAX];
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        for (size_t s = 0; s < 5; s++) {
            (void)gives(a.fit, m, s, POOL_HORIZON_MAX, x);
            (void)gives(b.fit, m, s, POOL_HORIZON_MAX, y);
            assert_memory_equal(x, y, sizeof x);
        }
    fitted_done(&a);
    fitted_done(&b);
    panel_done(&p);
}

/* ---- ugly input */

static void an_empty_pool_is_a_pool(void **state)
{
    (void)state;
    struct panel none = panel_new(0, 0), no_rows = panel_new(0, 3), no_series = panel_new(60, 0);
    struct panel *panels[] = {&none, &no_rows, &no_series};
    for (size_t k = 0; k < 3; k++) {
        struct fitted f = fit_panel(panels[k], true);
        assert_int_equal(pool_fit_long_count(f.fit), 0);
        assert_nothing_infinite(f.fit);
        fitted_done(&f);
        panel_done(panels[k]);
    }
}

static void one_point_gives_that_point(void **state)
{
    (void)state;
    struct panel p = panel_new(1, 1);
    *cell(&p, 0, 0) = 42;
    struct fitted f = fit_panel(&p, true);
    double out[8];
    const enum member members[] = {MEMBER_MEAN, MEMBER_SES, MEMBER_NAIVE};
    for (size_t k = 0; k < 3; k++) {
        assert_true(gives(f.fit, members[k], 0, 8, out));
        assert_near(out[7], maths_log(42), 0);
    }
    assert_false(gives(f.fit, MEMBER_DAMPED_DRIFT, 0, 8, out));
    assert_true(pool_fit_series(f.fit, 0)->residual_sd > 0);
    fitted_done(&f);
    panel_done(&p);
}

static void ugly_neighbours_spoil_nobody(void **state)
{
    (void)state;
    const double zero = 0, infinite = 1 / zero;
    struct panel p = panel_new(120, 10);
    for (size_t t = 0; t < 120; t++) {
        *cell(&p, t, 0) = 1e300;
        *cell(&p, t, 1) = t % 2 ? 1e-300 : 1e300;
        *cell(&p, t, 2) = t % 3 ? -1e308 : 1e308;
        *cell(&p, t, 3) = t % 2 ? infinite : 5;
        *cell(&p, t, 4) = -7;
        *cell(&p, t, 5) = t == 119 ? 1e-300 : maths_missing();
    }
    struct fitted f = fit_panel(&p, true);
    assert_nothing_infinite(f.fit);
    double out[8];
    for (size_t s = 6; s < 10; s++) {
        assert_true(gives(f.fit, MEMBER_SEASONAL_YOY_ALONE, s, 8, out));
        assert_true(maths_finite(out[7]));
        assert_true(gives(f.fit, MEMBER_NAIVE, s, 8, out));
        assert_true(maths_finite(out[7]));
    }
    assert_true(gives(f.fit, MEMBER_NAIVE, 4, 8, out));
    assert_near(out[0], -7, 0);
    fitted_done(&f);
    panel_done(&p);
}

static void ten_thousand_periods_and_five_thousand_series_are_possible(void **state)
{
    (void)state;
    struct panel tall = panel_new(10000, 1), wide = panel_new(60, 5000);
    double out[8];
    struct fitted f = fit_panel(&tall, true);
    assert_true(gives(f.fit, MEMBER_SEASONAL_YOY, 0, 8, out));
    assert_true(maths_finite(out[7]));
    fitted_done(&f);
    f = fit_panel(&wide, true);
    for (size_t s = 0; s < 5000; s += 999) {
        assert_true(gives(f.fit, MEMBER_SEASONAL_YOY, s, 8, out));
        assert_true(maths_finite(out[7]));
    }
    fitted_done(&f);
    panel_done(&tall);
    panel_done(&wide);
}

static void a_forecast_far_outside_history_is_none(void **state)
{
    (void)state;
    struct panel p = panel_new(40, 1);
    for (size_t t = 0; t < 40; t++)
        *cell(&p, t, 0) = 100 + (double)(t % 3) - (t == 39 ? 95 : 0); /* ends low: the drift goes below zero */
    struct fitted f = fit_panel(&p, true);
    double out[150];
    assert_true(gives(f.fit, MEMBER_DAMPED_DRIFT, 0, 150, out));
    assert_true(maths_finite(out[0]));
    assert_false(maths_finite(out[149]));
    fitted_done(&f);
    panel_done(&p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_follow_the_number_of_observed_periods),
        cmocka_unit_test(isolated_zeros_are_missing_and_many_make_a_series_in_levels),
        cmocka_unit_test(constants_and_zeros_come_back_exactly_with_no_spread),
        cmocka_unit_test(naive_and_seasonal_naive_take_raw_values),
        cmocka_unit_test(sisters_are_the_mean_of_the_long_ones_moved_to_the_series),
        cmocka_unit_test(small_pools_use_the_model_without_pooling),
        cmocka_unit_test(damped_growth_is_fitted_on_request_and_ends_after_a_season),
        cmocka_unit_test(an_outlier_is_left_out_of_fits_and_counted),
        cmocka_unit_test(a_late_start_in_the_pool_is_filled_and_alone_begins_there),
        cmocka_unit_test(a_common_factor_only_shifts_the_logs),
        cmocka_unit_test(models_without_pooling_do_not_see_their_neighbours),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(an_empty_pool_is_a_pool),
        cmocka_unit_test(one_point_gives_that_point),
        cmocka_unit_test(ugly_neighbours_spoil_nobody),
        cmocka_unit_test(ten_thousand_periods_and_five_thousand_series_are_possible),
        cmocka_unit_test(a_forecast_far_outside_history_is_none),
    };
    return fixture_run(argc, argv, tests);
}
