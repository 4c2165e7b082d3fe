#include "app/feed.h"

#include <stdio.h>
#include <time.h>

#include "base/hash.h"
#include "codec/codec.h"

#define TURN_US 5000
#define WAIT_MS 2

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

enum status feed_init(struct feed *f, const struct feed_options *options, struct error *err)
{
    *f = (struct feed){.options = *options, .started_us = now_us()};
    return client_partitions(options->client, options->topic, &f->partitions, err);
}

void feed_done(struct feed *f)
{
    buffer_done(&f->value);
}

static enum status turn(struct feed *f, int wait_ms, struct error *err)
{
    enum status status = client_poll(f->options.client, wait_ms, err);
    f->turn_us = now_us();
    if (!status && f->options.on_turn)
        status = f->options.on_turn(f->options.arg, err);
    return status;
}

/* Behind the wanted rate we may send at once; ahead of it we wait. */
static enum status keep_rate(struct feed *f, struct error *err)
{
    enum status status = STATUS_OK;
    const double due_us = f->options.rate > 0 ? (double)f->sent / f->options.rate * 1e6 : 0;
    while (!status && (double)(now_us() - f->started_us) < due_us)
        status = turn(f, WAIT_MS, err);
    return status;
}

static enum status send_to(struct feed *f, const struct sales_update *u, int32_t partition, struct bytes key, struct error *err)
{
    buffer_clear(&f->value);
    enum status status = codec_encode_sales_update(u, &f->value);
    if (status)
        return error_set(err, status, "a sale of %.*s: %s", (int)u->store.size, u->store.data ? u->store.data : "", status_text(status));
    const struct client_record record = {.topic = f->options.topic, .partition = partition, .key = key, .value = buffer_bytes(&f->value)};
    if (now_us() - f->turn_us > TURN_US)
        status = turn(f, 0, err);
    if (!status)
        status = keep_rate(f, err);
    while (!status && (status = client_send(f->options.client, &record, err)) == STATUS_BUSY)
        status = turn(f, WAIT_MS, err);
    f->sent += !status;
    return status;
}

enum status feed_send(struct feed *f, const struct sales_update *u, struct error *err)
{
    const struct bytes key = {(const uint8_t *)u->store.data, u->store.size};
    return send_to(f, u, hash_partition(key.data, key.size, f->partitions), key, err);
}

enum status feed_complete(struct feed *f, date_t date, struct error *err)
{
    const struct bytes key = {(const uint8_t *)ALL_STORES_KEY, ALL_STORES_KEY_BYTES};
    enum status status = STATUS_OK;
    for (int32_t p = 0; p < f->partitions && !status; p++) {
        char id[64], text[DATE_TEXT_BYTES];
        snprintf(id, sizeof id, "complete-%d-%s", (int)p, date_format(date, text));
        const struct sales_update complete = {
            .event_id = text_of(id), .business_date = date, .kind = BODY_COMPLETE, .issued_at_ms = date_ms(date + 1)};
        status = send_to(f, &complete, p, key, err);
    }
    return status;
}

enum status feed_wait(struct feed *f, struct error *err)
{
    enum status status = STATUS_OK;
    while (!status && (client_unread(f->options.client) > 0 || client_undelivered(f->options.client) > 0))
        status = turn(f, 10, err);
    return status;
}
