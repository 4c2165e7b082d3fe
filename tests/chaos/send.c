#include "chaos/send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chaos/calm.h"

#define DAMAGED    .1
#define SOUND_DAYS 3 /* before the first damage: every series is known by then */

struct held {
    struct held *next;
    uint64_t due;
    struct sales_update u;
    char texts[4][MESSAGE_ID_BYTES_MAX + 1];
};

/* ---- one record */

static verdict_t send_shot(struct sender *s, const struct shot *shot)
{
    const struct ledger_record entry = {.partition = shot->partition,
                                        .key = shot->key,
                                        .value = shot->value,
                                        .timestamp_ms = shot->timestamp_ms,
                                        .update = shot->update,
                                        .code = shot->code,
                                        .altered = shot->altered};
    verdict_t v = ledger_enter(s->ledger, &entry);
    struct client_record record = {.topic = s->topic,
                                   .partition = shot->partition,
                                   .key = shot->key,
                                   .value = shot->value,
                                   .timestamp_ms = shot->timestamp_ms,
                                   .headers = shot->headers,
                                   .header_count = shot->header_count};
    if (s->keeps && (v == VERDICT_SALE || v == VERDICT_RETURN || v == VERDICT_COMPLETE))
        calm_keep(&s->kept, &record, (int64_t)s->ledger->partitions[shot->partition].count - 1);
    if (s->instead.size)
        record.value = buffer_bytes(&s->instead);
    s->deliver(s->arg, &record);
    buffer_clear(&s->instead);
    s->sent++;
    return v;
}

/* A sale of the simulation that does not count, because a damaged one took its place, is taken off the truth. */
static verdict_t note_sound(struct sender *s, const struct sales_update *u, verdict_t v)
{
    if (v == VERDICT_SALE || v == VERDICT_RETURN)
        return v;
    struct ledger_series *series = ledger_series(s->ledger, u->store, u->product);
    const struct ledger_source *source = ledger_source(s->ledger, u->store, u->source);
    if (!series || !source || (u->sequence > source->disturbed_to && v != VERDICT_DUPLICATE))
        chaos_fail("a sound record becomes %s", verdict_name(v));
    ledger_add(&ledger_cell(s->ledger, series, period_of(&s->ledger->grid, u->business_date))->altered, &u->body.sale.sold, -1);
    return v;
}

/* Once: what is sent is not what the ledger has. The run must tell. */
static void sabotage(struct sender *s, const struct sales_update *u)
{
    const struct ledger_source *source = ledger_source(s->ledger, u->store, u->source);
    struct sales_update other = *u;
    if (s->sent < s->expected / 2 || s->is_sabotaged || !source || u->sequence != source->greatest + 1)
        return;
    s->is_sabotaged = true;
    other.body.sale.sold.amount += s->sabotage == SABOTAGE_DIFFERENT;
    other.sequence -= s->sabotage == SABOTAGE_LOST;
    if (codec_encode_sales_update(&other, &s->instead) != STATUS_OK)
        chaos_fail("out of memory");
}

/* The repeated one comes from another till. */
static void sabotage_repeated(struct sender *s, const struct sales_update *u)
{
    struct sales_update other = *u;
    if (s->sent < s->expected / 2 || s->is_sabotaged)
        return;
    s->is_sabotaged = true;
    other.source = text_of("spare");
    if (codec_encode_sales_update(&other, &s->instead) != STATUS_OK)
        chaos_fail("out of memory");
}

static verdict_t send_sound(struct sender *s, const struct sales_update *u)
{
    struct shot shot;
    damage_sound(&s->damage, u, s->timestamp_ms, &shot);
    if (s->sabotage == SABOTAGE_LOST || s->sabotage == SABOTAGE_DIFFERENT)
        sabotage(s, u);
    return note_sound(s, u, send_shot(s, &shot));
}

static void expect(const struct sender *s, verdict_t have, verdict_t intended, enum damage_kind kind)
{
    if (intended != VERDICT_ANY && have != intended)
        chaos_fail("record %" PRIu64 ", %s: becomes %s, meant was %s", s->sent, damage_name(kind), verdict_name(have),
                   verdict_name(intended));
}

