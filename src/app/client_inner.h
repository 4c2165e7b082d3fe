/* client_inner.h: what client.c and client_reader.c share. Internal to app/client. */
#ifndef STORECAST_APP_CLIENT_INNER_H
#define STORECAST_APP_CLIENT_INNER_H

#include <librdkafka/rdkafka.h>

#include "app/client.h"

#define CLIENT_ANSWER_MS 10000

/* A handle with the client's servers and properties, then `own` on top. */
enum status client_handle_new(const struct client *c, rd_kafka_type_t type, const struct kafka_property *own, size_t own_count,
                              void *opaque, void (*on_delivered)(rd_kafka_t *, const rd_kafka_message_t *, void *),
                              rd_kafka_t **out, struct error *err) MUST_CHECK;
enum status client_broker_error(struct error *err, const char *what, rd_kafka_resp_err_t e);

#endif
