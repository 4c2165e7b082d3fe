/* The broker fails in the middle of a batch: the batch is undone and done again, and readers see no difference. */
#include "integration/rig.h"

#define STORES  4
#define PERIODS 12

enum { /* Kafka's error codes */
       KAFKA_MESSAGE_TOO_LARGE = 10,
       KAFKA_ILLEGAL_GENERATION = 22,
       KAFKA_INVALID_REQUEST = 42,
       KAFKA_PRODUCER_FENCED = 90,
};

static struct rig_table expected;

static int setup(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    rig_send_totals(&r, STORES, 0, PERIODS);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_read(&r, TOPIC_FORECASTS, &expected);
    rig_finish(&r);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_table_free(&expected);
    return 0;
}

static void expect_the_same(struct rig *r)
{
    struct rig_table table;
    rig_read(r, TOPIC_FORECASTS, &table);
    rig_assert_same(&expected, &table);
    rig_table_free(&table);
}

static void a_refused_commit_of_offsets_is_aborted_and_done_again(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    rig_send_totals(&r, STORES, 0, PERIODS / 2);
    assert_true(rig_wait_handled(&r));
    mock_broker_fail(r.broker, MOCK_REQUEST_TXN_OFFSET_COMMIT, KAFKA_ILLEGAL_GENERATION, 2);
    rig_send_totals(&r, STORES, PERIODS / 2, PERIODS);
    assert_true(rig_wait_handled(&r));
    assert_true(rig_log_has(&r, "batch_aborted"));
    assert_int_equal(rig_stop_worker(&r), 0);
    expect_the_same(&r);
    rig_finish(&r);
}

static void a_fenced_producer_ends_the_worker_with_70_and_the_next_one_goes_on(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    rig_wait_log(&r, "worker_running");
    mock_broker_fail(r.broker, MOCK_REQUEST_END_TXN, KAFKA_PRODUCER_FENCED, 1);
    rig_send_totals(&r, STORES, 0, PERIODS);
    assert_false(rig_wait_handled(&r));
    assert_int_equal(rig_wait_worker(&r), 70);
    rig_start_worker(&r, NULL, NULL);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    expect_the_same(&r);
    rig_finish(&r);
}

static void an_abort_that_is_refused_ends_the_worker_with_70_and_the_next_one_goes_on(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    rig_wait_log(&r, "worker_running");
    mock_broker_fail(r.broker, MOCK_REQUEST_TXN_OFFSET_COMMIT, KAFKA_ILLEGAL_GENERATION, 1);
    mock_broker_fail(r.broker, MOCK_REQUEST_END_TXN, KAFKA_INVALID_REQUEST, 64);
    rig_send_totals(&r, STORES, 0, PERIODS);
    assert_false(rig_wait_handled(&r));
    assert_int_equal(rig_wait_worker(&r), 70);
    assert_true(rig_log_has(&r, "EndTxn abort failed"));
    mock_broker_clear(r.broker, MOCK_REQUEST_END_TXN);
    rig_start_worker(&r, NULL, NULL);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    expect_the_same(&r);
    rig_finish(&r);
}

static void a_broker_that_is_away_for_a_while_is_waited_for(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, 2);
    rig_start_worker(&r, NULL, NULL);
    rig_send_totals(&r, STORES, 0, PERIODS / 2);
    assert_true(rig_wait_handled(&r));
    rig_send_totals(&r, STORES, PERIODS / 2, PERIODS);
    struct error err;
    assert_ok(client_flush(r.client, 10000, &err));
    mock_broker_set_up(r.broker, 0);
    usleep(1500 * 1000);
    mock_broker_set_up(r.broker, 1);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    expect_the_same(&r);
    rig_finish(&r);
}

static size_t count_dead_letters(struct rig *r, const char *code)
{
    const char *name = topics_name(&r->topics, TOPIC_DEAD);
    struct client_reader *reader;
    struct client_message m;
    struct error err;
    struct text found;
    size_t count = 0;
    assert_ok(client_reader_new(r->client, &name, 1, CLIENT_FROM_ZERO, &reader, &err));
    while (client_read(reader, 10000, &m, &err) == STATUS_OK)
        count += client_message_header(reader, "storecast.error.code", &found) && text_equal(found, text_of(code));
    client_reader_free(reader);
    return count;
}

static void a_record_whose_output_is_refused_again_and_again_is_set_aside(void **state)
{
    (void)state;
    struct rig r;
    struct error err;
    rig_start(&r, 1);
    /* Long batches: the errors must meet the worker's records, not ours. */
    rig_start_worker(&r, NULL, (const char *[]){"-X", "batch.max.ms=500", NULL});
    rig_send_totals(&r, 1, 0, 3);
    assert_true(rig_wait_handled(&r));
    rig_send_totals(&r, 1, 3, 4);
    assert_ok(client_flush(r.client, 10000, &err));
    mock_broker_fail(r.broker, MOCK_REQUEST_PRODUCE, KAFKA_MESSAGE_TOO_LARGE, 12); /* state and forecasts, at least three times */
    assert_true(rig_wait_handled(&r));
    rig_send_totals(&r, 1, 4, 6);
    assert_true(rig_wait_handled(&r));
    assert_int_equal(rig_stop_worker(&r), 0);
    /* Once, or again with a batch of which only a part was refused: this broker does not hide what was aborted. */
    assert_in_range(count_dead_letters(&r, "TOO_LARGE"), 1, 12);
    rig_finish(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_commit_of_offsets_is_aborted_and_done_again),
        cmocka_unit_test(a_fenced_producer_ends_the_worker_with_70_and_the_next_one_goes_on),
        cmocka_unit_test(an_abort_that_is_refused_ends_the_worker_with_70_and_the_next_one_goes_on),
        cmocka_unit_test(a_broker_that_is_away_for_a_while_is_waited_for),
        cmocka_unit_test(a_record_whose_output_is_refused_again_and_again_is_set_aside),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
