#include "forecast/backtest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/maths.h"
#include "support/fixture.h"
#include "support/shared.h"
#include "support/table_file.h"

static const struct period_grid fridays = {PERIOD_WEEK, FRIDAY};

/* ---- small, by hand */

static void naive_is_scored_as_by_hand(void **state)
{
    (void)state;
    const double nan = maths_missing(), value[] = {10, 20, 40, nan, 50, 25};
    const size_t label[] = {0};
    const struct backtest_pool pool = {1, value, label};
    const struct backtest_input input = {.grid = &fridays, .first = 2000, .periods = 6, .pools = &pool, .pool_count = 1, .labels = 1,
                                         .first_origin = 2, .horizon = 2};
    struct backtest_result r;
    assert_ok(backtest_run(&input, &r));
    assert_int_equal(r.groups, 2);
    assert_int_equal(r.limit[0], 1);
    assert_int_equal(r.limit[1], 2);
    /* one step: origin 2: 20 for 40; 3: nothing to score; 4: 40 for 50; 5: 50 for 25 */
    const struct accuracy_sums one = backtest_pooled(&r, MEMBER_NAIVE, 0);
    assert_int_equal(one.n, 3);
    assert_near(accuracy_metric_value(&one, ACCURACY_mape), (50. + 20. + 100.) / 3, 1e-9);
    /* two steps: origin 2: nothing; 3: 40 for 50; 4: 40 for 25 */
    const struct accuracy_sums two = backtest_pooled(&r, MEMBER_NAIVE, 1);
    assert_int_equal(two.n, 5);
    assert_near(accuracy_metric_value(&two, ACCURACY_mae), (20. + 10 + 25 + 10 + 15) / 5, 1e-9);
    backtest_result_done(&r);
}

static void holdout_scores_all_that_follows_once(void **state)
{
    (void)state;
    double value[30];
    for (size_t t = 0; t < 30; t++)
        value[t] = 100 + (double)t;
    const size_t label[] = {0};
    const struct backtest_pool pool = {1, value, label};
    const struct backtest_input input = {.grid = &fridays, .first = 2000, .periods = 30, .pools = &pool, .pool_count = 1, .labels = 1,
                                         .holdout = true, .first_origin = 20};
    struct backtest_result r;
    assert_ok(backtest_run(&input, &r));
    assert_int_equal(r.groups, 1);
    assert_int_equal(r.limit[0], 10);
    const struct accuracy_sums naive = backtest_pooled(&r, MEMBER_NAIVE, 0);
    assert_int_equal(naive.n, 10);
    assert_near(accuracy_metric_value(&naive, ACCURACY_mae), 5.5, 1e-9);
    assert_near(accuracy_metric_value(&naive, ACCURACY_mase), 5.5, 1e-9); /* fewer than 60 known: the step from week to week */
    backtest_result_done(&r);
}

/* ---- the 45 Walmart stores */

