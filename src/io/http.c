#include "io/http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_AHEAD_BYTES 4096

struct route {
    struct route *next;
    struct http_server *server;
    const char *path;
    http_fn fn;
    void *arg;
};

struct connection { /* keeps a connection's bufferevent until its deadline, so that it can be cut off */
    struct http_server *server;
    struct bufferevent *bev;
    struct event *deadline;
    struct connection *next, **previous;
};

struct http_server {
    struct loop *loop;
    struct evhttp *http;
    struct http_options options;
    uint16_t port;
    struct evconnlistener *listener; /* evhttp's */
    struct event *accept_again;
    struct route *routes;
    struct connection *connections;
    size_t connection_count;
};

struct http_request {
    struct evhttp_request *request;
    bool answered;
};

void http_options_default(struct http_options *out)
{
    *out = (struct http_options){
        .address = "127.0.0.1", .methods = HTTP_GET, .header_bytes_max = 8192, .body_bytes_max = 0,
        .idle_timeout_s = 5, .deadline_ms = 10000, .connections_max = 64,
    };
}

/* ---- connections */

static void connection_free(struct connection *c)
{
    *c->previous = c->next;
    if (c->next)
        c->next->previous = c->previous;
    c->server->connection_count--;
    event_free(c->deadline);
    bufferevent_decref(c->bev);
    free(c);
}

/* evhttp_set_timeout starts anew with every byte, so it does not stop a slow drip; this does. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct connection *c = arg;
    struct loop *loop = c->server->loop;
    struct loop_mark entered = loop_enter(loop);
    evutil_socket_t socket_fd = bufferevent_getfd(c->bev);
    if (socket_fd >= 0)
        shutdown(socket_fd, SHUT_RDWR);
    connection_free(c);
    loop_leave(loop, "http deadline", entered);
}

/* evhttp tells only of the end of answered connections (on_close). Others it releases silently, which shows in their
 * callbacks being gone; our reference would keep them open until the deadline. */
static void sweep(struct http_server *s)
{
    struct connection *next;
    for (struct connection *c = s->connections; c; c = next) {
        next = c->next;
        bufferevent_event_cb on_event = NULL;
        bufferevent_getcb(c->bev, NULL, NULL, &on_event, NULL);
        if (!on_event)
            connection_free(c);
    }
}

static void on_close(struct evhttp_connection *closing, void *arg)
{
    struct http_server *s = arg;
    for (struct connection *c = s->connections; c; c = c->next) {
        if (c->bev == evhttp_connection_get_bufferevent(closing)) {
            connection_free(c);
            return;
        }
    }
}

static struct bufferevent *accept_connection(struct http_server *s, struct event_base *base)
{
    sweep(s);
    struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    /* evhttp goes on reading what it has refused already, and keeps it. */
    if (bev)
        bufferevent_setwatermark(bev, EV_READ, 0, s->options.header_bytes_max + s->options.body_bytes_max + READ_AHEAD_BYTES);
    struct connection *c = calloc(1, sizeof *c);
    if (c && bev)
        c->deadline = event_new(base, -1, 0, on_deadline, c);
    if (!bev || !c || !c->deadline) {
        free(c);
        return bev; /* without a deadline, but within the idle time-out */
    }
    c->server = s;
    c->bev = bev;
    bufferevent_incref(bev);
    c->next = s->connections;
    c->previous = &s->connections;
    if (c->next)
        c->next->previous = &c->next;
    s->connections = c;
    s->connection_count++;
    bool crowded = s->connection_count > s->options.connections_max;
    int64_t after_ms = crowded ? 1 : s->options.deadline_ms;
    const struct timeval after = {.tv_sec = after_ms / 1000, .tv_usec = after_ms % 1000 * 1000};
    event_add(c->deadline, &after);
    return bev;
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
    struct http_server *s = arg;
    struct loop_mark entered = loop_enter(s->loop);
    struct bufferevent *bev = accept_connection(s, base);
    loop_leave(s->loop, "http connection", entered);
    return bev;
}

/* ---- requests */

void http_reply(struct http_request *r, int code, const char *content_type, struct bytes body)
{
    assert(!r->answered);
    r->answered = true;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(r->request);
    evhttp_add_header(headers, "Content-Type", content_type);
    evhttp_add_header(headers, "Connection", "close");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
    struct evbuffer *out = evhttp_request_get_output_buffer(r->request);
    if (evbuffer_add(out, body.data, body.size) != 0)
        code = HTTP_INTERNAL;
    evhttp_send_reply(r->request, code, NULL, NULL);
}

