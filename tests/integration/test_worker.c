/* A worker process on an embedded broker: what goes in, what comes out, and that nothing is lost when it dies. */
#include "integration/rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define STORES  6
#define PERIODS 20

/* The tables of an uninterrupted run, for comparison. */
static struct rig_table expected;

static void clean_run(struct rig_table *out)
{
    struct rig r;
    rig_start(&r, 3);
    rig_start_worker(&r, NULL, NULL);
    rig_send_totals(&r, STORES, 0, PERIODS);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_read(&r, TOPIC_FORECASTS, out);
    rig_finish(&r);
}

static int setup(void **state)
{
    (void)state;
    clean_run(&expected);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_table_free(&expected);
    return 0;
}

static void every_period_gives_a_forecast_of_every_series_and_a_closed_record(void **state)
{
    (void)state;
    size_t partitions_used = 0;
    for (size_t i = 0; i < expected.count; i++) {
        bool is_closed_record = expected.entries[i].key.data[0] == '\0';
        partitions_used += is_closed_record;
        assert_int_equal(expected.entries[i].issue, PERIODS);
        assert_int_equal(expected.entries[i].copies, PERIODS);
    }
    assert_int_equal(expected.count, STORES + partitions_used);
    assert_in_range(partitions_used, 1, 3);
}

static void a_restarted_worker_goes_on_where_it_stopped(void **state)
{
    (void)state;
    struct rig r;
    struct rig_table table;
    rig_start(&r, 3);
    for (int stop = 0; stop < PERIODS; stop += 5) {
        rig_start_worker(&r, NULL, NULL);
        rig_send_totals(&r, STORES, stop, stop + 5);
        assert_true(rig_wait_handled(&r));
        assert_int_equal(rig_stop_worker(&r), 0);
    }
    rig_read(&r, TOPIC_FORECASTS, &table);
    rig_assert_same(&expected, &table);
    for (size_t i = 0; i < table.count; i++)
        assert_int_equal(table.entries[i].copies, PERIODS); /* a clean stop publishes nothing twice */
    rig_table_free(&table);
    rig_finish(&r);
}

static void crash_and_go_on(const char *at)
{
    struct rig r;
    struct rig_table table;
    char plan[64];
    rig_start(&r, 3);
    int crashes = 0;
    for (int stop = 0; stop < PERIODS; stop += 4) {
        snprintf(plan, sizeof plan, "%s:1", at);
        rig_start_worker(&r, plan, NULL);
        rig_send_totals(&r, STORES, stop, stop + 4);
        if (!rig_wait_handled(&r)) {
            assert_int_equal(rig_wait_worker(&r), 128 + SIGKILL);
            crashes++;
            rig_start_worker(&r, NULL, NULL);
            assert_true(rig_wait_handled(&r));
        }
        if (r.worker > 0 && rig_stop_worker(&r) != 0)
            crashes++; /* it died of the work that was left */
    }
    rig_start_worker(&r, NULL, NULL);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    assert_true(crashes >= 3);
    rig_read(&r, TOPIC_FORECASTS, &table);
    rig_assert_same(&expected, &table);
    rig_table_free(&table);
    rig_finish(&r);
}

#define CRASH_TEST(point)                                                                                                                  \
    static void a_crash_at_##point##_changes_nothing_that_a_reader_sees(void **state)                                                      \
    {                                                                                                                                      \
        (void)state;                                                                                                                       \
        crash_and_go_on(#point);                                                                                                           \
    }
CRASH_TEST(in_close)
CRASH_TEST(after_produce)
CRASH_TEST(before_delivery)
CRASH_TEST(after_delivery)
CRASH_TEST(after_commit)
CRASH_TEST(in_lmdb)
CRASH_TEST(after_lmdb)

static void a_second_worker_on_the_same_state_is_refused_with_73(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, 1);
    rig_start_worker(&r, NULL, NULL);
    rig_wait_log(&r, "worker_running");
    pid_t first = r.worker;
    rig_start_worker(&r, NULL, NULL);
    assert_int_equal(rig_wait_worker(&r), 73);
    char sentence[64];
    snprintf(sentence, sizeof sentence, "process %ld uses it", (long)first);
    assert_true(rig_log_has(&r, sentence));
    r.worker = first;
    kill(first, SIGTERM);
    assert_int_equal(rig_wait_worker(&r), 0);
    rig_finish(&r);
}