struct walmart {
    size_t periods, series;
    double *value; /* periods x series, series in order of the id's text */
    char (*id)[24];
    period_t first;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int walmart_setup(void **state)
{
    struct table_file t;
    const char *path = shared_path("data/walmart/Walmart_Store_sales.csv");
    *state = NULL;
    if (!path)
        return 0;
    struct walmart *w = calloc(1, sizeof *w);
    table_file_read(&t, path);
    w->series = 45;
    w->periods = t.rows / w->series;
    w->first = period_of(&fridays, date_of(2010, 2, 5));
    w->id = calloc(w->series, sizeof *w->id);
    for (size_t s = 0; s < w->series; s++)
        (void)snprintf(w->id[s], sizeof *w->id, "%zu", s + 1);
    qsort(w->id, w->series, sizeof *w->id, by_text);
    w->value = malloc(t.rows * sizeof *w->value);
    for (size_t s = 0; s < w->series; s++) {
        const size_t store = (size_t)atoi(w->id[s]);
        for (size_t p = 0; p < w->periods; p++) /* the file has store after store, oldest week first */
            w->value[p * w->series + s] = table_file_value(&t, (store - 1) * w->periods + p, "Weekly_Sales");
    }
    table_file_done(&t);
    *state = w;
    return 0;
}

static int walmart_teardown(void **state)
{
    struct walmart *w = *state;
    if (w) {
        free(w->value);
        free(w->id);
    }
    free(w);
    return 0;
}

static const struct walmart *walmart_or_skip(void **state)
{
    if (!*state) {
        print_message("skipped: shared/data/walmart/Walmart_Store_sales.csv is not there\n");
        skip();
    }
    return *state;
}

struct options {
    int32_t partitions;
    bool outliers;
    size_t train; /* 0 = rolling */
    const double *value; /* NULL = the genuine sales */
};

static struct backtest_result run(const struct walmart *w, struct options o)
{
    const double *value = o.value ? o.value : w->value;
    struct backtest_pool *pools = calloc((size_t)o.partitions, sizeof *pools);
    size_t count = 0;
    for (int32_t k = 0; k < o.partitions; k++) {
        double *matrix = malloc(w->periods * w->series * sizeof *matrix);
        size_t *label = malloc(w->series * sizeof *label), series = 0;
        for (size_t s = 0; s < w->series; s++)
            if (hash_partition(w->id[s], strlen(w->id[s]), o.partitions) == k)
                label[series++] = s;
        for (size_t p = 0; p < w->periods; p++)
            for (size_t s = 0; s < series; s++)
                matrix[p * series + s] = value[p * w->series + label[s]];
        if (series)
            pools[count++] = (struct backtest_pool){series, matrix, label};
    }
    const struct backtest_input input = {.grid = &fridays, .first = w->first, .periods = w->periods, .pools = pools, .pool_count = count,
                                         .labels = w->series, .outliers = o.outliers, .holdout = o.train > 0,
                                         .first_origin = o.train ? o.train : 91, .horizon = 8, .threads = 2};
    struct backtest_result r;
    assert_ok(backtest_run(&input, &r));
    for (size_t i = 0; i < count; i++) {
        free((void *)pools[i].value);
        free((void *)pools[i].label);
    }
    free(pools);
    return r;
}

static double metric(const struct backtest_result *r, enum member m, size_t group, enum accuracy_metric metric_)
{
    const struct accuracy_sums sums = backtest_pooled(r, m, group);
    return accuracy_metric_value(&sums, metric_);
}

static void assert_mapes(const struct backtest_result *r, enum member m, const double expected[3], double tolerance)
{
    static const size_t n[] = {2340, 9090, 17460};
    for (size_t g = 0; g < 3; g++) {
        assert_int_equal(backtest_pooled(r, m, g).n, n[g]);
        assert_near(metric(r, m, g, ACCURACY_mape), expected[g], tolerance);
    }
}

static void assert_coverages(const struct backtest_result *r, enum member m)
{
    for (size_t g = 0; g < r->groups; g++) {
        const double in80 = metric(r, m, g, ACCURACY_coverage80), in95 = metric(r, m, g, ACCURACY_coverage95);
        print_message("%s 1-%zu: %.1f %% within 80 %%, %.1f %% within 95 %%\n", member_table[m].name, r->limit[g], in80, in95);
        assert_true(in80 >= 76 && in80 <= 86);
        assert_true(in95 >= 93.5 && in95 <= 97.5);
    }
}

/* The ensemble is at most .03 above its best member. */
static void assert_near_best(const struct backtest_result *r)
{
    for (size_t g = 0; g < r->groups; g++)
        for (enum member m = MEMBER_ENSEMBLE + 1; m < MEMBER_COUNT; m++) {
            const double mape = metric(r, m, g, ACCURACY_mape);
            assert_true(!maths_finite(mape) || metric(r, MEMBER_ENSEMBLE, g, ACCURACY_mape) <= mape + .03);
        }
}

static void rolling_accuracy_of_one_partition_is_the_published_one(void **state)
{
    struct backtest_result r = run(walmart_or_skip(state), (struct options){.partitions = 1});
    assert_mapes(&r, MEMBER_SEASONAL_YOY, (const double[]){2.7579, 2.8443, 2.9323}, 1e-4);
    assert_mapes(&r, MEMBER_SEASONAL_YOY_SINGLE, (const double[]){2.7782, 2.8609, 2.9565}, 1e-4);
    assert_mapes(&r, MEMBER_SEASONAL_YOY_ALONE, (const double[]){2.8746, 2.9759, 3.0737}, 1e-4);
    assert_mapes(&r, MEMBER_SEASONAL_NAIVE, (const double[]){5.948, 5.915, 5.942}, 1e-3);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY, 2, ACCURACY_wape), 2.8373, 1e-4);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY, 2, ACCURACY_mase), .5253, 1e-4);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY, 2, ACCURACY_rmse), 46119.81, 1e-2);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY_SINGLE, 2, ACCURACY_rmse), 46204.3536, 1e-2);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY_ALONE, 2, ACCURACY_rmse), 48584.4472, 1e-2);
    assert_coverages(&r, MEMBER_SEASONAL_YOY);
    assert_coverages(&r, MEMBER_ENSEMBLE);
    assert_near_best(&r);
    backtest_result_done(&r);
}

