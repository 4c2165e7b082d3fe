#include "support/fixture.h"
#include "support/shared.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/sales_csv.h"

static struct error err;

static enum status open_text(const char *data, const struct sales_csv_options *options, struct sales_csv **out)
{
    err = (struct error){0};
    return sales_csv_open_bytes((struct bytes){(const uint8_t *)data, strlen(data)}, "s.csv", options, out, &err);
}

/* Rows as "store/product date quantity amount"; a missing part is a dash. */
static const char *rows_of(const char *data, const struct sales_csv_options *options)
{
    static char out[2000];
    char date[DATE_TEXT_BYTES];
    size_t at = 0;
    struct sales_csv *csv;
    struct sales_csv_row row;
    out[0] = '\0';
    if (open_text(data, options, &csv) != STATUS_OK)
        return err.text;
    while (sales_csv_next(csv, &row, &err) == STATUS_OK) {
        at += (size_t)snprintf(out + at, sizeof out - at, "%.*s/%.*s %s ", (int)row.store.size, row.store.data,
                               row.product.data ? (int)row.product.size : 1, row.product.data ? row.product.data : "-",
                               date_format(row.date, date));
        at += (size_t)snprintf(out + at, sizeof out - at, row.has_quantity ? "%" PRId64 " " : "- ", row.quantity);
        at += (size_t)snprintf(out + at, sizeof out - at, row.has_amount ? "%" PRId64 "\n" : "-\n", row.amount);
    }
    sales_csv_free(csv);
    return out;
}

static void assert_rows(const char *data, const char *expected)
{
    assert_string_equal(rows_of(data, NULL), expected);
}

static void assert_refused(const char *data, const char *why)
{
    const char *text = rows_of(data, NULL);
    if (strstr(text, why) == NULL) {
        print_error("got: %s\nnot: %s\n", text, why);
        fail();
    }
}

static void the_walmart_header_means_totals_of_stores(void **state)
{
    (void)state;
    const char *data = "Store,Date,Weekly_Sales,Holiday_Flag,Temperature\n1,05-02-2010,1643690.9,0,42.31\n1,26-02-2010,5,1,1\n";
    struct sales_csv *csv;
    assert_rows(data, "1/- 2010-02-05 - 1643690900000\n1/- 2010-02-26 - 5000000\n");
    assert_ok(open_text(data, NULL, &csv));
    assert_true(sales_csv_summary(csv)->is_totals);
    assert_int_equal(sales_csv_summary(csv)->date_order, DATE_ORDER_DMY);
    sales_csv_free(csv);
}

static void columns_are_found_by_synonym_case_and_spaces(void **state)
{
    (void)state;
    assert_rows("Units Sold,Revenue,SKU,Shop ID,Sale-Date\n3,4.5,milk,7,2024-02-29\n", "7/milk 2024-02-29 3000000 4500000\n");
    assert_rows("date,store,qty\n2024-01-02,x,-2\n", "x/- 2024-01-02 -2000000 -\n");
}

static void semicolons_allow_decimal_commas(void **state)
{
    (void)state;
    assert_rows("store;date;qty;amount\na;2024-01-02;1,5;1.643,90\nb;2024-01-02;1.5;12\n",
                "a/- 2024-01-02 1500000 1643900000\nb/- 2024-01-02 1500000 12000000\n");
    assert_refused("store,date,qty\na,2024-01-02,\"1,5\"\n", "s.csv:2: column qty: '1,5' is not a number");
}

