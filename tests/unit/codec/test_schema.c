/* Which schemas are let in, and what is said of the others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "support/fixture.h"

static struct codec *codec;

static int setup(void **state)
{
    (void)state;
    return codec_new(&codec) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    codec_free(codec);
    return 0;
}

static void refuses(const char *json, const char *sentence)
{
    struct error why = {0};
    enum status status = codec_schema_add(codec, 77, text_of(json), &why);
    if (status != STATUS_BAD_MESSAGE || strstr(why.text, sentence) == NULL)
        fail_msg("%.60s: status %d, \"%s\" instead of \"%s\"", json, (int)status, why.text, sentence);
    assert_false(codec_schema_known(codec, 77));
}

/* A ModelEvent with one more field. */
static char *with_field(const char *type)
{
    static char json[8192];
    snprintf(json, sizeof json,
             "{\"type\":\"record\",\"name\":\"ModelEvent\",\"namespace\":\"storecast\",\"fields\":["
             "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"K\",\"symbols\":[\"PROMOTED\"]}},"
             "{\"name\":\"partition\",\"type\":\"int\"},{\"name\":\"at\",\"type\":\"long\"},{\"name\":\"sales_offset\",\"type\":\"long\"},"
             "{\"name\":\"more\",\"type\":%s}]}",
             type);
    return json;
}

static void the_built_in_schemas_are_known(void **state)
{
    (void)state;
    for (int i = 0; i < CODEC_RECORD_COUNT; i++) {
        enum codec_record record = (enum codec_record)i;
        assert_int_equal(codec_record_schema_id(record), 0x53430001 + i);
        assert_true(codec_schema_known(codec, codec_record_schema_id(record)));
        assert_non_null(strstr(codec_record_schema(record).data, codec_record_name(record)));
    }
    assert_false(codec_schema_known(codec, 0x53430007));
    assert_false(codec_schema_known(codec, 0));
}

static void allowed_shapes_are_let_in(void **state)
{
    (void)state;
    const char *good[] = {
        "\"string\"",
        "\"bytes\"",
        "[\"null\",\"float\"]",
        "[\"double\",\"null\"]",
        "{\"type\":\"array\",\"items\":\"long\"}",
        "{\"type\":\"map\",\"values\":\"int\"}",
        "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"b\",\"type\":"
        "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"B\",\"fields\":[{\"name\":\"c\",\"type\":"
        "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"C\",\"fields\":[{\"name\":\"d\",\"type\":\"int\"}]}}}]}}}]}}"};
    for (uint32_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct error why = {0};
        if (codec_schema_add(codec, 100 + i, text_of(with_field(good[i])), &why) != STATUS_OK)
            fail_msg("%s: %s", good[i], why.text);
    }
}

static void shapes_that_crash_avro_are_refused(void **state)
{
    (void)state;
    refuses(with_field("{\"type\":\"fixed\",\"name\":\"F\",\"size\":-1}"), "more: a type that cannot be read");
    refuses(with_field("{\"type\":\"fixed\",\"name\":\"F\",\"size\":1099511627776}"), "");
    refuses(with_field("{\"type\":\"array\",\"items\":\"storecast.ModelEvent\"}"), "more: a record cannot hold itself");
    refuses(with_field("\"storecast.ModelEvent\""), "more: a record cannot hold itself");
    refuses(with_field("{\"type\":\"array\",\"items\":\"null\"}"), "more: only arrays of");
    refuses(with_field("{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"int\"}}"), "more: only arrays of");
    refuses(with_field("{\"type\":\"map\",\"values\":\"string\"}"), "more: only maps of numbers");
    refuses(with_field("{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"b\",\"type\":\"int\"}]}"), "more: a field cannot be");
    refuses(with_field("\"null\""), "more: a field cannot be");
    refuses(with_field("[\"null\",\"int\",\"string\"]"), "more: only unions");
    refuses(with_field("[\"null\",{\"type\":\"array\",\"items\":\"int\"}]"), "more: only unions");
    refuses(with_field("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"A\",\"fields\":[]}}"), "");
    refuses(with_field("\"int\"},{\"name\":\"more\",\"type\":\"int\""), "two fields have the same name");
    refuses(with_field("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"A\",\"fields\":[{\"name\":\"b\",\"type\":"
                       "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"B\",\"fields\":[{\"name\":\"c\",\"type\":"
                       "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"C\",\"fields\":[{\"name\":\"d\",\"type\":"
                       "{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"D\",\"fields\":[{\"name\":\"e\",\"type\":\"int\"}]}}}"
                       "]}}}]}}}]}}"),
            "more.b.c.d: too many records inside each other");
}