static void a_pool_is_a_partition(void **state)
{
    const struct walmart *w = walmart_or_skip(state);
    static const struct {
        int32_t partitions;
        double mape[3];
    } rows[] = {{3, {2.766, 2.853, 2.943}}, {6, {2.777, 2.863, 2.953}}, {12, {2.793, 2.885, 2.976}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct backtest_result r = run(w, (struct options){.partitions = rows[i].partitions});
        assert_mapes(&r, MEMBER_SEASONAL_YOY, rows[i].mape, 1e-3);
        assert_coverages(&r, MEMBER_ENSEMBLE);
        assert_near_best(&r);
        backtest_result_done(&r);
    }
}

static void outlier_flags_cost_nothing_on_genuine_sales(void **state)
{
    const struct walmart *w = walmart_or_skip(state);
    struct backtest_result r = run(w, (struct options){.partitions = 1, .outliers = true});
    assert_mapes(&r, MEMBER_SEASONAL_YOY, (const double[]){2.744, 2.827, 2.912}, 1e-3);
    backtest_result_done(&r);
    r = run(w, (struct options){.partitions = 12, .outliers = true});
    assert_mapes(&r, MEMBER_SEASONAL_YOY, (const double[]){2.790, 2.882, 2.973}, 1e-3);
    backtest_result_done(&r);
}

static void holdout_accuracy_is_the_published_one(void **state)
{
    struct backtest_result r = run(walmart_or_skip(state), (struct options){.partitions = 1, .train = 100});
    assert_int_equal(backtest_pooled(&r, MEMBER_SEASONAL_YOY, 0).n, 1935);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY, 0, ACCURACY_mape), 3.5686, 1e-4);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY, 0, ACCURACY_wape), 3.3558, 1e-4);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY_SINGLE, 0, ACCURACY_mape), 3.5871, 1e-4);
    assert_near(metric(&r, MEMBER_SEASONAL_YOY_ALONE, 0, ACCURACY_mape), 3.6516, 1e-4);
    assert_near(metric(&r, MEMBER_SEASONAL_NAIVE, 0, ACCURACY_mape), 5.82, 1e-2);
    assert_coverages(&r, MEMBER_SEASONAL_YOY);
    backtest_result_done(&r);
}

/* MAPE over the 13 origins 91, 95, .. 139 (B13), of what is fitted on `spoiled` and scored on the genuine sales. */
struct every_fourth {
    const struct walmart *w;
    double sum;
    size_t n;
};

static void add_every_fourth(void *user, const struct backtest_forecast *f)
{
    struct every_fourth *e = user;
    if (f->member != MEMBER_SEASONAL_YOY_SINGLE || f->origin < 91 || (f->origin - 91) % 4 != 0)
        return;
    const double actual = e->w->value[(f->origin + f->h - 1) * e->w->series + f->label];
    e->sum += 100 * (f->value > actual ? f->value - actual : actual - f->value) / actual;
    e->n++;
}

static double b13(const struct walmart *w, const double *spoiled, bool outliers)
{
    size_t label[45];
    for (size_t s = 0; s < 45; s++)
        label[s] = s;
    const struct backtest_pool pool = {45, spoiled, label};
    struct every_fourth e = {.w = w};
    const struct backtest_input input = {.grid = &fridays, .first = w->first, .periods = w->periods, .pools = &pool, .pool_count = 1,
                                         .labels = 45, .outliers = outliers, .first_origin = 91, .horizon = 8, .threads = 2,
                                         .user = &e, .on_forecast = add_every_fourth};
    struct backtest_result r;
    assert_ok(backtest_run(&input, &r));
    backtest_result_done(&r);
    assert_int_equal(e.n, 4500);
    return e.sum / (double)e.n;
}

