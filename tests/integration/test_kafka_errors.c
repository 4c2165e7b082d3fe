/* Kafka says no to every request the worker makes, in every way: for a moment, to the transaction, for good, by hanging up, late,
 * or by a queue that is full. Readers and the state see no difference afterwards. */
#include "integration/rig.h"

#define STORES     4
#define PARTITIONS 2

enum { /* Kafka's protocol numbers and error codes */
       LIST_OFFSETS = 2,
       METADATA = 3,
       OFFSET_COMMIT = 8,
       OFFSET_FETCH = 9,
       FIND_COORDINATOR = 10,
       JOIN_GROUP = 11,
       HEARTBEAT = 12,
       SYNC_GROUP = 14,
       INIT_PRODUCER_ID = 22,
       ADD_PARTITIONS_TO_TXN = 24,
       ADD_OFFSETS_TO_TXN = 25,
       PRODUCE = MOCK_REQUEST_PRODUCE,
       FETCH = MOCK_REQUEST_FETCH,
       END_TXN = MOCK_REQUEST_END_TXN,
       TXN_OFFSET_COMMIT = MOCK_REQUEST_TXN_OFFSET_COMMIT,
};
enum {
    HANG_UP = -195,
    UNKNOWN_TOPIC = 3,
    LEADER_NOT_AVAILABLE = 5,
    NOT_LEADER = 6,
    TIMED_OUT = 7,
    COORDINATOR_LOADS = 14,
    NO_COORDINATOR = 15,
    NOT_COORDINATOR = 16,
    NOT_ENOUGH_REPLICAS = 19,
    ILLEGAL_GENERATION = 22,
    UNKNOWN_MEMBER = 25,
    REBALANCES = 27,
    TOPIC_FORBIDDEN = 29,
    GROUP_FORBIDDEN = 30,
    CLUSTER_FORBIDDEN = 31,
    OUT_OF_ORDER = 45,
    OLD_EPOCH = 47,
    INVALID_TXN_STATE = 48,
    UNKNOWN_PRODUCER_MAPPING = 49,
    CONCURRENT_TRANSACTIONS = 51,
    TXN_ID_FORBIDDEN = 53,
    STORAGE_ERROR = 56,
    UNKNOWN_PRODUCER = 59,
    FENCED = 90,
};

