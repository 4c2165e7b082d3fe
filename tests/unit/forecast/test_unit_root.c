#include "forecast/unit_root.h"

#include <math.h>

#include "support/fixture.h"
#include "support/golden_series.h"
#include "support/shared.h"
#include "support/table_file.h"

static void statistics_are_those_of_r(void **state)
{
    (void)state;
    struct table_file file;
    table_file_read(&file, source_path("tests/golden/arima/unit_roots.csv"));
    for (size_t row = 0; row < file.rows; row++) {
        struct golden_series s;
        double scratch[6 * GOLDEN_SERIES_MAX + 4 * 48];
        golden_series_read(table_file_text(&file, row, 0), "none", &s);
        const size_t period = (size_t)table_file_value(&file, row, "period");
        const double kpss = table_file_value(&file, row, "kpss");
        assert_near(unit_root_kpss(s.y, s.n, scratch), kpss, 1e-9 * kpss);
        assert_int_equal(unit_root_differences(s.y, s.n, 2, scratch), (size_t)table_file_value(&file, row, "differences"));
        assert_int_equal(unit_root_seasonal(s.y, s.n, period, scratch), (size_t)table_file_value(&file, row, "seasonal_differences"));
    }
    table_file_done(&file);
}

static void a_straight_line_needs_one_difference(void **state)
{
    (void)state;
    double y[50], scratch[400];
    for (size_t t = 0; t < 50; t++)
        y[t] = (double)t;
    assert_int_equal(unit_root_differences(y, 50, 2, scratch), 1);
    assert_near(unit_root_seasonal_strength(y, 50, 12, scratch), 0, 1e-9);
}

static void a_pure_season_is_as_strong_as_can_be(void **state)
{
    (void)state;
    double y[48], scratch[400];
    for (size_t t = 0; t < 48; t++)
        y[t] = (double)(t % 4) + 1e6;
    y[13] = y[14] = NAN;
    assert_true(unit_root_seasonal_strength(y, 48, 4, scratch) > .9);
    y[13] = 1e6 + 1, y[14] = 1e6 + 2;
    assert_near(unit_root_seasonal_strength(y, 48, 4, scratch), 1, 1e-9);
}

static void nothing_and_constants_need_nothing(void **state)
{
    (void)state;
    double y[40], scratch[400];
    for (size_t t = 0; t < 40; t++)
        y[t] = 7;
    assert_int_equal(unit_root_differences(y, 40, 2, scratch), 0);
    assert_near(unit_root_seasonal_strength(y, 40, 12, scratch), 0, 0);
    assert_near(unit_root_seasonal_strength(y, 24, 12, scratch), 0, 0); /* two seasons are too few */
    assert_int_equal(unit_root_differences(y, 0, 2, scratch), 0);
    assert_int_equal(unit_root_differences(y, 1, 2, scratch), 0);
    for (size_t t = 0; t < 40; t++)
        y[t] = NAN;
    assert_int_equal(unit_root_differences(y, 40, 2, scratch), 0);
    assert_near(unit_root_seasonal_strength(y, 40, 12, scratch), 0, 0);
    assert_near(unit_root_kpss(y, 40, scratch), 0, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_are_those_of_r),
        cmocka_unit_test(a_straight_line_needs_one_difference),
        cmocka_unit_test(a_pure_season_is_as_strong_as_can_be),
        cmocka_unit_test(nothing_and_constants_need_nothing),
    };
    return fixture_run(argc, argv, tests);
}
