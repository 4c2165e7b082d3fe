/* The HTTP server answers what it should and ends what it must. Clients run on a thread of their own. */
#include "support/fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/http.h"

#define ANSWER_BYTES (1 << 20)

struct rig {
    struct loop *loop;
    struct http_server *server;
    struct loop_wake *stop;
    pthread_t thread;
    int handled;
};

static void on_stop(void *arg)
{
    loop_stop(((struct rig *)arg)->loop);
}

static void on_hello(void *arg, struct http_request *request)
{
    struct rig *r = arg;
    r->handled++;
    http_reply(request, 200, "text/plain", (struct bytes){(const uint8_t *)"hello\n", 6});
}

static void *run_loop(void *arg)
{
    assert_ok(loop_run(((struct rig *)arg)->loop));
    return NULL;
}

static void rig_start(struct rig *r, void (*change)(struct http_options *))
{
    struct http_options options;
    struct error err;
    *r = (struct rig){0};
    http_options_default(&options);
    if (change)
        change(&options);
    assert_ok(loop_new(NULL, &r->loop, &err));
    assert_ok(loop_wake_new(r->loop, "stop", on_stop, r, &r->stop));
    if (http_new(r->loop, &options, &r->server, &err))
        fail_msg("%s", err.text);
    assert_ok(http_route(r->server, "/hello", on_hello, r));
    assert_int_equal(pthread_create(&r->thread, NULL, run_loop, r), 0);
}

static void rig_finish(struct rig *r)
{
    loop_wake_kick(r->stop);
    pthread_join(r->thread, NULL);
    http_free(r->server);
    loop_wake_free(r->stop);
    loop_free(r->loop);
}

static int dial(struct rig *r)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(http_port(r->server)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 10}, sizeof(struct timeval));
    return fd;
}

static void say(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* cut off by the server, as some tests want */
        text += n;
        size -= (size_t)n;
    }
}

/* Everything until the server closes. -1: it did not within 10 s. */
static ssize_t hear(int fd, char *out)
{
    size_t used = 0;
    for (;;) {
        ssize_t n = recv(fd, out + used, ANSWER_BYTES - 1 - used, 0);
        if (n <= 0) {
            out[used] = '\0';
            return n < 0 && used == 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? -1 : (ssize_t)used;
        }
        used += (size_t)n;
    }
}

static char answer[ANSWER_BYTES];

static const char *ask(struct rig *r, const char *request, size_t size)
{
    int fd = dial(r);
    say(fd, request, size);
    assert_true(hear(fd, answer) >= 0);
    close(fd);
    return answer;
}

#define ASK(r, request) ask(r, request, strlen(request))

static void a_route_is_answered_and_the_connection_closed(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    for (int i = 0; i < 200; i++) /* more than may be open at a time: each is really over */
        assert_non_null(strstr(ASK(&r, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), "hello\n"));
    assert_non_null(strstr(answer, "Connection: close"));
    assert_int_equal(r.handled, 200);
    rig_finish(&r);
}

static void unknown_paths_methods_and_garbage_are_refused(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL);
    assert_non_null(strstr(ASK(&r, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"), " 404 "));
    assert_non_null(strstr(ASK(&r, "DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n"), " 501 "));
    assert_null(strstr(ASK(&r, "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"), " 200 ")); /* 413: no bodies here */
    ASK(&r, "\x16\x03\x01 this is not HTTP\r\n\r\n");
    assert_null(strstr(answer, "hello"));
    assert_int_equal(r.handled, 0);
    rig_finish(&r);
}

static void allow_bodies(struct http_options *o)
{
    o->methods |= HTTP_POST;
    o->body_bytes_max = 4096;
}

static void larger_headers_and_bodies_than_allowed_are_refused(void **state)
{
    (void)state;
    struct rig r;
    static char large[200000];
    rig_start(&r, allow_bodies);
    memset(large, 'x', sizeof large);
    memcpy(large, "GET /hello HTTP/1.1\r\nX: ", 24);
    ask(&r, large, sizeof large);
    assert_null(strstr(answer, "hello\n"));
    int n = snprintf(large, sizeof large, "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    memset(large + n, 'x', 100000);
    ask(&r, large, (size_t)n + 100000);
    assert_null(strstr(answer, "hello\n"));
    assert_non_null(strstr(ASK(&r, "POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"), "hello\n"));
    rig_finish(&r);
}

static void short_patience(struct http_options *o)
{
    o->idle_timeout_s = 2;
    o->deadline_ms = 700;
}

static void a_client_that_drips_bytes_is_cut_off_at_the_deadline(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, short_patience);
    int fd = dial(&r);
    const char *request = "GET /hello HTTP/1.1\r\nHost: x\r\nX-Slow: ";
    say(fd, request, strlen(request));
    int64_t began = loop_now_us();
    ssize_t heard = -1;
    while (heard < 0 && loop_now_us() - began < 5000000) {
        say(fd, "z", 1); /* each one starts libevent's own time-out anew */
        usleep(50000);
        char byte;
        heard = recv(fd, &byte, 1, MSG_DONTWAIT);
    }
    assert_true(heard >= 0 || errno == ECONNRESET);
    assert_in_range((loop_now_us() - began) / 1000, 500, 3000);
    close(fd);
    assert_non_null(strstr(ASK(&r, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), "hello\n"));
    rig_finish(&r);
}

static void few_connections(struct http_options *o)
{
    o->connections_max = 8;
    o->deadline_ms = 1000;
}

static void connections_beyond_the_limit_are_shed(void **state)
{
    (void)state;
    struct rig r;
    int fds[40];
    char byte;
    rig_start(&r, few_connections);
    for (int i = 0; i < 40; i++)
        fds[i] = dial(&r);
    usleep(300000);
    int closed = 0;
    for (int i = 0; i < 40; i++)
        closed += recv(fds[i], &byte, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
    assert_in_range(closed, 30, 32);
    usleep(1200000);
    for (int i = 0; i < 40; i++)
        close(fds[i]);
    assert_non_null(strstr(ASK(&r, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), "hello\n"));
    rig_finish(&r);
}

static void a_taken_port_and_a_foreign_address_are_told_apart(void **state)
{
    (void)state;
    struct rig r;
    struct http_options options;
    struct http_server *second;
    struct error err = {0};
    rig_start(&r, NULL);
    http_options_default(&options);
    options.port = http_port(r.server);
    assert_status(http_new(r.loop, &options, &second, &err), STATUS_IN_USE);
    options.address = "203.0.113.1";
    assert_status(http_new(r.loop, &options, &second, &err), STATUS_BAD_CONFIG);
    rig_finish(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_route_is_answered_and_the_connection_closed),
        cmocka_unit_test(unknown_paths_methods_and_garbage_are_refused),
        cmocka_unit_test(larger_headers_and_bodies_than_allowed_are_refused),
        cmocka_unit_test(a_client_that_drips_bytes_is_cut_off_at_the_deadline),
        cmocka_unit_test(connections_beyond_the_limit_are_shed),
        cmocka_unit_test(a_taken_port_and_a_foreign_address_are_told_apart),
    };
    return fixture_run(argc, argv, tests);
}