static void maps_name_the_columns_of_other_files(void **state)
{
    (void)state;
    const char *maps[] = {"store=Filiale", "quantity=Menge", "date=Tag"};
    const struct sales_csv_options options = {.maps = maps, .map_count = 3};
    assert_string_equal(rows_of("Tag,Filiale,Menge,sales\n2024-01-02,A,5,9\n", &options), "A/- 2024-01-02 5000000 -\n");
    const char *wrong[] = {"shop=Filiale"};
    assert_non_null(strstr(rows_of("a,b\n", &(struct sales_csv_options){.maps = wrong, .map_count = 1}), "write NAME=COLUMN"));
    const char *absent[] = {"store=Laden"};
    assert_non_null(strstr(rows_of("a,b\n", &(struct sales_csv_options){.maps = absent, .map_count = 1}), "it has no column 'Laden'"));
    const char *total[] = {"total=v"};
    const char *twice[] = {"quantity=v"};
    assert_non_null(strstr(rows_of("store,date,v,V\n", &(struct sales_csv_options){.maps = twice, .map_count = 1}), "field 4: it has two columns named v"));
    struct sales_csv *csv;
    assert_ok(open_text("store,date,v\n1,2024-01-02,3\n", &(struct sales_csv_options){.maps = total, .map_count = 1}, &csv));
    assert_true(sales_csv_summary(csv)->is_totals);
    sales_csv_free(csv);
}

static void a_missing_column_is_named_with_what_is_there(void **state)
{
    (void)state;
    assert_refused("Date,Quantity\n2024-01-01,1\n",
                   "s.csv:1: no column for the store among: Date, Quantity (name it: --map store=COLUMN; or --store-name NAME when all is of one store)");
    assert_refused("Store,Date,Temperature,IsHoliday\n1,2024-01-01,1,TRUE\n", "these are features: give them with --features, beside the sales");
    assert_refused("Store,Type,Size\n1,A,5\n", "these are facts about stores: give them with --stores, beside the sales");
    assert_refused("store,quantity\n1,1\n", "no column for the date");
    assert_refused("store,date\n1,2024-01-01\n", "no column for the quantity or amount");
    assert_refused("store,Store,date,qty\n", "s.csv:1: field 2: it has two columns named store (rename one)");
    assert_refused("", "the file is empty");
    assert_refused("store,date,qty\n", "no row has a value");
}

static void the_whole_file_decides_the_order_of_day_and_month(void **state)
{
    (void)state;
    assert_rows("store,date,qty\n1,02/03/2024,1\n1,13/03/2024,1\n", "1/- 2024-03-02 1000000 -\n1/- 2024-03-13 1000000 -\n");
    assert_rows("store,date,qty\n1,02/03/2024,1\n1,03/13/2024,1\n", "1/- 2024-02-03 1000000 -\n1/- 2024-03-13 1000000 -\n");
    assert_rows("store,date,qty\n1,31.12.24,1\n1,1.1.25,1\n", "1/- 2024-12-31 1000000 -\n1/- 2025-01-01 1000000 -\n");
    assert_rows("store,date,qty\n1,5/5/2024,1\n", "1/- 2024-05-05 1000000 -\n"); /* the same either way */
    assert_refused("store,date,qty\n1,31/01/2024,1\n1,01/31/2024,1\n", "s.csv:3: column date: line 2 writes the day first, line 3 the month");
}

static void weekly_dates_decide_by_their_weekday(void **state)
{
    (void)state;
    /* 3, 10 March 2012 are Saturdays; 3 March, 3 October are not one weekday */
    assert_rows("store,date,qty\n1,03/03/2012,1\n1,10/03/2012,1\n1,07/04/2012,1\n",
                "1/- 2012-03-03 1000000 -\n1/- 2012-03-10 1000000 -\n1/- 2012-04-07 1000000 -\n");
}

static void ambiguous_dates_are_refused_until_told(void **state)
{
    (void)state;
    const char *data = "store,date,qty\n1,02/03/2024,1\n1,03/03/2024,1\n";
    assert_refused(data, "s.csv:2: column date: day and month cannot be told apart in this file (say --map dates=dmy or --map dates=mdy)");
    assert_string_equal(rows_of(data, &(struct sales_csv_options){.date_order = DATE_ORDER_MDY}),
                        "1/- 2024-02-03 1000000 -\n1/- 2024-03-03 1000000 -\n");
    const char *maps[] = {"dates=dmy"};
    assert_string_equal(rows_of(data, &(struct sales_csv_options){.maps = maps, .map_count = 1}),
                        "1/- 2024-03-02 1000000 -\n1/- 2024-03-03 1000000 -\n");
    const char *wrong[] = {"dates=ymd"};
    assert_non_null(strstr(rows_of(data, &(struct sales_csv_options){.maps = wrong, .map_count = 1}), "dates=dmy, dates=mdy"));
}

