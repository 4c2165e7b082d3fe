/* http.h: a small HTTP server on the loop, with a limit on everything a client can do.
 *
 * Larger headers are cut off, larger bodies get 413, other methods 501, more connections than allowed are closed, and a
 * connection ends after deadline_ms whatever it does (a client that sends a byte a second too). Every answer closes its
 * connection. Thread: loop. */
#ifndef STORECAST_IO_HTTP_H
#define STORECAST_IO_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "io/loop.h"

struct http_server;
struct http_request;

enum http_method { HTTP_GET = 1, HTTP_POST = 2 }; /* HEAD is allowed with GET */

struct http_options {
    const char *address; /* a numeric address, such as 127.0.0.1 */
    uint16_t port;       /* 0 = one that is free */
    unsigned methods;    /* enum http_method, ored */
    size_t header_bytes_max, body_bytes_max;
    int idle_timeout_s, deadline_ms;
    size_t connections_max;
};
/* Loopback, GET, 8 KiB of headers, no body, 5 s idle, 10 s in all, 64 connections. */
void http_options_default(struct http_options *out);

/* STATUS_IN_USE when the port is taken, STATUS_BAD_CONFIG when the address is not this machine's. Caller frees. */
enum status http_new(struct loop *loop, const struct http_options *options, struct http_server **out, struct error *err) MUST_CHECK;
void http_free(struct http_server *s);
uint16_t http_port(const struct http_server *s);
size_t http_connections(const struct http_server *s); /* open now */

/* The handler must answer with http_reply before it returns. Other paths get 404. name shows in slow-callback reports. */
typedef void (*http_fn)(void *arg, struct http_request *request);
enum status http_route(struct http_server *s, const char *path, http_fn fn, void *arg) MUST_CHECK;
void http_reply(struct http_request *request, int code, const char *content_type, struct bytes body);

#endif
