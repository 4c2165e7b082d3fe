/* Laws of the year-over-year model, and its golden numbers, on an invented panel: nothing outside the repository. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "forecast/yoy.h"
#include "support/shared.h"
#include "support/table_file.h"

#define STORES 60
#define WEEKS  118

static const struct period_grid sunday_weeks = {PERIOD_WEEK, SUNDAY};

struct panel {
    double x[WEEKS * STORES];
    period_t first;
    struct calendar *calendar;
};

static struct panel *panel_new(void)
{
    struct panel *p = calloc(1, sizeof *p);
    struct table_file t;
    date_t first;
    table_file_read(&t, source_path("tests/golden/yoy_synthetic_panel.csv"));
    assert_int_equal(t.rows, WEEKS);
    assert_int_equal(t.columns, STORES + 1);
    assert_true(date_parse_iso(text_of(table_file_text(&t, 0, 0)), &first));
    p->first = period_of(&sunday_weeks, first);
    for (size_t row = 0; row < WEEKS; row++)
        for (size_t i = 0; i < STORES; i++)
            p->x[row * STORES + i] = table_file_number(&t, row, i + 1);
    table_file_done(&t);
    assert_ok(calendar_new(&sunday_weeks, &p->calendar));
    assert_ok(calendar_cover(p->calendar, p->first, p->first + WEEKS + 150));
    return p;
}

static void panel_free(struct panel *p)
{
    calendar_free(p->calendar);
    free(p);
}

/* The first `series` columns of the panel; caller frees. */
static double *columns_of(const struct panel *p, size_t series)
{
    double *x = calloc(WEEKS * series, sizeof *x);
    for (size_t t = 0; t < WEEKS; t++)
        memcpy(x + t * series, p->x + t * STORES, series * sizeof *x);
    return x;
}

static void run(const struct panel *p, const double *x, size_t origin, size_t series, const struct yoy_configuration *c, size_t count,
                size_t horizon, double *out)
{
    struct yoy_input input = {x, origin, series, p->first, p->calendar};
    struct yoy_model *m = NULL;
    assert_ok(yoy_fit(&input, c, count, &m));
    assert_ok(yoy_forecast(m, horizon, out));
    yoy_free(m);
}

static void forecasts_equal_the_golden_ones_up_to_150_weeks(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    struct table_file t;
    table_file_read(&t, source_path("tests/golden/yoy_synthetic_forecasts.csv"));
    double *out = calloc(150 * STORES, sizeof *out), now = 0.0, worst = 0.0;
    const char *name = "";
    for (size_t row = 0; row < t.rows; row++) {
        double origin = table_file_value(&t, row, "origin");
        if (origin != now || strcmp(name, table_file_text(&t, row, 0)) != 0) {
            now = origin;
            name = table_file_text(&t, row, 0);
            bool is_averaged = name[0] == 'a';
            const struct yoy_configuration *c = is_averaged ? yoy_averaged : name[0] == 'd' ? &yoy_single : &yoy_alone;
            run(p, p->x, (size_t)origin, STORES, c, is_averaged ? YOY_AVERAGED : 1, 150, out);
        }
        size_t h = (size_t)table_file_value(&t, row, "h"), store = (size_t)table_file_value(&t, row, "store");
        double expected = table_file_value(&t, row, "log_forecast"), ours = out[(h - 1) * STORES + store - 1];
        worst = fabs(ours - expected) > worst ? fabs(ours - expected) : worst;
        assert_near(ours, expected, 1e-8);
    }
    print_message("  %zu forecasts, worst %.2g\n", t.rows, worst);
    table_file_done(&t);
    free(out);
    panel_free(p);
}

static void one_series_has_the_bytes_of_its_column_at_any_horizon(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    struct yoy_input input = {p->x, WEEKS, STORES, p->first, p->calendar};
    struct yoy_model *m = NULL;
    static double all[150 * STORES], some[8 * STORES], one[150];
    assert_ok(yoy_fit(&input, yoy_averaged, YOY_AVERAGED, &m));
    assert_ok(yoy_forecast(m, 150, all));
    assert_ok(yoy_forecast(m, 8, some));
    assert_memory_equal(all, some, sizeof some);
    for (size_t i = 0; i < STORES; i++) {
        assert_ok(yoy_forecast_series(m, i, 150, one));
        for (size_t h = 0; h < 150; h++)
            assert_memory_equal(&one[h], &all[h * STORES + i], sizeof one[h]);
    }
    yoy_free(m);
    panel_free(p);
}

