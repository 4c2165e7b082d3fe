/* A broker that goes away and comes back again and again leaves no descriptor and no memory behind in the worker, and no record unread.
 *
 * STORECAST_RECONNECTS says how many connections the worker makes anew (60; a thousand takes minutes). */
#include <dirent.h>

#include "integration/rig.h"

enum { SOCKETS_MAX = 128 };

struct open_files {
    size_t count, socket_count;
    unsigned long long sockets[SOCKETS_MAX]; /* by their numbers in the kernel: another connection has another one */
};

static void look(const struct rig *r, struct open_files *out)
{
    char path[400], target[64];
    *out = (struct open_files){0};
    snprintf(path, sizeof path, "/proc/%d/fd", (int)r->worker);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)r->worker, entry->d_name);
        ssize_t size = readlink(path, target, sizeof target - 1);
        target[size > 0 ? size : 0] = '\0';
        out->count++;
        if (out->socket_count < SOCKETS_MAX && sscanf(target, "socket:[%llu]", &out->sockets[out->socket_count]) == 1)
            out->socket_count++;
    }
    closedir(folder);
}

static size_t new_sockets(const struct open_files *before, const struct open_files *now)
{
    size_t count = now->socket_count;
    for (size_t i = 0; i < now->socket_count; i++)
        for (size_t k = 0; k < before->socket_count; k++)
            if (before->sockets[k] == now->sockets[i]) {
                count--;
                break;
            }
    return count;
}

static long resident_kib(const struct rig *r)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)r->worker);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    while (kib < 0 && fgets(line, sizeof line, f))
        kib = rig_log_number(line, "VmRSS:");
    fclose(f);
    assert_true(kib > 0);
    return kib;
}

/* Both of the worker's clients have to come back: one reads the record, the other commits what follows from it. */
static void cycle(struct rig *r, int number)
{
    mock_broker_set_up(r->broker, 0);
    mock_broker_set_up(r->broker, 1);
    rig_send_total(r, 1 + number % 3, 10);
    assert_true(rig_wait_handled(r));
}

/* Librdkafka waits longer and longer before it tries again; the test must not. */
static void hurry(struct rig *r)
{
    static const struct kafka_property soon[] = {{"reconnect.backoff.ms", "10"}, {"reconnect.backoff.max.ms", "50"}};
    struct error err;
    client_free(r->client);
    assert_ok(client_new(&(struct client_options){.servers = mock_broker_address(r->broker), .window_bytes = CLIENT_WINDOW_BYTES,
                                                  .properties = soon, .property_count = 2},
                         &r->client, &err));
}

static void reconnects_leave_nothing_behind(void **state)
{
    (void)state;
    const char *wish = getenv("STORECAST_RECONNECTS");
    const size_t wanted = wish ? (size_t)atoi(wish) : 60;
    struct rig r;
    struct open_files before, last, now;
    size_t connections = 0, cycles = 0;
    rig_start(&r, 1);
    hurry(&r);
    rig_start_worker(&r, NULL, (const char *[]){"-X", "kafka.reconnect.backoff.ms=10", "-X", "kafka.reconnect.backoff.max.ms=50", NULL});
    rig_send_totals(&r, 3, 0, 10);
    assert_true(rig_wait_handled(&r));
    for (int i = 0; i < 15; i++)
        cycle(&r, i);
    look(&r, &before);
    long kib = resident_kib(&r);
    last = before;
    for (; connections < wanted; cycles++) {
        cycle(&r, (int)cycles);
        look(&r, &now);
        connections += new_sockets(&last, &now);
        last = now;
    }
    print_message("the broker went away %zu times, %zu new connections; descriptors %zu -> %zu, memory %ld -> %ld KiB\n", cycles, connections,
                  before.count, now.count, kib, resident_kib(&r));
    assert_true(connections >= 2 * cycles); /* the reader's and the writer's */
    assert_true(now.count <= before.count + 4);    /* connections that are being made */
#if !defined __SANITIZE_THREAD__ && !defined __SANITIZE_ADDRESS__
    assert_true(resident_kib(&r) - kib < 1024);
#endif
    assert_int_equal(rig_stop_worker(&r), 0);
    rig_finish(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reconnects_leave_nothing_behind)};
    return fixture_run(argc, argv, tests);
}
