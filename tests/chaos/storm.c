#include "chaos/storm_inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/loop.h"

#define SESSION_MS  20000 /* longer than a broker takes to come back on a quiet machine, or the whole crew is fenced each time */
#define LOOK_US     INT64_C(250000)
#define TELL_US     INT64_C(10000000)
#define BEHIND_S    20 /* the sender waits for a group that is so many seconds of records behind */
#define BEHIND_MIN  10000
#define ASKS        80
#define PERIODS_MAX 90 /* all of them are in the state at the end */
#define GROUP       "storecast"

static struct storm *running;

void storm_clean_up(void)
{
    if (running)
        crew_abandon(&running->crew);
}

/* ---- a turn */

static void look_at_group(struct storm *s)
{
    int64_t next[CHECK_PARTITIONS_MAX];
    uint64_t handled = 0;
    if (loop_now_us() - s->looked_us < LOOK_US)
        return;
    if (storm_is_cluster_well(s) && cluster_next(&s->cluster, TOPIC_SALES, next)) {
        for (int32_t p = 0; p < s->options->partitions; p++)
            handled += (uint64_t)next[p];
        if (handled != s->handled)
            s->moved_us = loop_now_us();
        s->handled = handled;
    }
    s->looked_us = loop_now_us();
    if (s->looked_us - s->moved_us > STORM_STUCK_US && s->handled < s->sender.sent) {
        crew_show(&s->crew);
        chaos_fail("the group does not get on: it has handled %" PRIu64 " of %" PRIu64 " records", s->handled, s->sender.sent);
    }
}

static void tell(struct storm *s)
{
    if (loop_now_us() - s->told_us < TELL_US)
        return;
    s->told_us = loop_now_us();
    printf("%6.1f s %9" PRIu64 " records sent, %" PRIu64 " handled; %" PRIu64 " deaths of workers\n",
           (double)(s->told_us - s->started_us) / 1e6, s->sender.sent, s->handled, s->crew.kills + s->crew.points);
}

void storm_turn(struct storm *s, int wait_ms)
{
    struct error err = {0};
    if (client_poll(s->client, wait_ms, &err) != STATUS_OK)
        chaos_fail("%s", err.text);
    if (!s->is_over)
        storm_work_off_schedule(s);
    crew_turn(&s->crew);
    look_at_group(s);
    tell(s);
}

/* ---- sending */

/* As many a second as wished; what could not be sent in time is not sent all at once. */
static bool is_too_fast(struct storm *s)
{
    const double rate = (double)s->sender.expected / ((double)s->options->minutes * 60);
    const uint64_t behind = (uint64_t)(rate * BEHIND_S) > BEHIND_MIN ? (uint64_t)(rate * BEHIND_S) : BEHIND_MIN;
    const int64_t now = loop_now_us();
    s->allowed += rate * (double)(now - s->allowed_us) / 1e6;
    s->allowed = s->allowed > rate ? rate : s->allowed;
    s->allowed_us = now;
    return s->allowed < 1 || s->sender.sent > s->handled + behind;
}

static void deliver(void *arg, const struct client_record *record)
{
    struct storm *s = arg;
    struct error err = {0};
    enum status status;
    do {
        while (is_too_fast(s) || s->quiet_us != 0 || !storm_has_broker(s))
            storm_turn(s, 5);
        status = client_send(s->client, record, &err);
        if (status == STATUS_BUSY)
            storm_turn(s, 5);
    } while (status == STATUS_BUSY);
    s->allowed--;
    if (status != STATUS_OK)
        chaos_fail("%s", err.text);
}

static void on_sent(void *arg)
{
    struct storm *s = arg;
    if (s->sender.sent < s->asked_at)
        return;
    s->asked_at = s->sender.sent + s->sender.expected / ASKS;
    asks_send(&s->asks, s->client, &s->topics, &s->ledger, &s->dice);
}

static bool is_large(const struct storm *s)
{
    return s->options->records > 1000000;
}

static void open_sender(struct storm *s)
{
    struct sender *sender = &s->sender;
    struct simulate_options *o = &sender->simulation;
    *sender = (struct sender){.seed = s->options->seed,
                              .expected = s->options->records,
                              .sabotage = s->options->sabotage,
                              .ledger = &s->ledger,
                              .topic = topics_name(&s->topics, TOPIC_SALES),
                              .keeps = true,
                              .deliver = deliver,
                              .on_sent = on_sent,
                              .arg = s};
    simulate_options_default(o);
    o->stores = is_large(s) ? 36 : 18;
    o->products = is_large(s) ? 16 : 8;
    const uint64_t a_till = o->stores * o->products * 7 * PERIODS_MAX;
    o->tills = (size_t)((s->options->records + a_till - 1) / a_till);
    if (o->tills > 9)
        chaos_fail("more records than %d periods of %zu stores have", PERIODS_MAX, o->stores);
    sender_open(sender);
}