static void a_series_that_owes_nothing_to_others_has_the_same_bytes_in_any_pool(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    double together[60 * STORES], sd_together[STORES];
    struct yoy_input input = {p->x, WEEKS, STORES, p->first, p->calendar};
    struct yoy_model *m = NULL;
    assert_ok(yoy_fit(&input, &yoy_alone, 1, &m));
    assert_ok(yoy_forecast(m, 60, together));
    yoy_residual_sd(m, sd_together);
    yoy_free(m);
    for (size_t i = 0; i < STORES; i += 7) {
        double x[WEEKS], out[60], sd;
        for (size_t t = 0; t < WEEKS; t++)
            x[t] = p->x[t * STORES + i];
        struct yoy_input single = {x, WEEKS, 1, p->first, p->calendar};
        assert_ok(yoy_fit(&single, &yoy_alone, 1, &m));
        assert_ok(yoy_forecast(m, 60, out));
        yoy_residual_sd(m, &sd);
        yoy_free(m);
        assert_memory_equal(&sd, &sd_together[i], sizeof sd);
        for (size_t h = 0; h < 60; h++)
            assert_memory_equal(&out[h], &together[h * STORES + i], sizeof out[h]);
    }
    panel_free(p);
}

static void fitting_each_series_gives_the_bytes_of_its_own_fit(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    struct yoy_input input = {p->x, WEEKS, STORES, p->first, p->calendar};
    struct yoy_model *each[STORES];
    assert_ok(yoy_fit_each(&input, each));
    for (size_t i = 0; i < STORES; i++) {
        double x[WEEKS], ours[150], own[150], ours_sd, own_sd;
        for (size_t t = 0; t < WEEKS; t++)
            x[t] = p->x[t * STORES + i];
        struct yoy_input single = {x, WEEKS, 1, p->first, p->calendar};
        struct yoy_model *m = NULL;
        assert_ok(yoy_fit(&single, &yoy_alone, 1, &m));
        assert_ok(yoy_forecast(m, 150, own));
        assert_ok(yoy_forecast_series(each[i], 0, 150, ours));
        assert_memory_equal(ours, own, sizeof own);
        yoy_residual_sd(m, &own_sd);
        yoy_residual_sd(each[i], &ours_sd);
        assert_memory_equal(&ours_sd, &own_sd, sizeof own_sd);
        yoy_free(m);
        yoy_free(each[i]);
    }
    input.periods = 20;
    assert_status(yoy_fit_each(&input, each), STATUS_TOO_SHORT);
    panel_free(p);
}

static void nothing_after_the_origin_is_seen_and_the_last_week_is(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    static double before[8 * STORES], after[8 * STORES];
    run(p, p->x, 90, STORES, yoy_averaged, YOY_AVERAGED, 8, before);
    for (size_t k = 90 * STORES; k < WEEKS * STORES; k++)
        p->x[k] = NAN;
    run(p, p->x, 90, STORES, yoy_averaged, YOY_AVERAGED, 8, after);
    assert_memory_equal(before, after, sizeof before);
    p->x[89 * STORES + 3] += .01;
    run(p, p->x, 90, STORES, yoy_averaged, YOY_AVERAGED, 8, after);
    for (size_t i = 0; i < STORES; i++)
        assert_true(before[i] != after[i]); /* the pool's common growth moves */
    panel_free(p);
}

static void the_calendars_extent_does_not_matter(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    static double one[8 * STORES], two[8 * STORES];
    run(p, p->x, WEEKS, STORES, yoy_averaged, YOY_AVERAGED, 8, one);
    calendar_free(p->calendar);
    assert_ok(calendar_new(&sunday_weeks, &p->calendar));
    assert_ok(calendar_cover(p->calendar, p->first + 100, p->first + WEEKS + 9));
    assert_ok(calendar_cover(p->calendar, p->first - 77, p->first + WEEKS + 9));
    run(p, p->x, WEEKS, STORES, yoy_averaged, YOY_AVERAGED, 8, two);
    assert_memory_equal(one, two, sizeof one);
    panel_free(p);
}

