#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "forecast/calendar.h"
#include "forecast/calendar_events.h"
#include "support/shared.h"
#include "support/table_file.h"

static const struct period_grid friday_weeks = {PERIOD_WEEK, FRIDAY};

static struct calendar *covered(const struct period_grid *grid, period_t first, period_t last)
{
    struct calendar *c = NULL;
    assert_ok(calendar_new(grid, &c));
    assert_ok(calendar_cover(c, first, last));
    return c;
}

static size_t column_of(const struct calendar *c, const char *name)
{
    for (size_t k = 0; k < calendar_holiday_count(c); k++)
        if (strcmp(calendar_holiday_name(c, k), name) == 0)
            return k;
    fail_msg("there is no column %s", name);
    return 0;
}

static double holiday(const struct calendar *c, const char *name, date_t d)
{
    return calendar_holidays(c, period_of(calendar_grid(c), d))[column_of(c, name)];
}

static date_t parsed(const char *text)
{
    date_t d = 0;
    assert_true(date_parse_iso(text_of(text), &d));
    return d;
}

static void weeks_equal_the_reference_table(void **state)
{
    (void)state;
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("reference/calendar_features.csv"));
    struct calendar *c = NULL;
    assert_ok(calendar_new(&friday_weeks, &c));
    assert_int_equal(t.columns, 3 + calendar_holiday_count(c) + 2 * (CALENDAR_MONTH_MAX + CALENDAR_ANNUAL_MAX));
    for (size_t row = 0; row < t.rows; row++) {
        period_t p = period_of(&friday_weeks, parsed(table_file_text(&t, row, 1)));
        assert_ok(calendar_cover(c, p, p));
        assert_near(calendar_alignment_days(c, p), table_file_value(&t, row, "alignment_days"), 0);
        for (size_t k = 0; k < calendar_holiday_count(c); k++)
            assert_near(calendar_holidays(c, p)[k], table_file_value(&t, row, calendar_holiday_name(c, k)), 0);
        for (int k = 0; k < 2 * (CALENDAR_ANNUAL_MAX + CALENDAR_MONTH_MAX); k++) {
            bool is_month = k >= 2 * CALENDAR_ANNUAL_MAX;
            int at = is_month ? k - 2 * CALENDAR_ANNUAL_MAX : k;
            char name[32];
            snprintf(name, sizeof name, "%s_%s%d", is_month ? "month" : "annual", at % 2 ? "sin" : "cos", at / 2 + 1);
            double ours = is_month ? calendar_month(c, p)[at] : calendar_annual(c, p)[at];
            assert_near(ours, table_file_value(&t, row, name), 1.1e-12); /* the file has 12 digits */
        }
    }
    calendar_free(c);
    table_file_done(&t);
}

static void easter_falls_on_the_dates_of_the_church(void **state)
{
    (void)state;
    static const char *const days[] = {"1818-03-22", "1943-04-25", "1954-04-18", "1961-04-02", "1981-04-19",
                                       "2000-04-23", "2008-03-23", "2010-04-04", "2011-04-24", "2012-04-08",
                                       "2024-03-31", "2038-04-25", "2049-04-18", "2076-04-19", "2285-03-22"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        date_t d = parsed(days[i]);
        assert_int_equal(calendar_easter(date_civil(d).year), d);
    }
    for (int32_t year = 1600; year < 2400; year++)
        assert_int_equal(date_weekday(calendar_easter(year)), SUNDAY);
}

static void weekdays_of_a_month_are_counted_from_either_end(void **state)
{
    (void)state;
    assert_int_equal(calendar_nth_weekday(2012, 11, THURSDAY, 4), date_of(2012, 11, 22));
    assert_int_equal(calendar_nth_weekday(2012, 9, MONDAY, 1), date_of(2012, 9, 3));
    assert_int_equal(calendar_nth_weekday(2012, 5, MONDAY, -1), date_of(2012, 5, 28));
    assert_int_equal(calendar_nth_weekday(2021, 5, MONDAY, -1), date_of(2021, 5, 31));
    assert_int_equal(calendar_nth_weekday(2024, 2, THURSDAY, -1), date_of(2024, 2, 29));
    assert_int_equal(calendar_nth_weekday(2023, 12, SUNDAY, -1), date_of(2023, 12, 31));
}

static void super_bowl_moves_to_the_second_sunday_from_2022(void **state)
{
    (void)state;
    struct calendar *c =
        covered(&friday_weeks, period_of(&friday_weeks, date_of(2021, 1, 1)), period_of(&friday_weeks, date_of(2022, 12, 31)));
    assert_true(holiday(c, "super_bowl_w1", date_of(2021, 2, 5)) == 1.0);  /* played on 7 February */
    assert_true(holiday(c, "super_bowl_w1", date_of(2022, 2, 11)) == 1.0); /* on the 13th */
    assert_true(holiday(c, "super_bowl_w1", date_of(2022, 2, 4)) == 0.0);
    calendar_free(c);
}

