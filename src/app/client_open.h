/* client_open.h: a client from the configuration: which broker, which group, whose window.
 * Thread: any, one at a time. */
#ifndef STORECAST_APP_CLIENT_OPEN_H
#define STORECAST_APP_CLIENT_OPEN_H

#include "app/client.h"
#include "app/config.h"

/* The broker is, the first that is there: `broker` (may be NULL), kafka.bootstrap.servers, the address that
 * `storecast broker` wrote into the state directory. STATUS_BAD_USAGE when there is none. Caller frees. */
enum status client_open(const struct config *config, const char *broker, uint64_t window_bytes, struct client **out,
                        struct error *err) MUST_CHECK;

#endif
