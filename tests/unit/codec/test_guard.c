/* Bytes that would make avro-c leak, loop or read what is not there. */
#include <avro.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/guard.h"
#include "support/fixture.h"

/* One field of each shape, so that a case can write the field it is about and leave it at that. */
static enum status check(const char *type, const char *bytes, size_t size, struct error *why)
{
    char json[1024];
    struct arena arena = {0};
    struct shape shape;
    struct error ignored = {0};
    struct trail trail = {.why = why != NULL ? why : &ignored};
    avro_schema_t schema;
    snprintf(json, sizeof json, "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f\",\"type\":%s}]}", type);
    assert_int_equal(avro_schema_from_json_length(json, strlen(json), &schema), 0);
    assert_ok(shape_read(schema, &arena, &trail, &shape));
    uint8_t *exact = malloc(size + 1);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    struct guard_limits limits = {100};
    enum status status = guard_check(&shape, (struct bytes){size > 0 ? exact : NULL, size}, limits, &trail);
    free(exact);
    arena_done(&arena);
    avro_schema_decref(schema);
    return status;
}

#define accepts(type, bytes)           assert_ok(check(type, bytes, sizeof bytes - 1, NULL))
#define refuses(type, bytes, sentence) refuses_(type, bytes, sizeof bytes - 1, sentence)

static void refuses_(const char *type, const char *bytes, size_t size, const char *sentence)
{
    struct error why = {0};
    enum status status = check(type, bytes, size, &why);
    if (status != STATUS_BAD_MESSAGE || strstr(why.text, sentence) == NULL)
        fail_msg("%s: status %d, \"%s\" instead of \"%s\"", type, (int)status, why.text, sentence);
}

