/* kafka.h: what consumer, producer and client share of librdkafka: properties, headers, errors.
 * Thread: any. */
#ifndef STORECAST_IO_KAFKA_H
#define STORECAST_IO_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* librdkafka before 2.6.1 sends its nonce twice when it logs in by SCRAM, which Kafka before 4 let pass. A sentence that says
 * so; NULL with a newer one. */
const char *kafka_scram_warning(void);
/* What to add to librdkafka's reason for a failure, "" when it says enough. */
const char *kafka_hint(const char *reason);

/* Ends of partitions 0 to count - 1 of a topic, by one question a broker. Which end KAFKA_LATEST is, the handle's isolation.level
 * decides: read_committed asks for the last stable offset. STATUS_UNAVAILABLE after timeout_ms.
 * (rd_kafka_query_watermark_offsets of librdkafka 2.0.2 waits for ever, whatever its time-out, when the leader has just died.) */
enum { KAFKA_LATEST = -1, KAFKA_EARLIEST = -2 };
enum status kafka_offsets(struct rd_kafka_s *rk, const char *topic, int32_t count, int64_t end, int timeout_ms, int64_t *out,
                          struct error *err) MUST_CHECK;
/* The first offset of one partition that is still there, likewise. */
enum status kafka_first_offset(struct rd_kafka_s *rk, const char *topic, int32_t partition, int timeout_ms, int64_t *out,
                               struct error *err) MUST_CHECK;

/* Called for every log line and error of librdkafka: level as in syslog(3). May run on any thread. */
typedef void (*kafka_log_fn)(void *arg, int level, const char *facility, const char *line);

#endif
