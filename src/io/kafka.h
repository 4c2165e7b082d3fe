/* kafka.h: what consumer, producer and client share of librdkafka: properties, headers, errors.
 * Thread: any. */
#ifndef STORECAST_IO_KAFKA_H
#define STORECAST_IO_KAFKA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

struct rd_kafka_s;
struct rd_kafka_conf_s;

struct kafka_property { /* a librdkafka property, without any prefix of ours */
    const char *name, *value;
};

struct kafka_header {
    const char *name;
    struct bytes value; /* data NULL = null */
};

/* A configuration with our defaults under the properties. Caller owns. */
enum status kafka_conf_new(const struct kafka_property *properties, size_t count, struct rd_kafka_conf_s **out,
                           struct error *err) MUST_CHECK;
enum status kafka_conf_set(struct rd_kafka_conf_s *conf, const char *name, const char *value, struct error *err) MUST_CHECK;

/* Is a cluster of this id (NULL = none) librdkafka's in-process broker? */
bool kafka_is_embedded(const char *cluster_id);

/* Called for every log line and error of librdkafka: level as in syslog(3). May run on any thread. */
typedef void (*kafka_log_fn)(void *arg, int level, const char *facility, const char *line);

#endif
