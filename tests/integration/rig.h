/* rig.h: a broker in the test's own process, so that it can be made to fail, and workers in processes of their own, so
 * that they can be killed. For the tests of this folder: one struct rig per test, in a new directory. */
#ifndef STORECAST_TESTS_INTEGRATION_RIG_H
#define STORECAST_TESTS_INTEGRATION_RIG_H

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/client.h"
#include "app/topics.h"
#include "base/hash.h"
#include "codec/codec.h"
#include "io/loop.h"
#include "io/mock_broker.h"
#include "support/fixture.h"

#define RIG_WAIT_MS   90000               /* longer than a worker itself waits for anything (transaction.h: 60 s) */
#define RIG_FIRST_DAY date_of(2020, 1, 5) /* a Sunday: last day of period 0 */

struct rig {
    char dir[64], log[96];
    int32_t partitions;
    struct topics topics;
    struct mock_broker *broker;
    struct client *client;
    struct codec *codec;
    struct arena arena;
    pid_t worker;
    int64_t sent;
    const char *doing; /* shown when it fails; NULL = the test says enough */
};

#define RIG_FN __attribute__((unused)) static

RIG_FN void rig_start(struct rig *r, int32_t partitions)
{
    struct error err;
    *r = (struct rig){.partitions = partitions};
    strcpy(r->dir, "/tmp/storecast-test-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    snprintf(r->log, sizeof r->log, "%s/worker.log", r->dir);
    assert_ok(topics_init(&r->topics, TOPIC_PREFIX_DEFAULT, &err));
    char mark[TOPIC_NAME_BYTES];
    snprintf(mark, sizeof mark, "%s%s%08lx", TOPIC_PREFIX_DEFAULT, TOPIC_INCARNATION_INFIX, (unsigned long)loop_now_us());
    struct mock_topic topics[TOPIC_COUNT + 1];
    for (int i = 0; i < TOPIC_COUNT; i++)
        topics[i] = (struct mock_topic){topics_name(&r->topics, (enum topic)i), partitions};
    topics[TOPIC_COUNT] = (struct mock_topic){mark, 1};
    assert_ok(mock_broker_new(topics, TOPIC_COUNT + 1, &r->broker, &err));
    assert_ok(client_new(&(struct client_options){.servers = mock_broker_address(r->broker), .window_bytes = CLIENT_WINDOW_BYTES},
                         &r->client, &err));
    assert_ok(codec_new(&r->codec));
}

/* ---- the worker */

RIG_FN void rig_show_log(struct rig *r);

RIG_FN long rig_log_number(const char *line, const char *key)
{
    const char *at = strstr(line, key);
    return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* No callback used or waited more than 50 ms; how long the machine let it wait for a CPU is not its doing. Sanitizers are slow. */
RIG_FN void rig_assert_never_slow(struct rig *r)
{
#if !defined __SANITIZE_THREAD__ && !defined __SANITIZE_ADDRESS__
    char line[2048];
    FILE *f = fopen(r->log, "re");
    while (f && fgets(line, sizeof line, f)) {
        if (!strstr(line, " slow_callback "))
            continue;
        long cpu = rig_log_number(line, " cpu_ms="), blocked = rig_log_number(line, " blocked_ms=");
        if (cpu < 0 || blocked < 0 || (cpu + blocked) * 1000 >= LOOP_SLOW_US) {
            rig_show_log(r);
            fail_msg("the loop was held: %s", line);
        }
    }
    if (f)
        fclose(f);
#else
    (void)r;
#endif
}

/* A failing test does not return, so what it started is ended with the program. */
static pid_t rig_started[256];
static size_t rig_started_count;

static void rig_kill_all(void)
{
    for (size_t i = 0; i < rig_started_count; i++)
        if (rig_started[i] > 0)
            kill(rig_started[i], SIGKILL);
}

static void rig_remember(pid_t pid)
{
    if (rig_started_count == 0)
        atexit(rig_kill_all);
    assert_true(rig_started_count < sizeof rig_started / sizeof *rig_started);
    rig_started[rig_started_count++] = pid;
}

static void rig_forget(pid_t pid)
{
    for (size_t i = 0; i < rig_started_count; i++)
        if (rig_started[i] == pid)
            rig_started[i] = 0;
}

/* options: more arguments, NULL at the end; crash_at NULL = none. */
RIG_FN void rig_start_worker(struct rig *r, const char *crash_at, const char *const *options)
{
    const char *binary = getenv("STORECAST_BIN");
    assert_non_null(binary);
    char embedded[128], state[128], crash[64];
    snprintf(embedded, sizeof embedded, "--embedded=%s", mock_broker_address(r->broker));
    snprintf(state, sizeof state, "%s/state", r->dir);
    char *argv[32] = {(char *)binary,      "worker", embedded,         "--state-dir", state, "-X", "http.port=0", "-X",
                      "compute.threads=1", "-X",     "batch.max.ms=20"};
    size_t count = 11;
    for (; options && *options; options++)
        argv[count++] = (char *)*options;
    char *env[64] = {0};
    size_t envs = 0;
    if (crash_at) {
        snprintf(crash, sizeof crash, "STORECAST_CRASH_AT=%s", crash_at);
        env[envs++] = crash;
    }
    for (char **e = environ; *e && envs < 60; e++)
        if (strncmp(*e, "STORECAST_", 10) != 0)
            env[envs++] = *e;
    rig_assert_never_slow(r);
    unlink(r->log);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, r->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    /* The broker's sockets among them: a connection ends only when nobody holds it any more. */
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    assert_int_equal(posix_spawn(&r->worker, binary, &actions, NULL, argv, env), 0);
    posix_spawn_file_actions_destroy(&actions);
    rig_remember(r->worker);
}

/* The end of the worker's log, for whoever reads that a test failed. */
RIG_FN void rig_show_log(struct rig *r)
{
    char text[6001];
    FILE *f = fopen(r->log, "re");
    if (!f)
        return;
    if (fseek(f, -(long)(sizeof text - 1), SEEK_END) != 0)
        rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    printf("---- the worker's log%s%s\n%s----\n", r->doing ? ", " : "", r->doing ? r->doing : "", text);
}

/* Exit code, or 128 + signal. Fails when it does not end in time. */
RIG_FN int rig_wait_worker(struct rig *r)
{
    for (int64_t until = loop_now_us() + RIG_WAIT_MS * 1000; loop_now_us() < until; usleep(5000)) {
        int status;
        if (waitpid(r->worker, &status, WNOHANG) == r->worker) {
            rig_forget(r->worker);
            r->worker = 0;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
    }
    rig_show_log(r);
    fail_msg("the worker did not end");
    return -1;
}

RIG_FN bool rig_worker_has_died(struct rig *r)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)r->worker, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == r->worker;
}

RIG_FN bool rig_log_has(struct rig *r, const char *text)
{
    FILE *f = fopen(r->log, "re");
    char line[2048];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f))
        found = strstr(line, text) != NULL;
    if (f)
        fclose(f);
    return found;
}