static void a_new_broker_is_read_from_its_beginning_and_the_history_stays(void **state)
{
    (void)state;
    struct rig old, fresh;
    struct rig_table table;
    rig_start(&old, 3);
    rig_start_worker(&old, NULL, NULL);
    rig_send_totals(&old, STORES, 0, PERIODS - 5);
    assert_true(rig_wait_handled(&old));
    assert_int_equal(rig_stop_worker(&old), 0);
    rig_start(&fresh, 3);
    char moved[64];
    strcpy(moved, fresh.dir);
    strcpy(fresh.dir, old.dir); /* the same state directory, another broker */
    rig_start_worker(&fresh, NULL, NULL);
    rig_send_totals(&fresh, STORES, PERIODS - 5, PERIODS);
    assert_true(rig_wait_handled(&fresh));
    assert_int_equal(rig_stop_worker(&fresh), 0);
    rig_read(&fresh, TOPIC_FORECASTS, &table);
    for (size_t i = 0; i < table.count; i++) {
        assert_int_equal(table.entries[i].issue, PERIODS);
        assert_int_equal(table.entries[i].copies, 5);
    }
    assert_int_equal(table.count, expected.count);
    rig_table_free(&table);
    strcpy(fresh.dir, moved);
    rig_finish(&fresh);
    rig_finish(&old);
}

static void a_worker_stopped_at_any_moment_loses_nothing_and_publishes_nothing_twice(void **state)
{
    (void)state;
    enum { WEEKS = 80 };
    struct rig r;
    struct rig_table table;
    unsigned dice = 20261121;
    rig_start(&r, 3);
    rig_send_totals(&r, STORES, 0, WEEKS);
    for (int i = 0; i < 8; i++) {
        rig_start_worker(&r, NULL, (const char *[]){"-X", "batch.max.records=20", "-X", "batch.max.ms=5", NULL});
        rig_wait_log(&r, "worker_running");
        dice = dice * 1103515245 + 12345;
        usleep((dice >> 16) % 60000);
        assert_int_equal(rig_stop_worker(&r), 0);
    }
    rig_start_worker(&r, NULL, NULL);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_read(&r, TOPIC_FORECASTS, &table);
    assert_int_equal(table.count, expected.count);
    for (size_t i = 0; i < table.count; i++) {
        assert_int_equal(table.entries[i].issue, WEEKS);
        assert_int_equal(table.entries[i].copies, WEEKS);
    }
    rig_table_free(&table);
    rig_finish(&r);
}

static void input_that_the_broker_has_dropped_ends_the_worker_with_65(void **state)
{
    (void)state;
    struct rig r;
    struct client *careless; /* no window */
    struct error err;
    static uint8_t large[60000];
    rig_start(&r, 1);
    assert_ok(client_new(&(struct client_options){.servers = mock_broker_address(r.broker)}, &careless, &err));
    for (int i = 0; i < 120; i++) { /* 7 MB; the broker keeps 5 */
        const struct client_record record = {
            .topic = topics_name(&r.topics, TOPIC_SALES), .key = rig_bytes("1"), .value = {large, sizeof large}};
        assert_ok(client_send(careless, &record, &err));
        assert_ok(client_flush(careless, 10000, &err)); /* a record batch each: whole ones are dropped */
    }
    client_free(careless);
    rig_start_worker(&r, NULL, NULL);
    assert_int_equal(rig_wait_worker(&r), 65);
    assert_true(rig_log_has(&r, "input_lost"));
    rig_finish(&r);
}

static void signals_dump_and_reload(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    rig_wait_log(&r, "worker_running");
    kill(r.worker, SIGUSR1);
    rig_wait_log(&r, "dump_partition partition=1");
    assert_true(rig_log_has(&r, "dump_worker phase=running"));
    kill(r.worker, SIGHUP);
    rig_wait_log(&r, "config_reloaded");
    assert_true(rig_log_has(&r, "config_reloaded"));
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_finish(&r);
}

