/* mock_broker.h: librdkafka's in-process broker, on loopback, with the topics it is told to have.
 *
 * It keeps 5 MiB a partition, forgets everything when the process ends, accepts transactions without honouring them,
 * and lets tests inject errors. Thread: any, one at a time. */
#ifndef STORECAST_IO_MOCK_BROKER_H
#define STORECAST_IO_MOCK_BROKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mock_broker;

struct mock_topic {
    const char *name;
    int32_t partitions;
};

/* Listens on an ephemeral port of 127.0.0.1. Caller frees. */
enum status mock_broker_new(const struct mock_topic *topics, size_t count, struct mock_broker **out, struct error *err) MUST_CHECK;
void mock_broker_free(struct mock_broker *b);
const char *mock_broker_address(const struct mock_broker *b); /* host:port */

/* For tests: the next `times` requests of a kind (Kafka's protocol number, MOCK_REQUEST_...) fail with Kafka's error. */
enum { MOCK_REQUEST_PRODUCE = 0, MOCK_REQUEST_FETCH = 1, MOCK_REQUEST_TXN_OFFSET_COMMIT = 28, MOCK_REQUEST_END_TXN = 26 };
void mock_broker_fail(struct mock_broker *b, int request, int kafka_error, size_t times);
/* Takes back those errors that have not come to pass. */
void mock_broker_clear(struct mock_broker *b, int request);
/* Every answer takes this much longer. */
void mock_broker_delay(struct mock_broker *b, int round_trip_ms);
void mock_broker_set_up(struct mock_broker *b, int up); /* 0: connections are refused */

#endif
