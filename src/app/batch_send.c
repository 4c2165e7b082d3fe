#include <assert.h>

#include "app/dead_letter.h"
#include "app/worker.h"

enum send_part { SEND_EFFECT, SEND_ARCHIVE, SEND_REFUSED };

/* ---- one message */

static struct bytes bytes_of(struct text t)
{
    return (struct bytes){(const uint8_t *)t.data, t.size};
}

static enum status produce(struct worker *w, enum topic topic, struct producer_message *m, struct error *err)
{
    m->topic = topics_name(&w->topics, topic);
    enum status status = producer_send(w->producer, m, err);
    w->batch.queue_is_full = status == STATUS_BUSY;
    return status;
}

static enum status encode(const struct effect *effect, struct buffer *out)
{
    switch (effect->kind) {
    case EFFECT_FORECAST:
    case EFFECT_REPLY:
        return codec_encode_forecast_result(effect->forecast, out);
    case EFFECT_CLOSED:
        return codec_encode_period_closed(effect->closed, out);
    case EFFECT_ALERT:
        return codec_encode_drift_alert(effect->alert, out);
    case EFFECT_PUT:
    case EFFECT_DELETE:
    case EFFECT_DEAD_LETTER:
        break;
    }
    assert(false);
    return STATUS_OK;
}

static struct text key_of(struct worker *w, const struct lane *lane, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_FORECAST:
        return effects_series_key(&w->arena, effect->forecast->store, effect->forecast->product);
    case EFFECT_ALERT:
        return effects_alert_key(&w->arena, effect->alert);
    case EFFECT_REPLY:
        return effect->forecast->store;
    case EFFECT_CLOSED:
        return effects_closed_key(&w->arena, lane->id);
    case EFFECT_PUT:
    case EFFECT_DELETE:
    case EFFECT_DEAD_LETTER:
        break;
    }
    assert(false);
    return (struct text){0};
}

static enum topic topic_of(enum effect_kind kind)
{
    switch (kind) {
    case EFFECT_REPLY:
        return TOPIC_REPLIES;
    case EFFECT_ALERT:
        return TOPIC_ALERTS;
    case EFFECT_DEAD_LETTER:
        return TOPIC_DEAD;
    case EFFECT_PUT:
    case EFFECT_DELETE:
        return TOPIC_STATE;
    case EFFECT_FORECAST:
    case EFFECT_CLOSED:
        break;
    }
    return TOPIC_FORECASTS;
}

static enum status send_encoded(struct worker *w, const struct lane *lane, const struct effect *effect, enum topic topic, struct error *err)
{
    buffer_clear(&w->scratch);
    enum status status = encode(effect, &w->scratch);
    if (status)
        return error_set(err, status, "topic %s: a record could not be encoded: %s", topics_name(&w->topics, topic), status_text(status));
    struct producer_message m = {.partition = lane->id, .key = bytes_of(key_of(w, lane, effect)), .value = buffer_bytes(&w->scratch)};
    return produce(w, topic, &m, err);
}

static enum status send_dead_letter(struct worker *w, const struct consumer_record *record, enum lane_input input, enum dead_letter code,
                                    struct text sentence, struct error *err)
{
    assert(record);
    const struct dead_letter_source source = {code, sentence, w->inputs[input], w->config->group_id};
    struct producer_message m;
    enum status status = dead_letter_message(record, &source, &w->arena, &m);
    return status ? status : produce(w, TOPIC_DEAD, &m, err);
}

/* Dead letters mostly come in the order of their records, so the search goes on where it stopped. */
static const struct consumer_record *find_taken(struct worker *w, const struct record_queue *taken, int64_t offset)
{
    struct consumer_record *r = w->batch.send_at ? w->batch.send_at : taken->first;
    while (r && r->offset < offset)
        r = r->next;
    w->batch.send_at = r;
    return r && r->offset == offset ? r : queue_find(taken, offset);
}

static enum status send_effect(struct worker *w, struct lane *lane, const struct effect *effect, struct error *err)
{
    struct producer_message m = {.partition = lane->id, .key = effect->key, .next_offset = &lane->changelog_next};
    switch (effect->kind) {
    case EFFECT_PUT:
        m.value = effect->value;
        return produce(w, TOPIC_STATE, &m, err);
    case EFFECT_DELETE:
        return produce(w, TOPIC_STATE, &m, err);
    case EFFECT_DEAD_LETTER:
        return send_dead_letter(w, find_taken(w, &lane->taken[INPUT_SALES], effect->offset), INPUT_SALES, effect->dead_letter,
                                effect->sentence, err);
    case EFFECT_FORECAST:
    case EFFECT_CLOSED:
    case EFFECT_REPLY:
    case EFFECT_ALERT:
        break;
    }
    return send_encoded(w, lane, effect, topic_of(effect->kind), err);
}

/* ---- all of a batch */

void batch_send_begin(struct worker *w)
{
    struct batch *b = &w->batch;
    b->send_lane = b->send_effect = 0;
    b->send_part = SEND_EFFECT;
    b->send_at = NULL;
}

static enum status send_next_effect(struct worker *w, struct lane *lane, struct error *err)
{
    struct batch *b = &w->batch;
    const struct effect *effect = &lane->effects.items[b->send_effect];
    enum status status = STATUS_OK;
    if (b->send_part == SEND_EFFECT) {
        status = send_effect(w, lane, effect, err);
        if (!status)
            b->send_part = SEND_ARCHIVE;
    }
    if (!status && effect->kind == EFFECT_FORECAST && w->config->archive_enabled)
        status = send_encoded(w, lane, effect, TOPIC_ARCHIVE, err);
    if (!status) {
        b->send_part = SEND_EFFECT;
        b->send_effect++;
    }
    return status;
}

/* They are in the order of their records, like these in `taken`. */
static enum status send_refused_requests(struct worker *w, struct lane *lane, int64_t until_us, struct error *err)
{
    struct batch *b = &w->batch;
    if (b->send_part != SEND_REFUSED) {
        b->send_part = SEND_REFUSED;
        b->send_refused = lane->refused;
        b->send_at = NULL;
    }
    while (b->send_refused) {
        const struct refused_request *r = b->send_refused;
        arena_clear(&w->arena);
        enum status status =
            send_dead_letter(w, find_taken(w, &lane->taken[INPUT_REQUESTS], r->offset), INPUT_REQUESTS, r->code, text_of(r->sentence), err);
        if (status)
            return status;
        b->send_refused = r->next;
        if (loop_now_us() >= until_us)
            return STATUS_BUSY;
    }
    return STATUS_OK;
}

static enum status send_lane(struct worker *w, struct lane *lane, int64_t until_us, struct error *err)
{
    struct batch *b = &w->batch;
    while (b->send_effect < lane->effects.count) {
        arena_clear(&w->arena);
        enum status status = send_next_effect(w, lane, err);
        if (status)
            return status;
        if (loop_now_us() >= until_us)
            return STATUS_BUSY;
    }
    return send_refused_requests(w, lane, until_us, err);
}

enum status batch_send(struct worker *w, int64_t until_us, bool *out_wait_for_room, struct error *err)
{
    struct batch *b = &w->batch;
    *out_wait_for_room = false;
    while (b->send_lane < b->lane_count) {
        enum status status = send_lane(w, b->lanes[b->send_lane], until_us, err);
        if (status) {
            *out_wait_for_room = b->queue_is_full;
            return status;
        }
        b->send_lane++;
        b->send_effect = 0;
        b->send_part = SEND_EFFECT;
        b->send_at = NULL;
    }
    return STATUS_OK;
}
