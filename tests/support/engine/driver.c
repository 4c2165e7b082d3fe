#include "support/engine/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/table.h"
#include "support/fixture.h"

/* ---- a sorted-on-demand map of bytes */

struct stored_item {
    struct buffer key, value;
    bool present;
};

struct stored {
    struct table index;
    struct stored_item *items;
    size_t count, capacity;
};

static void must(bool ok)
{
    if (!ok)
        fail_msg("out of memory in the test driver");
}

static void store(struct stored *s, struct bytes key, struct bytes value, bool present)
{
    uint32_t at = table_get(&s->index, key);
    if (at == TABLE_NONE) {
        if (!present)
            return;
        if (s->count == s->capacity) {
            s->capacity = s->capacity ? 2 * s->capacity : 256;
            s->items = realloc(s->items, s->capacity * sizeof *s->items);
            must(s->items != NULL);
        }
        at = (uint32_t)s->count++;
        s->items[at] = (struct stored_item){0};
        buffer_put(&s->items[at].key, key.data, key.size);
        assert_ok(table_put(&s->index, key, at));
    }
    s->items[at].present = present;
    buffer_clear(&s->items[at].value);
    buffer_put(&s->items[at].value, value.data, value.size);
}

static void stored_free(struct stored *s)
{
    for (size_t i = 0; s && i < s->count; i++) {
        buffer_done(&s->items[i].key);
        buffer_done(&s->items[i].value);
    }
    if (s) {
        free(s->items);
        table_done(&s->index);
    }
    free(s);
}

static int compare_items(const void *a, const void *b)
{
    const struct stored_item *x = a, *y = b;
    size_t n = x->key.size < y->key.size ? x->key.size : y->key.size;
    int order = memcmp(x->key.data, y->key.data, n);
    return order ? order : (x->key.size > y->key.size) - (x->key.size < y->key.size);
}

static struct buffer sorted_bytes(const struct stored *s, size_t (*offset_of)(const struct stored_item *))
{
    struct stored_item *items = malloc((s->count ? s->count : 1) * sizeof *items);
    must(items != NULL);
    memcpy(items, s->items, s->count * sizeof *items);
    qsort(items, s->count, sizeof *items, compare_items);
    struct buffer out = {0};
    for (size_t i = 0; i < s->count; i++) {
        if (!items[i].present)
            continue;
        size_t from = offset_of(&items[i]);
        buffer_put_u32(&out, (uint32_t)items[i].key.size);
        buffer_put(&out, items[i].key.data, items[i].key.size);
        if (from < items[i].value.size)
            buffer_put(&out, items[i].value.data + from, items[i].value.size - from);
    }
    free(items);
    return out;
}

#define HEADER_BYTES 28 /* engine/state.h */

static size_t skip_state(const struct stored_item *item)
{
    if (item->key.data[0] == 'P')
        return HEADER_BYTES + 16; /* the two offsets */
    if (item->key.data[0] == 'D' || item->key.data[0] == 'H')
        return SIZE_MAX; /* windows */
    return HEADER_BYTES;
}

static size_t skip_nothing(const struct stored_item *item)
{
    (void)item;
    return 0;
}

struct buffer driver_state_bytes(const struct driver *d)
{
    return sorted_bytes(d->state, skip_state);
}

struct buffer driver_last_bytes(const struct driver *d)
{
    return sorted_bytes(d->last, skip_nothing);
}

/* ---- outputs */

void driver_serialise(struct buffer *b, const struct forecast_result *r)
{
    buffer_put_text(b, r->request_id);
    buffer_put_text(b, r->store);
    buffer_put_text(b, r->product);
    buffer_put_u64(b, (uint64_t)r->issue);
    buffer_put_u32(b, (uint32_t)r->origin);
    buffer_put_u32(b, (uint32_t)r->valid_until);
    buffer_put_u8(b, (uint8_t)r->status);
    buffer_put_text(b, r->sentence);
    for (size_t h = 0; h < r->step_count; h++) {
        const struct forecast_step *step = &r->steps[h];
        buffer_put_u32(b, (uint32_t)step->first_date);
        buffer_put_u32(b, (uint32_t)step->last_date);
        buffer_put_double(b, step->mean);
        buffer_put_double(b, step->median);
        for (size_t i = 0; i < step->quantile_count; i++) {
            buffer_put_double(b, step->quantiles[i].level);
            buffer_put_double(b, step->quantiles[i].value);
        }
        for (size_t i = 0; i < step->model_count; i++) {
            buffer_put_text(b, step->models[i].model);
            buffer_put_double(b, step->models[i].value);
        }
    }
    for (size_t i = 0; i < r->accuracy_count; i++) {
        buffer_put_text(b, r->accuracy[i].model);
        buffer_put_double(b, r->accuracy[i].weight);
        buffer_put_double(b, r->accuracy[i].mae);
        buffer_put_double(b, r->accuracy[i].rmse);
        buffer_put_double(b, r->accuracy[i].mape);
        buffer_put_u32(b, (uint32_t)r->accuracy[i].scored);
    }
    buffer_put_text(b, r->best_model);
}

