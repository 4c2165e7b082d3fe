/* Guard, Avro and decoders on any bytes. The first byte chooses the schema (the six built in, then those of
 * tests/golden/messages, then: the rest is a whole value with its header); the rest is the body.
 * What is decoded must be writable, and reading that again must give the same bytes. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "support/shared.h"

static const struct {
    uint32_t id;
    const char *path;
} learned[] = {
    {0x1001, "older/SalesUpdate.avsc"},     {0x1002, "newer/SalesUpdate.avsc"},    {0x1003, "older/ForecastRequest.avsc"},
    {0x1004, "newer/ForecastRequest.avsc"}, {0x1005, "older/ForecastResult.avsc"}, {0x1006, "newer/DriftAlert.avsc"},
};
enum { LEARNED = sizeof learned / sizeof learned[0], CHOICES = CODEC_RECORD_COUNT + LEARNED + 1 };

static struct codec *codec;
static struct arena arena;
static struct buffer value, first, second;

static void learn(uint32_t id, const char *relative)
{
    static char json[CODEC_SCHEMA_BYTES_MAX];
    char path[256];
    struct error why;
    snprintf(path, sizeof path, "tests/golden/messages/%s", relative);
    FILE *file = fopen(source_path(path), "rb");
    assert(file != NULL);
    size_t size = fread(json, 1, sizeof json, file);
    fclose(file);
    enum status status = codec_schema_add(codec, id, (struct text){json, size}, &why);
    assert(status == STATUS_OK);
}

/* Avro keeps its last values at odd addresses, where the leak checker does not look: hence freed at exit. */
static void stop(void)
{
    codec_free(codec);
    arena_done(&arena);
    buffer_done(&value);
    buffer_done(&first);
    buffer_done(&second);
}

static void start(void)
{
    atexit(stop);
    enum status status = codec_new(&codec);
    assert(status == STATUS_OK);
    for (size_t i = 0; i < LEARNED; i++)
        learn(learned[i].id, learned[i].path);
}

static void put_header(unsigned choice)
{
    uint32_t id = choice < CODEC_RECORD_COUNT ? codec_record_schema_id((enum codec_record)choice) : learned[choice - CODEC_RECORD_COUNT].id;
    buffer_put_u8(&value, 0);
    buffer_put_big32(&value, id);
}

/* Decodes and encodes again; false when it is refused, which must come with a code and a sentence. */
static bool pass(struct bytes in, struct buffer *out)
{
    union {
        struct sales_update sales_update;
        struct forecast_request forecast_request;
        struct forecast_result forecast_result;
        struct period_closed period_closed;
        struct drift_alert drift_alert;
        struct model_event model_event;
    } u;
    enum codec_record record = CODEC_SALES_UPDATE;
    enum dead_letter code = DEAD_LETTER_COUNT;
    struct error why = {0};
    enum status status = codec_value_record(codec, in, &record), encoded = STATUS_OK;
    (void)status; /* without a record any decoder must refuse it */
    switch (record) {
#define DECODE(constant, name)                                                                                                             \
    case CODEC_##constant:                                                                                                                 \
        status = codec_decode_##name(codec, in, &arena, &u.name, &code, &why);                                                             \
        if (status == STATUS_OK)                                                                                                           \
            encoded = codec_encode_##name(&u.name, out);                                                                                   \
        break;
        DECODE(SALES_UPDATE, sales_update)
        DECODE(FORECAST_REQUEST, forecast_request)
        DECODE(FORECAST_RESULT, forecast_result)
        DECODE(PERIOD_CLOSED, period_closed)
        DECODE(DRIFT_ALERT, drift_alert)
        DECODE(MODEL_EVENT, model_event)
    case CODEC_RECORD_COUNT:
        abort();
    }
    assert(encoded == STATUS_OK);
    assert(status == STATUS_OK || (code != DEAD_LETTER_COUNT && why.text[0] != '\0'));
    return status == STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (codec == NULL)
        start();
    if (size == 0)
        return 0;
    unsigned choice = data[0] % CHOICES;
    buffer_clear(&value);
    buffer_clear(&first);
    buffer_clear(&second);
    if (choice < CHOICES - 1)
        put_header(choice);
    buffer_put(&value, data + 1, size - 1);
    uint8_t *exact = malloc(value.size + 1); /* so that a sanitizer sees the first byte read past the end */
    assert(exact != NULL && buffer_status(&value) == STATUS_OK);
    if (value.size > 0)
        memcpy(exact, value.data, value.size);
    if (pass((struct bytes){exact, value.size}, &first)) {
        bool again = pass(buffer_bytes(&first), &second);
        assert(again && first.size == second.size && memcmp(first.data, second.data, first.size) == 0);
        buffer_clear(&second);
        enum status status = codec_json(codec, (struct bytes){exact, value.size}, &arena, &second, NULL);
        assert(status == STATUS_OK);
    }
    free(exact);
    arena_clear(&arena);
    return 0;
}
