/* worker_broker.h: the worker's clients of the broker, and what it must know of it. Thread: loop. */
#ifndef STORECAST_APP_WORKER_BROKER_H
#define STORECAST_APP_WORKER_BROKER_H

#include "app/worker.h"

#define WORKER_PROPERTIES_MAX 144

struct property_list {
    struct kafka_property items[WORKER_PROPERTIES_MAX];
    size_t count;
};
/* Adds what every client of this worker needs; texts are borrowed. */
void worker_broker_properties(const struct worker *w, struct property_list *out);

/* In this order. The second one asks the broker and waits: before the loop runs. */
enum status worker_broker_consume(struct worker *w, struct error *err) MUST_CHECK;
/* Partitions and incarnation. STATUS_UNAVAILABLE, STATUS_NOT_FOUND, STATUS_BAD_CONFIG. */
enum status worker_broker_look(struct worker *w, struct error *err) MUST_CHECK;
enum status worker_broker_produce(struct worker *w, struct error *err) MUST_CHECK;

#endif