static void keep_forecast(struct driver *d, const struct forecast_result *r)
{
    struct buffer b = {0};
    driver_serialise(&b, r);
    buffer_put(&d->published, b.data, b.size);
    if (!r->request_id.data) {
        struct text key = effects_series_key(&d->fx.arena, r->store, r->product);
        store(d->last, (struct bytes){(const uint8_t *)key.data, key.size}, buffer_bytes(&b), true);
        d->forecasts++;
    }
    buffer_done(&b);
    if (d->on_forecast)
        d->on_forecast(d->context, r);
}

static void copy(char *out, size_t size, struct text t)
{
    size_t n = t.size < size - 1 ? t.size : size - 1;
    if (n)
        memcpy(out, t.data, n);
    out[n] = '\0';
}

static void keep_alert(struct driver *d, const struct drift_alert *a)
{
    if (d->alert_count == d->alert_capacity) {
        d->alert_capacity = d->alert_capacity ? 2 * d->alert_capacity : 64;
        d->alerts = realloc(d->alerts, d->alert_capacity * sizeof *d->alerts);
        must(d->alerts != NULL);
    }
    struct driver_alert *kept = &d->alerts[d->alert_count++];
    *kept = (struct driver_alert){.kind = a->kind, .firing = a->firing, .period = a->period, .since = a->since,
                                  .value = a->value, .threshold = a->threshold, .strength = a->strength, .bias = a->bias};
    copy(kept->store, sizeof kept->store, a->store);
    copy(kept->best_model, sizeof kept->best_model, a->best_model);
    struct buffer causes = {0};
    for (size_t i = 0; i < a->cause_count; i++)
        buffer_printf(&causes, "%s%.*s", i ? "+" : "", (int)a->causes[i].size, a->causes[i].data);
    copy(kept->causes, sizeof kept->causes, (struct text){(const char *)causes.data, causes.size});
    buffer_put(&d->published, causes.data, causes.size);
    buffer_put_text(&d->published, a->store);
    buffer_put_u32(&d->published, (uint32_t)a->period);
    buffer_put_u64(&d->published, (uint64_t)a->alert_number);
    buffer_put_double(&d->published, a->value);
    buffer_done(&causes);
}

static void keep_dead_letter(struct driver *d, const struct effect *effect)
{
    if (d->dead_letter_count == d->dead_letter_capacity) {
        d->dead_letter_capacity = d->dead_letter_capacity ? 2 * d->dead_letter_capacity : 64;
        d->dead_letters = realloc(d->dead_letters, d->dead_letter_capacity * sizeof *d->dead_letters);
        must(d->dead_letters != NULL);
    }
    struct driver_dead_letter *kept = &d->dead_letters[d->dead_letter_count++];
    kept->code = effect->dead_letter;
    kept->offset = effect->offset;
    copy(kept->sentence, sizeof kept->sentence, effect->sentence);
}

static void keep_effect(struct driver *d, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_PUT:
    case EFFECT_DELETE:
        store(d->state, effect->key, effect->value, effect->kind == EFFECT_PUT);
        break;
    case EFFECT_FORECAST:
    case EFFECT_REPLY:
        keep_forecast(d, effect->forecast);
        break;
    case EFFECT_CLOSED:
        buffer_put_u32(&d->published, (uint32_t)effect->closed->last_date);
        buffer_put_u32(&d->published, (uint32_t)effect->closed->known);
        d->closes++;
        break;
    case EFFECT_ALERT:
        keep_alert(d, effect->alert);
        break;
    case EFFECT_DEAD_LETTER:
        keep_dead_letter(d, effect);
        break;
    }
}

/* ---- batches */

void driver_init(struct driver *d, const struct engine_options *engine_options, const struct driver_options *options)
{
    *d = (struct driver){.engine_options = *engine_options, .timestamp_ms = date_ms(date_of(2030, 1, 1))};
    if (options)
        d->options = *options;
    if (d->options.batch == 0)
        d->options.batch = 1;
    d->state = calloc(1, sizeof *d->state);
    d->last = calloc(1, sizeof *d->last);
    must(d->state && d->last);
    assert_ok(engine_new(0, engine_options, &d->engine));
}

void driver_done(struct driver *d)
{
    engine_free(d->engine);
    effects_done(&d->fx);
    stored_free(d->state);
    stored_free(d->last);
    buffer_done(&d->published);
    free(d->alerts);
    free(d->dead_letters);
}

