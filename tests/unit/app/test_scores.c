#include "app/scores.h"

#include <math.h>
#include <stdio.h>

#include "support/fixture.h"

static const struct period_grid grid = {.unit = PERIOD_WEEK, .week_end = FRIDAY};
#define FIRST 2000

static double sold(int store, int row) { return 100 * store + 10 * (row % 7) + row; }

static struct scores *filled(int stores, int rows)
{
    struct scores *s = NULL;
    assert_ok(scores_new(&grid, FIRST, (size_t)rows, &s));
    for (int store = 1; store <= stores; store++)
        for (int row = 0; row < rows; row++) {
            char id[16];
            snprintf(id, sizeof id, "%d", store);
            assert_ok(scores_actual(s, text_of(id), text_of(NULL), FIRST + row, sold(store, row)));
        }
    return s;
}

/* A forecast at the origin whose last known row is `known`: yoy is off by `yoy` times, the published median by `off`. */
static void issue(struct scores *s, int store, int known, int64_t number, double yoy, double off)
{
    char id[16];
    snprintf(id, sizeof id, "%d", store);
    struct forecast_step steps[SCORES_HORIZON];
    struct model_value models[SCORES_HORIZON][2];
    struct quantile_value quantiles[SCORES_HORIZON][4];
    for (int h = 0; h < SCORES_HORIZON; h++) {
        const double actual = sold(store, known + 1 + h);
        models[h][0] = (struct model_value){text_of("seasonal_yoy"), actual * yoy};
        models[h][1] = (struct model_value){text_of("a_model_of_the_future"), 1};
        const double level[4] = {.025, .1, .9, .975}, width[4] = {-50, -20, 20, 50};
        for (int k = 0; k < 4; k++)
            quantiles[h][k] = (struct quantile_value){level[k], actual * off + width[k]};
        steps[h] = (struct forecast_step){.median = actual * off, .models = models[h], .model_count = 2,
                                          .quantiles = quantiles[h], .quantile_count = 4};
    }
    const struct forecast_result r = {.store = text_of(id), .issue = number, .steps = steps, .step_count = SCORES_HORIZON,
                                      .origin = period_last_day(&grid, FIRST + known)};
    assert_ok(scores_add(s, &r));
}

static void origins_are_the_last_that_have_an_actual(void **state)
{
    (void)state;
    struct scores *s = filled(3, 143);
    for (int store = 1; store <= 3; store++)
        for (int known = 53; known < 143; known++)
            issue(s, store, known, known, 1.1, 1.0);
    struct scores_table t;
    scores_compute(s, SCORES_ORIGINS, &t);
    const struct accuracy_sums *yoy = t.sums[MEMBER_SEASONAL_YOY];
    assert_int_equal(accuracy_metric_n(&yoy[0], ACCURACY_mape), 52 * 3);
    assert_int_equal(accuracy_metric_n(&yoy[1], ACCURACY_mape), 202 * 3); /* 9090 of 45 */
    assert_int_equal(accuracy_metric_n(&yoy[2], ACCURACY_mape), 388 * 3); /* 17460 of 45 */
    assert_near(accuracy_metric_value(&yoy[2], ACCURACY_mape), 10, 1e-9);
    assert_near(accuracy_metric_value(&t.sums[MEMBER_ENSEMBLE][2], ACCURACY_mape), 0, 1e-9);
    assert_near(accuracy_metric_value(&t.sums[MEMBER_ENSEMBLE][2], ACCURACY_coverage80), 100, 0);
    assert_int_equal(t.sums[MEMBER_NAIVE][2].n, 0);
    assert_int_equal(t.missing, 0);
    assert_int_equal(t.first, FIRST + 90);
    assert_int_equal(t.last, FIRST + 141);
    scores_free(s);
}

static void readers_keep_the_greatest_issue(void **state)
{
    (void)state;
    struct scores *s = filled(1, 60);
    for (int known = 20; known < 59; known++) {
        issue(s, 1, known, 7, 1.2, 1.2);
        issue(s, 1, known, 9, 1.1, 1.1);
        issue(s, 1, known, 8, 1.3, 1.3);
    }
    struct scores_table t;
    scores_compute(s, 10, &t);
    assert_near(accuracy_metric_value(&t.sums[MEMBER_SEASONAL_YOY][0], ACCURACY_mape), 10, 1e-9);
    scores_free(s);
}

static void a_missing_forecast_is_counted(void **state)
{
    (void)state;
    struct scores *s = filled(2, 60);
    for (int known = 20; known < 59; known++)
        if (known != 55)
            issue(s, 1, known, 1, 1, 1);
    struct scores_table t;
    scores_compute(s, 10, &t);
    assert_int_equal(t.missing, 1 + 10);
    scores_free(s);
}

struct visited {
    size_t count;
    char first[32], last[32];
};

static void on_value(void *arg, struct text series, size_t origin, size_t h, enum member m, double value)
{
    struct visited *v = arg;
    assert_near(value, sold(series.data[0] - '0', (int)(origin + h) - 1) * (m == MEMBER_ENSEMBLE ? 1.5 : 2), 1e-9);
    snprintf(v->count++ ? v->last : v->first, sizeof v->last, "%.*s/%zu/%zu/%s", (int)series.size, series.data, origin, h, member_table[m].name);
}

static void each_kept_value_is_visited_with_its_series_origin_step_and_member(void **state)
{
    (void)state;
    struct scores *s = filled(2, 60);
    issue(s, 2, 20, 1, 2, 1.5);
    issue(s, 1, 20, 1, 2, 1.5);
    issue(s, 2, 30, 2, 2, 1.5);
    struct visited v = {0};
    scores_each(s, on_value, &v);
    assert_int_equal(v.count, 3 * SCORES_HORIZON * 2); /* the unknown model is not kept */
    assert_string_equal(v.first, "1/21/1/ensemble");
    assert_string_equal(v.last, "2/31/8/seasonal_yoy");
    scores_free(s);
}

static void what_lies_outside_the_periods_is_ignored(void **state)
{
    (void)state;
    struct scores *s = filled(1, 30);
    assert_ok(scores_actual(s, text_of("1"), text_of(NULL), FIRST + 30, 5));
    assert_ok(scores_actual(s, text_of("1"), text_of(NULL), FIRST - 1, 5));
    issue(s, 1, 31, 1, 1, 1);
    struct scores_table t;
    scores_compute(s, 10, &t);
    assert_int_equal(t.last, FIRST + 28);
    scores_free(s);
}

static void nothing_known_scores_nothing(void **state)
{
    (void)state;
    struct scores *s = NULL;
    struct scores_table t;
    assert_ok(scores_new(&grid, FIRST, 10, &s));
    scores_compute(s, 52, &t);
    assert_int_equal(t.last, PERIOD_NONE);
    scores_free(s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_are_the_last_that_have_an_actual),
        cmocka_unit_test(readers_keep_the_greatest_issue),
        cmocka_unit_test(a_missing_forecast_is_counted),
        cmocka_unit_test(each_kept_value_is_visited_with_its_series_origin_step_and_member),
        cmocka_unit_test(what_lies_outside_the_periods_is_ignored),
        cmocka_unit_test(nothing_known_scores_nothing),
    };
    return fixture_run(argc, argv, tests);
}
