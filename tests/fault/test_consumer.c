/* Every allocation of the consumer fails in turn while records arrive: none is lost, each comes once and in order. */
#include "support/fixture.h"

#include <string.h>
#include <unistd.h>

#include "app/client.h"
#include "io/consumer.h"
#include "io/mock_broker.h"
#include "support/fault.h"

#define RECORDS 8

static const char *const topic = "in";

struct reading {
    struct loop *loop;
    struct consumer *consumer;
    int64_t next;
    bool has_failed;
};

static void on_record(void *arg, struct consumer_record *record)
{
    struct reading *r = arg;
    if (record->offset != r->next++)
        r->has_failed = true;
    consumer_record_free(record);
    if (r->next == RECORDS)
        loop_stop(r->loop);
}

static void on_fatal(void *arg, const char *why)
{
    struct reading *r = arg;
    (void)why;
    r->has_failed = true;
    loop_stop(r->loop);
}

static void on_tick(void *arg)
{
    consumer_tick(((struct reading *)arg)->consumer);
}

static void fill(const char *address)
{
    struct client *client;
    struct error err;
    assert_ok(client_new(&(struct client_options){.servers = address, .window_bytes = CLIENT_WINDOW_BYTES}, &client, &err));
    for (int i = 0; i < RECORDS; i++)
        assert_ok(client_send(client, &(struct client_record){.topic = topic, .value = {(const uint8_t *)"v", 1}}, &err));
    assert_ok(client_flush(client, 10000, &err));
    client_free(client);
}

/* Returns whether everything came; if not, consumer_new or consumer_assign has said so. */
static bool read_all(void *address)
{
    struct reading r = {0};
    struct error err = {0};
    const struct kafka_property servers = {"bootstrap.servers", address};
    const struct consumer_options options = {.properties = &servers,
                                             .property_count = 1,
                                             .group = "test",
                                             .topics = &topic,
                                             .topic_count = 1,
                                             .hooks = {.on_record = on_record, .on_fatal = on_fatal, .arg = &r}};
    bool is_read = false;
    if (loop_new(NULL, &r.loop, &err))
        return false;
    loop_on_tick(r.loop, on_tick, &r);
    if (consumer_new(r.loop, &options, &r.consumer, &err) == STATUS_OK &&
        consumer_assign(r.consumer, &(struct consumer_position){.next_offset = 0}, 1, &err) == STATUS_OK) {
        alarm(60);
        assert_ok(loop_run(r.loop));
        alarm(0);
        is_read = r.next == RECORDS;
        if (r.has_failed || !is_read)
            fail_msg("a record is lost: %lld came", (long long)r.next);
    } else {
        assert_true(strlen(err.text) > 10);
    }
    fault_stop();
    consumer_free(r.consumer);
    loop_free(r.loop);
    return is_read;
}

static void no_record_is_lost(void **state)
{
    struct mock_broker *broker;
    struct error err;
    (void)state;
    assert_ok(mock_broker_new(&(struct mock_topic){topic, 1}, 1, &broker, &err));
    fill(mock_broker_address(broker));
    size_t failures = fault_sweep(read_all, (void *)(uintptr_t)mock_broker_address(broker), true);
    print_message("%zu allocations\n", failures);
    assert_true(failures > RECORDS);
    mock_broker_free(broker);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_record_is_lost),
    };
    return fixture_run(argc, argv, tests);
}