/* kind of shared/reference/perturbations.csv applied to the sales; NULL when the file is absent. */
static double *perturbed(const struct walmart *w, const char *kind)
{
    struct table_file t;
    const char *path = shared_path("reference/perturbations.csv");
    if (!path)
        return NULL;
    double *value = malloc(w->periods * w->series * sizeof *value);
    memcpy(value, w->value, w->periods * w->series * sizeof *value);
    table_file_read(&t, path);
    const size_t kind_ = table_file_column(&t, "kind"), store = table_file_column(&t, "store");
    for (size_t row = 0; row < t.rows; row++) {
        if (strcmp(table_file_text(&t, row, kind_), kind) != 0)
            continue;
        size_t s = 0;
        while (strcmp(w->id[s], table_file_text(&t, row, store)) != 0)
            s++;
        value[(size_t)table_file_value(&t, row, "week_index") * w->series + s] *= table_file_value(&t, row, "factor");
    }
    table_file_done(&t);
    return value;
}

static void missing_weeks_and_spikes_do_little_harm(void **state)
{
    const struct walmart *w = walmart_or_skip(state);
    static const struct {
        const char *kind;
        bool outliers;
        double expected, most;
    } rows[] = {{"missing_0.1", false, 3.18, 3.30}, {"spike_3", true, 3.07, 3.20}, {"spike_10", true, 3.14, 3.30}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double *value = perturbed(w, rows[i].kind);
        if (!value)
            skip();
        const double mape = b13(w, value, rows[i].outliers);
        print_message("%s: %.3f (prototype %.2f)\n", rows[i].kind, mape, rows[i].expected);
        assert_near(mape, rows[i].expected, .0051);
        assert_true(mape <= rows[i].most);
        free(value);
    }
}

/* ---- a new store */

static double new_store_error(const struct walmart *w, struct calendar *calendar, size_t origin, size_t store, size_t known, size_t *n)
{
    double *value = malloc(origin * w->series * sizeof *value), out[8], sum = 0;
    memcpy(value, w->value, origin * w->series * sizeof *value);
    for (size_t t = 0; t + known < origin; t++)
        value[t * w->series + store] = maths_missing();
    struct pool_fit *fit = NULL;
    const struct pool_input input = {.grid = &fridays, .calendar = calendar, .first = w->first, .periods = origin, .series = w->series,
                                     .value = value};
    assert_ok(pool_fit(&input, &fit));
    assert_ok(pool_fit_forecast(fit, MEMBER_SISTERS, store, 8, out));
    for (size_t h = 0; h < 8 && origin + h < w->periods; h++, (*n)++) {
        const double relative = maths_expm1(out[h] - maths_log(w->value[(origin + h) * w->series + store]));
        sum += 100 * (relative < 0 ? -relative : relative);
    }
    pool_fit_free(fit);
    free(value);
    return sum;
}

static void a_store_known_for_eight_weeks_is_forecast_by_its_sisters(void **state)
{
    const struct walmart *w = walmart_or_skip(state);
    struct calendar *calendar = NULL;
    assert_ok(calendar_new(&fridays, &calendar));
    assert_ok(calendar_cover(calendar, w->first, w->first + (period_t)(w->periods + POOL_HORIZON_MAX)));
    double sum = 0;
    size_t n = 0;
    for (size_t origin = 91; origin < w->periods; origin += 12) /* a third of the 13 origins of the published figure */
        for (size_t store = 0; store < w->series; store++)
            sum += new_store_error(w, calendar, origin, store, 8, &n);
    print_message("new store, 8 weeks known: %.2f (n = %zu)\n", sum / (double)n, n);
    assert_true(sum / (double)n <= 6.0);
    calendar_free(calendar);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(naive_is_scored_as_by_hand),
        cmocka_unit_test(holdout_scores_all_that_follows_once),
        cmocka_unit_test_setup_teardown(rolling_accuracy_of_one_partition_is_the_published_one, walmart_setup, walmart_teardown),
        cmocka_unit_test_setup_teardown(a_pool_is_a_partition, walmart_setup, walmart_teardown),
        cmocka_unit_test_setup_teardown(outlier_flags_cost_nothing_on_genuine_sales, walmart_setup, walmart_teardown),
        cmocka_unit_test_setup_teardown(holdout_accuracy_is_the_published_one, walmart_setup, walmart_teardown),
        cmocka_unit_test_setup_teardown(a_store_known_for_eight_weeks_is_forecast_by_its_sisters, walmart_setup, walmart_teardown),
        cmocka_unit_test_setup_teardown(missing_weeks_and_spikes_do_little_harm, walmart_setup, walmart_teardown),
    };
    return fixture_run(argc, argv, tests);
}
