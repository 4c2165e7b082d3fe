/* Every allocation of the state store and of the HTTP server fails in turn: a status and nothing half done, or an answer that does
 * not come and the next one that does. */
#include "support/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/http.h"
#include "io/kv.h"
#include "support/fault.h"

/* ---- the store */

#define RECORDS 300

static enum status count_record(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    (void)key;
    (void)value;
    (void)err;
    ++*(size_t *)arg;
    return STATUS_OK;
}

static enum status write_and_read(struct kv *kv, size_t *out_found, struct error *err)
{
    static uint8_t keys[RECORDS][2], value[200];
    static struct kv_op ops[RECORDS];
    struct buffer one = {0};
    for (size_t i = 0; i < RECORDS; i++) {
        keys[i][0] = (uint8_t)(i >> 8);
        keys[i][1] = (uint8_t)i;
        ops[i] = (struct kv_op){{keys[i], 2}, {value, sizeof value}, false};
    }
    enum status status = kv_write(kv, ops, RECORDS, err);
    if (!status)
        status = kv_get(kv, ops[7].key, &one, err);
    if (!status)
        status = buffer_status(&one);
    if (!status)
        status = kv_each(kv, (struct bytes){0}, count_record, out_found, err);
    buffer_done(&one);
    return status;
}

static bool use_store(void *directory)
{
    struct kv *kv = NULL;
    struct error err = {0};
    size_t found = 0;
    enum status status = kv_open(&(struct kv_options){.directory = directory}, &kv, &err);
    if (!status)
        status = write_and_read(kv, &found, &err);
    kv_close(kv);
    assert_true(status ? status == STATUS_NO_MEMORY : found == RECORDS);
    return status == STATUS_OK;
}

static void a_store_without_memory_says_so_and_is_whole_afterwards(void **state)
{
    (void)state;
    char directory[] = "/tmp/storecast-test-XXXXXX", command[64];
    assert_non_null(mkdtemp(directory));
    assert_true(use_store(directory)); /* so that there are pages to check */
    assert_true(fault_sweep(use_store, directory, false) > 2);
    assert_true(use_store(directory));
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

/* ---- the server */

struct service {
    struct loop *loop;
    struct http_server *server;
    struct loop_wake *stop;
    uint16_t port;
    bool is_answered;
};

static void on_stop(void *arg)
{
    loop_stop(((struct service *)arg)->loop);
}

static void on_hello(void *arg, struct http_request *request)
{
    (void)arg;
    http_reply(request, 200, "text/plain", (struct bytes){(const uint8_t *)"hello\n", 6});
}

static bool ask(uint16_t port)
{
    static const char request[] = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[512];
    size_t used = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1) {
        close(fd);
        return false;
    }
    for (ssize_t n; used < sizeof answer - 1 && (n = recv(fd, answer + used, sizeof answer - 1 - used, 0)) > 0;)
        used += (size_t)n;
    answer[used] = '\0';
    close(fd);
    return strncmp(answer, "HTTP/1.1 200", 12) == 0 && strstr(answer, "hello") != NULL;
}

/* One allocation fails, so at most one answer does not come. */
static void *client(void *arg)
{
    struct service *s = arg;
    s->is_answered = ask(s->port) || ask(s->port);
    loop_wake_kick(s->stop);
    return NULL;
}

static bool serve(void *unused)
{
    (void)unused;
    struct service s = {0};
    struct http_options options;
    struct error err = {0};
    pthread_t thread;
    http_options_default(&options);
    enum status status = loop_new(NULL, &s.loop, &err);
    if (!status)
        status = loop_wake_new(s.loop, "stop", on_stop, &s, &s.stop);
    if (!status)
        status = http_new(s.loop, &options, &s.server, &err);
    if (!status)
        status = http_route(s.server, "/hello", on_hello, &s);
    if (!status) {
        s.port = http_port(s.server);
        assert_int_equal(pthread_create(&thread, NULL, client, &s), 0);
        alarm(60);
        assert_ok(loop_run(s.loop));
        alarm(0);
        pthread_join(thread, NULL);
        assert_true(s.is_answered);
    }
    http_free(s.server);
    loop_wake_free(s.stop);
    loop_free(s.loop);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    return status == STATUS_OK;
}

static void a_server_without_memory_for_one_answer_gives_the_next(void **state)
{
    (void)state;
    assert_true(fault_sweep(serve, NULL, true) > 3);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_without_memory_says_so_and_is_whole_afterwards),
        cmocka_unit_test(a_server_without_memory_for_one_answer_gives_the_next),
    };
    return fixture_run(argc, argv, tests);
}
