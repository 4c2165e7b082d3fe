#include <string.h>

#include "base/period.h"
#include "support/fixture.h"

static void every_day_of_four_centuries_converts_back(void **state)
{
    (void)state;
    date_t day = date_of(1800, 1, 1);
    struct civil c = {1800, 1, 1};
    for (int i = 0; i < 150000; i++, day++) {
        struct civil got = date_civil(day);
        assert_true(got.year == c.year && got.month == c.month && got.day == c.day);
        assert_int_equal(date_of(c.year, c.month, c.day), day);
        if (++c.day > days_in_month(c.year, c.month)) {
            c.day = 1;
            if (++c.month > 12) {
                c.month = 1;
                c.year++;
            }
        }
    }
}

static void known_dates_have_their_weekdays(void **state)
{
    (void)state;
    assert_int_equal(date_of(1970, 1, 1), 0);
    assert_int_equal(date_weekday(0), THURSDAY);
    assert_int_equal(date_weekday(date_of(2010, 2, 5)), FRIDAY);
    assert_int_equal(date_weekday(date_of(1969, 12, 31)), WEDNESDAY);
    assert_int_equal(date_day_of_year(date_of(2012, 12, 31)), 366);
    assert_int_equal(date_of_ms(-1), -1);
    assert_int_equal(date_of_ms(INT64_MAX), INT32_MAX);
    assert_int_equal(date_of_ms(INT64_MIN), INT32_MIN);
}

static void the_ends_of_the_range_convert_without_overflow(void **state)
{
    (void)state;
    char text[DATE_TEXT_BYTES];
    assert_int_equal(date_civil(INT32_MAX).year, 5881580);
    assert_int_equal(date_civil(INT32_MIN).year, -5877641);
    assert_string_equal(date_format(INT32_MAX, text), "5881580-07-11");
    assert_in_range(date_weekday(INT32_MAX), MONDAY, SUNDAY);
    assert_in_range(date_weekday(INT32_MIN), MONDAY, SUNDAY);
}

static void only_dates_that_exist_are_parsed(void **state)
{
    (void)state;
    date_t d = 7;
    assert_true(date_parse_iso(text_of("2012-02-29"), &d));
    assert_int_equal(d, date_of(2012, 2, 29));
    static const char *const bad[] = {"2011-02-29", "2011-13-01", "2011-00-01", "2011-01-00", "2011-1-01", "20110101", "", "2011-01-01x", "a011-01-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(date_parse_iso(text_of(bad[i]), &d));
    assert_int_equal(d, date_of(2012, 2, 29));
    char text[DATE_TEXT_BYTES];
    assert_string_equal(date_format(date_of(987, 6, 5), text), "0987-06-05");
}

static void periods_tile_the_days(void **state)
{
    (void)state;
    struct period_grid grids[9] = {{PERIOD_DAY, 0}, {PERIOD_MONTH, 0}};
    for (uint8_t end = 0; end < 7; end++)
        grids[2 + end] = (struct period_grid){PERIOD_WEEK, end};
    for (size_t g = 0; g < 9; g++)
        for (date_t d = -800; d < 20000; d++) {
            period_t p = period_of(&grids[g], d);
            assert_true(period_first_day(&grids[g], p) <= d && d <= period_last_day(&grids[g], p));
            assert_int_equal(period_first_day(&grids[g], p + 1), period_last_day(&grids[g], p) + 1);
            if (grids[g].unit == PERIOD_WEEK)
                assert_int_equal(date_weekday(period_last_day(&grids[g], p)), grids[g].week_end);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_four_centuries_converts_back),
        cmocka_unit_test(known_dates_have_their_weekdays),
        cmocka_unit_test(the_ends_of_the_range_convert_without_overflow),
        cmocka_unit_test(only_dates_that_exist_are_parsed),
        cmocka_unit_test(periods_tile_the_days),
    };
    return fixture_run(argc, argv, tests);
}