static void a_constant_added_to_a_series_is_added_to_its_forecast_only(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    static double before[60 * STORES], after[60 * STORES];
    run(p, p->x, WEEKS, STORES, yoy_averaged, YOY_AVERAGED, 60, before);
    for (size_t t = 0; t < WEEKS; t++)
        p->x[t * STORES + 5] += 3.0;
    run(p, p->x, WEEKS, STORES, yoy_averaged, YOY_AVERAGED, 60, after);
    for (size_t k = 0; k < 60 * STORES; k++) /* but for the 1e-8 that the ridge takes from the level */
        assert_near(after[k], before[k] + (k % STORES == 5 ? 3.0 : 0.0), 1e-7);
    panel_free(p);
}

static void the_order_of_the_series_does_not_matter(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    static double x[WEEKS * STORES], straight[60 * STORES], turned[60 * STORES];
    for (size_t t = 0; t < WEEKS; t++)
        for (size_t i = 0; i < STORES; i++)
            x[t * STORES + i * 7 % STORES] = p->x[t * STORES + i];
    run(p, p->x, WEEKS, STORES, yoy_averaged, YOY_AVERAGED, 60, straight);
    run(p, x, WEEKS, STORES, yoy_averaged, YOY_AVERAGED, 60, turned);
    for (size_t h = 0; h < 60; h++)
        for (size_t i = 0; i < STORES; i++)
            assert_near(turned[h * STORES + i * 7 % STORES], straight[h * STORES + i], 1e-10);
    panel_free(p);
}

static void constant_in_constant_out_on_every_grid(void **state)
{
    (void)state;
    static const struct period_grid grids[] = {{PERIOD_DAY, 0}, {PERIOD_WEEK, TUESDAY}, {PERIOD_MONTH, 0}};
    double x[70 * 4], out[150 * 4], sd[4];
    for (size_t k = 0; k < 70 * 4; k++)
        x[k] = 5.0 + (double)(k % 4);
    for (size_t g = 0; g < 3; g++) {
        struct calendar *c = NULL;
        assert_ok(calendar_new(&grids[g], &c));
        period_t first = period_of(&grids[g], date_of(2012, 1, 15));
        assert_ok(calendar_cover(c, first, first + 70 + 150));
        struct yoy_input input = {x, 70, 4, first, c};
        struct yoy_model *m = NULL;
        assert_ok(yoy_fit(&input, yoy_averaged, YOY_AVERAGED, &m));
        assert_ok(yoy_forecast(m, 150, out));
        yoy_residual_sd(m, sd);
        for (size_t k = 0; k < 150 * 4; k++)
            assert_near(out[k], 5.0 + (double)(k % 4), 1e-5); /* the ridge takes 1e-8 of the level, added up each season */
        for (size_t i = 0; i < 4; i++)
            assert_near(sd[i], 0.0, 1e-6);
        yoy_free(m);
        calendar_free(c);
    }
}

/* Growth of 10 % a year and nothing else: the forecast goes on growing from last year's weeks. */
static void steady_growth_goes_on(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    double x[WEEKS * 3], out[8 * 3];
    for (size_t t = 0; t < WEEKS; t++)
        for (size_t i = 0; i < 3; i++)
            x[t * 3 + i] = 10.0 + (double)i + .1 * (double)t / 52.0;
    run(p, x, WEEKS, 3, &yoy_single, 1, 8, out);
    for (size_t h = 0; h < 8; h++)
        for (size_t i = 0; i < 3; i++)
            assert_near(out[h * 3 + i], 10.0 + (double)i + .1 * (double)(WEEKS + h) / 52.0, .02);
    panel_free(p);
}

static void pools_of_every_size_and_length_give_finite_numbers(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 54}, {2, 54}, {3, 55}, {15, 54}, {16, 60}, {53, 54}, {54, 54}, {55, 54}, {300, 58}, {3, 1040}};
    struct calendar *c = NULL;
    assert_ok(calendar_new(&sunday_weeks, &c));
    assert_ok(calendar_cover(c, 1000, 1000 + 1040 + 60));
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        size_t series = sizes[k][0], periods = sizes[k][1];
        double *x = calloc(series * periods, sizeof *x), *out = calloc(60 * series, sizeof *out);
        for (size_t t = 0; t < periods; t++)
            for (size_t i = 0; i < series; i++)
                x[t * series + i] = 8.0 + .1 * sin((double)(t * (i + 1)) * .37) + .3 * cos((double)t * .1208 + (double)i);
        struct yoy_input input = {x, periods, series, 1000, c};
        struct yoy_model *m = NULL;
        assert_ok(yoy_fit(&input, yoy_averaged, YOY_AVERAGED, &m));
        assert_ok(yoy_forecast(m, 60, out));
        for (size_t i = 0; i < 60 * series; i++)
            assert_true(out[i] > 5.0 && out[i] < 11.0);
        yoy_free(m);
        free(out);
        free(x);
    }
    calendar_free(c);
}

