/* client_open.h: a client from the configuration: which broker, which group, whose window.
 * Thread: any, one at a time. */
#ifndef STORECAST_APP_CLIENT_OPEN_H
#define STORECAST_APP_CLIENT_OPEN_H

#include "app/client.h"
#include "app/config.h"

/* The broker is, the first that is there: `broker` (may be NULL), kafka.bootstrap.servers, the address that
 * `storecast broker` wrote into the state directory. STATUS_UNAVAILABLE when there is none. On the embedded broker there is
 * a window, for it forgets; a cluster keeps what is sent, so that one need not wait for the worker: with `await_reader` what
 * it has not committed is counted there too (client_unread), without a bound. Caller frees. */
enum status client_open(const struct config *config, const char *broker, bool await_reader, struct client **out,
                        struct error *err) MUST_CHECK;

/* Does librdkafka know every kafka.* option, and take its value? Opens nothing. STATUS_BAD_CONFIG when not. */
enum status client_check_properties(const struct config *config, struct error *err) MUST_CHECK;

#endif