/* Until the log shows it or the worker is dead. */
RIG_FN void rig_wait_log(struct rig *r, const char *text)
{
    for (int64_t until = loop_now_us() + RIG_WAIT_MS * 1000; loop_now_us() < until; usleep(10000))
        if (rig_log_has(r, text) || rig_worker_has_died(r))
            return;
    rig_show_log(r);
    fail_msg("the worker's log does not show: %s", text);
}

/* In order. Before it runs, SIGTERM would simply kill it. */
RIG_FN int rig_stop_worker(struct rig *r)
{
    rig_wait_log(r, "worker_running");
    kill(r->worker, SIGTERM);
    return rig_wait_worker(r);
}

RIG_FN int rig_http_port(struct rig *r)
{
    rig_wait_log(r, "worker_running");
    FILE *f = fopen(r->log, "re");
    char line[2048];
    int port = 0;
    while (f && fgets(line, sizeof line, f)) {
        const char *at = strstr(line, "worker_started") ? strstr(line, " port=") : NULL;
        if (at)
            port = atoi(at + 6);
    }
    if (f)
        fclose(f);
    return port;
}

/* ---- what goes in */

RIG_FN void rig_send(struct rig *r, enum topic topic, int32_t partition, struct bytes key, struct bytes value)
{
    struct error err;
    const struct client_record record = {.topic = topics_name(&r->topics, topic), .partition = partition, .key = key, .value = value};
    enum status status;
    while ((status = client_send(r->client, &record, &err)) == STATUS_BUSY)
        assert_ok(client_poll(r->client, 5, &err));
    assert_ok(status);
    r->sent++;
}

RIG_FN struct bytes rig_bytes(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

RIG_FN double rig_value(int store, int period)
{
    return 10000.0 * store + 2000 * sin(period * 6.283185307 / 52) + 100 * ((period * 7 + store * 13) % 17);
}

RIG_FN void rig_send_total(struct rig *r, int store, int period)
{
    char id[16], event[32];
    struct buffer value = {0};
    snprintf(id, sizeof id, "%d", store);
    snprintf(event, sizeof event, "total-%d-%d", store, period);
    date_t day = RIG_FIRST_DAY + 7 * period;
    struct sales_update u = {
        .event_id = text_of(event), .store = text_of(id), .business_date = day, .issued_at_ms = date_ms(day + 1), .kind = BODY_TOTAL};
    u.body.total.gross = (struct measures){.amount = (int64_t)(rig_value(store, period) * 1e6), .has_amount = true};
    assert_ok(codec_encode_sales_update(&u, &value));
    rig_send(r, TOPIC_SALES, hash_partition(id, strlen(id), r->partitions), rig_bytes(id), buffer_bytes(&value));
    buffer_done(&value);
}

RIG_FN void rig_send_totals(struct rig *r, int stores, int first_period, int end_period)
{
    for (int period = first_period; period < end_period; period++)
        for (int store = 1; store <= stores; store++)
            rig_send_total(r, store, period);
}

/* Until the worker's group has committed everything sent, or the worker is dead. */
RIG_FN bool rig_wait_handled(struct rig *r)
{
    struct error err;
    assert_ok(client_flush(r->client, 10000, &err));
    for (int64_t until = loop_now_us() + RIG_WAIT_MS * 1000; loop_now_us() < until;) {
        if (client_poll(r->client, 10, &err))
            fail_msg("%s", err.text);
        if (client_unread(r->client) == 0)
            return true;
        if (rig_worker_has_died(r))
            return false;
    }
    rig_show_log(r);
    fail_msg("the worker did not handle everything: %llu records unread", (unsigned long long)client_unread(r->client));
    return false;
}

/* ---- what comes out */

struct rig_entry {
    int32_t partition;
    struct buffer key, value; /* value: of the greatest issue */
    int64_t issue, offset;
    size_t copies; /* records of this key */
};
struct rig_table {
    struct rig_entry *entries;
    size_t count, records;
};

RIG_FN void rig_table_free(struct rig_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        buffer_done(&t->entries[i].key);
        buffer_done(&t->entries[i].value);
    }
    free(t->entries);
    *t = (struct rig_table){0};
}