void driver_restart(struct driver *d)
{
    engine_free(d->engine);
    assert_ok(engine_new(0, &d->engine_options, &d->engine));
    struct error err = {0};
    for (size_t i = 0; i < d->state->count; i++) {
        const struct stored_item *item = &d->state->items[i];
        if (item->present && engine_load(d->engine, buffer_bytes(&item->key), buffer_bytes(&item->value), &err) != STATUS_OK)
            fail_msg("restart: %s", err.text);
    }
    if (engine_loaded(d->engine, false, &err) != STATUS_OK)
        fail_msg("restart: %s", err.text);
    assert_int_equal(engine_offset(d->engine), d->next_offset - 1);
}

static void commit(struct driver *d)
{
    d->batch++;
    assert_ok(engine_flush(d->engine, d->batch, &d->fx));
    for (size_t i = 0; i < d->fx.count; i++)
        keep_effect(d, &d->fx.items[i]);
    counters_add(&d->counters, &d->fx.counters);
    effects_clear(&d->fx);
    engine_commit(d->engine);
}

static void run_closes(struct driver *d, bool may_commit)
{
    while (engine_close_due(d->engine)) {
        bool done;
        assert_ok(engine_continue(d->engine, d->options.chunk, &d->fx, &done));
        if (d->options.chunk && !done && may_commit) {
            commit(d);
            if (d->options.restart_every)
                driver_restart(d);
        }
    }
}

static void apply_batch(struct driver *d, const struct sales_update *updates, size_t n, bool may_commit)
{
    for (size_t i = 0; i < n; i++) {
        struct record record = {.update = &updates[i], .offset = d->next_offset + (int64_t)i, .timestamp_ms = d->timestamp_ms};
        assert_ok(engine_apply(d->engine, &record, &d->fx));
        if (engine_close_due(d->engine)) {
            int64_t next = d->next_offset;
            d->next_offset = record.offset + 1;
            run_closes(d, may_commit);
            d->next_offset = next;
        }
    }
}

void driver_run(struct driver *d, const struct sales_update *updates, size_t n)
{
    for (size_t from = 0; from < n; from += d->options.batch) {
        size_t count = n - from < d->options.batch ? n - from : d->options.batch;
        if (d->options.rollback_every && d->batch % d->options.rollback_every == 0) {
            apply_batch(d, updates + from, count, false);
            assert_ok(engine_flush(d->engine, d->batch + 1, &d->fx));
            effects_clear(&d->fx);
            engine_rollback(d->engine);
        }
        apply_batch(d, updates + from, count, true);
        d->next_offset += (int64_t)count;
        commit(d);
        if (d->options.restart_every && d->batch % d->options.restart_every == 0)
            driver_restart(d);
    }
}

void driver_request(struct driver *d, const struct forecast_request *request)
{
    assert_ok(engine_answer(d->engine, request, &d->fx));
    commit(d);
}

void driver_refuse(struct driver *d, enum dead_letter code)
{
    assert_ok(engine_refuse(d->engine, d->next_offset++, code, text_of("refused by the test"), &d->fx));
    commit(d);
}

bool driver_record(const struct driver *d, size_t index, struct bytes *out_key, struct bytes *out_value)
{
    if (index >= d->state->count)
        return false;
    const struct stored_item *item = &d->state->items[index];
    *out_key = buffer_bytes(&item->key);
    *out_value = item->present ? buffer_bytes(&item->value) : (struct bytes){NULL, 0};
    return true;
}

/* ---- records */

static int64_t millionths(double value)
{
    return (int64_t)(value * 1e6 + (value < 0 ? -0.5 : 0.5));
}

static struct sales_update envelope(const char *store_id, const char *product, date_t date, const char *event_id)
{
    return (struct sales_update){.event_id = text_of(event_id), .store = text_of(store_id), .product = text_of(product),
                                 .business_date = date, .issued_at_ms = date_ms(date + 1)};
}

struct sales_update driver_total(const char *store_id, const char *product, date_t date, double amount, const char *event_id)
{
    struct sales_update u = envelope(store_id, product, date, event_id);
    u.kind = BODY_TOTAL;
    u.body.total.gross = (struct measures){.amount = millionths(amount), .has_amount = true};
    return u;
}

struct sales_update driver_sale(const char *store_id, const char *product, date_t date, double amount, const char *event_id)
{
    struct sales_update u = envelope(store_id, product, date, event_id);
    u.kind = BODY_SALE;
    u.body.sale.sold = (struct measures){.amount = millionths(amount), .has_amount = true};
    return u;
}

struct sales_update driver_till_sale(const char *store_id, const char *product, date_t date, double amount, const char *source,
                                     int64_t sequence)
{
    struct sales_update u = driver_sale(store_id, product, date, amount, "till");
    u.source = text_of(source);
    u.has_sequence = true;
    u.sequence = sequence;
    u.issued_at_ms = date_ms(date) + sequence;
    return u;
}

struct sales_update driver_complete(const char *store_id, date_t date)
{
    struct sales_update u = envelope(store_id, NULL, date, "complete");
    u.kind = BODY_COMPLETE;
    return u;
}