static void rows_do_not_depend_on_where_the_table_starts(void **state)
{
    (void)state;
    for (int unit = PERIOD_DAY; unit <= PERIOD_MONTH; unit++)
        for (uint8_t end = MONDAY; end <= SUNDAY; end++) {
            struct period_grid grid = {(enum period_unit)unit, end};
            period_t middle = period_of(&grid, date_of(2012, 2, 29));
            struct calendar *whole = covered(&grid, middle - 150, middle + 150);
            struct calendar *grown = covered(&grid, middle, middle);
            for (period_t far = 1; far <= 150; far += 7) {
                assert_ok(calendar_cover(grown, middle + far - 3, middle + far));
                assert_ok(calendar_cover(grown, middle - far, middle - far + 2));
            }
            assert_ok(calendar_cover(grown, middle - 150, middle + 150));
            for (period_t p = middle - 150; p <= middle + 150; p++) {
                assert_memory_equal(calendar_holidays(whole, p), calendar_holidays(grown, p),
                                    calendar_holiday_count(whole) * sizeof(double));
                assert_memory_equal(calendar_annual(whole, p), calendar_annual(grown, p), 2 * CALENDAR_ANNUAL_MAX * sizeof(double));
                assert_memory_equal(calendar_month(whole, p), calendar_month(grown, p), 2 * CALENDAR_MONTH_MAX * sizeof(double));
                assert_int_equal(calendar_alignment_days(whole, p), calendar_alignment_days(grown, p));
            }
            calendar_free(grown);
            calendar_free(whole);
        }
}

/* By the prototype's words, for every week end: days of the week w-6..w, an event 7k-6..7k days after w. */
static void every_week_end_has_its_own_features(void **state)
{
    (void)state;
    for (uint8_t end = MONDAY; end <= SUNDAY; end++) {
        struct period_grid grid = {PERIOD_WEEK, end};
        period_t first = period_of(&grid, date_of(2010, 1, 1)), last = period_of(&grid, date_of(2013, 12, 31));
        struct calendar *c = covered(&grid, first, last);
        for (period_t p = first; p <= last; p++) {
            date_t w = period_last_day(&grid, p);
            assert_int_equal(date_weekday(w), end);
            int christmas = 0;
            bool is_easter[3] = {false, false, false};
            for (int32_t year = 2009; year <= 2014; year++) {
                christmas += date_of(year, 12, 25) >= w - 6 && date_of(year, 12, 25) <= w;
                for (int k = 0; k < 3; k++) {
                    date_t days = calendar_easter(year) - w;
                    is_easter[k] |= days >= 7 * k - 6 && days <= 7 * k;
                }
            }
            assert_true(holiday(c, "christmas_day", w) == christmas);
            assert_true(holiday(c, "easter_w0", w) == is_easter[0]);
            assert_true(holiday(c, "easter_w1", w) == is_easter[1]);
            assert_true(holiday(c, "easter_w2", w) == is_easter[2]);
            struct civil now = date_civil(w);
            bool is_leap_day = now.month == 2 && now.day == 29;
            assert_int_equal(calendar_alignment_days(c, p), w - 364 - date_of(now.year - 1, now.month, is_leap_day ? 28 : now.day));
        }
        calendar_free(c);
    }
}

static void sums_over_a_year_count_every_day_once_on_every_grid(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double days;
    } expected[] = {{"before_christmas", 14}, {"last_days_before_christmas", 6},
                    {"christmas_day", 1},     {"after_christmas", 6},
                    {"valentines_day", 4},    {"independence_day", 4},
                    {"halloween", 5},         {"thanksgiving_w0", 1},
                    {"easter_w0", 1},         {"easter_w2", 1},
                    {"super_bowl_w1", 1},     {"memorial_day_w1", 1}};
    static const struct period_grid grids[] = {{PERIOD_DAY, 0}, {PERIOD_WEEK, SUNDAY}, {PERIOD_WEEK, WEDNESDAY}, {PERIOD_MONTH, 0}};
    for (size_t g = 0; g < 4; g++) {
        period_t first = period_of(&grids[g], date_of(2011, 1, 15)), last = period_of(&grids[g], date_of(2012, 1, 14)) - 1;
        struct calendar *c = covered(&grids[g], first, last + 1);
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
            double sum = 0;
            for (period_t p = first; p <= last; p++)
                sum += calendar_holidays(c, p)[column_of(c, expected[i].name)];
            assert_near(sum, expected[i].days, 0);
        }
        calendar_free(c);
    }
}