/* ---- the run */

static void note_result(struct storm *s)
{
    struct storm_result *out = s->out;
    const struct service_held held = crew_held(&s->crew);
    out->held_waiting = held.waiting;
#if !defined __SANITIZE_THREAD__ && !defined __SANITIZE_ADDRESS__
    if (held.working)
        findings_add(&out->findings, FINDING_DIFFERENT, held.working, "a worker's loop was held for 50 ms by work");
#endif
    out->events = s->sender.sent;
    out->faults[FAULT_KILL] = s->crew.kills;
    out->faults[FAULT_DISK] = s->crew.disks_full;
    out->faults[FAULT_JOIN] = s->crew.joins;
    out->faults[FAULT_LEAVE] = s->crew.leaves;
    out->faults[FAULT_VANISH] = s->crew.vanished;
    out->points = s->crew.points;
    out->seconds = (double)(loop_now_us() - s->started_us) / 1e6;
    memcpy(out->restarts, s->crew.codes, sizeof out->restarts);
    memcpy(out->verdicts, s->ledger.totals, sizeof out->verdicts);
    memcpy(out->made, s->sender.damage.made, sizeof out->made);
}

/* Short batches and short pieces of a close, so that there are many moments between two transactions. */
static void open_crew(struct storm *s)
{
    char servers[160], session[64];
    snprintf(servers, sizeof servers, "kafka.bootstrap.servers=%s", s->cluster.servers);
    snprintf(session, sizeof session, "kafka.session.timeout.ms=%d", SESSION_MS);
    const char *options[] = {servers,
                             session,
                             "kafka.transaction.timeout.ms=40000",
                             "kafka.reconnect.backoff.max.ms=500",
                             is_large(s) ? "close.chunk.series=20" : "close.chunk.series=5",
                             "compute.threads=1",
                             NULL};
    crew_open(&s->crew, s->options->program, s->dir, s->options->workers, options, s->options->seed);
}

static void open_client(struct storm *s)
{
    const struct kafka_property properties[] = {{"reconnect.backoff.max.ms", "500"}};
    const struct client_options options = {.servers = s->cluster.servers, .properties = properties, .property_count = 1};
    struct error err = {0};
    if (client_new(&options, &s->client, &err) != STATUS_OK)
        chaos_fail("%s", err.text);
}

static void open_storm(struct storm *s)
{
    struct error err = {0};
    strcpy(s->dir, "/tmp/storecast-chaos-XXXXXX");
    if (!mkdtemp(s->dir))
        chaos_fail("%s cannot be made", s->dir);
    if (topics_init(&s->topics, TOPIC_PREFIX_DEFAULT, &err) != STATUS_OK)
        chaos_fail("%s", err.text);
    ledger_init(&s->ledger, s->options->partitions);
    asks_init(&s->asks);
    cluster_open(&s->cluster, s->dir, s->options->brokers, &s->topics, s->options->partitions, GROUP);
    open_client(s);
    open_sender(s);
    open_crew(s);
    schedule_make(&s->schedule, s->options->seed, s->options->records, s->options->minutes, s->options->brokers);
}

static void close_storm(struct storm *s)
{
    char command[128];
    client_free(s->client);
    cluster_close(&s->cluster);
    schedule_done(&s->schedule);
    asks_done(&s->asks);
    sender_done(&s->sender);
    ledger_done(&s->ledger);
    snprintf(command, sizeof command, "rm -rf '%s'", s->dir);
    if (system(command) != 0)
        chaos_fail("%s cannot be removed", s->dir);
}

void storm_run(const struct storm_options *options, struct storm_result *out)
{
    static struct storm s;
    s = (struct storm){.options = options, .out = out, .dice = {options->seed ^ 0xa5c}, .paused = -1};
    running = &s;
    open_storm(&s);
    crew_start(&s.crew);
    s.started_us = s.moved_us = s.allowed_us = loop_now_us();
    sender_send_all(&s.sender);
    out->sent_seconds = (double)(loop_now_us() - s.started_us) / 1e6;
    storm_calm_down(&s);
    note_result(&s);
    storm_judge(&s);
    close_storm(&s);
    running = NULL;
}
