#include "chaos/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaos/calm.h"
#include "chaos/stage.h"
#include "chaos/watch.h"
#include "io/loop.h"

#define DAMAGED                .1
#define SOUND_DAYS             3 /* before the first damage: every series is known by then */
#define PERIODS_BETWEEN_CHECKS 40
#define KEEPS_ALL              1000000 /* up to so many records the run is made again without crashes and damage */
#define CRASHES_UNTIL          .25 /* of the records; later ones are for looking at one worker's memory; a short run has crashes all the time */
#define QUEUES                 3

struct held {
    struct held *next;
    uint64_t due;
    struct sales_update u;
    char texts[4][MESSAGE_ID_BYTES_MAX + 1];
};

struct run {
    const struct run_options *options;
    struct simulate_options simulation;
    struct simulate *simulate;
    struct stage stage;
    struct ledger ledger;
    struct damage damage;
    struct dice dice; /* for crashes */
    struct run_result *out;
    struct held *held[QUEUES], **held_end[QUEUES];
    uint64_t sent, expected, kill_at;
    int64_t timestamp_ms, kill_us;
    period_t checked;
    struct buffer kept;    /* accepted records */
    struct buffer instead; /* sent in place of the next record */
    bool is_sabotaged;
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
    return r->sent - client_unread(r->stage.client);
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
    const uint64_t phase = is_long(r) ? (uint64_t)(CRASHES_UNTIL * (double)r->expected) : r->expected;
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
    if (is_long(r) && (double)handled(r) >= CRASHES_UNTIL * (double)r->expected) {
        r->calm = true; /* from here on one worker lives to the end */
        kill_worker(r, NULL);
    }
}

/* ---- sending */

static verdict_t send_shot(struct run *r, const struct shot *s)
{
    const struct ledger_record entry = {.partition = s->partition,
                                        .key = s->key,
                                        .value = s->value,
                                        .timestamp_ms = s->timestamp_ms,
                                        .update = s->update,
                                        .code = s->code,
                                        .altered = s->altered};
    verdict_t v = ledger_enter(&r->ledger, &entry);
    struct client_record record = {.topic = topics_name(&r->stage.topics, TOPIC_SALES),
                                   .partition = s->partition,
                                   .key = s->key,
                                   .value = s->value,
                                   .timestamp_ms = s->timestamp_ms,
                                   .headers = s->headers,
                                   .header_count = s->header_count};
    if (!is_long(r) && (v == VERDICT_SALE || v == VERDICT_RETURN || v == VERDICT_COMPLETE))
        calm_keep(&r->kept, &record);
    if (r->instead.size)
        record.value = buffer_bytes(&r->instead);
    stage_send(&r->stage, &record);
    buffer_clear(&r->instead);
    r->sent++;
    watch_look(&r->watch, &r->stage, r->sent, r->calm);
    return v;
}

/* A sale of the simulation that does not count, because a damaged one took its place, is taken off the truth. */
static verdict_t note_sound(struct run *r, const struct sales_update *u, verdict_t v)
{
    if (v == VERDICT_SALE || v == VERDICT_RETURN)
        return v;
    struct ledger_series *s = ledger_series(&r->ledger, u->store, u->product);
    const struct ledger_source *source = ledger_source(&r->ledger, u->store, u->source);
    if (!s || !source || (u->sequence > source->disturbed_to && v != VERDICT_DUPLICATE))
        chaos_fail("a sound record becomes %s", verdict_name(v));
    ledger_add(&ledger_cell(&r->ledger, s, period_of(&r->ledger.grid, u->business_date))->altered, &u->body.sale.sold, -1);
    return v;
}

/* Once: what is sent is not what the ledger has. The run must tell. */
static void sabotage(struct run *r, const struct sales_update *u)
{
    const struct ledger_source *source = ledger_source(&r->ledger, u->store, u->source);
    struct sales_update other = *u;
    if (r->sent < r->expected / 2 || r->is_sabotaged || !source || u->sequence != source->greatest + 1)
        return;
    r->is_sabotaged = true;
    other.body.sale.sold.amount += r->options->sabotage == SABOTAGE_DIFFERENT;
    other.sequence -= r->options->sabotage == SABOTAGE_LOST;
    if (codec_encode_sales_update(&other, &r->instead) != STATUS_OK)
        chaos_fail("out of memory");
}