static const struct trouble {
    int request, error;
    size_t times;
    const char *name;
    bool at_start; /* the worker is started into it */
} troubles[] = {
    {PRODUCE, NOT_LEADER, 3, "produce: not the leader", false},
    {PRODUCE, TIMED_OUT, 3, "produce: timed out", false},
    {PRODUCE, NOT_ENOUGH_REPLICAS, 3, "produce: not enough replicas", false},
    {PRODUCE, STORAGE_ERROR, 3, "produce: storage error", false},
    {PRODUCE, HANG_UP, 3, "produce: hangs up", false},
    {PRODUCE, TOPIC_FORBIDDEN, 2, "produce: topic forbidden", false},
    {PRODUCE, OUT_OF_ORDER, 2, "produce: out of order", false},
    {PRODUCE, UNKNOWN_PRODUCER, 2, "produce: unknown producer", false},
    {PRODUCE, OLD_EPOCH, 1, "produce: old epoch", false},
    {PRODUCE, CLUSTER_FORBIDDEN, 1, "produce: cluster forbidden", false},
    {ADD_PARTITIONS_TO_TXN, CONCURRENT_TRANSACTIONS, 3, "add partitions: concurrent transactions", false},
    {ADD_PARTITIONS_TO_TXN, COORDINATOR_LOADS, 3, "add partitions: coordinator loads", false},
    {ADD_PARTITIONS_TO_TXN, NOT_COORDINATOR, 3, "add partitions: not the coordinator", false},
    {ADD_PARTITIONS_TO_TXN, UNKNOWN_TOPIC, 2, "add partitions: unknown topic", false},
    {ADD_PARTITIONS_TO_TXN, HANG_UP, 2, "add partitions: hangs up", false},
    {ADD_PARTITIONS_TO_TXN, TOPIC_FORBIDDEN, 1, "add partitions: topic forbidden", false},
    {ADD_PARTITIONS_TO_TXN, UNKNOWN_PRODUCER_MAPPING, 1, "add partitions: unknown producer", false},
    {ADD_PARTITIONS_TO_TXN, OLD_EPOCH, 1, "add partitions: old epoch", false},
    {ADD_PARTITIONS_TO_TXN, FENCED, 1, "add partitions: fenced", false},
    {ADD_OFFSETS_TO_TXN, CONCURRENT_TRANSACTIONS, 3, "add offsets: concurrent transactions", false},
    {ADD_OFFSETS_TO_TXN, NO_COORDINATOR, 3, "add offsets: no coordinator", false},
    {ADD_OFFSETS_TO_TXN, HANG_UP, 2, "add offsets: hangs up", false},
    {ADD_OFFSETS_TO_TXN, GROUP_FORBIDDEN, 1, "add offsets: group forbidden", false},
    {ADD_OFFSETS_TO_TXN, OLD_EPOCH, 1, "add offsets: old epoch", false},
    {TXN_OFFSET_COMMIT, COORDINATOR_LOADS, 3, "offsets: coordinator loads", false},
    {TXN_OFFSET_COMMIT, NOT_COORDINATOR, 3, "offsets: not the coordinator", false},
    {TXN_OFFSET_COMMIT, TIMED_OUT, 2, "offsets: timed out", false},
    {TXN_OFFSET_COMMIT, HANG_UP, 2, "offsets: hangs up", false},
    {TXN_OFFSET_COMMIT, ILLEGAL_GENERATION, 2, "offsets: illegal generation", false},
    {TXN_OFFSET_COMMIT, UNKNOWN_MEMBER, 2, "offsets: unknown member", false},
    {TXN_OFFSET_COMMIT, GROUP_FORBIDDEN, 1, "offsets: group forbidden", false},
    {END_TXN, NO_COORDINATOR, 3, "end: no coordinator", false},
    {END_TXN, COORDINATOR_LOADS, 3, "end: coordinator loads", false},
    {END_TXN, CONCURRENT_TRANSACTIONS, 3, "end: concurrent transactions", false},
    {END_TXN, HANG_UP, 2, "end: hangs up", false},
    {END_TXN, INVALID_TXN_STATE, 1, "end: invalid state", false},
    {END_TXN, UNKNOWN_PRODUCER_MAPPING, 1, "end: unknown producer", false},
    {END_TXN, OLD_EPOCH, 1, "end: old epoch", false},
    {END_TXN, FENCED, 1, "end: fenced", false},
    {FETCH, NOT_LEADER, 3, "fetch: not the leader", false},
    {FETCH, UNKNOWN_TOPIC, 3, "fetch: unknown topic", false},
    {FETCH, TIMED_OUT, 3, "fetch: timed out", false},
    {FETCH, STORAGE_ERROR, 3, "fetch: storage error", false},
    {FETCH, HANG_UP, 3, "fetch: hangs up", false},
    {OFFSET_COMMIT, NOT_COORDINATOR, 3, "commit: not the coordinator", false},
    {OFFSET_COMMIT, REBALANCES, 3, "commit: rebalances", false},
    {OFFSET_COMMIT, ILLEGAL_GENERATION, 2, "commit: illegal generation", false},
    {OFFSET_COMMIT, UNKNOWN_MEMBER, 2, "commit: unknown member", false},
    {OFFSET_COMMIT, HANG_UP, 2, "commit: hangs up", false},
    {HEARTBEAT, REBALANCES, 1, "heartbeat: rebalances", false},
    {HEARTBEAT, UNKNOWN_MEMBER, 1, "heartbeat: unknown member", false},
    {METADATA, LEADER_NOT_AVAILABLE, 3, "metadata: leader not available", true},
    {METADATA, HANG_UP, 2, "metadata: hangs up", true},
    {INIT_PRODUCER_ID, NOT_COORDINATOR, 3, "init: not the coordinator", true},
    {INIT_PRODUCER_ID, CONCURRENT_TRANSACTIONS, 3, "init: concurrent transactions", true},
    {INIT_PRODUCER_ID, HANG_UP, 2, "init: hangs up", true},
    {INIT_PRODUCER_ID, TXN_ID_FORBIDDEN, 1, "init: transactional id forbidden", true},
    {FIND_COORDINATOR, NO_COORDINATOR, 4, "coordinator: none", true},
    {FIND_COORDINATOR, HANG_UP, 2, "coordinator: hangs up", true},
    {JOIN_GROUP, UNKNOWN_MEMBER, 2, "join: unknown member", true},
    {JOIN_GROUP, COORDINATOR_LOADS, 2, "join: coordinator loads", true},
    {SYNC_GROUP, REBALANCES, 2, "sync: rebalances", true},
    {OFFSET_FETCH, COORDINATOR_LOADS, 2, "offset fetch: coordinator loads", true},
    {LIST_OFFSETS, NOT_LEADER, 2, "list offsets: not the leader", true},
};
#define TROUBLES (int)(sizeof troubles / sizeof *troubles)
#define PERIODS  (TROUBLES + 6)

/* Long batches, so that errors are ordered in time for the records that are on their way. */
static const char *const unhurried[] = {"-X", "batch.max.ms=150", NULL};
static struct rig_table expected;
static char *expected_state;

/* What the state knows, without the number of batches. */
static char *state_text(struct rig *r)
{
    char command[256], line[512];
    struct buffer text = {0};
    snprintf(command, sizeof command, "'%s' state show --state-dir '%s/state'", getenv("STORECAST_BIN"), r->dir);
    FILE *f = popen(command, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *batch = strstr(line, ", batch ");
        if (batch)
            strcpy(batch, "\n");
        buffer_put(&text, line, strlen(line));
    }
    assert_int_equal(pclose(f), 0);
    buffer_put_u8(&text, 0);
    assert_true(text.size > 200);
    return (char *)text.data;
}

