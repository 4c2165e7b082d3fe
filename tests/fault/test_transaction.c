/* Without memory for the number of a batch its offsets are not committed: a restore could not tell what they are of. */
#include "support/fixture.h"

#include "io/mock_broker.h"
#include "io/transaction.h"
#include "support/fault.h"

#define TOPIC "in"

struct rig {
    struct loop *loop;
    struct consumer *consumer;
    struct producer *producer;
    struct transaction *transaction;
    enum status last;
};

static void on_done(void *arg, enum status status, const char *why)
{
    struct rig *r = arg;
    (void)why;
    r->last = status;
    loop_stop(r->loop);
}

static void on_record(void *arg, struct consumer_record *record)
{
    (void)arg;
    consumer_record_free(record);
}

static void ignore(void *arg)
{
    (void)arg;
}

static void ignore_fatal(void *arg, const char *why)
{
    (void)arg;
    (void)why;
}

static void open_all(struct rig *r, const struct kafka_property *servers)
{
    static const char *const topics[] = {TOPIC};
    struct error err;
    struct transaction_options options;
    const struct consumer_options consumer = {.properties = servers,
                                              .property_count = 1,
                                              .group = "test",
                                              .topics = topics,
                                              .topic_count = 1,
                                              .hooks = {.on_record = on_record, .on_fatal = ignore_fatal, .arg = r}};
    const struct producer_options producer = {.properties = servers,
                                              .property_count = 1,
                                              .transactional_id = "test",
                                              .hooks = {.on_settled = ignore, .on_room = ignore, .on_fatal = ignore_fatal, .arg = r}};
    transaction_options_default(&options);
    assert_ok(loop_new(NULL, &r->loop, &err));
    assert_ok(consumer_new(r->loop, &consumer, &r->consumer, &err));
    assert_ok(producer_new(r->loop, &producer, &r->producer, &err));
    assert_ok(transaction_new(r->loop, r->producer, &options, on_done, r, &r->transaction, &err));
}

static enum status wait_for(struct rig *r)
{
    assert_ok(loop_run(r->loop));
    return r->last;
}

static void without_memory_for_its_number_a_batch_is_not_committed(void **state)
{
    static const struct transaction_offset offsets[] = {{TOPIC, 0, 1, 7}, {TOPIC, 1, 1, 7}};
    struct mock_broker *broker;
    struct error err;
    struct rig r = {0};
    (void)state;
    assert_ok(mock_broker_new(&(struct mock_topic){TOPIC, 2}, 1, &broker, &err));
    open_all(&r, &(struct kafka_property){"bootstrap.servers", mock_broker_address(broker)});
    transaction_init(r.transaction);
    assert_ok(wait_for(&r));
    for (size_t allowed = 0; allowed < 2; allowed++) {
        transaction_begin(r.transaction);
        assert_ok(wait_for(&r));
        fault_start(allowed);
        transaction_commit(r.transaction, r.consumer, offsets, 2);
        fault_stop();
        assert_true(fault_happened());
        assert_status(wait_for(&r), STATUS_UNAVAILABLE);
        assert_int_equal(transaction_state(r.transaction), TRANSACTION_SPOILED);
        transaction_abort(r.transaction);
        assert_ok(wait_for(&r));
    }
    transaction_begin(r.transaction);
    assert_ok(wait_for(&r));
    transaction_commit(r.transaction, r.consumer, offsets, 2);
    assert_ok(wait_for(&r));
    transaction_free(r.transaction);
    producer_free(r.producer);
    consumer_free(r.consumer);
    loop_free(r.loop);
    mock_broker_free(broker);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_for_its_number_a_batch_is_not_committed),
    };
    return fixture_run(argc, argv, tests);
}
