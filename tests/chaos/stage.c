#include "chaos/stage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chaos/run.h"
#include "io/loop.h"

#define TURN_US    3000
#define QUIET_US   300000
#define HANDLED_US INT64_C(300000000)
#define COUNTED_US INT64_C(20000000)

static void check(enum status status, const struct error *err)
{
    if (status != STATUS_OK)
        chaos_fail("%s", err->text);
}

void stage_open(struct stage *s, struct ledger *l, struct findings *f, const char *program, bool keeps_plain)
{
    struct error err = {0};
    char mark[TOPIC_NAME_BYTES];
    struct mock_topic topics[TOPIC_COUNT + 1];
    *s = (struct stage){.ledger = l, .findings = f};
    strcpy(s->dir, "/tmp/storecast-chaos-XXXXXX");
    if (!mkdtemp(s->dir))
        chaos_fail("%s cannot be made", s->dir);
    check(topics_init(&s->topics, TOPIC_PREFIX_DEFAULT, &err), &err);
    for (int i = 0; i < TOPIC_COUNT; i++)
        topics[i] = (struct mock_topic){topics_name(&s->topics, (enum topic)i), l->partition_count};
    snprintf(mark, sizeof mark, "%s%s%016" PRIx64, TOPIC_PREFIX_DEFAULT, TOPIC_INCARNATION_INFIX, (uint64_t)loop_now_us());
    topics[TOPIC_COUNT] = (struct mock_topic){mark, 1};
    check(mock_broker_new(topics, TOPIC_COUNT + 1, &s->broker, &err), &err);
    check(client_new(&(struct client_options){.servers = mock_broker_address(s->broker), .window_bytes = CLIENT_WINDOW_BYTES}, &s->client,
                     &err),
          &err);
    outputs_open(&s->outputs, s->client, &s->topics, keeps_plain);
    s->service = (struct service){.program = program, .address = mock_broker_address(s->broker)};
    snprintf(s->service.state_dir, sizeof s->service.state_dir, "%s/state", s->dir);
    snprintf(s->service.log, sizeof s->service.log, "%s/worker.log", s->dir);
}

/* Of the worker that ran until now. Sanitizers are slow. */
static void check_loop(struct stage *s)
{
    const struct service_held held = service_held(&s->service);
    s->held_waiting += held.waiting;
#if !defined __SANITIZE_THREAD__ && !defined __SANITIZE_ADDRESS__
    if (held.working)
        findings_add(s->findings, FINDING_DIFFERENT, held.working, "the worker's loop was held for 50 ms by work");
#endif
}

void stage_end_worker(struct stage *s)
{
    service_kill(&s->service);
    check_loop(s);
}

void stage_close(struct stage *s)
{
    char command[128];
    service_kill(&s->service);
    outputs_done(&s->outputs);
    client_free(s->client);
    mock_broker_free(s->broker);
    snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
    if (system(command) != 0)
        chaos_fail("%s cannot be removed", s->dir);
}

/* ---- the worker's lives */

void stage_start(struct stage *s, const char *crash_at)
{
    struct buffer shown = {0};
    memset(s->known, 0, sizeof s->known);
    if (s->service.started > 0 && service_state(&s->service, "show", &shown))
        check_offsets(s->ledger, &shown, s->known);
    buffer_done(&shown);
    service_start(&s->service, crash_at);
    s->started_us = loop_now_us();
}

void stage_turn(struct stage *s, int wait_ms)
{
    struct error err = {0};
    char text[64];
    check(client_poll(s->client, wait_ms, &err), &err);
    outputs_read(&s->outputs, s->ledger, s->findings);
    if (s->service.pid > 0 && service_has_died(&s->service)) {
        s->points++;
        check_loop(s);
        stage_start(s, s->next_crash ? s->next_crash(s->arg, text, sizeof text) : NULL);
    }
    s->turn_us = loop_now_us();
    if (s->on_turn)
        s->on_turn(s->arg);
}

void stage_send(struct stage *s, const struct client_record *record)
{
    struct error err = {0};
    enum status status;
    if (loop_now_us() - s->turn_us > TURN_US)
        stage_turn(s, 0);
    while ((status = client_send(s->client, record, &err)) == STATUS_BUSY)
        stage_turn(s, 2);
    check(status, &err);
}

void stage_wait_handled(struct stage *s)
{
    struct error err = {0};
    check(client_flush(s->client, 60000, &err), &err);
    for (int64_t until = loop_now_us() + HANDLED_US; client_unread(s->client) > 0;) {
        stage_turn(s, 5);
        if (loop_now_us() > until)
            chaos_fail("the worker does not handle everything: %" PRIu64 " records are unread", client_unread(s->client));
    }
}

void stage_wait_quiet(struct stage *s)
{
    for (int64_t since = loop_now_us(); loop_now_us() - since < QUIET_US;) {
        uint64_t before = s->outputs.records;
        stage_turn(s, 5);
        if (s->outputs.records != before)
            since = loop_now_us();
    }
}

/* ---- checks */

static uint64_t to_handle(const struct stage *s)
{
    uint64_t n = 0;
    for (int32_t p = 0; p < s->ledger->partition_count; p++)
        n += s->ledger->partitions[p].count - (uint64_t)s->known[p];
    return n;
}

static void check_metrics(struct stage *s)
{
    struct buffer metrics = {0};
    for (int64_t until = loop_now_us() + COUNTED_US;; stage_turn(s, 10)) {
        service_wait_running(&s->service);
        buffer_clear(&metrics);
        service_metrics(&s->service, &metrics);
        if (check_handled(&metrics) == to_handle(s) || loop_now_us() > until)
            break;
    }
    check_counters(s->ledger, s->known, &metrics, s->findings);
    buffer_done(&metrics);
}

static void need(bool shown)
{
    if (!shown)
        chaos_fail("the state cannot be shown");
}

uint64_t stage_check(struct stage *s)
{
    struct buffer shown = {0};
    int64_t offsets[CHECK_PARTITIONS_MAX];
    check_metrics(s);
    need(service_state(&s->service, "show", &shown));
    check_offsets(s->ledger, &shown, offsets);
    for (int32_t p = 0; p < s->ledger->partition_count; p++)
        if (offsets[p] != (int64_t)s->ledger->partitions[p].count)
            findings_add(s->findings, FINDING_DIFFERENT, 1, "partition %d: the state has read up to %" PRId64 ", %zu were sent", (int)p,
                         offsets[p] - 1, s->ledger->partitions[p].count);
    buffer_clear(&shown);
    need(service_state(&s->service, "cells", &shown));
    uint64_t cells = check_cells(s->ledger, &shown, s->findings);
    buffer_done(&shown);
    return cells;
}