static int setup(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, PARTITIONS);
    rig_start_worker(&r, NULL, unhurried);
    for (int period = 0; period < PERIODS; period++) {
        rig_send_totals(&r, STORES, period, period + 1);
        assert_true(rig_wait_handled(&r));
    }
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_read(&r, TOPIC_FORECASTS, &expected);
    expected_state = state_text(&r);
    rig_finish(&r);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_table_free(&expected);
    free(expected_state);
    return 0;
}

static void finish_and_compare(struct rig *r)
{
    struct rig_table table;
    assert_int_equal(rig_stop_worker(r), 0);
    rig_read(r, TOPIC_FORECASTS, &table);
    rig_assert_same(&expected, &table);
    rig_table_free(&table);
    char *text = state_text(r);
    assert_string_equal(text, expected_state);
    free(text);
    rig_finish(r);
}

/* What was sent has arrived: the errors to come are the worker's. */
static void flush(struct rig *r)
{
    struct error err;
    if (client_flush(r->client, RIG_WAIT_MS, &err)) /* connecting again may take ten seconds */
        fail_msg("%s", err.text);
}

/* Until all is handled, by as many workers as it takes: each may end, but only with a code and a sentence. */
static int handle(struct rig *r, const char *what)
{
    int deaths = 0;
    while (!rig_wait_handled(r)) {
        int code = rig_wait_worker(r);
        if (code >= 128 || code == 0 || !rig_log_has(r, "storecast: "))
            fail_msg("%s: the worker ended with %d", what, code);
        if (++deaths > 3)
            fail_msg("%s: the worker ends again and again", what);
        rig_start_worker(r, NULL, unhurried);
    }
    return deaths;
}

static void every_error_to_every_request_leaves_outputs_and_state_as_they_were(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, PARTITIONS);
    rig_start_worker(&r, NULL, unhurried);
    int deaths = 0;
    for (int i = 0; i < TROUBLES; i++) {
        const struct trouble *t = &troubles[i];
        int64_t began = loop_now_us();
        r.doing = t->name;
        if (t->at_start)
            assert_int_equal(rig_stop_worker(&r), 0);
        rig_send_totals(&r, STORES, i, i + 1);
        flush(&r);
        mock_broker_fail(r.broker, t->request, t->error, t->times);
        if (t->at_start)
            rig_start_worker(&r, NULL, unhurried);
        int died = handle(&r, t->name);
        mock_broker_clear(r.broker, t->request);
        deaths += died;
        int64_t ms = (loop_now_us() - began) / 1000;
        if (died || ms > 2000)
            print_message("%-45s %6lld ms%s\n", t->name, (long long)ms, died ? ", started again" : "");
    }
    print_message("%d errors, %d restarts\n", TROUBLES, deaths);
    rig_send_totals(&r, STORES, TROUBLES, PERIODS);
    handle(&r, "the rest");
    finish_and_compare(&r);
}

/* librdkafka puts the commit that each start makes off until there is a coordinator, and the next batch's may overtake it. */
static void offsets_do_not_go_back_when_the_coordinator_comes_late(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, PARTITIONS);
    r.doing = "coordinator: comes late";
    for (int round = 0; round < 12; round++) {
        rig_send_totals(&r, STORES, round, round + 1);
        flush(&r);
        mock_broker_fail(r.broker, FIND_COORDINATOR, HANG_UP, 2);
        rig_start_worker(&r, NULL, unhurried);
        assert_true(rig_wait_handled(&r));
        mock_broker_clear(r.broker, FIND_COORDINATOR);
        assert_int_equal(rig_stop_worker(&r), 0);
    }
    rig_finish(&r);
}

static void a_queue_that_is_full_again_and_again_is_waited_for(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, PARTITIONS);
    rig_start_worker(&r, NULL, (const char *[]){"-X", "kafka.queue.buffering.max.messages=7", NULL});
    rig_send_totals(&r, STORES, 0, PERIODS);
    assert_true(rig_wait_handled(&r));
    finish_and_compare(&r);
}

static void a_slow_broker_and_one_that_comes_and_goes_are_waited_for(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, PARTITIONS);
    rig_start_worker(&r, NULL, unhurried);
    for (int round = 0; round < 4; round++) {
        rig_send_totals(&r, STORES, round * 10, round * 10 + 10);
        flush(&r);
        if (round % 2 == 0) {
            mock_broker_delay(r.broker, 150);
            usleep(3 * 1000 * 1000);
            mock_broker_delay(r.broker, 0);
            assert_true(rig_wait_handled(&r));
        } else {
            mock_broker_set_up(r.broker, 0);
            usleep(round == 1 ? 300 * 1000 : 4 * 1000 * 1000);
            mock_broker_set_up(r.broker, 1);
            assert_true(rig_wait_handled(&r));
        }
    }
    rig_send_totals(&r, STORES, 40, PERIODS);
    assert_true(rig_wait_handled(&r));
    finish_and_compare(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_to_every_request_leaves_outputs_and_state_as_they_were),
        cmocka_unit_test(offsets_do_not_go_back_when_the_coordinator_comes_late),
        cmocka_unit_test(a_queue_that_is_full_again_and_again_is_waited_for),
        cmocka_unit_test(a_slow_broker_and_one_that_comes_and_goes_are_waited_for),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
