#include "forecast/small.h"

#include "base/maths.h"
#include "support/fixture.h"

static void a_constant_gives_itself(void **state)
{
    (void)state;
    double y[20], last, slope;
    for (size_t t = 0; t < 20; t++)
        y[t] = .1;
    small_damped_drift(y, 1, 20, &last, &slope);
    assert_near(small_mean(y, 1, 20), .1, 0);
    assert_near(small_ses(y, 1, 20, .3), .1, 0);
    assert_near(small_naive(y, 1, 20), .1, 0);
    assert_near(last, .1, 0);
    assert_near(slope, 0, 0);
}

static void ses_by_hand(void **state)
{
    (void)state;
    const double y[] = {10, 20, maths_missing(), 10};
    assert_near(small_ses(y, 1, 4, .3), 13 + .3 * (10 - 13), 1e-15);
}

static void drift_takes_the_mean_change_of_the_last_105_periods(void **state)
{
    (void)state;
    double y[200], last, slope;
    for (size_t t = 0; t < 200; t++)
        y[t] = t < 95 ? 1e6 : (double)t;
    small_damped_drift(y, 1, 200, &last, &slope);
    assert_near(last, 199, 0);
    assert_near(slope, .6, 1e-15);
}

static void gaps_are_skipped_and_strides_kept(void **state)
{
    (void)state;
    const double missing = maths_missing();
    const double y[] = {missing, 7, 4, 8, missing, 9, 6, 10, missing, 11};
    double last, slope;
    assert_near(small_mean(y, 2, 5), 5, 0);
    assert_near(small_naive(y, 2, 5), 6, 0);
    small_damped_drift(y, 2, 5, &last, &slope);
    assert_near(last, 6, 0);
    assert_near(slope, .6 * (6 - 4) / 2, 1e-15);
}

static void nothing_observed_gives_no_number(void **state)
{
    (void)state;
    const double y[] = {maths_missing(), maths_missing()};
    double last, slope;
    small_damped_drift(y, 1, 2, &last, &slope);
    assert_false(maths_finite(last));
    assert_false(maths_finite(small_mean(y, 1, 2)));
    assert_false(maths_finite(small_mean(y, 1, 0)));
    assert_false(maths_finite(small_ses(y, 1, 2, .3)));
    assert_false(maths_finite(small_naive(y, 1, 2)));
    assert_false(maths_finite(small_one_step_sd(y, 1, 2, .3, 1)));
}

static void the_mean_of_huge_values_does_not_overflow(void **state)
{
    (void)state;
    const double y[] = {1e308, 1.2e308, 1.4e308};
    assert_near(small_mean(y, 1, 3) / 1e308, 1.2, 1e-12);
}

static void sister_level_weighs_by_age(void **state)
{
    (void)state;
    const double sister[] = {1, 2, 3}, x[] = {maths_missing(), 2.5, 4};
    assert_near(small_sister_level(x, 1, sister, 3, .15), (1 + .85 * .5) / 1.85, 1e-15);
}

static void one_step_spread_is_right_at_any_scale(void **state)
{
    (void)state;
    const double y[] = {0, 3, -1, 4}, huge[] = {0, 3e300, -1e300, 4e300};
    const double expected = maths_sqrt((9. + 16. + 25.) / 3);
    assert_near(small_one_step_sd(y, 1, 4, 1, 3), expected, 1e-14);
    assert_near(small_one_step_sd(huge, 1, 4, 1, 3) / 1e300, expected, 1e-14);
    assert_false(maths_finite(small_one_step_sd(y, 1, 4, 1, 4)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_gives_itself),
        cmocka_unit_test(ses_by_hand),
        cmocka_unit_test(drift_takes_the_mean_change_of_the_last_105_periods),
        cmocka_unit_test(gaps_are_skipped_and_strides_kept),
        cmocka_unit_test(nothing_observed_gives_no_number),
        cmocka_unit_test(the_mean_of_huge_values_does_not_overflow),
        cmocka_unit_test(sister_level_weighs_by_age),
        cmocka_unit_test(one_step_spread_is_right_at_any_scale),
    };
    return fixture_run(argc, argv, tests);
}
