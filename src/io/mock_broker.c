#include "io/mock_broker.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <time.h>

#include "io/kafka.h"

#define BROKER_ID 1

struct mock_broker {
    rd_kafka_t *handle;
    rd_kafka_mock_cluster_t *cluster;
};

static enum status start(struct mock_broker *b, struct error *err)
{
    rd_kafka_conf_t *conf;
    /* log_level 0: the handle has no servers of its own and would complain about it. */
    enum status status = kafka_conf_new(&(struct kafka_property){"log_level", "0"}, 1, &conf, err);
    if (status)
        return status;
    char why[256];
    b->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!b->handle) {
        rd_kafka_conf_destroy(conf);
        return error_set(err, STATUS_UNAVAILABLE, "embedded broker: %s", why);
    }
    b->cluster = rd_kafka_mock_cluster_new(b->handle, 1);
    return b->cluster ? STATUS_OK : error_set(err, STATUS_UNAVAILABLE, "embedded broker: could not listen on 127.0.0.1");
}

/* The mock's thread (2.0.2) serves its queue, then drains its wake-up pipe: a call that comes in between waits for the
 * thread's next turn, a second later. So we give it the time to fall asleep. */
static void breathe(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
}

enum status mock_broker_new(const struct mock_topic *topics, size_t count, struct mock_broker **out, struct error *err)
{
    struct mock_broker *b = calloc(1, sizeof *b);
    if (!b)
        return error_set(err, STATUS_NO_MEMORY, "embedded broker: out of memory");
    enum status status = start(b, err);
    for (size_t i = 0; !status && i < count; i++) {
        breathe();
        rd_kafka_resp_err_t e = rd_kafka_mock_topic_create(b->cluster, topics[i].name, topics[i].partitions, 1);
        if (e)
            status = error_set(err, STATUS_UNAVAILABLE, "embedded broker: topic %s: %s", topics[i].name, rd_kafka_err2str(e));
    }
    if (status)
        mock_broker_free(b);
    else
        *out = b;
    return status;
}

void mock_broker_free(struct mock_broker *b)
{
    if (!b)
        return;
    if (b->cluster)
        rd_kafka_mock_cluster_destroy(b->cluster);
    if (b->handle)
        rd_kafka_destroy(b->handle);
    free(b);
}

const char *mock_broker_address(const struct mock_broker *b)
{
    return rd_kafka_mock_cluster_bootstraps(b->cluster);
}

void mock_broker_fail(struct mock_broker *b, int request, int kafka_error, size_t times)
{
    rd_kafka_resp_err_t errors[64];
    assert(times <= sizeof errors / sizeof *errors);
    for (size_t i = 0; i < times; i++)
        errors[i] = (rd_kafka_resp_err_t)kafka_error;
    rd_kafka_mock_push_request_errors_array(b->cluster, (int16_t)request, times, errors);
}

void mock_broker_clear(struct mock_broker *b, int request)
{
    rd_kafka_mock_clear_request_errors(b->cluster, (int16_t)request);
}

void mock_broker_delay(struct mock_broker *b, int round_trip_ms)
{
    rd_kafka_mock_broker_set_rtt(b->cluster, BROKER_ID, round_trip_ms);
}

void mock_broker_set_up(struct mock_broker *b, int up)
{
    if (up)
        rd_kafka_mock_broker_set_up(b->cluster, BROKER_ID);
    else
        rd_kafka_mock_broker_set_down(b->cluster, BROKER_ID);
}