static void hold(struct sender *s, const struct sales_update *u)
{
    const uint64_t delays[SEND_QUEUES] = {100, 5000, s->expected / 25};
    const uint64_t queue = dice_below(&s->damage.dice, SEND_QUEUES);
    struct held *h = chaos_memory(calloc(1, sizeof *h));
    struct text *texts[] = {&h->u.event_id, &h->u.source, &h->u.store, &h->u.product};
    h->u = *u;
    h->due = s->sent + delays[queue];
    for (size_t i = 0; i < 4; i++)
        if (texts[i]->data) {
            memcpy(h->texts[i], texts[i]->data, texts[i]->size);
            texts[i]->data = h->texts[i];
        }
    *s->held_end[queue] = h;
    s->held_end[queue] = &h->next;
    s->damage.made[DAMAGE_HELD_BACK]++;
}

static void send_held(struct sender *s, bool all)
{
    for (size_t q = 0; q < SEND_QUEUES; q++)
        for (struct held *h; (h = s->held[q]) && (all || h->due <= s->sent); free(h)) {
            s->held[q] = h->next;
            if (!h->next)
                s->held_end[q] = &s->held[q];
            send_sound(s, &h->u);
        }
}

static void send_damaged(struct sender *s, const struct sales_update *u)
{
    struct shot shot;
    enum damage_kind kind;
    do {
        kind = damage_draw(&s->damage);
        if (kind == DAMAGE_HELD_BACK) {
            hold(s, u);
            return;
        }
    } while (!damage_make(&s->damage, kind, u, s->timestamp_ms, &shot));
    if (shot.replaces) {
        verdict_t v = send_shot(s, &shot);
        note_sound(s, u, v);
        if (shot.twice && (v == VERDICT_SALE || v == VERDICT_RETURN))
            expect(s, send_shot(s, &shot), VERDICT_DUPLICATE, kind);
        return;
    }
    if (!shot.first) {
        verdict_t v = send_sound(s, u);
        if (kind == DAMAGE_REPEATED && v >= VERDICT_DEAD)
            shot.intended = v;
    }
    if (s->sabotage == SABOTAGE_DOUBLED && kind == DAMAGE_REPEATED)
        sabotage_repeated(s, u);
    expect(s, send_shot(s, &shot), shot.intended, kind);
    if (shot.first)
        send_sound(s, u);
}

static void send_complete(struct sender *s)
{
    const date_t date = simulate_last_day(s->simulate);
    for (int32_t p = 0; p < s->ledger->partition_count; p++) {
        char id[32];
        snprintf(id, sizeof id, "complete-%d", (int)p);
        struct sales_update u = {.event_id = text_of(id), .business_date = date, .issued_at_ms = date_ms(date), .kind = BODY_COMPLETE};
        struct shot shot;
        damage_sound(&s->damage, &u, s->timestamp_ms, &shot);
        shot.key = (struct bytes){(const uint8_t *)ALL_STORES_KEY, ALL_STORES_KEY_BYTES};
        shot.partition = p;
        (void)send_shot(s, &shot);
    }
}

void sender_send_all(struct sender *s)
{
    struct sales_update u;
    enum status status;
    while (simulate_next(s->simulate, &u, &status)) {
        const date_t today = simulate_today(s->simulate);
        s->timestamp_ms = date_ms(today) + INT64_C(20) * 3600 * 1000;
        if (s->sent > s->expected / 5)
            s->damage.names_left = 0;
        if (today >= simulate_first_day(s->simulate) + SOUND_DAYS && dice_is(&s->damage.dice, DAMAGED))
            send_damaged(s, &u);
        else
            (void)send_sound(s, &u);
        send_held(s, false);
        s->on_sent(s->arg);
    }
    if (status)
        chaos_fail("the simulation: %s", status_text(status));
    send_held(s, true);
    send_complete(s);
}

/* ---- open and done */

static void plan(struct sender *s)
{
    struct simulate_options *o = &s->simulation;
    const uint64_t week = o->stores * o->products * o->tills * 7;
    o->seed = s->seed;
    o->duplicates = 0; /* those are chaos' own */
    o->first_date = date_of(2010, 1, 4);
    o->periods = (int64_t)((s->expected + week - 1) / week) + 1;
    if (simulate_new(o, &s->simulate) != STATUS_OK)
        chaos_fail("out of memory");
}

void sender_open(struct sender *s)
{
    for (size_t q = 0; q < SEND_QUEUES; q++)
        s->held_end[q] = &s->held[q];
    plan(s);
    damage_init(&s->damage, s->seed ^ 0xbeef, s->ledger);
}

void sender_done(struct sender *s)
{
    damage_done(&s->damage);
    simulate_free(s->simulate);
    buffer_done(&s->kept);
    buffer_done(&s->instead);
}