RIG_FN struct rig_entry *rig_find(struct rig_table *t, struct bytes key)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->entries[i].key.size == key.size && memcmp(t->entries[i].key.data, key.data, key.size) == 0)
            return &t->entries[i];
    return NULL;
}

/* Issue numbers order the forecasts of a series, close numbers the Closed records; others are in the order read. */
RIG_FN int64_t rig_issue(struct rig *r, struct bytes value, int64_t otherwise)
{
    struct forecast_result result;
    struct period_closed closed;
    enum codec_record record;
    if (codec_value_record(r->codec, value, &record))
        return otherwise;
    arena_clear(&r->arena);
    if (record == CODEC_FORECAST_RESULT && codec_decode_forecast_result(r->codec, value, &r->arena, &result, NULL, NULL) == STATUS_OK)
        return result.issue;
    if (record == CODEC_PERIOD_CLOSED && codec_decode_period_closed(r->codec, value, &r->arena, &closed, NULL, NULL) == STATUS_OK)
        return closed.close_number;
    return otherwise;
}

RIG_FN void rig_take(struct rig *r, struct rig_table *t, const struct client_message *m)
{
    struct rig_entry *entry = rig_find(t, m->key);
    int64_t issue = rig_issue(r, m->value, m->offset);
    t->records++;
    if (!entry) {
        t->entries = realloc(t->entries, (t->count + 1) * sizeof *t->entries);
        assert_non_null(t->entries);
        entry = &t->entries[t->count++];
        *entry = (struct rig_entry){.partition = m->partition, .issue = INT64_MIN};
        buffer_put(&entry->key, m->key.data, m->key.size);
    }
    entry->copies++;
    /* The same issue twice: after a crash, on this broker. It must be the same to the byte. */
    if (issue == entry->issue && (entry->value.size != m->value.size || memcmp(entry->value.data, m->value.data, m->value.size) != 0))
        fail_msg("key %.*s: issue %lld was published twice and differs", (int)m->key.size, m->key.data, (long long)issue);
    if (issue > entry->issue) {
        entry->issue = issue;
        entry->offset = m->offset;
        buffer_clear(&entry->value);
        buffer_put(&entry->value, m->value.data, m->value.size);
    }
}

RIG_FN void rig_read(struct rig *r, enum topic topic, struct rig_table *out)
{
    const char *name = topics_name(&r->topics, topic);
    struct client_reader *reader;
    struct client_message m;
    struct error err;
    enum status status;
    *out = (struct rig_table){0};
    assert_ok(client_reader_new(r->client, &name, 1, CLIENT_FROM_ZERO, &reader, &err));
    while ((status = client_read(reader, 10000, &m, &err)) == STATUS_OK)
        rig_take(r, out, &m);
    if (status != STATUS_NOT_FOUND)
        fail_msg("topic %s: %s", name, err.text);
    client_reader_free(reader);
}

RIG_FN void rig_assert_same(struct rig_table *a, struct rig_table *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct rig_entry *other = rig_find(b, buffer_bytes(&a->entries[i].key));
        assert_non_null(other);
        assert_int_equal(a->entries[i].issue, other->issue);
        assert_int_equal(a->entries[i].value.size, other->value.size);
        assert_memory_equal(a->entries[i].value.data, other->value.data, other->value.size);
    }
}

RIG_FN void rig_finish(struct rig *r)
{
    if (r->worker > 0) {
        kill(r->worker, SIGKILL);
        waitpid(r->worker, NULL, 0);
        rig_forget(r->worker);
    }
    rig_assert_never_slow(r);
    client_free(r->client);
    mock_broker_free(r->broker);
    codec_free(r->codec);
    arena_done(&r->arena);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", r->dir);
    assert_int_equal(system(command), 0);
}

#endif
