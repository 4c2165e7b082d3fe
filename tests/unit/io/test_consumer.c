/* The consumer's commits against the in-process broker: none goes back, none is lost at the end. */
#include "support/fixture.h"

#include "io/consumer.h"
#include "io/mock_broker.h"

#define TOPIC "in"

enum { KAFKA_FIND_COORDINATOR = 10, KAFKA_NO_COORDINATOR = 15, KAFKA_HANG_UP = -195 };

struct rig {
    int ends; /* how often all had come */
    bool stops_at_end;
    struct loop *loop;
    struct mock_broker *broker;
    struct consumer *consumer;
    struct loop_timer *timer;
    int64_t to_commit, end;
    bool is_closed;
};

static void on_record(void *arg, struct consumer_record *record)
{
    (void)arg;
    consumer_record_free(record);
}

static void on_end(void *arg, size_t topic, int32_t partition)
{
    struct rig *r = arg;
    assert_int_equal(topic, 0);
    assert_int_equal(partition, 0);
    r->ends++;
    if (r->stops_at_end)
        loop_stop(r->loop);
}

static void on_fatal(void *arg, const char *why)
{
    (void)arg;
    fail_msg("%s", why);
}

static void on_closed(void *arg)
{
    struct rig *r = arg;
    r->is_closed = true;
    loop_stop(r->loop);
}

/* One commit after the other without a look at the answers, then the end. */
static void on_timer(void *arg)
{
    struct rig *r = arg;
    const struct consumer_position p = {.next_offset = r->to_commit};
    if (r->to_commit <= r->end)
        consumer_commit(r->consumer, &p, 1);
    else
        consumer_close(r->consumer);
    if (r->to_commit++ <= r->end)
        loop_timer_start(r->timer, 1);
}

static struct consumer *consumer(struct rig *r)
{
    static const char *const topics[] = {TOPIC};
    const struct kafka_property servers = {"bootstrap.servers", mock_broker_address(r->broker)};
    struct consumer *c;
    struct error err;
    assert_ok(consumer_new(r->loop,
                           &(struct consumer_options){
                               .properties = &servers,
                               .property_count = 1,
                               .group = "test",
                               .topics = topics,
                               .topic_count = 1,
                               .hooks = {.on_record = on_record, .on_end = on_end, .on_fatal = on_fatal, .on_closed = on_closed, .arg = r}},
                           &c, &err));
    return c;
}

static int64_t committed(struct rig *r)
{
    struct consumer_position p = {.next_offset = -1};
    struct error err;
    struct consumer *c = consumer(r);
    assert_ok(consumer_committed(c, &p, 1, 10000, &err));
    consumer_free(c);
    return p.next_offset;
}

/* Commits 1..commits while a request fails some times; returns what the group has after the end. */
static int64_t commit_through(int request, int error, size_t times, int64_t commits)
{
    struct rig r = {.to_commit = 1, .end = commits};
    struct error err;
    const struct mock_topic topic = {TOPIC, 1};
    assert_ok(mock_broker_new(&topic, 1, &r.broker, &err));
    assert_ok(loop_new(NULL, &r.loop, &err));
    assert_ok(loop_timer_new(r.loop, "test", on_timer, &r, &r.timer));
    mock_broker_fail(r.broker, request, error, times);
    r.consumer = consumer(&r);
    assert_ok(consumer_assign(r.consumer, &(struct consumer_position){.next_offset = 0}, 1, &err));
    loop_timer_start(r.timer, 1);
    assert_ok(loop_run(r.loop));
    assert_true(r.is_closed);
    mock_broker_clear(r.broker, request);
    int64_t last = committed(&r);
    consumer_free(r.consumer);
    loop_timer_free(r.timer);
    loop_free(r.loop);
    mock_broker_free(r.broker);
    return last;
}

static void the_last_offset_committed_is_the_one_that_stays(void **state)
{
    (void)state;
    assert_int_equal(commit_through(KAFKA_FIND_COORDINATOR, 0, 0, 1), 1);
    assert_int_equal(commit_through(KAFKA_FIND_COORDINATOR, 0, 0, 200), 200);
}

static void it_stays_when_the_coordinator_is_not_there_at_first(void **state)
{
    (void)state;
    assert_int_equal(commit_through(KAFKA_FIND_COORDINATOR, KAFKA_HANG_UP, 1, 5), 5);
    assert_int_equal(commit_through(KAFKA_FIND_COORDINATOR, KAFKA_NO_COORDINATOR, 1, 5), 5);
}

static void the_end_of_a_partition_is_told(void **state)
{
    struct rig r = {.stops_at_end = true};
    struct error err;
    (void)state;
    assert_ok(mock_broker_new(&(struct mock_topic){TOPIC, 1}, 1, &r.broker, &err));
    assert_ok(loop_new(NULL, &r.loop, &err));
    r.consumer = consumer(&r);
    assert_ok(consumer_assign(r.consumer, &(struct consumer_position){.next_offset = 0}, 1, &err));
    assert_ok(loop_run(r.loop));
    assert_int_equal(r.ends, 1);
    consumer_free(r.consumer);
    loop_free(r.loop);
    mock_broker_free(r.broker);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_offset_committed_is_the_one_that_stays),
        cmocka_unit_test(the_end_of_a_partition_is_told),
        cmocka_unit_test(it_stays_when_the_coordinator_is_not_there_at_first),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