static void dates_with_a_time_or_without_separators_are_read(void **state)
{
    (void)state;
    assert_rows("store,date,qty\n1,2024-01-31 13:45:00,1\n1,2024-01-31T13:45:00Z,2\n1,20240131,3\n1,2024/1/31,4\n",
                "1/- 2024-01-31 1000000 -\n1/- 2024-01-31 2000000 -\n1/- 2024-01-31 3000000 -\n1/- 2024-01-31 4000000 -\n");
}

static void wrong_dates_are_refused_with_line_and_column(void **state)
{
    (void)state;
    assert_refused("store,Sale Date,qty\n1,2024-01-31,1\n1,2024-02-30,1\n", "s.csv:3: column Sale Date: '2024-02-30' is not a date");
    assert_refused("store,date,qty\n1,31/31/2024,1\n", "is not a date");
    assert_refused("store,date,qty\n1,yesterday,1\n", "'yesterday' is not a date");
    assert_refused("store,date,qty\n1,,1\n", "'' is not a date");
    assert_refused("store,date,qty\n1,2024-01/31,1\n", "is not a date");
    assert_string_equal(rows_of("store,date,qty\n1,13/12/2024,1\n", &(struct sales_csv_options){.date_order = DATE_ORDER_MDY}),
                        "s.csv:2: column date: '13/12/2024' does not exist");
}

static void wrong_values_and_ids_are_refused_with_line_and_column(void **state)
{
    (void)state;
    assert_refused("store,date,qty\n1,2024-01-31,1\n\n1,2024-01-31,many\n", "s.csv:4: column qty: 'many' is not a number");
    assert_refused("store,date,qty\n1,2024-01-31,1e999\n", "s.csv:2: column qty: '1e999' is too large");
    assert_refused("store,date,qty\n1,2024-01-31,1e99999999999999999999\n", "is too large");
    assert_refused("store,date,qty\n ,2024-01-31,1\n", "column store: '' is empty");
    assert_refused("store,date,qty\n\xff,2024-01-31,1\n", "is not UTF-8");
    assert_refused("store,item,date,qty\n1,,2024-01-31,1\n", "column item: '' is empty");
}

static void rows_with_too_few_or_too_many_fields_are_refused(void **state)
{
    (void)state;
    assert_refused("store,date,amount\n1,2024-01-01,5\n1,2024-01-02,1,643.90\n", "s.csv:3: the row has 4 fields, the header 3");
    assert_refused("store,date,amount\n1,2024-01-01,5\n1,2024-01\n", "s.csv:3: the row has 2 fields, the header 3");
}

static void rows_without_a_value_are_skipped_and_counted(void **state)
{
    (void)state;
    struct sales_csv *csv;
    assert_ok(open_text("store,date,amount\n1,2024-01-01,NA\n1,2024-01-02,\n,,\n1,2024-01-03,0\n1,2024-01-04,", NULL, &csv));
    assert_int_equal(sales_csv_summary(csv)->rows, 1);
    assert_int_equal(sales_csv_summary(csv)->empty_rows, 3);
    sales_csv_free(csv);
}

static void sales_that_repeat_add_up_but_totals_must_agree(void **state)
{
    (void)state;
    assert_rows("store,date,qty\n1,2024-01-01,1\n1,2024-01-01,1\n", "1/- 2024-01-01 1000000 -\n1/- 2024-01-01 1000000 -\n");
    assert_rows("store,date,weekly_sales\n1,2024-01-01,1\n1,2024-01-01,1.0\n2,2024-01-01,2\n",
                "1/- 2024-01-01 - 1000000\n2/- 2024-01-01 - 2000000\n");
    assert_refused("store,date,weekly_sales\n1,2024-01-01,1\n1,2024-01-01,2\n",
                   "s.csv:3: column weekly_sales: another value for store 1 on 2024-01-01 than in line 2");
}

