#include "forecast/accuracy.h"

#include <math.h>
#include <string.h>

#include "support/fixture.h"

static double value(const struct accuracy_sums *a, enum accuracy_metric m) { return accuracy_metric_value(a, m); }

static void pairs_are_pooled_before_averaging(void **state)
{
    (void)state;
    struct accuracy_sums a = {0};
    accuracy_add(&a, 100, 110, 20);
    accuracy_add(&a, 10, 5, 2);
    assert_near(value(&a, ACCURACY_mape), (10 + 50) / 2.0, 1e-12);
    assert_near(value(&a, ACCURACY_wape), 100 * 15 / 110.0, 1e-12);
    assert_near(value(&a, ACCURACY_mae), 7.5, 1e-12);
    assert_near(value(&a, ACCURACY_rmse), sqrt((100 + 25) / 2.0), 1e-12);
    assert_near(value(&a, ACCURACY_mase), (.5 + 2.5) / 2, 1e-12);
    assert_near(value(&a, ACCURACY_bias), 100 * 5 / 110.0, 1e-12);
    assert_near(value(&a, ACCURACY_smape), (200 * 10 / 210.0 + 200 * 5 / 15.0) / 2, 1e-12);
}

static void mape_skips_and_counts_values_that_are_not_positive(void **state)
{
    (void)state;
    struct accuracy_sums a = {0};
    accuracy_add(&a, 0, 5, NAN);
    accuracy_add(&a, -2, 5, 0);
    assert_near(value(&a, ACCURACY_mape), NAN, 0);
    accuracy_add(&a, 10, 9, 1);
    assert_near(value(&a, ACCURACY_mape), 10, 1e-12);
    assert_int_equal(accuracy_metric_n(&a, ACCURACY_mape), 1);
    assert_int_equal(a.skipped, 2);
    assert_int_equal(accuracy_metric_n(&a, ACCURACY_mase), 1);
    assert_int_equal(a.scaled_skipped, 2);
    assert_int_equal(accuracy_metric_n(&a, ACCURACY_wape), 3);
}

static void smape_of_two_zeros_is_zero(void **state)
{
    (void)state;
    struct accuracy_sums a = {0};
    accuracy_add(&a, 0, 0, 1);
    assert_near(value(&a, ACCURACY_smape), 0, 0);
    assert_near(value(&a, ACCURACY_wape), NAN, 0);
}

static void nothing_counted_is_no_number(void **state)
{
    (void)state;
    const struct accuracy_sums a = {0};
    for (int m = 0; m < ACCURACY_METRIC_COUNT; m++)
        assert_true(isnan(value(&a, (enum accuracy_metric)m)));
}

static void coverage_counts_the_bounds_themselves(void **state)
{
    (void)state;
    struct accuracy_sums a = {0};
    const double bounds[4] = {80, 90, 110, 120};
    accuracy_add_bounds(&a, 90, bounds);
    accuracy_add_bounds(&a, 120, bounds);
    accuracy_add_bounds(&a, 121, bounds);
    accuracy_add_bounds(&a, 70, bounds);
    assert_near(value(&a, ACCURACY_coverage80), 25, 1e-12);
    assert_near(value(&a, ACCURACY_coverage95), 50, 1e-12);
    assert_near(value(&a, ACCURACY_winkler), (20 + (20 + 10 * 10) + (20 + 10 * 11) + (20 + 10 * 20)) / 4.0, 1e-9);
    assert_int_equal(accuracy_metric_n(&a, ACCURACY_winkler), 4);
}

static void merged_sums_equal_one_pool(void **state)
{
    (void)state;
    struct accuracy_sums whole = {0}, parts[3] = {{0}};
    for (int i = 0; i < 30; i++) {
        const double actual = 50 + i * i % 17 - (i == 7 ? 60 : 0), predicted = 52 + i % 5;
        const double bounds[4] = {predicted - 10, predicted - 4, predicted + 4, predicted + 10};
        accuracy_add(&whole, actual, predicted, i % 4);
        accuracy_add_bounds(&whole, actual, bounds);
        accuracy_add(&parts[i % 3], actual, predicted, i % 4);
        accuracy_add_bounds(&parts[i % 3], actual, bounds);
    }
    struct accuracy_sums sum = {0};
    for (int k = 0; k < 3; k++)
        accuracy_merge(&sum, &parts[k]);
    for (int m = 0; m < ACCURACY_METRIC_COUNT; m++) {
        assert_near(value(&sum, (enum accuracy_metric)m), value(&whole, (enum accuracy_metric)m), 1e-9);
        assert_int_equal(accuracy_metric_n(&sum, (enum accuracy_metric)m), accuracy_metric_n(&whole, (enum accuracy_metric)m));
    }
}

static void scale_is_seasonal_when_the_training_part_is_long_enough(void **state)
{
    (void)state;
    double y[80];
    for (int t = 0; t < 80; t++)
        y[t] = t * 2;
    assert_near(accuracy_scale(y, 1, 80, 52), 104, 1e-12);
    assert_near(accuracy_scale(y, 1, 60, 52), 104, 1e-12);
    assert_near(accuracy_scale(y, 1, 59, 52), 2, 1e-12);  /* one short: lag 1 */
    assert_near(accuracy_scale(y, 1, 8, 52), NAN, 0);     /* seven differences */
    assert_near(accuracy_scale(y, 2, 40, 30), 120, 1e-12); /* every other value */
    y[70] = NAN;
    assert_near(accuracy_scale(y, 1, 80, 52), 104, 1e-12);
    assert_near(accuracy_scale(y, 1, 0, 52), NAN, 0);
}

static void metrics_have_the_names_of_the_output(void **state)
{
    (void)state;
    assert_string_equal(accuracy_metric_name(ACCURACY_mape), "mape");
    assert_string_equal(accuracy_metric_name(ACCURACY_coverage95), "coverage95");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_pooled_before_averaging),
        cmocka_unit_test(mape_skips_and_counts_values_that_are_not_positive),
        cmocka_unit_test(smape_of_two_zeros_is_zero),
        cmocka_unit_test(nothing_counted_is_no_number),
        cmocka_unit_test(coverage_counts_the_bounds_themselves),
        cmocka_unit_test(merged_sums_equal_one_pool),
        cmocka_unit_test(scale_is_seasonal_when_the_training_part_is_long_enough),
        cmocka_unit_test(metrics_have_the_names_of_the_output),
    };
    return fixture_run(argc, argv, tests);
}
