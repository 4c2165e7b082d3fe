#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/metrics.h"

static struct metrics *m;
static struct buffer text;

static int setup(void **state)
{
    (void)state;
    return metrics_new(NULL, &m) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    metrics_free(m);
    buffer_done(&text);
    return 0;
}

static const char *rendered(void)
{
    buffer_clear(&text);
    metrics_render(m, &text);
    buffer_put_u8(&text, 0);
    assert_false(text.failed);
    return (const char *)text.data;
}

static void assert_line(const char *line)
{
    char wanted[400];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (strstr(rendered(), wanted) == NULL) {
        print_error("no line %s\n", line);
        fail();
    }
}

static void values_appear_with_their_labels(void **state)
{
    (void)state;
    struct text lag[] = {text_of("storecast.sales-updates"), text_of("3")};
    metrics_add(m, METRIC_PREDICTIONS, 2);
    metrics_add(m, METRIC_PREDICTIONS, 40);
    metrics_set_labelled(m, METRIC_CONSUMER_LAG, lag, 17);
    metrics_set(m, METRIC_LOOP_LAG, 0.1);
    assert_line("storecast_predictions_total 42");
    assert_line("storecast_consumer_lag_records{topic=\"storecast.sales-updates\",partition=\"3\"} 17");
    assert_line("storecast_loop_lag_seconds 0.1");
    assert_line("# TYPE storecast_predictions_total counter");
    metrics_forget(m, METRIC_CONSUMER_LAG);
    assert_null(strstr(rendered(), "partition=\"3\""));
    metrics_set_labelled(m, METRIC_CONSUMER_LAG, lag, 5);
    assert_true(metrics_value(m, METRIC_CONSUMER_LAG, lag) == 5);
}

static void engine_counters_add_up(void **state)
{
    (void)state;
    struct engine_counters counters = {.sales = 3, .dead_letters = 1};
    metrics_add_engine(m, &counters);
    metrics_add_engine(m, &counters);
    assert_line("storecast_sales_total 6");
    assert_line("storecast_dead_letters_total 2");
    assert_line("storecast_periods_closed_total 0");
}

static void histogram_buckets_are_cumulative(void **state)
{
    (void)state;
    metrics_observe(m, METRIC_BATCH_DURATION, 0.001); /* on a bound: le is inclusive */
    metrics_observe(m, METRIC_BATCH_DURATION, 0.2);
    metrics_observe(m, METRIC_BATCH_DURATION, 1000);
    metrics_observe(m, METRIC_BATCH_DURATION, -5); /* a clock that went back counts as 0 */
    assert_line("storecast_batch_duration_seconds_bucket{le=\"0.001\"} 2");
    assert_line("storecast_batch_duration_seconds_bucket{le=\"0.25\"} 3");
    assert_line("storecast_batch_duration_seconds_bucket{le=\"60\"} 3");
    assert_line("storecast_batch_duration_seconds_bucket{le=\"+Inf\"} 4");
    assert_line("storecast_batch_duration_seconds_count 4");
    assert_line("storecast_batch_duration_seconds_sum 1000.201");
}

static void hostile_label_values_cannot_forge_a_sample(void **state)
{
    (void)state;
    struct text store = text_of("a\"} 1\nforged_total 9\\");
    metrics_add_labelled(m, METRIC_PREDICTIONS_BY_STORE, &store, 1);
    assert_line("storecast_predictions_by_store_total{store_id=\"a\\\"} 1\\nforged_total 9\\\\\"} 1");
}

static void label_values_that_join_to_the_same_text_stay_apart(void **state)
{
    (void)state;
    struct text a[] = {text_of("1"), text_of("23")}, b[] = {text_of("12"), text_of("3")};
    metrics_set_labelled(m, METRIC_FORECAST_MAE, a, 1);
    metrics_set_labelled(m, METRIC_FORECAST_MAE, b, 2);
    assert_true(metrics_value(m, METRIC_FORECAST_MAE, a) == 1);
    assert_true(metrics_value(m, METRIC_FORECAST_MAE, b) == 2);
}

static void only_the_first_fifty_stores_get_a_label(void **state)
{
    (void)state;
    char name[20];
    for (int i = 0; i < 60; i++) {
        snprintf(name, sizeof name, "%d", i);
        struct text label = metrics_store_label(m, text_of(name));
        assert_true(text_equal(label, text_of(i < 50 ? name : "other")));
    }
    assert_true(text_equal(metrics_store_label(m, text_of("7")), text_of("7")));
}

static void named_stores_get_a_label_and_no_others(void **state)
{
    (void)state;
    struct metrics *named;
    assert_ok(metrics_new("b,,store 1", &named));
    assert_true(text_equal(metrics_store_label(named, text_of("store 1")), text_of("store 1")));
    assert_true(text_equal(metrics_store_label(named, text_of("b")), text_of("b")));
    assert_true(text_equal(metrics_store_label(named, text_of("a")), text_of("other")));
    assert_true(text_equal(metrics_store_label(named, text_of("")), text_of("other")));
    metrics_free(named);
}

static void label_values_are_bounded_and_the_rest_is_counted(void **state)
{
    (void)state;
    char path[20];
    struct text labels[] = {{0}, text_of("404")};
    for (int i = 0; i < METRICS_SAMPLES_MAX + 10; i++) {
        snprintf(path, sizeof path, "/%d", i);
        labels[0] = text_of(path);
        metrics_add_labelled(m, METRIC_HTTP_REQUESTS, labels, 1);
    }
    assert_line("storecast_metrics_dropped_total 10");
}

static void promtool_finds_nothing_to_complain_about(void **state)
{
    (void)state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        print_message("skipped: promtool is not installed (scripts/install-deps --test)\n");
        skip();
    }
    struct text two[] = {text_of("Z\xc3\xbcrich \"x\""), text_of("ensemble")}, one = text_of("MALFORMED");
    metrics_set_labelled(m, METRIC_FORECAST_MAPE, two, 2.75);
    metrics_set_labelled(m, METRIC_CONSUMER_LAG, two, 1e9);
    metrics_add_labelled(m, METRIC_DEAD_LETTERS, &one, 1);
    metrics_observe(m, METRIC_COMMIT_DURATION, 0.01);
    struct text build[] = {text_of("0.1.0"), text_of("2.0.2")};
    metrics_set_labelled(m, METRIC_BUILD_INFO, build, 1);
    const char *all = rendered();
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    fwrite(all, 1, strlen(all), promtool);
    assert_int_equal(pclose(promtool), 0);
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(values_appear_with_their_labels),
        CASE(engine_counters_add_up),
        CASE(histogram_buckets_are_cumulative),
        CASE(hostile_label_values_cannot_forge_a_sample),
        CASE(label_values_that_join_to_the_same_text_stay_apart),
        CASE(only_the_first_fifty_stores_get_a_label),
        CASE(named_stores_get_a_label_and_no_others),
        CASE(label_values_are_bounded_and_the_rest_is_counted),
        CASE(promtool_finds_nothing_to_complain_about),
    };
    return fixture_run(argc, argv, tests);
}