static void integers_fit_their_width(void **state)
{
    (void)state;
    accepts("\"long\"", "\x02");
    accepts("\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    refuses("\"long\"", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "64 bits");
    refuses("\"long\"", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", "64 bits");
    refuses("\"long\"", "\x80\x80", "ends inside");
    refuses("\"long\"", "", "ends inside");
    accepts("\"int\"", "\xff\xff\xff\xff\x0f");
    refuses("\"int\"", "\x80\x80\x80\x80\x10", "32 bits");
    refuses("\"int\"", "\x81\x80\x80\x80\x10", "32 bits");
}

static void lengths_fit_the_bytes_left(void **state)
{
    (void)state;
    accepts("\"string\"", "\x00");
    accepts("\"string\"", "\x04"
                          "ab");
    refuses("\"string\"",
            "\x06"
            "ab",
            "a length of 3 with 2 bytes left");
    refuses("\"string\"", "\x01", "a length of -1");
    refuses("\"string\"", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01", "a length of 9223372036854775807");
    refuses("\"bytes\"", "\x80\x80\x80\x80\x08", "a length of");
    accepts("\"bytes\"", "\x04\x00\xff");
    refuses("\"double\"", "1234567", "ends inside");
    refuses("\"float\"", "123", "ends inside");
}

static void branches_symbols_and_booleans_are_in_range(void **state)
{
    (void)state;
    const char *enumeration = "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]}";
    accepts(enumeration, "\x02");
    refuses(enumeration, "\x04", "enum symbol number 2 of 2");
    refuses(enumeration, "\x01", "enum symbol number -1");
    accepts("[\"null\",\"int\"]", "\x00");
    refuses("[\"null\",\"int\"]", "\x04", "union branch number 2 of 2");
    refuses("[\"null\",\"int\"]", "\x03", "union branch number -2");
    accepts("\"boolean\"", "\x01");
    refuses("\"boolean\"", "\x07", "neither 0 nor 1");
    refuses("\"boolean\"", "", "ends before");
}

static void block_counts_are_within_the_budget(void **state)
{
    (void)state;
    const char *array = "{\"type\":\"array\",\"items\":\"string\"}";
    accepts(array, "\x00");
    accepts(array, "\x04\x02"
                   "a\x02"
                   "b\x02\x02"
                   "c\x00");
    accepts(array, "\x03\x08\x02"
                   "a\x02"
                   "b\x00"); /* -2 items in 4 bytes */
    refuses(array,
            "\x03\x06\x02"
            "a\x02"
            "b\x00",
            "a block's size");
    refuses(array,
            "\x03\x7f\x02"
            "a\x02"
            "b\x00",
            "a block is longer");
    refuses(array, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", "too many items");     /* 2^62 */
    refuses(array, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", "too many items"); /* -2^63 */
    refuses(array, "\xca\x01", "too many items");                                     /* 101 */
    refuses(array,
            "\x02\x02"
            "a",
            "f: the message ends");
    refuses(array,
            "\x02\x06"
            "a",
            "f[0]: a length of 3");
}

static void the_budget_is_for_all_blocks_together(void **state)
{
    (void)state;
    struct buffer b = {0};
    for (int block = 0; block < 3; block++) { /* 40 empty texts each; the budget is 100 items */
        static const uint8_t texts[41] = {80};
        buffer_put(&b, texts, sizeof texts);
    }
    buffer_put_u8(&b, 0);
    assert_ok(buffer_status(&b));
    refuses_("{\"type\":\"array\",\"items\":\"string\"}", (const char *)b.data, b.size, "too many items");
    b.data[82] = 0; /* after two blocks of 40 */
    assert_ok(check("{\"type\":\"array\",\"items\":\"string\"}", (const char *)b.data, 83, NULL));
    buffer_done(&b);
}

static void maps_have_at_most_64_entries_over_all_blocks(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct error why = {0};
    for (int block = 0; block < 2; block++) {
        buffer_put_u8(&b, block == 0 ? 64 : 66); /* 32 and 33 entries */
        for (int i = 0; i < 32 + block; i++) {
            buffer_put_u8(&b, 2);
            buffer_put_u8(&b, 'k');
            buffer_put_double(&b, 1);
        }
    }
    buffer_put_u8(&b, 0);
    assert_ok(buffer_status(&b));
    assert_status(check("{\"type\":\"map\",\"values\":\"double\"}", (const char *)b.data, b.size, &why), STATUS_BAD_MESSAGE);
    assert_non_null(strstr(why.text, "more than 64"));
    buffer_done(&b);
}

static void texts_and_numbers_are_checked_in_fields_that_nobody_reads(void **state)
{
    (void)state;
    assert_status(check("\"string\"",
                        "\x04"
                        "a\0",
                        3, NULL),
                  STATUS_BAD_TEXT);
    assert_status(check("{\"type\":\"map\",\"values\":\"long\"}",
                        "\x02\x04"
                        "a\0\x00\x00",
                        6, NULL),
                  STATUS_BAD_TEXT);
    assert_status(check("\"double\"", "\0\0\0\0\0\0\xf0\x7f", 8, NULL), STATUS_OUT_OF_RANGE);
    assert_status(check("\"double\"", "\0\0\0\0\0\0\xf8\xff", 8, NULL), STATUS_OUT_OF_RANGE);
    assert_status(check("\"float\"", "\0\0\x80\xff", 4, NULL), STATUS_OUT_OF_RANGE);
    accepts("\"double\"", "\xff\xff\xff\xff\xff\xff\xef\x7f");
    accepts("\"float\"", "\xff\xff\x7f\x7f");
}

static void utf8_is_judged_as_unicode_says(void **state)
{
    (void)state;
    const char *good[] = {
        "", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    const char *bad[] = {
        "\x80", "\xc0\xaf", "\xc1\xbf",     "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff", "\xe2\x82", "\xf0\x9f\xa6", "\xc3",         "\xc3(",        "a\xe2(\xa1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(guard_text_is_valid((const uint8_t *)good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(guard_text_is_valid((const uint8_t *)bad[i], strlen(bad[i])));
    assert_false(guard_text_is_valid((const uint8_t *)"", 1));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_fit_their_width),
        cmocka_unit_test(lengths_fit_the_bytes_left),
        cmocka_unit_test(branches_symbols_and_booleans_are_in_range),
        cmocka_unit_test(block_counts_are_within_the_budget),
        cmocka_unit_test(the_budget_is_for_all_blocks_together),
        cmocka_unit_test(maps_have_at_most_64_entries_over_all_blocks),
        cmocka_unit_test(texts_and_numbers_are_checked_in_fields_that_nobody_reads),
        cmocka_unit_test(utf8_is_judged_as_unicode_says),
    };
    return fixture_run(argc, argv, tests);
}