static const char transactions[] = "Transaction ID,Date,Customer ID,Gender,Age,Product Category,Quantity,Price per Unit,Total Amount\n"
                                   "1,2023-11-24,CUST001,Male,34,Beauty,3,50,150\n2,2023-02-27,CUST002,Female,26,Clothing,2,500.00,1000\n";

static void transactions_without_a_store_are_of_one(void **state)
{
    (void)state;
    assert_rows(transactions, "all/- 2023-11-24 3000000 150000000\nall/- 2023-02-27 2000000 1000000000\n");
    assert_string_equal(rows_of("Date,Quantity\n2024-01-01,1\n", &(struct sales_csv_options){.store_name = "corner"}),
                        "corner/- 2024-01-01 1000000 -\n");
    assert_non_null(strstr(rows_of("store,date,qty\n", &(struct sales_csv_options){.store_name = "corner"}), "has a column for the store, store"));
    assert_non_null(strstr(rows_of("date,qty\n", &(struct sales_csv_options){.store_name = ""}), "--store-name: give a name"));
}

static void products_are_made_of_columns(void **state)
{
    (void)state;
    assert_string_equal(rows_of(transactions, &(struct sales_csv_options){.product_from = "category,price"}),
                        "all/Beauty:50 2023-11-24 3000000 150000000\nall/Clothing:500 2023-02-27 2000000 1000000000\n");
    assert_string_equal(rows_of(transactions, &(struct sales_csv_options){.product_from = "Product Category"}),
                        "all/Beauty 2023-11-24 3000000 150000000\nall/Clothing 2023-02-27 2000000 1000000000\n");
    /* a:b,c and a,b:c stay two products */
    assert_string_equal(rows_of("store,date,qty,category,brand\n1,2024-01-01,1,a:b,c\n1,2024-01-01,1,a,b:c\n",
                                &(struct sales_csv_options){.product_from = "category,brand"}),
                        "1/a%3Ab:c 2024-01-01 1000000 -\n1/a:b%3Ac 2024-01-01 1000000 -\n");
    assert_non_null(strstr(rows_of(transactions, &(struct sales_csv_options){.product_from = "category,colour"}),
                           "s.csv:1: it has no column 'colour' (--product-from category,colour)"));
    assert_non_null(strstr(rows_of(transactions, &(struct sales_csv_options){.product_from = "category,,price"}), "name one to 4 columns"));
    assert_non_null(strstr(rows_of("Transaction ID,Date,Category,Price,Quantity\n1,2024-01-01,a,,1\n",
                                   &(struct sales_csv_options){.product_from = "category,price"}),
                           "s.csv:2: column Price: '' is no price"));
}

static void customers_never_leave_the_reader(void **state)
{
    (void)state;
    static const char *const parts[] = {"Customer ID", "gender", "category,AGE"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(rows_of(transactions, &(struct sales_csv_options){.product_from = parts[i]}), "columns about customers are not read"));
    const char *maps[] = {"store=customer_id"};
    assert_non_null(strstr(rows_of(transactions, &(struct sales_csv_options){.maps = maps, .map_count = 1}), "columns about customers are not read"));
}

static void amounts_of_transactions_are_quantity_times_price(void **state)
{
    (void)state;
    assert_rows("InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice\n5,a,3,2010-12-01 08:26,2.55\n6,a,-1,2010-12-01,2.55\n7,b,2,2010-12-01,NA\n",
                "all/a 2010-12-01 3000000 7650000\nall/a 2010-12-01 -1000000 -2550000\nall/b 2010-12-01 2000000 -\n");
    assert_refused("invoice,date,qty,price\n1,2024-01-01,1e11,1e11\n", "s.csv:2: column price: '1e11' times the quantity is too large");
    assert_rows("store,date,qty,price\n1,2024-01-01,2,5\n", "1/- 2024-01-01 2000000 -\n"); /* no transactions: a price may be anything */
}