/* The repeated one comes from another till. */
static void sabotage_repeated(struct run *r, const struct sales_update *u)
{
    struct sales_update other = *u;
    if (r->sent < r->expected / 2 || r->is_sabotaged)
        return;
    r->is_sabotaged = true;
    other.source = text_of("spare");
    if (codec_encode_sales_update(&other, &r->instead) != STATUS_OK)
        chaos_fail("out of memory");
}

static verdict_t send_sound(struct run *r, const struct sales_update *u)
{
    struct shot shot;
    damage_sound(&r->damage, u, r->timestamp_ms, &shot);
    if (r->options->sabotage == SABOTAGE_LOST || r->options->sabotage == SABOTAGE_DIFFERENT)
        sabotage(r, u);
    return note_sound(r, u, send_shot(r, &shot));
}

static void expect(const struct run *r, verdict_t have, verdict_t intended, enum damage_kind kind)
{
    if (intended != VERDICT_ANY && have != intended)
        chaos_fail("record %" PRIu64 ", %s: becomes %s, meant was %s", r->sent, damage_name(kind), verdict_name(have),
                   verdict_name(intended));
}

static void hold(struct run *r, const struct sales_update *u)
{
    const uint64_t delays[QUEUES] = {100, 5000, r->expected / 25};
    const uint64_t queue = dice_below(&r->damage.dice, QUEUES);
    struct held *h = chaos_memory(calloc(1, sizeof *h));
    struct text *texts[] = {&h->u.event_id, &h->u.source, &h->u.store, &h->u.product};
    h->u = *u;
    h->due = r->sent + delays[queue];
    for (size_t i = 0; i < 4; i++)
        if (texts[i]->data) {
            memcpy(h->texts[i], texts[i]->data, texts[i]->size);
            texts[i]->data = h->texts[i];
        }
    *r->held_end[queue] = h;
    r->held_end[queue] = &h->next;
    r->damage.made[DAMAGE_HELD_BACK]++;
}

static void send_held(struct run *r, bool all)
{
    for (size_t q = 0; q < QUEUES; q++)
        for (struct held *h; (h = r->held[q]) && (all || h->due <= r->sent); free(h)) {
            r->held[q] = h->next;
            if (!h->next)
                r->held_end[q] = &r->held[q];
            send_sound(r, &h->u);
        }
}

static void send_damaged(struct run *r, const struct sales_update *u)
{
    struct shot shot;
    enum damage_kind kind;
    do {
        kind = damage_draw(&r->damage);
        if (kind == DAMAGE_HELD_BACK) {
            hold(r, u);
            return;
        }
    } while (!damage_make(&r->damage, kind, u, r->timestamp_ms, &shot));
    if (shot.replaces) {
        verdict_t v = send_shot(r, &shot);
        note_sound(r, u, v);
        if (shot.twice && (v == VERDICT_SALE || v == VERDICT_RETURN))
            expect(r, send_shot(r, &shot), VERDICT_DUPLICATE, kind);
        return;
    }
    if (!shot.first) {
        verdict_t v = send_sound(r, u);
        if (kind == DAMAGE_REPEATED && v >= VERDICT_DEAD)
            shot.intended = v;
    }
    if (r->options->sabotage == SABOTAGE_DOUBLED && kind == DAMAGE_REPEATED)
        sabotage_repeated(r, u);
    expect(r, send_shot(r, &shot), shot.intended, kind);
    if (shot.first)
        send_sound(r, u);
}

/* ---- the run */

static void check(struct run *r)
{
    stage_wait_handled(&r->stage);
    r->out->cells += stage_check(&r->stage);
    r->out->checks++;
}

/* While every period is still in the worker's state. */
static void check_when_due(struct run *r)
{
    const period_t now = period_of(&r->ledger.grid, simulate_today(r->simulate));
    if (r->checked == PERIOD_NONE)
        r->checked = now;
    if (now - r->checked < PERIODS_BETWEEN_CHECKS)
        return;
    r->checked = now;
    check(r);
}

