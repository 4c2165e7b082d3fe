#include "app/feed_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/fixture.h"

static const struct period_grid sundays = {.unit = PERIOD_WEEK, .week_end = SUNDAY};

static void read_text(const char *text, struct sales_table *out)
{
    char path[] = "/tmp/storecast-test-XXXXXX";
    const int fd = mkstemp(path);
    struct error err;
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    const enum status status = sales_table_read(path, NULL, out, &err);
    unlink(path);
    if (status)
        fail_msg("%s", err.text);
}

static void weekly_totals_end_on_the_day_they_are_dated_on(void **state)
{
    (void)state;
    struct sales_table t;
    struct feed_file f;
    struct sales_update u;
    struct error err;
    enum status status;
    read_text("Store,Date,Weekly_Sales\n1,05-02-2010,100.5\n1,12-02-2010,90\n2,05-02-2010,20\n", &t);
    const struct period_grid grid = feed_file_grid(&t, &sundays);
    assert_int_equal(grid.week_end, FRIDAY);
    assert_ok(feed_file_init(&f, &t, "/data/sales.csv", &grid, &err));
    assert_true(feed_file_next(&f, &u, &status));
    assert_int_equal(u.kind, BODY_TOTAL);
    assert_true(u.body.total.gross.amount == 100500000 && u.body.total.gross.has_amount && !u.body.total.gross.has_quantity);
    assert_int_equal(u.business_date, date_of(2010, 2, 5));
    assert_true(u.issued_at_ms == date_ms(date_of(2010, 2, 6)));
    assert_false(u.has_sequence);
    assert_string_equal(u.event_id.data, "total/1//2010-02-05");
    assert_true(feed_file_next(&f, &u, &status));
    assert_true(text_equal(u.store, text_of("2"))); /* by date, then as in the file */
    assert_true(feed_file_next(&f, &u, &status));
    assert_false(feed_file_next(&f, &u, &status));
    assert_ok(status);
    assert_int_equal(feed_file_last_date(&f), date_of(2010, 2, 12));
    feed_file_done(&f);
    sales_table_done(&t);
}

static void totals_of_a_new_series_go_out_before_those_that_may_close_the_week(void **state)
{
    (void)state;
    struct sales_table t;
    struct feed_file f;
    struct sales_update u;
    struct error err;
    enum status status;
    char order[40] = "";
    /* z begins in the second week; b pauses there, and comes back in the third */
    read_text("store,date,weekly_sales\na,2010-02-05,1\nb,2010-02-05,1\na,2010-02-12,1\nz,2010-02-12,1\na,2010-02-19,1\nb,2010-02-19,1\nz,2010-02-19,1\n", &t);
    const struct period_grid grid = feed_file_grid(&t, &sundays);
    assert_ok(feed_file_init(&f, &t, "s.csv", &grid, &err));
    while (feed_file_next(&f, &u, &status))
        strncat(order, u.store.data, 1);
    assert_ok(status);
    assert_string_equal(order, "ab" "za" "baz");
    feed_file_done(&f);
    sales_table_done(&t);
}

static void totals_on_two_weekdays_are_refused_with_their_line(void **state)
{
    (void)state;
    struct sales_table t;
    struct feed_file f;
    struct error err;
    read_text("store,date,weekly_sales\n1,2010-02-05,100\n1,2010-02-13,90\n", &t);
    const struct period_grid grid = feed_file_grid(&t, &sundays);
    assert_status(feed_file_init(&f, &t, "sales.csv", &grid, &err), STATUS_BAD_DATA);
    assert_non_null(strstr(err.text, "sales.csv:3: 2010-02-13"));
    feed_file_done(&f);
    sales_table_done(&t);
}

static void daily_sales_count_by_store(void **state)
{
    (void)state;
    struct sales_table t;
    struct feed_file f;
    struct sales_update u;
    struct error err;
    enum status status;
    read_text("store,product,date,quantity,amount\na,x,2020-01-01,1,2\nb,x,2020-01-01,-1,-2.25\na,y,2020-01-02,3,4\n", &t);
    assert_ok(feed_file_init(&f, &t, "dir/till.csv", &sundays, &err));
    const struct {
        const char *store, *event;
        int64_t sequence, amount;
    } expected[] = {{"a", "till.csv/a/1", 1, 2000000}, {"b", "till.csv/b/1", 1, -2250000}, {"a", "till.csv/a/2", 2, 4000000}};
    for (size_t i = 0; i < 3; i++) {
        assert_true(feed_file_next(&f, &u, &status));
        assert_int_equal(u.kind, BODY_SALE);
        assert_true(text_equal(u.store, text_of(expected[i].store)));
        assert_string_equal(u.event_id.data, expected[i].event);
        assert_true(u.has_sequence && u.sequence == expected[i].sequence);
        assert_true(u.body.sale.sold.amount == expected[i].amount);
    }
    feed_file_done(&f);
    sales_table_done(&t);
}

static void long_names_still_give_ids_that_differ(void **state)
{
    (void)state;
    char text[1024], first[MESSAGE_ID_BYTES_MAX];
    const char *store = "a_store_with_a_very_long_name_of_which_only_the_last_letters_differ_and_more_of_it_so_that_it_is_long";
    struct sales_table t;
    struct feed_file f;
    struct sales_update u;
    struct error err;
    enum status status;
    snprintf(text, sizeof text, "store,date,weekly_sales\n%sA,2010-02-05,1\n%sB,2010-02-05,1\n", store, store);
    read_text(text, &t);
    const struct period_grid grid = feed_file_grid(&t, &sundays);
    assert_ok(feed_file_init(&f, &t, "x.csv", &grid, &err));
    assert_true(feed_file_next(&f, &u, &status));
    snprintf(first, sizeof first, "%s", u.event_id.data);
    assert_true(feed_file_next(&f, &u, &status));
    assert_string_not_equal(first, u.event_id.data);
    assert_true(u.event_id.size < MESSAGE_ID_BYTES_MAX);
    assert_non_null(strstr(u.event_id.data, "2010-02-05"));
    feed_file_done(&f);
    sales_table_done(&t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weekly_totals_end_on_the_day_they_are_dated_on),
        cmocka_unit_test(totals_of_a_new_series_go_out_before_those_that_may_close_the_week),
        cmocka_unit_test(totals_on_two_weekdays_are_refused_with_their_line),
        cmocka_unit_test(daily_sales_count_by_store),
        cmocka_unit_test(long_names_still_give_ids_that_differ),
    };
    return fixture_run(argc, argv, tests);
}