static void departments_are_products_of_a_file_without_finer_ones(void **state)
{
    (void)state;
    const char *files[] = {"Store,Dept,Date,Weekly_Sales\n1,7,2010-02-05,-3\n", "store,item,dept,date,weekly_sales\n1,7,d,2010-02-05,-3\n"};
    for (size_t i = 0; i < 2; i++) {
        struct sales_csv *csv;
        struct sales_csv_row row;
        assert_ok(open_text(files[i], NULL, &csv));
        assert_true(sales_csv_summary(csv)->has_product && sales_csv_summary(csv)->has_department);
        assert_ok(sales_csv_next(csv, &row, &err));
        assert_true(text_equal(row.product, text_of("7")));
        assert_true(text_equal(row.department, text_of(i == 0 ? "7" : "d")));
        assert_true(row.amount == -3000000); /* more came back than was sold: the total stays as it is */
        sales_csv_free(csv);
    }
}

static void the_whole_file_decides_the_decimal_sign(void **state)
{
    (void)state;
    const char *either = "store;date;qty\na;2024-01-02;1.234\n", *comma[] = {"decimal=comma"}, *point[] = {"decimal=point"};
    assert_rows("store;date;qty\na;2024-01-02;1.234\nb;2024-01-02;2,5\n", "a/- 2024-01-02 1234000000 -\nb/- 2024-01-02 2500000 -\n");
    assert_rows("store;date;qty\na;2024-01-02;1,234\nb;2024-01-02;2.5\n", "a/- 2024-01-02 1234000000 -\nb/- 2024-01-02 2500000 -\n");
    assert_rows("store;date;qty\na;2024-01-02;0.250\nb;2024-01-02;1.234\n", "a/- 2024-01-02 250000 -\nb/- 2024-01-02 1234000 -\n");
    assert_rows("store;date;qty\na;2024-01-02;1.234.567\nb;2024-01-02;1.234\n", "a/- 2024-01-02 1234567000000 -\nb/- 2024-01-02 1234000000 -\n");
    assert_refused(either, "s.csv:2: column qty: whether the sign in a number like 1.234");
    assert_refused("store\tdate\tqty\na\t2024-01-02\t1.5\na\t2024-01-03\t1,5\na\t2024-01-03\t1,500\n", "s.csv:4: column qty: whether the sign");
    assert_string_equal(rows_of(either, &(struct sales_csv_options){.maps = comma, .map_count = 1}), "a/- 2024-01-02 1234000000 -\n");
    assert_string_equal(rows_of(either, &(struct sales_csv_options){.maps = point, .map_count = 1}), "a/- 2024-01-02 1234000 -\n");
    assert_rows("store,date,qty\na,2024-01-02,\"1,234,567.5\"\nb,2024-01-02,\"1,234\"\n", "a/- 2024-01-02 1234567500000 -\nb/- 2024-01-02 1234000000 -\n");
    assert_string_equal(rows_of("store,date,qty\na,2024-01-02,\"1.234,5\"\n", &(struct sales_csv_options){.maps = comma, .map_count = 1}),
                        "a/- 2024-01-02 1234500000 -\n");
    assert_refused("store,date,qty\na,2024-01-02,\"12,5\"\n", "'12,5' is not a number (a decimal comma? write 12.5, or say --map decimal=comma)");
}

static int64_t sum_of(const struct sales_table *t)
{
    int64_t sum = 0;
    for (size_t i = 0; i < t->count; i++)
        sum += t->rows[i].amount;
    return sum;
}