static void send_complete(struct run *r)
{
    const date_t date = simulate_last_day(r->simulate);
    for (int32_t p = 0; p < r->ledger.partition_count; p++) {
        char id[32];
        snprintf(id, sizeof id, "complete-%d", (int)p);
        struct sales_update u = {.event_id = text_of(id), .business_date = date, .issued_at_ms = date_ms(date), .kind = BODY_COMPLETE};
        struct shot shot;
        damage_sound(&r->damage, &u, r->timestamp_ms, &shot);
        shot.key = (struct bytes){(const uint8_t *)ALL_STORES_KEY, ALL_STORES_KEY_BYTES};
        shot.partition = p;
        (void)send_shot(r, &shot);
    }
}

static void send_all(struct run *r)
{
    struct sales_update u;
    enum status status;
    while (simulate_next(r->simulate, &u, &status)) {
        const date_t today = simulate_today(r->simulate);
        r->timestamp_ms = date_ms(today) + INT64_C(20) * 3600 * 1000;
        if (r->sent > r->expected / 5)
            r->damage.names_left = 0;
        if (today >= simulate_first_day(r->simulate) + SOUND_DAYS && dice_is(&r->damage.dice, DAMAGED))
            send_damaged(r, &u);
        else
            (void)send_sound(r, &u);
        send_held(r, false);
        check_when_due(r);
    }
    if (status)
        chaos_fail("the simulation: %s", status_text(status));
    send_held(r, true);
    send_complete(r);
}

/* Sales of a chain, as many as wished: about nine records in ten are its own. */
static void plan(struct run *r)
{
    struct simulate_options *o = &r->simulation;
    const bool large = is_long(r);
    simulate_options_default(o);
    o->seed = r->options->seed;
    o->stores = large ? 24 : 12;
    o->products = large ? 10 : 16;
    o->tills = large ? 9 : 2;
    o->duplicates = 0; /* those are chaos' own */
    o->first_date = date_of(2010, 1, 4);
    const uint64_t week = o->stores * o->products * o->tills * 7;
    o->periods = (int64_t)((r->options->records + week - 1) / week) + 1;
    r->expected = r->options->records;
    if (simulate_new(o, &r->simulate) != STATUS_OK)
        chaos_fail("out of memory");
}

void run_chaos(const struct run_options *options, struct run_result *out)
{
    static struct run r;
    r = (struct run){.options = options, .out = out, .dice = {options->seed ^ 0xdead}, .checked = PERIOD_NONE};
    running = &r;
    for (size_t q = 0; q < QUEUES; q++)
        r.held_end[q] = &r.held[q];
    plan(&r);
    ledger_init(&r.ledger, options->partitions);
    damage_init(&r.damage, options->seed ^ 0xbeef, &r.ledger);
    stage_open(&r.stage, &r.ledger, &out->findings, options->program, !is_long(&r));
    r.stage.next_crash = draw_crash;
    r.stage.on_turn = kill_when_due;
    r.stage.arg = &r;
    watch_start(&r.watch, r.expected, &out->findings);
    stage_start(&r.stage, NULL);
    plan_kill(&r);
    send_all(&r);
    stage_wait_handled(&r.stage);
    r.calm = true;
    check(&r);
    stage_wait_quiet(&r.stage);
    watch_judge(&r.watch, out);
    stage_end_worker(&r.stage);
    outputs_finish(&r.stage.outputs, &r.ledger, &out->findings);
    check_truth(&r.ledger, r.simulate, &r.simulation);
    if (!is_long(&r))
        calm_compare(&r.kept, &r.stage, options->program);
    out->events = r.sent;
    out->kills = r.stage.kills + r.stage.points;
    out->crash_points = r.stage.points;
    out->held_waiting = r.stage.held_waiting;
    out->seconds = watch_seconds(&r.watch);
    memcpy(out->verdicts, r.ledger.totals, sizeof out->verdicts);
    memcpy(out->made, r.damage.made, sizeof out->made);
    stage_close(&r.stage);
    damage_done(&r.damage);
    ledger_done(&r.ledger);
    simulate_free(r.simulate);
    buffer_done(&r.kept);
    buffer_done(&r.instead);
    running = NULL;
}
