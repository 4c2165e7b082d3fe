#include "chaos/asks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "io/loop.h"

#define HORIZON_MAX 8
#define ANSWER_US   INT64_C(60000000)
#define ID_BYTES    24

void asks_init(struct asks *a)
{
    *a = (struct asks){.count = 0};
    if (codec_new(&a->codec) != STATUS_OK)
        chaos_fail("out of memory");
}

void asks_done(struct asks *a)
{
    free(a->items);
    codec_free(a->codec);
    arena_done(&a->arena);
    buffer_done(&a->value);
}

/* ---- asking */

static void post(struct asks *a, size_t index, struct client *client, const struct topics *topics)
{
    const struct ask *ask = &a->items[index];
    char id[ID_BYTES];
    struct error err = {0};
    enum status status;
    snprintf(id, sizeof id, "ask-%zu", index);
    const struct forecast_request request = {.request_id = text_of(id),
                                             .store = text_of(ask->store),
                                             .product = ask->product[0] ? text_of(ask->product) : (struct text){0},
                                             .level = LEVEL_SERIES,
                                             .horizon = ask->horizon,
                                             .issued_at_ms = 1};
    buffer_clear(&a->value);
    if (codec_encode_forecast_request(&request, &a->value) != STATUS_OK)
        chaos_fail("a request could not be encoded");
    const struct client_record record = {.topic = topics_name(topics, TOPIC_REQUESTS),
                                         .partition = ask->partition,
                                         .key = {(const uint8_t *)ask->store, strlen(ask->store)},
                                         .value = buffer_bytes(&a->value)};
    while ((status = client_send(client, &record, &err)) == STATUS_BUSY)
        if ((status = client_poll(client, 5, &err)) != STATUS_OK)
            break;
    if (status != STATUS_OK)
        chaos_fail("%s", err.text);
}

void asks_send(struct asks *a, struct client *client, const struct topics *topics, const struct ledger *ledger, struct dice *dice)
{
    if (ledger->series_count == 0)
        return;
    const struct ledger_series *series = &ledger->series[dice_below(dice, ledger->series_count)];
    if (a->count == a->capacity) {
        a->capacity = a->capacity ? 2 * a->capacity : 64;
        a->items = chaos_memory(realloc(a->items, a->capacity * sizeof *a->items));
    }
    struct ask *ask = &a->items[a->count++];
    *ask = (struct ask){.partition = ledger->stores[series->store].partition, .horizon = 1 + (int32_t)dice_below(dice, HORIZON_MAX)};
    memcpy(ask->store, series->store_id, sizeof ask->store);
    memcpy(ask->product, series->product_id, sizeof ask->product);
    a->sent[ask->partition]++;
    post(a, a->count - 1, client, topics);
}

/* ---- answers */

/* Which one it answers, and the sum of it without what may differ. */
static struct ask *understand(struct asks *a, const struct client_message *m, int64_t *out_offset, uint32_t *out_crc)
{
    struct forecast_result r;
    size_t index;
    char id[ID_BYTES];
    arena_clear(&a->arena);
    buffer_clear(&a->value);
    if (codec_decode_forecast_result(a->codec, m->value, &a->arena, &r, NULL, NULL) != STATUS_OK)
        return NULL;
    snprintf(id, sizeof id, "%.*s", (int)r.request_id.size, r.request_id.size ? r.request_id.data : "");
    if (sscanf(id, "ask-%zu", &index) != 1 || index >= a->count)
        return NULL;
    *out_offset = r.sales_offset;
    r.sales_offset = 0;
    if (codec_encode_forecast_result(&r, &a->value) != STATUS_OK)
        chaos_fail("an answer could not be encoded");
    *out_crc = hash_crc32c(a->value.data, a->value.size);
    return &a->items[index];
}

static void take(struct asks *a, const struct client_message *m, struct findings *f)
{
    int64_t offset;
    uint32_t crc;
    struct ask *ask = understand(a, m, &offset, &crc);
    if (!ask) {
        findings_add(f, FINDING_DIFFERENT, 1, "reply %d/%" PRId64 ": answers nothing that was asked", (int)m->partition, m->offset);
        return;
    }
    if (ask->answers++ > 0)
        findings_add(f, FINDING_DOUBLED, 1, "request %td was answered twice", ask - a->items);
    ask->sales_offset = offset;
    ask->crc = crc;
}

static struct client_reader *open_replies(struct client *client, const struct topics *topics, enum client_start start)
{
    const char *name = topics_name(topics, TOPIC_REPLIES);
    struct client_reader *reader;
    struct error err = {0};
    if (client_reader_new(client, &name, 1, start, &reader, &err) != STATUS_OK)
        chaos_fail("%s", err.text);
    return reader;
}

void asks_read(struct asks *a, struct client *client, const struct topics *topics, struct findings *f)
{
    struct client_reader *reader = open_replies(client, topics, CLIENT_FROM_ZERO);
    struct client_message m;
    struct error err = {0};
    enum status status;
    while ((status = client_read(reader, 1000, &m, &err)) != STATUS_NOT_FOUND) {
        if (status == STATUS_OK)
            take(a, &m, f);
        else if (status != STATUS_BUSY)
            chaos_fail("%s", err.text);
    }
    client_reader_free(reader);
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].answers == 0)
            findings_add(f, FINDING_LOST, 1, "request %zu was never answered", i);
}

/* ---- comparison */

struct ask *asks_due(struct asks *a, int32_t partition, int64_t offset)
{
    struct ask *due = NULL;
    for (size_t i = 0; i < a->count; i++) {
        struct ask *ask = &a->items[i];
        if (ask->partition == partition && !ask->compared && ask->answers > 0 && ask->sales_offset < offset &&
            (!due || ask->sales_offset < due->sales_offset))
            due = ask;
    }
    return due;
}

void asks_compare(struct asks *a, struct ask *ask, struct client *client, const struct topics *topics, struct findings *f)
{
    struct client_reader *reader = open_replies(client, topics, CLIENT_FROM_PRESENT);
    struct client_message m;
    struct error err = {0};
    bool found = false;
    ask->compared = true;
    post(a, (size_t)(ask - a->items), client, topics);
    for (const int64_t until = loop_now_us() + ANSWER_US; !found;) {
        enum status status = client_read(reader, 20, &m, &err);
        int64_t offset;
        uint32_t crc = 0;
        found = status == STATUS_OK && understand(a, &m, &offset, &crc) == ask;
        if (found && crc != ask->crc)
            findings_add(f, FINDING_DIFFERENT, 1, "the answer to request %td (%s/%s, sales up to %" PRId64 ") differs from the calm run's",
                         ask - a->items, ask->store, ask->product, ask->sales_offset);
        if (client_poll(client, 0, &err) != STATUS_OK || loop_now_us() > until)
            chaos_fail("the calm run does not answer request %td %s", ask - a->items, err.text);
    }
    client_reader_free(reader);
}
