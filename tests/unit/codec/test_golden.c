/* Messages written by fastavro (tests/golden/messages/make.py) with our schemas, an older and a newer one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "support/fixture.h"
#include "support/shared.h"

struct row {
    char *name, *schema, *hex, *line;
};

struct context {
    struct codec *codec;
    struct arena arena;
    struct buffer out;
    char why[1024];
};

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, CODEC_SCHEMA_BYTES_MAX + 1);
    assert_non_null(text);
    size_t size = fread(text, 1, CODEC_SCHEMA_BYTES_MAX, file);
    assert_true(size > 0 && size < CODEC_SCHEMA_BYTES_MAX);
    fclose(file);
    return text;
}

static struct bytes from_hex(struct arena *arena, const char *hex)
{
    size_t size = strlen(hex) / 2;
    uint8_t *data = arena_alloc(arena, size + 1);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0};
        data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return (struct bytes){data, size};
}

static enum status decode_and_encode(struct context *x, struct bytes value, enum dead_letter *code, struct error *why)
{
    enum codec_record record;
    union {
        struct sales_update update;
        struct forecast_request request;
        struct forecast_result result;
        struct period_closed closed;
        struct drift_alert alert;
        struct model_event event;
    } u;
    assert_ok(codec_value_record(x->codec, value, &record));
    enum status status = STATUS_OK;
    switch (record) {
#define CASE(constant, name, member)                                                                                                       \
    case CODEC_##constant:                                                                                                                 \
        status = codec_decode_##name(x->codec, value, &x->arena, &u.member, code, why);                                                    \
        return status == STATUS_OK ? codec_encode_##name(&u.member, &x->out) : status;
        CASE(SALES_UPDATE, sales_update, update)
        CASE(FORECAST_REQUEST, forecast_request, request)
        CASE(FORECAST_RESULT, forecast_result, result)
        CASE(PERIOD_CLOSED, period_closed, closed)
        CASE(DRIFT_ALERT, drift_alert, alert)
        CASE(MODEL_EVENT, model_event, event)
    case CODEC_RECORD_COUNT:
        break;
    }
    fail();
    return status;
}

static void check_own(struct context *x, const struct row *row, struct bytes value)
{
    struct error why = {0};
    enum dead_letter code;
    buffer_clear(&x->out);
    if (decode_and_encode(x, value, &code, &why) != STATUS_OK)
        fail_msg("%s: %s", row->name, why.text);
    if (x->out.size != value.size || memcmp(x->out.data, value.data, value.size) != 0)
        fail_msg("%s: our bytes differ from fastavro's", row->name);
}

static void check_line(struct context *x, const struct row *row, struct bytes value)
{
    struct error why = {0};
    buffer_clear(&x->out);
    if (codec_json(x->codec, value, &x->arena, &x->out, &why) != STATUS_OK)
        fail_msg("%s: %s", row->name, why.text);
    buffer_put_u8(&x->out, 0);
    assert_string_equal((const char *)x->out.data, row->line);
}

static void check_dead_letter(struct context *x, const struct row *row, struct bytes value)
{
    struct error why = {0};
    enum dead_letter code = DEAD_LETTER_COUNT;
    enum dead_letter expected = strcmp(row->line, "!MALFORMED") == 0 ? DEAD_LETTER_MALFORMED : DEAD_LETTER_NOT_SUPPORTED_YET;
    assert_int_not_equal(decode_and_encode(x, value, &code, &why), STATUS_OK);
    if (code != expected || why.text[0] == '\0')
        fail_msg("%s: code %d, %s", row->name, (int)code, why.text);
}

static void learn_schema(struct context *x, const struct row *row, struct bytes value)
{
    char path[256];
    uint32_t id;
    struct error why = {0};
    snprintf(path, sizeof path, "tests/golden/messages/%s", row->schema);
    char *json = read_file(source_path(path));
    assert_ok(codec_value_schema_id(value, &id));
    if (codec_schema_add(x->codec, id, text_of(json), &why) != STATUS_OK)
        fail_msg("%s: %s", row->schema, why.text);
    assert_true(codec_schema_known(x->codec, id));
    free(json);
}

/* kind: own, older or newer; '!' rows apart. Returns how many rows there were. */
static int for_rows(const char *kind, bool dead)
{
    struct context x = {0};
    int count = 0;
    assert_ok(codec_new(&x.codec));
    char *text = read_file(source_path("tests/golden/messages/messages.tsv")), *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
        struct row row = {.name = strsep(&line, "\t"), .schema = strsep(&line, "\t"), .hex = strsep(&line, "\t"), .line = line};
        assert_non_null(row.line);
        if (strncmp(row.schema, kind, strlen(kind)) != 0 || (row.line[0] == '!') != dead)
            continue;
        struct bytes value = from_hex(&x.arena, row.hex);
        if (strcmp(row.schema, "own") != 0)
            learn_schema(&x, &row, value);
        if (dead)
            check_dead_letter(&x, &row, value);
        else
            check_line(&x, &row, value);
        if (strcmp(kind, "own") == 0)
            check_own(&x, &row, value);
        count++;
    }
    free(text);
    buffer_done(&x.out);
    arena_done(&x.arena);
    codec_free(x.codec);
    return count;
}

static void fastavros_messages_are_read_and_written_byte_for_byte(void **state)
{
    (void)state;
    assert_int_equal(for_rows("own", false), 22);
}

static void messages_of_an_older_schema_get_defaults(void **state)
{
    (void)state;
    assert_int_equal(for_rows("older", false), 5);
}

static void messages_of_a_newer_schema_lose_only_what_is_new(void **state)
{
    (void)state;
    assert_int_equal(for_rows("newer", false), 3);
}

static void bodies_and_symbols_of_a_newer_schema_are_dead_letters(void **state)
{
    (void)state;
    assert_int_equal(for_rows("newer", true), 5);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fastavros_messages_are_read_and_written_byte_for_byte),
        cmocka_unit_test(messages_of_an_older_schema_get_defaults),
        cmocka_unit_test(messages_of_a_newer_schema_lose_only_what_is_new),
        cmocka_unit_test(bodies_and_symbols_of_a_newer_schema_are_dead_letters),
    };
    return fixture_run(argc, argv, tests);
}