/* A type that is named once and used often: small as a text, large as a tree. */
static void schemas_that_grow_when_unfolded_are_refused(void **state)
{
    (void)state;
    static char type[7500];
    size_t used = 0;
#define ADD(...) used += (size_t)snprintf(type + used, sizeof type - used, __VA_ARGS__)
    ADD("{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"Box\",\"fields\":[{\"name\":\"g\",\"type\":{\"type\":\"array\","
        "\"items\":{\"type\":\"record\",\"name\":\"Wide\",\"fields\":[");
    for (int i = 0; i < 80; i++)
        ADD("%s{\"name\":\"f%d\",\"type\":\"int\"}", i ? "," : "", i);
    ADD("]}}}");
    for (int i = 0; i < 60; i++)
        ADD(",{\"name\":\"g%d\",\"type\":{\"type\":\"array\",\"items\":\"Wide\"}}", i);
    ADD("]}}");
#undef ADD
    assert_true(used < sizeof type - 1);
    refuses(with_field(type), "the schema is too large");
}

static void an_enum_without_symbols_is_refused(void **state)
{
    (void)state;
    struct error why = {0};
    assert_status(codec_schema_add(codec, 77, text_of(with_field("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[]}")), &why),
                  STATUS_BAD_MESSAGE);
    assert_false(codec_schema_known(codec, 77));
}

static void texts_that_are_no_schema_are_refused(void **state)
{
    (void)state;
    refuses("", "not an Avro schema");
    refuses("{", "not an Avro schema");
    refuses("[]", "");
    refuses("\"int\"", "not a record");
    refuses("{\"type\":\"record\",\"name\":\"Other\",\"namespace\":\"storecast\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
            "storecast.Other is not one of");
    refuses("{\"type\":\"record\",\"name\":\"ModelEvent\",\"namespace\":\"shop\",\"fields\":[{\"name\":\"a\",\"type\":\"int\"}]}",
            "shop.ModelEvent is not one of");
    char *deep = calloc(1, CODEC_SCHEMA_BYTES_MAX + 2);
    assert_non_null(deep);
    memset(deep, '[', CODEC_SCHEMA_BYTES_MAX);
    refuses(deep, "");
    memset(deep, ' ', CODEC_SCHEMA_BYTES_MAX + 1);
    refuses(deep, "at most 65536 are read");
    free(deep);
}

static void required_fields_must_be_there_with_a_type_that_can_be_read(void **state)
{
    (void)state;
    refuses(
        "{\"type\":\"record\",\"name\":\"ModelEvent\",\"namespace\":\"storecast\",\"fields\":[{\"name\":\"partition\",\"type\":\"int\"}]}",
        "kind: the schema does not have this field");
    refuses(
        "{\"type\":\"record\",\"name\":\"ModelEvent\",\"namespace\":\"storecast\",\"fields\":[{\"name\":\"kind\",\"type\":\"string\"}]}",
        "kind: the schema's type string cannot be read here");
    refuses(with_field("\"int\"},{\"name\":\"reason\",\"type\":\"int\""), "reason: the schema's type int");
    refuses("{\"type\":\"record\",\"name\":\"PeriodClosed\",\"namespace\":\"storecast\",\"fields\":[{\"name\":\"partition\",\"type\":"
            "\"long\"}]}",
            "partition: the schema's type long"); /* 64 bits do not fit 32 */
}

static void an_id_never_changes_its_meaning(void **state)
{
    (void)state;
    assert_ok(codec_schema_add(codec, 0x53430001, text_of("nonsense"), NULL));
    struct sales_update u = {.event_id = text_of("e"), .kind = BODY_COMPLETE}, out;
    struct buffer b = {0};
    struct arena arena = {0};
    assert_ok(codec_encode_sales_update(&u, &b));
    assert_ok(codec_decode_sales_update(codec, buffer_bytes(&b), &arena, &out, NULL, NULL));
    arena_done(&arena);
    buffer_done(&b);
}

static void the_table_of_schemas_is_bounded(void **state)
{
    (void)state;
    enum status status = STATUS_OK;
    uint32_t id = 1000;
    for (; status == STATUS_OK && id < 2000; id++)
        status = codec_schema_add(codec, id, text_of(with_field("\"int\"")), NULL);
    assert_status(status, STATUS_BUSY);
    assert_int_equal(id - 1 - 1000, CODEC_SCHEMAS_MAX - CODEC_RECORD_COUNT);
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_built_in_schemas_are_known),
        CASE(allowed_shapes_are_let_in),
        CASE(shapes_that_crash_avro_are_refused),
        CASE(schemas_that_grow_when_unfolded_are_refused),
        CASE(an_enum_without_symbols_is_refused),
        CASE(texts_that_are_no_schema_are_refused),
        CASE(required_fields_must_be_there_with_a_type_that_can_be_read),
        CASE(an_id_never_changes_its_meaning),
        CASE(the_table_of_schemas_is_bounded),
    };
    return fixture_run(argc, argv, tests);
}
