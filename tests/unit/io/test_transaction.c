/* Transactions against the in-process broker: the states, and what each kind of failure leads to. */
#include "support/fixture.h"

#include <librdkafka/rdkafka.h>
#include <string.h>
#include <unistd.h>

#include "io/mock_broker.h"
#include "io/transaction.h"

#define TOPIC "out"
#define INPUT "in"

enum { KAFKA_UNKNOWN_MEMBER = 25, KAFKA_INVALID_REQUEST = 42, KAFKA_FENCED = 90 };

struct rig {
    struct loop *loop;
    struct mock_broker *broker;
    struct producer *producer;
    struct consumer *consumer;
    struct transaction *transaction;
    enum status last;
    bool fatal;
};

static void stop(void *arg)
{
    loop_stop(((struct rig *)arg)->loop);
}

static void ignore(void *arg)
{
    (void)arg;
}

static void on_fatal(void *arg, const char *why)
{
    (void)why;
    ((struct rig *)arg)->fatal = true;
}

static void on_done(void *arg, enum status status, const char *why)
{
    (void)why;
    struct rig *r = arg;
    r->last = status;
    loop_stop(r->loop);
}

static void on_record(void *arg, struct consumer_record *record)
{
    (void)arg;
    consumer_record_free(record);
}

static int setup(void **state)
{
    static struct rig rig;
    static const char *const inputs[] = {INPUT};
    struct rig *r = &rig;
    struct error err;
    struct transaction_options options = {.call_ms = 500, .limit_ms = 1500};
    *r = (struct rig){0};
    const struct mock_topic topics[] = {{TOPIC, 1}, {INPUT, 1}};
    assert_ok(mock_broker_new(topics, 2, &r->broker, &err));
    assert_ok(loop_new(NULL, &r->loop, &err));
    const struct kafka_property servers = {"bootstrap.servers", mock_broker_address(r->broker)};
    const struct producer_options producer = {.properties = &servers,
                                              .property_count = 1,
                                              .transactional_id = "test",
                                              .hooks = {.on_settled = stop, .on_room = ignore, .on_fatal = on_fatal, .arg = r}};
    assert_ok(producer_new(r->loop, &producer, &r->producer, &err));
    const struct consumer_options consumer = {.properties = &servers,
                                              .property_count = 1,
                                              .group = "test",
                                              .topics = inputs,
                                              .topic_count = 1,
                                              .hooks = {.on_record = on_record, .on_fatal = on_fatal, .arg = r}};
    assert_ok(consumer_new(r->loop, &consumer, &r->consumer, &err));
    assert_ok(transaction_new(r->loop, r->producer, &options, on_done, r, &r->transaction, &err));
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    transaction_free(r->transaction);
    producer_free(r->producer);
    consumer_free(r->consumer);
    loop_free(r->loop);
    mock_broker_free(r->broker);
    return 0;
}

static void init(struct rig *r)
{
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_NEW);
    transaction_init(r->transaction);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_BUSY);
    assert_ok(loop_run(r->loop));
    assert_ok(r->last);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_READY);
}

static void begin(struct rig *r)
{
    transaction_begin(r->transaction);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_BUSY);
    assert_ok(loop_run(r->loop));
    assert_ok(r->last);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_OPEN);
}

static void begin_and_send(struct rig *r)
{
    struct error err;
    const struct producer_message m = {.topic = TOPIC, .key = {(const uint8_t *)"k", 1}, .value = {(const uint8_t *)"v", 1}};
    begin(r);
    assert_ok(producer_send(r->producer, &m, &err));
    assert_int_equal(producer_in_flight(r->producer), 1);
    assert_ok(loop_run(r->loop)); /* until on_settled */
    assert_int_equal(producer_in_flight(r->producer), 0);
    assert_ok(producer_failure(r->producer, &err));
}

static void commit(struct rig *r)
{
    const struct transaction_offset offset = {INPUT, 0, 1, 7};
    transaction_commit(r->transaction, r->consumer, &offset, 1);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_BUSY);
    assert_ok(loop_run(r->loop));
}

static void a_transaction_is_committed_and_another_can_begin(void **state)
{
    struct rig *r = *state;
    init(r);
    for (int i = 0; i < 3; i++) {
        begin_and_send(r);
        commit(r);
        assert_ok(r->last);
        assert_int_equal(transaction_state(r->transaction), TRANSACTION_READY);
    }
    assert_int_equal(producer_delivered(r->producer), 3);
}

