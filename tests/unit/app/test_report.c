#include "app/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "support/fixture.h"

/* Runs a report into memory. */
struct text_file {
    char *text;
    size_t size;
    FILE *out;
};

static void open_text(struct text_file *f)
{
    f->out = open_memstream(&f->text, &f->size);
    assert_non_null(f->out);
}

static void assert_text(struct text_file *f, const char *expected)
{
    fclose(f->out);
    assert_string_equal(f->text, expected);
    free(f->text);
}

static struct accuracy_sums two_pairs(void)
{
    struct accuracy_sums sums = {0};
    accuracy_add(&sums, 100, 110, 20);
    accuracy_add(&sums, 0, 5, 20);
    return sums;
}

static void csv_of_accuracies_is_long(void **state)
{
    (void)state;
    const struct accuracy_sums sums = two_pairs(), none = {0};
    struct text_file f;
    struct report r;
    open_text(&f);
    report_accuracy_begin(&r, f.out, REPORT_CSV);
    report_accuracy(&r, &(struct report_accuracy){"naive", "rolling", "store", text_of("a,\"b\""), 4, &sums});
    report_accuracy(&r, &(struct report_accuracy){"ses", "rolling", "store", text_of("all"), 1, &none}); /* nothing scored */
    report_end(&r);
    assert_text(&f, "model,protocol,level,series,horizon,metric,value,n\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,mape,10,1\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,wape,15,2\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,mae,7.5,2\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,rmse,7.90569415,2\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,mase,0.375,2\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,smape,104.7619048,2\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,bias,15,2\n"
                    "naive,rolling,store,\"a,\"\"b\"\"\",1-4,skipped,1,2\n");
}

static void json_of_accuracies_has_the_same_rows(void **state)
{
    (void)state;
    struct accuracy_sums sums = {0};
    accuracy_add(&sums, 8, 8, maths_missing());
    struct text_file f;
    struct report r;
    open_text(&f);
    report_accuracy_begin(&r, f.out, REPORT_JSON);
    report_accuracy(&r, &(struct report_accuracy){"naive", "holdout", "store", text_of("a\"\\\n"), 1, &sums});
    report_end(&r);
    fflush(f.out);
    assert_non_null(strstr(f.text, "{\"model\": \"naive\", \"protocol\": \"holdout\", \"level\": \"store\", \"series\": \"a\\\"\\\\\\u000a\", "
                                   "\"horizon\": \"1\", \"metric\": \"mape\", \"value\": 0, \"n\": 1}"));
    assert_null(strstr(f.text, "mase"));
    assert_true(f.text[0] == '[' && strcmp(f.text + f.size - 3, "\n]\n") == 0);
    fclose(f.out);
    free(f.text);
}

static void json_without_rows_is_an_empty_array(void **state)
{
    (void)state;
    struct text_file f;
    struct report r;
    open_text(&f);
    report_accuracy_begin(&r, f.out, REPORT_JSON);
    report_end(&r);
    assert_text(&f, "[]\n");
}

static void csv_of_forecasts_leaves_missing_numbers_empty(void **state)
{
    (void)state;
    const double levels[] = {.1, .975}, quantiles[] = {90.5, 1e15};
    const date_t day = date_of(2012, 11, 2);
    struct text_file f;
    struct report r;
    open_text(&f);
    report_forecast_begin(&r, f.out, REPORT_CSV, levels, 2);
    report_forecast(&r, &(struct report_forecast){text_of("1"), "OK", "ensemble", 1, day - 6, day, 100.25, 101, quantiles});
    report_forecast(&r, &(struct report_forecast){text_of("1"), "OK", "naive", 1, day - 6, day, 99, maths_missing(), NULL});
    report_end(&r);
    assert_text(&f, "series,status,model,h,first_date,last_date,mean,median,q0.1,q0.975\n"
                    "1,OK,ensemble,1,2012-10-27,2012-11-02,101,100.25,90.5,1e+15\n"
                    "1,OK,naive,1,2012-10-27,2012-11-02,,99,,\n");
}

static void json_of_forecasts_says_null_for_missing_numbers(void **state)
{
    (void)state;
    const double levels[] = {.1}, quantiles[] = {90.5};
    struct text_file f;
    struct report r;
    open_text(&f);
    report_forecast_begin(&r, f.out, REPORT_JSON, levels, 1);
    report_forecast(&r, &(struct report_forecast){text_of("1"), "OK", "naive", 2, 0, 6, 99, maths_missing(), quantiles});
    report_end(&r);
    assert_text(&f, "[\n  {\"series\": \"1\", \"status\": \"OK\", \"model\": \"naive\", \"h\": 2, \"first_date\": \"1970-01-01\", "
                    "\"last_date\": \"1970-01-07\", \"mean\": null, \"median\": 99, \"quantiles\": {\"0.1\": 90.5}}\n]\n");
}

static void a_table_heads_every_series_once(void **state)
{
    (void)state;
    const double levels[] = {.1}, quantiles[] = {90.5};
    struct text_file f;
    struct report r;
    open_text(&f);
    report_forecast_begin(&r, f.out, REPORT_TABLE, levels, 1);
    for (size_t h = 1; h <= 2; h++)
        report_forecast(&r, &(struct report_forecast){text_of("a"), "OK", "ensemble", h, 0, 6, 99, 100, quantiles});
    report_forecast(&r, &(struct report_forecast){text_of("b"), "OK", "ensemble", 1, 0, 6, 99, 100, quantiles});
    report_end(&r);
    fflush(f.out);
    const char *first = strstr(f.text, "a (OK)");
    assert_non_null(first);
    assert_null(strstr(first + 1, "a (OK)"));
    assert_non_null(strstr(f.text, "b (OK)"));
    assert_non_null(strstr(f.text, "10 %"));
    fclose(f.out);
    free(f.text);
}

static void formats_are_known_by_name(void **state)
{
    (void)state;
    assert_int_equal(report_format_of("table"), REPORT_TABLE);
    assert_int_equal(report_format_of("csv"), REPORT_CSV);
    assert_int_equal(report_format_of("json"), REPORT_JSON);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_of_accuracies_is_long),
        cmocka_unit_test(json_of_accuracies_has_the_same_rows),
        cmocka_unit_test(json_without_rows_is_an_empty_array),
        cmocka_unit_test(csv_of_forecasts_leaves_missing_numbers_empty),
        cmocka_unit_test(json_of_forecasts_says_null_for_missing_numbers),
        cmocka_unit_test(a_table_heads_every_series_once),
        cmocka_unit_test(formats_are_known_by_name),
    };
    return fixture_run(argc, argv, tests);
}