static void short_or_non_positive_histories_are_refused(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    struct yoy_input input = {p->x, YOY_MIN_PERIODS - 1, STORES, p->first, p->calendar};
    struct yoy_model *m = (struct yoy_model *)p;
    assert_status(yoy_fit(&input, &yoy_single, 1, &m), STATUS_TOO_SHORT);
    input.periods = WEEKS;
    static const double bad[] = {-INFINITY, NAN, INFINITY};
    for (size_t k = 0; k < 3; k++) {
        p->x[77 * STORES + 59] = bad[k];
        assert_status(yoy_fit(&input, yoy_averaged, YOY_AVERAGED, &m), STATUS_NOT_POSITIVE);
    }
    assert_ptr_equal(m, p); /* untouched */
    yoy_free(NULL);
    panel_free(p);
}

static void residual_deviation_is_that_of_growth_from_its_level_before(void **state)
{
    (void)state;
    struct panel *p = panel_new();
    double *x = columns_of(p, 12), sd[12];
    struct yoy_input input = {x, WEEKS, 12, p->first, p->calendar};
    struct yoy_model *m = NULL;
    struct yoy_trace trace;
    const struct yoy_configuration *c = &yoy_single;
    assert_ok(yoy_fit_traced(&input, c, &m, &trace));
    yoy_residual_sd(m, sd);
    for (size_t i = 0; i < 12; i++) {
        double squares = 0.0;
        for (size_t t = 1; t < WEEKS - 52; t++) { /* the level of rows 0..t-1, by its definition */
            double common = 0.0, common_weight = 0.0, own = 0.0, own_weight = 0.0;
            for (size_t k = 0; k < t; k++) {
                double mean = 0.0;
                for (size_t j = 0; j < 12; j++)
                    mean += trace.growth[k * 12 + j] / 12.0;
                double age = (double)(t - 1 - k), wc = pow(1.0 - c->growth_alpha_common, age), wo = pow(1.0 - c->growth_alpha_own, age);
                common += wc * mean;
                common_weight += wc;
                own += wo * (trace.growth[k * 12 + i] - mean);
                own_weight += wo;
            }
            double level = common / common_weight + (1.0 - c->growth_shrinkage) * own / own_weight;
            squares += (trace.growth[t * 12 + i] - level) * (trace.growth[t * 12 + i] - level);
        }
        assert_near(sd[i], sqrt(squares / (WEEKS - 53)), 1e-12);
    }
    yoy_free(m);
    free(x);
    panel_free(p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forecasts_equal_the_golden_ones_up_to_150_weeks),
        cmocka_unit_test(one_series_has_the_bytes_of_its_column_at_any_horizon),
        cmocka_unit_test(a_series_that_owes_nothing_to_others_has_the_same_bytes_in_any_pool),
        cmocka_unit_test(fitting_each_series_gives_the_bytes_of_its_own_fit),
        cmocka_unit_test(nothing_after_the_origin_is_seen_and_the_last_week_is),
        cmocka_unit_test(the_calendars_extent_does_not_matter),
        cmocka_unit_test(a_constant_added_to_a_series_is_added_to_its_forecast_only),
        cmocka_unit_test(the_order_of_the_series_does_not_matter),
        cmocka_unit_test(constant_in_constant_out_on_every_grid),
        cmocka_unit_test(steady_growth_goes_on),
        cmocka_unit_test(pools_of_every_size_and_length_give_finite_numbers),
        cmocka_unit_test(short_or_non_positive_histories_are_refused),
        cmocka_unit_test(residual_deviation_is_that_of_growth_from_its_level_before),
    };
    return fixture_run(argc, argv, tests);
}