static void a_state_for_other_partitions_or_options_is_refused_with_78(void **state)
{
    (void)state;
    struct rig old, fresh;
    rig_start(&old, 2);
    rig_start_worker(&old, NULL, NULL);
    rig_send_totals(&old, 2, 0, 3);
    assert_true(rig_wait_handled(&old));
    assert_int_equal(rig_stop_worker(&old), 0);
    rig_start_worker(&old, NULL, (const char *[]){"-X", "history.periods=100", NULL});
    assert_int_equal(rig_wait_worker(&old), 78);
    rig_start_worker(&old, NULL, (const char *[]){"-X", "history.periods=100", "--accept-changes", NULL});
    assert_int_equal(rig_stop_worker(&old), 0);
    rig_start(&fresh, 3);
    char moved[64];
    strcpy(moved, fresh.dir);
    strcpy(fresh.dir, old.dir);
    rig_start_worker(&fresh, NULL, NULL);
    assert_int_equal(rig_wait_worker(&fresh), 78);
    assert_true(rig_log_has(&fresh, "2 partitions"));
    strcpy(fresh.dir, moved);
    rig_finish(&fresh);
    rig_finish(&old);
}

/* ---- HTTP */

static size_t http_get(int port, const char *path, char *out, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    char request[128];
    int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path);
    assert_int_equal(write(fd, request, (size_t)n), n);
    size_t used = 0;
    ssize_t got;
    while (used < size - 1 && (got = read(fd, out + used, size - 1 - used)) > 0)
        used += (size_t)got;
    out[used] = '\0';
    close(fd);
    return used;
}

static void metrics_health_readiness_and_version_are_served(void **state)
{
    (void)state;
    struct rig r;
    static char page[1 << 20];
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    int port = rig_http_port(&r);
    rig_send_totals(&r, STORES, 0, 4);
    assert_true(rig_wait_handled(&r));
    http_get(port, "/healthz", page, sizeof page);
    assert_non_null(strstr(page, "200 OK"));
    http_get(port, "/readyz", page, sizeof page);
    assert_non_null(strstr(page, "200 OK"));
    http_get(port, "/version", page, sizeof page);
    assert_non_null(strstr(page, "\"librdkafka\":\""));
    http_get(port, "/metrics", page, sizeof page);
    assert_non_null(strstr(page, "\nstorecast_totals_total 24\n"));
    assert_non_null(strstr(page, "\nstorecast_ready 1\n"));
    assert_non_null(strstr(page, "storecast_predictions_by_store_total{store_id=\"3\"} 4\n"));
    assert_non_null(strstr(page, "storecast_consumer_lag_records{topic=\"sales-updates\",partition=\"0\"} 0\n"));
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_finish(&r);
}

static void a_stopped_worker_answers_no_health_check(void **state)
{
    (void)state;
    struct rig r;
    char page[64];
    rig_start(&r, 1);
    rig_start_worker(&r, NULL, NULL);
    int port = rig_http_port(&r);
    kill(r.worker, SIGSTOP);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_true(write(fd, "GET /healthz HTTP/1.0\r\n\r\n", 25) == 25);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 1}, sizeof(struct timeval));
    assert_int_equal(read(fd, page, sizeof page), -1);
    close(fd);
    kill(r.worker, SIGCONT);
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_finish(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_period_gives_a_forecast_of_every_series_and_a_closed_record),
        cmocka_unit_test(a_restarted_worker_goes_on_where_it_stopped),
        cmocka_unit_test(a_crash_at_in_close_changes_nothing_that_a_reader_sees),
        cmocka_unit_test(a_crash_at_after_produce_changes_nothing_that_a_reader_sees),
        cmocka_unit_test(a_crash_at_before_delivery_changes_nothing_that_a_reader_sees),
        cmocka_unit_test(a_crash_at_after_delivery_changes_nothing_that_a_reader_sees),
        cmocka_unit_test(a_crash_at_after_commit_changes_nothing_that_a_reader_sees),
        cmocka_unit_test(a_crash_at_in_lmdb_changes_nothing_that_a_reader_sees),
        cmocka_unit_test(a_crash_at_after_lmdb_changes_nothing_that_a_reader_sees),
        cmocka_unit_test(a_second_worker_on_the_same_state_is_refused_with_73),
        cmocka_unit_test(a_new_broker_is_read_from_its_beginning_and_the_history_stays),
        cmocka_unit_test(a_worker_stopped_at_any_moment_loses_nothing_and_publishes_nothing_twice),
        cmocka_unit_test(input_that_the_broker_has_dropped_ends_the_worker_with_65),
        cmocka_unit_test(signals_dump_and_reload),
        cmocka_unit_test(a_state_for_other_partitions_or_options_is_refused_with_78),
        cmocka_unit_test(metrics_health_readiness_and_version_are_served),
        cmocka_unit_test(a_stopped_worker_answers_no_health_check),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