static void days_and_months_mean_what_weeks_mean(void **state)
{
    (void)state;
    struct period_grid days = {PERIOD_DAY, 0}, months = {PERIOD_MONTH, 0};
    struct calendar *c = covered(&days, date_of(2012, 1, 1), date_of(2012, 12, 31));
    assert_true(holiday(c, "easter_w0", date_of(2012, 4, 8)) == 1.0);
    assert_true(holiday(c, "easter_w1", date_of(2012, 4, 7)) == 1.0); /* one day ahead */
    assert_true(holiday(c, "easter_w1", date_of(2012, 4, 6)) == 0.0);
    assert_true(holiday(c, "halloween", date_of(2012, 10, 27)) == 1.0);
    assert_near(calendar_annual(c, date_of(2012, 7, 1))[0], cos(2 * 3.14159265358979323846 * 182.5 / 366), 1e-14);
    assert_near(calendar_month(c, date_of(2012, 2, 29))[1], sin(2 * 3.14159265358979323846 * 28.5 / 29), 1e-14);
    for (date_t d = date_of(2012, 1, 1); d <= date_of(2012, 12, 31); d++)
        assert_int_equal(calendar_alignment_days(c, d), 0);
    calendar_free(c);

    period_t january = period_of(&months, date_of(2012, 1, 1));
    c = covered(&months, january - 24, january + 24);
    assert_true(holiday(c, "easter_w0", date_of(2012, 4, 1)) == 1.0);
    assert_true(holiday(c, "easter_w1", date_of(2012, 3, 1)) == 1.0); /* one month ahead */
    assert_true(holiday(c, "before_christmas", date_of(2012, 12, 1)) == 14.0);
    for (period_t p = january - 24; p <= january + 24; p++) {
        for (int k = 0; k < 2 * CALENDAR_MONTH_MAX; k++) /* a whole turn */
            assert_near(calendar_month(c, p)[k], 0.0, 1e-14);
        assert_int_equal(calendar_alignment_days(c, p), 0);
    }
    calendar_free(c);
}

static void lifted_events_are_the_floating_ones(void **state)
{
    (void)state;
    struct calendar *c = covered(&friday_weeks, 0, 0);
    static const char *const lifted[] = {"thanksgiving_w0", "super_bowl_w1", "labor_day_w0", "easter_w0", "easter_w1", "easter_w2"};
    size_t count = 0;
    for (size_t k = 0; k < calendar_holiday_count(c); k++)
        count += calendar_holiday_lifted(c, k);
    assert_int_equal(count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_true(calendar_holiday_lifted(c, column_of(c, lifted[i])));
    calendar_free(c);
}

static void an_absurd_range_is_refused_and_keeps_the_table(void **state)
{
    (void)state;
    struct calendar *c = covered(&friday_weeks, 2000, 2100);
    const double *row = calendar_holidays(c, 2000);
    assert_status(calendar_cover(c, 0, INT32_MAX), STATUS_OUT_OF_RANGE);
    assert_ok(calendar_cover(c, 2010, 2000));
    assert_ok(calendar_cover(c, 2000, 2100));
    assert_ptr_equal(row, calendar_holidays(c, 2000)); /* covered already: nothing moves */
    calendar_free(c);
    calendar_free(NULL);
}

static void a_table_that_moves_on_does_not_grow_and_keeps_its_rows(void **state)
{
    (void)state;
    struct calendar *moving = NULL, *whole = covered(&friday_weeks, 0, 3200);
    assert_ok(calendar_new(&friday_weeks, &moving));
    calendar_forget(moving, 10); /* nothing there yet */
    for (period_t p = 100; p < 3000; p++) {
        calendar_forget(moving, p - 100);
        assert_ok(calendar_cover(moving, p - 100, p + 150));
        assert_in_range(calendar_rows(moving), 251, 251 + 2 * 64);
        for (period_t at = p - 100; at <= p + 150; at += 50) {
            assert_memory_equal(calendar_holidays(moving, at), calendar_holidays(whole, at), calendar_holiday_count(whole) * sizeof(double));
            assert_memory_equal(calendar_annual(moving, at), calendar_annual(whole, at), 2 * CALENDAR_ANNUAL_MAX * sizeof(double));
        }
    }
    calendar_forget(moving, 1000000); /* all of it */
    assert_ok(calendar_cover(moving, 2900, 3000));
    assert_int_equal(calendar_rows(moving), 101);
    calendar_free(moving);
    calendar_free(whole);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weeks_equal_the_reference_table),
        cmocka_unit_test(easter_falls_on_the_dates_of_the_church),
        cmocka_unit_test(weekdays_of_a_month_are_counted_from_either_end),
        cmocka_unit_test(super_bowl_moves_to_the_second_sunday_from_2022),
        cmocka_unit_test(rows_do_not_depend_on_where_the_table_starts),
        cmocka_unit_test(every_week_end_has_its_own_features),
        cmocka_unit_test(sums_over_a_year_count_every_day_once_on_every_grid),
        cmocka_unit_test(days_and_months_mean_what_weeks_mean),
        cmocka_unit_test(lifted_events_are_the_floating_ones),
        cmocka_unit_test(an_absurd_range_is_refused_and_keeps_the_table),
        cmocka_unit_test(a_table_that_moves_on_does_not_grow_and_keeps_its_rows),
    };
    return fixture_run(argc, argv, tests);
}