static void the_45_stores_are_read_to_the_last_cent(void **state)
{
    (void)state;
    const char *path = shared_path_or_skip("data/walmart/Walmart_Store_sales.csv");
    struct sales_table t;
    assert_ok(sales_table_read(path, NULL, &t, &err));
    assert_int_equal(t.count, 6435);
    assert_true(t.summary.is_totals);
    assert_false(t.summary.is_ordered); /* store by store */
    assert_int_equal(t.summary.date_order, DATE_ORDER_DMY);
    assert_int_equal(t.summary.first_date, date_of(2010, 2, 5));
    assert_int_equal(t.summary.last_date, date_of(2012, 10, 26));
    assert_true(sum_of(&t) == INT64_C(6737218987110000));
    assert_true(text_equal(t.rows[0].store, text_of("1")));
    assert_true(text_equal(t.rows[44].store, text_of("45")));
    assert_int_equal(t.rows[44].date, date_of(2010, 2, 5));
    assert_int_equal(t.rows[45].date, date_of(2010, 2, 12));
    sales_table_done(&t);
}

static void the_departments_file_is_read_whole(void **state)
{
    (void)state;
    const char *path = shared_path_or_skip("data/walmart/train.csv");
    struct sales_table t;
    assert_ok(sales_table_read(path, NULL, &t, &err));
    assert_int_equal(t.count, 421570);
    assert_true(t.summary.has_product);
    assert_true(sum_of(&t) == INT64_C(6737218987110000));
    sales_table_done(&t);
}

static void a_table_is_in_order_of_date_whatever_the_file(void **state)
{
    (void)state;
    char path[] = "/tmp/storecast-sales-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    fputs("date,store,qty\n2024-01-03,a,1\n2024-01-01,b,2\n2024-01-03,c,3\n2024-01-02,a,4\n", file);
    fclose(file);
    struct sales_table t;
    assert_ok(sales_table_read(path, NULL, &t, &err));
    unlink(path);
    assert_int_equal(t.count, 4);
    int64_t expected[] = {2000000, 4000000, 1000000, 3000000};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(t.rows[i].quantity, expected[i]);
    assert_ptr_equal(t.rows[1].store.data, t.rows[2].store.data); /* ids are kept once */
    sales_table_done(&t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walmart_header_means_totals_of_stores),
        cmocka_unit_test(columns_are_found_by_synonym_case_and_spaces),
        cmocka_unit_test(semicolons_allow_decimal_commas),
        cmocka_unit_test(maps_name_the_columns_of_other_files),
        cmocka_unit_test(a_missing_column_is_named_with_what_is_there),
        cmocka_unit_test(the_whole_file_decides_the_order_of_day_and_month),
        cmocka_unit_test(weekly_dates_decide_by_their_weekday),
        cmocka_unit_test(ambiguous_dates_are_refused_until_told),
        cmocka_unit_test(dates_with_a_time_or_without_separators_are_read),
        cmocka_unit_test(wrong_dates_are_refused_with_line_and_column),
        cmocka_unit_test(wrong_values_and_ids_are_refused_with_line_and_column),
        cmocka_unit_test(rows_with_too_few_or_too_many_fields_are_refused),
        cmocka_unit_test(rows_without_a_value_are_skipped_and_counted),
        cmocka_unit_test(sales_that_repeat_add_up_but_totals_must_agree),
        cmocka_unit_test(transactions_without_a_store_are_of_one),
        cmocka_unit_test(products_are_made_of_columns),
        cmocka_unit_test(customers_never_leave_the_reader),
        cmocka_unit_test(amounts_of_transactions_are_quantity_times_price),
        cmocka_unit_test(departments_are_products_of_a_file_without_finer_ones),
        cmocka_unit_test(the_whole_file_decides_the_decimal_sign),
        cmocka_unit_test(the_45_stores_are_read_to_the_last_cent),
        cmocka_unit_test(the_departments_file_is_read_whole),
        cmocka_unit_test(a_table_is_in_order_of_date_whatever_the_file),
    };
    return fixture_run(argc, argv, tests);
}
