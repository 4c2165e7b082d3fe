/* admin_open.h: the administrator's view of the configured cluster. Thread: main. */
#ifndef STORECAST_APP_ADMIN_OPEN_H
#define STORECAST_APP_ADMIN_OPEN_H

#include "app/config.h"
#include "io/kafka_admin.h"

/* The cluster is `broker` (may be NULL), or kafka.bootstrap.servers; *out_servers, borrowed from either, names it.
 * STATUS_BAD_CONFIG when there is neither, or when it is an embedded broker. Caller frees with kafka_admin_free, in every case. */
enum status admin_open(const struct config *config, const char *broker, struct kafka_admin **out, const char **out_servers,
                       struct error *err) MUST_CHECK;

#endif
