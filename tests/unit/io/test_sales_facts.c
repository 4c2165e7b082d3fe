#include "support/fixture.h"
#include "support/shared.h"

#include <stdio.h>
#include <string.h>

#include "io/sales_facts.h"

static struct error err;

static struct sales_csv_row sold[] = {
    {.store = {"1", 1}, .date = 14645}, {.store = {"1", 1}, .date = 14652}, {.store = {"2", 1}, .date = 14645}, {.store = {"1", 1}, .date = 14645}};
static const struct sales_table sales = {.rows = sold, .count = 4}; /* 14645 is 2010-02-05 */

static enum status read(const char *data, enum sales_facts_kind kind, struct sales_facts *out)
{
    err = (struct error){0};
    return sales_facts_read_bytes((struct bytes){(const uint8_t *)data, strlen(data)}, "f.csv", kind, &sales, out, &err);
}

static void assert_refused(const char *data, enum sales_facts_kind kind, const char *why)
{
    struct sales_facts facts;
    assert_status(read(data, kind, &facts), STATUS_BAD_DATA);
    if (strstr(err.text, why) == NULL)
        fail_msg("got: %s\nnot: %s", err.text, why);
}

static void features_tell_how_much_of_the_sales_they_cover(void **state)
{
    (void)state;
    struct sales_facts f;
    assert_ok(read("Store,Date,Temperature,MarkDown1,IsHoliday\n1,2010-02-05,42.31,NA,FALSE\n1,2010-02-12,-3,,TRUE\n3,2013-07-26,1,2,0\n", FACTS_FEATURES, &f));
    assert_int_equal(f.rows, 3);
    assert_int_equal(f.stores, 2);
    assert_int_equal(f.columns, 3);
    assert_int_equal(f.first_date, 14645);
    assert_int_equal(f.last_date, date_of(2013, 7, 26));
    assert_int_equal(f.needed, 3); /* pairs, however many products each has */
    assert_int_equal(f.found, 2);
}

static void facts_about_stores_may_end_lines_with_cr_alone(void **state)
{
    (void)state;
    struct sales_facts f;
    assert_ok(read("Store,Type,Size\r1,A,151315\r2,A,202307", FACTS_STORES, &f));
    assert_int_equal(f.rows, 2);
    assert_int_equal(f.needed, 2);
    assert_int_equal(f.found, 2);
}

static void what_is_wrong_is_told_with_line_and_column(void **state)
{
    (void)state;
    assert_refused("", FACTS_STORES, "f.csv: the file is empty");
    assert_refused("Store,Type\n", FACTS_STORES, "f.csv: it has a header only");
    assert_refused("Type,Size\n", FACTS_STORES, "f.csv:1: no column for the store");
    assert_refused("Store,Size\n", FACTS_FEATURES, "f.csv:1: no column for the date");
    assert_refused("Store,Type\n1,A\n1,B\n", FACTS_STORES, "f.csv:3: column Store: '1' comes twice (remove one)");
    assert_refused("Store,Type\n1,A,B\n", FACTS_STORES, "f.csv:2: the row has 3 fields, the header 2");
    assert_refused("Store,Type\n,A\n", FACTS_STORES, "f.csv:2: column Store: '' is empty");
    assert_refused("Store,Type\n1,\xff\n", FACTS_STORES, "f.csv:2: column Type: '...' is not UTF-8");
    assert_refused("Store,Date,CPI\n1,2010-02-05,x\n", FACTS_FEATURES, "f.csv:2: column CPI: 'x' is neither a number nor NA, TRUE or FALSE");
    assert_refused("Store,Date,CPI\n1,2010-02-05,1e999\n", FACTS_FEATURES, "f.csv:2: column CPI: '1e999' is too large");
    assert_refused("Store,Date,CPI\n1,soon,1\n", FACTS_FEATURES, "f.csv:2: column Date: 'soon' is not a date");
    assert_refused("Store,Date,CPI\n1,2010-02-05,1\n1,2010-02-05,1\n", FACTS_FEATURES, "f.csv:3: column Store: '1' comes twice with this date");
}

static void kaggles_files_cover_their_sales(void **state)
{
    (void)state;
    struct sales_table t;
    struct sales_facts f;
    assert_ok(sales_table_read(shared_path_or_skip("data/walmart/Walmart_Store_sales.csv"), NULL, &t, &err));
    assert_ok(sales_facts_read(shared_path_or_skip("data/walmart/features.csv"), FACTS_FEATURES, &t, &f, &err));
    assert_int_equal(f.rows, 8190);
    assert_true(f.needed == 6435 && f.found == 6435);
    assert_ok(sales_facts_read(shared_path_or_skip("data/walmart/stores.csv"), FACTS_STORES, &t, &f, &err));
    assert_int_equal(f.rows, 45);
    assert_true(f.needed == 45 && f.found == 45);
    sales_table_done(&t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_tell_how_much_of_the_sales_they_cover),
        cmocka_unit_test(facts_about_stores_may_end_lines_with_cr_alone),
        cmocka_unit_test(what_is_wrong_is_told_with_line_and_column),
        cmocka_unit_test(kaggles_files_cover_their_sales),
    };
    return fixture_run(argc, argv, tests);
}
