#include "chaos/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaos/calm.h"
#include "chaos/send.h"
#include "chaos/stage.h"
#include "chaos/watch.h"
#include "io/loop.h"

#define PERIODS_BETWEEN_CHECKS 40
#define KEEPS_ALL              1000000 /* up to so many records the run is made again without crashes and damage */
#define CRASHES_UNTIL          .25 /* of the records; later ones are for looking at one worker's memory; a short run has crashes all the time */

struct run {
    const struct run_options *options;
    struct sender sender;
    struct stage stage;
    struct ledger ledger;
    struct dice dice; /* for crashes */
    struct run_result *out;
    uint64_t kill_at;
    int64_t kill_us;
    period_t checked;
    bool calm;
    struct watch watch;
};

static struct run *running;

void run_clean_up(void)
{
    if (running && running->stage.service.pid > 0)
        kill(running->stage.service.pid, SIGKILL);
}

static bool is_long(const struct run *r)
{
    return r->options->records > KEEPS_ALL;
}

/* ---- crashes */

static uint64_t handled(const struct run *r)
{
    return r->sender.sent - client_unread(r->stage.client);
}

static const char *draw_crash(void *arg, char *text, size_t size)
{
    static const char *const points[] = {"in_close",     "after_produce", "before_delivery", "after_delivery",
                                         "after_commit", "in_lmdb",       "after_lmdb"};
    struct run *r = arg;
    uint64_t n = dice_below(&r->dice, 10);
    if (r->calm || n >= sizeof points / sizeof *points)
        return NULL;
    snprintf(text, size, "%s:%" PRIu64, points[n], 1 + dice_below(&r->dice, n == 0 ? 3 : 8));
    return text;
}

/* By what the worker has handled; one kill in four comes soon after its start, whatever it has done. */
static void plan_kill(struct run *r)
{
    const uint64_t phase = is_long(r) ? (uint64_t)(CRASHES_UNTIL * (double)r->sender.expected) : r->sender.expected;
    const uint64_t kills = 16 + phase / 50000;
    r->kill_at = handled(r) + phase / kills / 5 + dice_below(&r->dice, phase / kills * 8 / 5);
    if (r->kill_at > phase)
        r->kill_at = UINT64_MAX;
    r->kill_us =
        r->kill_at != UINT64_MAX && dice_below(&r->dice, 4) == 0 ? r->stage.started_us + (int64_t)dice_below(&r->dice, 100000) : INT64_MAX;
}

static void kill_worker(struct run *r, const char *next)
{
    stage_end_worker(&r->stage);
    r->stage.kills++;
    stage_start(&r->stage, next);
}

static void kill_when_due(void *arg)
{
    struct run *r = arg;
    char text[64];
    if (r->calm)
        return;
    if (handled(r) >= r->kill_at || loop_now_us() >= r->kill_us) {
        kill_worker(r, draw_crash(r, text, sizeof text));
        plan_kill(r);
    }
    if (is_long(r) && (double)handled(r) >= CRASHES_UNTIL * (double)r->sender.expected) {
        r->calm = true; /* from here on one worker lives to the end */
        kill_worker(r, NULL);
    }
}

/* ---- the run */

static void check(struct run *r)
{
    stage_wait_handled(&r->stage);
    r->out->cells += stage_check(&r->stage);
    r->out->checks++;
}

/* While every period is still in the worker's state. */
static void check_when_due(void *arg)
{
    struct run *r = arg;
    const period_t now = period_of(&r->ledger.grid, simulate_today(r->sender.simulate));
    if (r->checked == PERIOD_NONE)
        r->checked = now;
    if (now - r->checked < PERIODS_BETWEEN_CHECKS)
        return;
    r->checked = now;
    check(r);
}

static void deliver(void *arg, const struct client_record *record)
{
    struct run *r = arg;
    stage_send(&r->stage, record);
    watch_look(&r->watch, &r->stage, r->sender.sent + 1, r->calm);
}

/* Sales of a chain, as many as wished: about nine records in ten are its own. */
static void open_sender(struct run *r)
{
    struct sender *s = &r->sender;
    const bool large = is_long(r);
    *s = (struct sender){.seed = r->options->seed,
                         .expected = r->options->records,
                         .sabotage = r->options->sabotage,
                         .ledger = &r->ledger,
                         .topic = topics_name(&r->stage.topics, TOPIC_SALES),
                         .keeps = !large,
                         .deliver = deliver,
                         .on_sent = check_when_due,
                         .arg = r};
    simulate_options_default(&s->simulation);
    s->simulation.stores = large ? 24 : 12;
    s->simulation.products = large ? 10 : 16;
    s->simulation.tills = large ? 9 : 2;
    sender_open(s);
}

static void compare_with_calm(struct run *r)
{
    struct buffer cells = {0};
    if (!service_state(&r->stage.service, "cells", &cells))
        chaos_fail("the state cannot be shown");
    calm_compare(&(struct calm_options){.program = r->options->program,
                                        .kept = &r->sender.kept,
                                        .ledger = &r->ledger,
                                        .outputs = &r->stage.outputs,
                                        .cells = &cells,
                                        .findings = &r->out->findings});
    buffer_done(&cells);
}

void run_chaos(const struct run_options *options, struct run_result *out)
{
    static struct run r;
    r = (struct run){.options = options, .out = out, .dice = {options->seed ^ 0xdead}, .checked = PERIOD_NONE};
    running = &r;
    ledger_init(&r.ledger, options->partitions);
    stage_open(&r.stage, &r.ledger, &out->findings, options->program, !is_long(&r));
    open_sender(&r);
    r.stage.next_crash = draw_crash;
    r.stage.on_turn = kill_when_due;
    r.stage.arg = &r;
    watch_start(&r.watch, r.sender.expected, &out->findings);
    stage_start(&r.stage, NULL);
    plan_kill(&r);
    sender_send_all(&r.sender);
    stage_wait_handled(&r.stage);
    r.calm = true;
    check(&r);
    stage_wait_quiet(&r.stage);
    watch_judge(&r.watch, out);
    stage_end_worker(&r.stage);
    outputs_finish(&r.stage.outputs, &r.ledger, &out->findings);
    check_truth(&r.ledger, r.sender.simulate, &r.sender.simulation);
    if (!is_long(&r))
        compare_with_calm(&r);
    out->events = r.sender.sent;
    out->kills = r.stage.kills + r.stage.points;
    out->crash_points = r.stage.points;
    out->held_waiting = r.stage.held_waiting;
    out->seconds = watch_seconds(&r.watch);
    memcpy(out->verdicts, r.ledger.totals, sizeof out->verdicts);
    memcpy(out->made, r.sender.damage.made, sizeof out->made);
    stage_close(&r.stage);
    sender_done(&r.sender);
    ledger_done(&r.ledger);
    running = NULL;
}
