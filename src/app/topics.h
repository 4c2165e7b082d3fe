/* topics.h: the table of topics: what they are called, what they hold, who may drop what.
 *
 * Names are prefix + "." + the row's name; the prefix is "storecast" unless topic.prefix says otherwise.
 * Thread: any; a struct topics is not changed after topics_init. */
#ifndef STORECAST_APP_TOPICS_H
#define STORECAST_APP_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum topic_role { TOPIC_INPUT, TOPIC_OUTPUT, TOPIC_INTERNAL };
enum topic_cleanup { CLEANUP_DELETE, CLEANUP_COMPACT, CLEANUP_COMPACT_DELETE };

#define TOPIC_LIST(X)                                                                                                                      \
    X(SALES, "sales-updates", TOPIC_INPUT, CLEANUP_DELETE, "SalesUpdate, by store")                                                        \
    X(REQUESTS, "forecast-requests", TOPIC_INPUT, CLEANUP_DELETE, "ForecastRequest, by store")                                             \
    X(FORECASTS, "forecasts", TOPIC_OUTPUT, CLEANUP_COMPACT, "the standing forecast of each series")                                       \
    X(ARCHIVE, "forecast-archive", TOPIC_OUTPUT, CLEANUP_DELETE, "every forecast ever issued")                                             \
    X(REPLIES, "forecast-replies", TOPIC_OUTPUT, CLEANUP_DELETE, "answers to requests, by store")                                          \
    X(ALERTS, "drift-alerts", TOPIC_OUTPUT, CLEANUP_COMPACT_DELETE, "the last word on each alert")                                         \
    X(DEAD, "dead-letters", TOPIC_OUTPUT, CLEANUP_DELETE, "records that were refused, and why")                                            \
    X(EVENTS, "model-events", TOPIC_OUTPUT, CLEANUP_DELETE, "what happened to models")                                                     \
    X(STATE, "state", TOPIC_INTERNAL, CLEANUP_COMPACT, "the worker's changelog")

enum topic {
#define TOPIC_ENUM(id, name, role, cleanup, help) TOPIC_##id,
    TOPIC_LIST(TOPIC_ENUM)
#undef TOPIC_ENUM
        TOPIC_COUNT
};

struct topic_row {
    const char *name; /* without the prefix */
    enum topic_role role;
    enum topic_cleanup cleanup;
    const char *help;
};
extern const struct topic_row topic_rows[TOPIC_COUNT];

#define TOPIC_PREFIX_DEFAULT "storecast"
#define TOPIC_NAME_BYTES     128
struct topics {
    char names[TOPIC_COUNT][TOPIC_NAME_BYTES];
};

/* STATUS_BAD_CONFIG when the prefix is empty, too long, or has characters that Kafka forbids in topic names. */
enum status topics_init(struct topics *t, const char *prefix, struct error *err) MUST_CHECK;
const char *topics_name(const struct topics *t, enum topic topic);
/* The topic with this row name ("forecasts") or full name ("storecast.forecasts"); false when there is none. */
bool topics_find(const struct topics *t, const char *name, enum topic *out);

/* The embedded broker has one more, empty topic, whose name ends with what tells this broker from the one before:
 * prefix + TOPIC_INCARNATION_INFIX + 16 hexadecimal digits. */
#define TOPIC_INCARNATION_INFIX ".broker-incarnation-"

/* The key of records for all stores of a partition (design.md, Topics). */
#define ALL_STORES_KEY       "\0all"
#define ALL_STORES_KEY_BYTES 4

#endif
