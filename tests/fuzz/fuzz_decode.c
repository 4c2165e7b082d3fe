/* Guard, Avro and decoders on any bytes. The first byte chooses the schema (the six built in, then those of
 * tests/golden/messages, then: the rest is a whole value with its header); the rest is the body.
 * What is decoded must be writable, and reading that again must give the same bytes.
 * Mutations are made by the schema (decode_mutate.h), so that most inputs get behind the first field. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/shape.h"
#include "fuzz/decode_mutate.h"
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
static struct buffer value, first, second, mutated;
static avro_schema_t schemas[CHOICES - 1]; /* the mutator's own: the codec keeps its to itself */
static struct shape shapes[CHOICES - 1];
static struct arena shape_arena;

static void understand(size_t choice, struct text json)
{
    struct trail trail = {.why = NULL};
    int rc = avro_schema_from_json_length(json.data, json.size, &schemas[choice]);
    assert(rc == 0);
    enum status status = shape_read(schemas[choice], &shape_arena, &trail, &shapes[choice]);
    assert(status == STATUS_OK);
}

static void learn(size_t i)
{
    static char json[CODEC_SCHEMA_BYTES_MAX];
    char path[256];
    struct error why;
    snprintf(path, sizeof path, "tests/golden/messages/%s", learned[i].path);
    FILE *file = fopen(source_path(path), "rb");
    assert(file != NULL);
    size_t size = fread(json, 1, sizeof json, file);
    fclose(file);
    enum status status = codec_schema_add(codec, learned[i].id, (struct text){json, size}, &why);
    assert(status == STATUS_OK);
    understand(CODEC_RECORD_COUNT + i, (struct text){json, size});
}

/* Avro keeps its last values at odd addresses, where the leak checker does not look: hence freed at exit. */
static void stop(void)
{
    codec_free(codec);
    arena_done(&arena);
    buffer_done(&value);
    buffer_done(&first);
    buffer_done(&second);
    buffer_done(&mutated);
    for (size_t i = 0; i < CHOICES - 1; i++)
        avro_schema_decref(schemas[i]);
    arena_done(&shape_arena);
}

static void start(void)
{
    atexit(stop);
    enum status status = codec_new(&codec);
    assert(status == STATUS_OK);
    for (size_t i = 0; i < CODEC_RECORD_COUNT; i++)
        understand(i, codec_record_schema((enum codec_record)i));
    for (size_t i = 0; i < LEARNED; i++)
        learn(i);
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

/* ---- mutations */

/* libFuzzer's own, of any bytes; in the program that only replays, its main has one. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out, size_t size_max,
                                 unsigned seed);

static bool has_shape(const uint8_t *data, size_t size)
{
    return size > 0 && data[0] % CHOICES < CHOICES - 1;
}

/* What `mutated` holds, if it fits. */
static size_t put_mutated(uint8_t choice, uint8_t *data, size_t size_max)
{
    if (mutated.failed || mutated.size + 1 > size_max)
        return 0;
    data[0] = choice;
    if (mutated.size > 0)
        memcpy(data + 1, mutated.data, mutated.size);
    return mutated.size + 1;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    if (codec == NULL)
        start();
    buffer_clear(&mutated);
    uint8_t choice = size > 0 ? (uint8_t)(data[0] % CHOICES) : 0;
    if (seed % 64 == 0) {
        choice = (uint8_t)(seed / 64 % (CHOICES - 1));
        decode_generate(&shapes[choice], seed, &mutated);
    } else if (has_shape(data, size) && seed % 8 != 0) {
        decode_mutate(&shapes[choice], (struct bytes){data + 1, size - 1}, seed, &mutated);
    } else {
        return LLVMFuzzerMutate(data, size, size_max);
    }
    size_t after = put_mutated(choice, data, size_max);
    return after > 0 ? after : LLVMFuzzerMutate(data, size, size_max);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *two, size_t two_size, uint8_t *out, size_t size_max,
                                 unsigned seed)
{
    if (codec == NULL)
        start();
    if (!has_shape(one, one_size) || !has_shape(two, two_size))
        return 0;
    buffer_clear(&mutated);
    uint8_t choice = (uint8_t)(one[0] % CHOICES), other = (uint8_t)(two[0] % CHOICES);
    decode_cross(&shapes[choice], (struct bytes){one + 1, one_size - 1}, &shapes[other], (struct bytes){two + 1, two_size - 1}, seed,
                 &mutated);
    return put_mutated(choice, out, size_max);
}