static void reply_text(struct http_request *r, int code, const char *text)
{
    http_reply(r, code, "text/plain; charset=utf-8", (struct bytes){(const uint8_t *)text, strlen(text)});
}

static void on_request(struct evhttp_request *request, void *arg)
{
    const struct route *route = arg;
    struct loop_mark entered = loop_enter(route->server->loop);
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_close, route->server);
    struct http_request r = {.request = request};
    route->fn(route->arg, &r);
    assert(r.answered);
    loop_leave(route->server->loop, route->path, entered);
}

static void on_unknown(struct evhttp_request *request, void *arg)
{
    evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_close, arg);
    struct http_request r = {.request = request};
    reply_text(&r, HTTP_NOTFOUND, "There is no such page.\n");
}

enum status http_route(struct http_server *s, const char *path, http_fn fn, void *arg)
{
    struct route *route = calloc(1, sizeof *route);
    if (!route)
        return STATUS_NO_MEMORY;
    *route = (struct route){s->routes, s, path, fn, arg};
    s->routes = route;
    int rc = evhttp_set_cb(s->http, path, on_request, route);
    assert(rc == 0 || rc == -2); /* -1: the path has a handler already */
    return rc == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

/* ---- the server */

static uint16_t bound_port(struct evhttp_bound_socket *bound)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&address, &size) != 0)
        return 0;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address.ss_family == AF_INET6) {
        memcpy(&v6, &address, sizeof v6);
        return ntohs(v6.sin6_port);
    }
    memcpy(&v4, &address, sizeof v4);
    return ntohs(v4.sin_port);
}

/* No descriptor is left for who wants to connect. The listener would say so without a pause; it looks again half a second later.
 * (What libevent hands us here is its own, hence a timer that always runs.) */
static void on_accept_failed(struct evconnlistener *listener, void *arg)
{
    (void)arg;
    evconnlistener_disable(listener);
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;
    (void)fd;
    (void)what;
    evconnlistener_enable(s->listener);
}

static enum status bind_socket(struct http_server *s, struct error *err)
{
    struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(s->http, s->options.address, s->options.port);
    if (!bound) {
        bool is_taken = errno == EADDRINUSE;
        return error_set(err, is_taken ? STATUS_IN_USE : STATUS_BAD_CONFIG, "http %s:%u: %s%s", s->options.address,
                         (unsigned)s->options.port, strerror(errno), is_taken ? " (choose another port)" : "");
    }
    s->port = bound_port(bound);
    s->listener = evhttp_bound_socket_get_listener(bound);
    s->accept_again = event_new(loop_base(s->loop), -1, EV_PERSIST, on_accept_again, s);
    const struct timeval period = {.tv_usec = 500000};
    if (!s->accept_again || event_add(s->accept_again, &period) != 0)
        return error_set(err, STATUS_NO_MEMORY, "http: out of memory");
    evconnlistener_set_error_cb(s->listener, on_accept_failed);
    return STATUS_OK;
}

enum status http_new(struct loop *loop, const struct http_options *options, struct http_server **out, struct error *err)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s)
        return error_set(err, STATUS_NO_MEMORY, "http: out of memory");
    s->loop = loop;
    s->options = *options;
    s->http = evhttp_new(loop_base(loop));
    enum status status = s->http ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "http: out of memory");
    if (!status) {
        evhttp_set_max_headers_size(s->http, (ev_ssize_t)options->header_bytes_max);
        evhttp_set_max_body_size(s->http, (ev_ssize_t)options->body_bytes_max);
        evhttp_set_timeout(s->http, options->idle_timeout_s);
        unsigned methods = options->methods & HTTP_GET ? EVHTTP_REQ_GET | EVHTTP_REQ_HEAD : 0u;
        if (options->methods & HTTP_POST)
            methods |= EVHTTP_REQ_POST;
        evhttp_set_allowed_methods(s->http, (ev_uint16_t)methods);
        evhttp_set_bevcb(s->http, on_connection, s);
        evhttp_set_gencb(s->http, on_unknown, s);
        status = bind_socket(s, err);
    }
    if (status)
        http_free(s);
    else
        *out = s;
    return status;
}

void http_free(struct http_server *s)
{
    if (!s)
        return;
    if (s->accept_again)
        event_free(s->accept_again);
    if (s->http)
        evhttp_free(s->http);
    while (s->connections)
        connection_free(s->connections);
    while (s->routes) {
        struct route *route = s->routes;
        s->routes = route->next;
        free(route);
    }
    free(s);
}

uint16_t http_port(const struct http_server *s)
{
    return s->port;
}

size_t http_connections(const struct http_server *s)
{
    return s->connection_count;
}