static void an_open_transaction_can_be_aborted(void **state)
{
    struct rig *r = *state;
    init(r);
    begin_and_send(r);
    transaction_abort(r->transaction);
    assert_ok(loop_run(r->loop));
    assert_ok(r->last);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_READY);
}

static void a_refused_membership_spoils_the_transaction_until_it_is_aborted(void **state)
{
    struct rig *r = *state;
    init(r);
    begin_and_send(r);
    mock_broker_fail(r->broker, MOCK_REQUEST_TXN_OFFSET_COMMIT, KAFKA_UNKNOWN_MEMBER, 1);
    commit(r);
    assert_status(r->last, STATUS_UNAVAILABLE);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_SPOILED);
    transaction_abort(r->transaction);
    assert_ok(loop_run(r->loop));
    assert_ok(r->last);
    begin_and_send(r);
    commit(r);
    assert_ok(r->last);
}

static void a_fenced_producer_has_failed_for_good(void **state)
{
    struct rig *r = *state;
    init(r);
    begin_and_send(r);
    mock_broker_fail(r->broker, MOCK_REQUEST_END_TXN, KAFKA_FENCED, 1);
    commit(r);
    assert_status(r->last, STATUS_FENCED);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_FAILED);
}

static void an_abort_that_is_refused_has_failed_for_good(void **state)
{
    struct rig *r = *state;
    init(r);
    begin_and_send(r);
    mock_broker_fail(r->broker, MOCK_REQUEST_END_TXN, KAFKA_INVALID_REQUEST, 1);
    transaction_abort(r->transaction);
    assert_ok(loop_run(r->loop));
    assert_status(r->last, STATUS_FENCED);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_FAILED);
}

/* A message whose report nobody takes stands for one that librdkafka has lost (2.0.2 does, when a topic was refused and came back). */
static void an_abort_that_waits_for_lost_messages_has_failed_for_good(void **state)
{
    struct rig *r = *state;
    struct error err;
    const struct producer_message m = {.topic = TOPIC, .key = {(const uint8_t *)"k", 1}, .value = {(const uint8_t *)"v", 1}};
    init(r);
    begin(r);
    assert_ok(producer_send(r->producer, &m, &err));
    rd_kafka_queue_t *reports = rd_kafka_queue_get_main(producer_handle(r->producer));
    rd_kafka_event_t *report = NULL;
    for (int i = 0; i < 20 && rd_kafka_event_type(report) != RD_KAFKA_EVENT_DR; i++) {
        rd_kafka_event_destroy(report);
        report = rd_kafka_queue_poll(reports, 1000);
    }
    assert_int_equal(rd_kafka_event_type(report), RD_KAFKA_EVENT_DR);
    transaction_abort(r->transaction);
    assert_ok(loop_run(r->loop));
    assert_status(r->last, STATUS_FENCED);
    assert_int_equal(transaction_state(r->transaction), TRANSACTION_FAILED);
    rd_kafka_event_destroy(report);
    rd_kafka_queue_destroy(reports);
}

/* librdkafka may just be about to tell the broker of a new partition, and trips over that when it is destroyed. */
static void a_transaction_can_be_left_at_any_moment(void **state)
{
    for (int i = 0; i < 15; i++) {
        struct rig *r = *state;
        struct error err;
        const struct producer_message m = {.topic = TOPIC, .key = {(const uint8_t *)"k", 1}, .value = {(const uint8_t *)"v", 1}};
        init(r);
        begin(r);
        assert_ok(producer_send(r->producer, &m, &err));
        usleep((useconds_t)(i * 300));
        teardown(state);
        setup(state);
    }
}

static void init_without_a_broker_ends_after_the_limit_and_can_be_asked_again(void **state)
{
    struct rig *r = *state;
    mock_broker_set_up(r->broker, 0);
    transaction_init(r->transaction);
    int64_t began = loop_now_us();
    assert_ok(loop_run(r->loop));
    assert_status(r->last, STATUS_UNAVAILABLE);
    assert_true(loop_now_us() - began < 15000000);
    mock_broker_set_up(r->broker, 1);
    init(r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_transaction_is_committed_and_another_can_begin, setup, teardown),
        cmocka_unit_test_setup_teardown(an_open_transaction_can_be_aborted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_membership_spoils_the_transaction_until_it_is_aborted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fenced_producer_has_failed_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(an_abort_that_is_refused_has_failed_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(an_abort_that_waits_for_lost_messages_has_failed_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_transaction_can_be_left_at_any_moment, setup, teardown),
        cmocka_unit_test_setup_teardown(init_without_a_broker_ends_after_the_limit_and_can_be_asked_again, setup, teardown),
    };
    return fixture_run(argc, argv, tests);
}
