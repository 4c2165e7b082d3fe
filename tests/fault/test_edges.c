/* Every allocation of the configuration, the CSV reader and the metrics fails in turn: an error, never a crash, never a
 * half-read file taken for whole. Leaks are the sanitizers' business. */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/config.h"
#include "app/metrics.h"
#include "io/sales_csv.h"
#include "support/fault.h"

static bool load_config(void *context)
{
    struct config c;
    struct error err;
    const char *overrides[] = {"kafka.acks=all", "unit=EUR", "kafka.bootstrap.servers=a:1"};
    const struct config_sources sources = {.overrides = overrides, .override_count = 3};
    enum status status = config_load(&sources, &c, &err);
    (void)context;
    if (status == STATUS_OK)
        assert_string_equal(config_kafka(&c, "acks"), "all");
    else
        assert_int_equal(status, STATUS_NO_MEMORY);
    config_done(&c);
    return status == STATUS_OK;
}

static void configuration_survives_any_failing_allocation(void **state)
{
    (void)state;
    assert_true(fault_sweep(load_config, NULL, false) > 0);
}

static bool read_sales(void *context)
{
    static const char data[] = "store,product,date,amount\n1,a,2024-01-01,5\n2,b,2024-01-02,6\n";
    struct sales_csv *csv;
    struct sales_csv_row row;
    struct error err;
    enum status status = sales_csv_open_bytes((struct bytes){(const uint8_t *)data, sizeof data - 1}, "x", context, &csv, &err);
    size_t rows = 0;
    if (status == STATUS_OK) {
        while ((status = sales_csv_next(csv, &row, &err)) == STATUS_OK)
            rows++;
        sales_csv_free(csv);
    }
    if (status == STATUS_NOT_FOUND)
        assert_int_equal(rows, 2);
    else
        assert_int_equal(status, STATUS_NO_MEMORY);
    return status == STATUS_NOT_FOUND;
}

static void sales_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    const char *maps[] = {"total=amount"}; /* totals also remember what they saw */
    struct sales_csv_options totals = {.maps = maps, .map_count = 1};
    assert_true(fault_sweep(read_sales, NULL, false) > 0);
    assert_true(fault_sweep(read_sales, &totals, false) > 0);
}

static bool read_table(void *path)
{
    struct sales_table t;
    struct error err;
    enum status status = sales_table_read(path, NULL, &t, &err);
    if (status == STATUS_OK)
        assert_int_equal(t.count, 2);
    sales_table_done(&t);
    return status == STATUS_OK;
}

static void a_table_is_read_whole_or_not_at_all(void **state)
{
    (void)state;
    char path[] = "/tmp/storecast-fault-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    fputs("store,date,qty\nb,2024-01-02,1\na,2024-01-01,2\n", file);
    fclose(file);
    assert_true(fault_sweep(read_table, path, false) > 0);
    unlink(path);
}

static bool use_metrics(void *context)
{
    struct metrics *m;
    struct buffer out = {0};
    (void)context;
    if (metrics_new("1,2", &m) != STATUS_OK)
        return false;
    struct text labels[] = {text_of("1"), text_of("ensemble")};
    metrics_set_labelled(m, METRIC_FORECAST_MAE, labels, 4);
    bool has_kept = metrics_value(m, METRIC_FORECAST_MAE, labels) == 4;
    bool has_counted = metrics_value(m, METRIC_METRICS_DROPPED, NULL) == 1;
    metrics_render(m, &out);
    bool is_rendered = buffer_status(&out) == STATUS_OK;
    assert_true(!is_rendered || out.size > 1000);
    buffer_done(&out);
    metrics_free(m);
    return (has_kept || has_counted) && is_rendered;
}

static void metrics_drop_what_they_cannot_keep(void **state)
{
    (void)state;
    assert_true(fault_sweep(use_metrics, NULL, true) > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configuration_survives_any_failing_allocation),
        cmocka_unit_test(sales_are_read_whole_or_not_at_all),
        cmocka_unit_test(a_table_is_read_whole_or_not_at_all),
        cmocka_unit_test(metrics_drop_what_they_cannot_keep),
    };
    return fixture_run(argc, argv, tests);
}
