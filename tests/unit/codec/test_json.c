/* The JSON lines of `storecast tail`, and where decoded values land in our structs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "codec/json.h"
#include "codec/read.h"
#include "support/fixture.h"

static void expect_line(struct buffer *b, const char *expected)
{
    buffer_put_u8(b, 0);
    assert_ok(buffer_status(b));
    assert_string_equal((const char *)b->data, expected);
    buffer_clear(b);
}

static void numbers_have_the_fewest_digits_that_read_back_equal(void **state)
{
    (void)state;
    struct buffer b = {0};
    const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "-0"},
                 {0.1, "0.1"},
                 {1.0 / 3, "0.3333333333333333"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1e22, "1e+22"},
                 {123456789012, "123456789012"},
                 {5e-324, "4.94065645841247e-324"},
                 {NAN, "null"},
                 {-INFINITY, "null"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_number(cases[i].value, &b);
        expect_line(&b, cases[i].text);
    }
    buffer_done(&b);
}

static void control_characters_cannot_leave_the_line(void **state)
{
    (void)state;
    struct buffer b = {0};
    json_text((struct text){"a\n\r\t\b\f\"\\\x1b\x7f\x01/\xc3\xbc", 14}, &b);
    expect_line(&b, "\"a\\n\\r\\t\\b\\f\\\"\\\\\\u001b\\u007f\\u0001/\xc3\xbc\"");
    json_text((struct text){"", 0}, &b);
    expect_line(&b, "\"\"");
    buffer_done(&b);
}

static void amounts_are_decimal_and_instants_are_readable(void **state)
{
    (void)state;
    struct buffer b = {0};
    struct sales_update u = {.event_id = text_of("e"),
                             .store = text_of("7"),
                             .kind = BODY_SALE,
                             .business_date = -719162,
                             .issued_at_ms = INT64_C(253402300799999)};
    u.body.sale.sold = (struct measures){.quantity = -1, .amount = INT64_C(1000000000000000), .has_quantity = true, .has_amount = true};
    codec_json_sales_update(&u, &b);
    expect_line(&b, "{\"event_id\":\"e\",\"store\":\"7\",\"business_date\":\"0001-01-01\",\"issued_at\":\"9999-12-31T23:59:59.999Z\","
                    "\"body\":{\"Sale\":{\"quantity\":-0.000001,\"amount\":1000000000}}}");
    struct model_event e = {.at_ms = INT64_MIN};
    codec_json_model_event(&e, &b); /* beyond the calendar: as a number */
    expect_line(&b, "{\"kind\":\"RETRAIN_REQUESTED\",\"partition\":0,\"at\":-9223372036854775808,\"sales_offset\":0}");
    buffer_done(&b);
}

static void any_value_can_be_printed_or_refused(void **state)
{
    (void)state;
    struct codec *codec;
    struct buffer value = {0}, line = {0};
    struct arena arena = {0};
    struct error why = {0};
    struct period_closed p = {.partition = 3, .cause = text_of("roster")};
    assert_ok(codec_new(&codec));
    assert_ok(codec_encode_period_closed(&p, &value));
    assert_ok(codec_json(codec, buffer_bytes(&value), &arena, &line, &why));
    expect_line(&line, "{\"partition\":3,\"first_date\":\"1970-01-01\",\"last_date\":\"1970-01-01\",\"sales_offset\":0,\"close_number\":0,"
                       "\"series\":0,\"known\":0,\"unknown\":0,\"cause\":\"roster\"}");
    value.data[4] = 99;
    assert_status(codec_json(codec, buffer_bytes(&value), &arena, &line, &why), STATUS_UNKNOWN_SCHEMA);
    assert_int_equal(line.size, 0);
    buffer_done(&value);
    buffer_done(&line);
    arena_done(&arena);
    codec_free(codec);
}

static void millionths_round_half_away_from_zero(void **state)
{
    (void)state;
    assert_int_equal(read_millionths(0.0000005), 1);
    assert_int_equal(read_millionths(-0.0000005), -1);
    assert_int_equal(read_millionths(0.00000049), 0);
    assert_int_equal(read_millionths(2.0000015), 2000002);
    assert_int_equal(read_millionths(-0.0), 0);
    assert_int_equal(read_millionths(1643690.9), INT64_C(1643690900000));
    assert_int_equal(read_millionths(1e9), INT64_C(1000000000000000));
    for (int64_t v = INT64_C(999999999999900); v <= INT64_C(1000000000000000); v++)
        assert_int_equal(read_millionths((double)v / 1e6), v);
}

/* The fields whose member has another name. */
static void decoded_values_land_in_their_members(void **state)
{
    (void)state;
    struct codec *codec;
    struct buffer value = {0};
    struct arena arena = {0};
    struct sales_update u = {.event_id = text_of("e"),
                             .store = text_of("7"),
                             .has_event_time = true,
                             .event_time_ms = 11,
                             .issued_at_ms = 22,
                             .kind = BODY_TOTAL},
                        out;
    u.body.total = (struct body_total){.gross = {1, 2, true, true}, .returns = {3, 4, true, true}};
    assert_ok(codec_new(&codec));
    assert_ok(codec_encode_sales_update(&u, &value));
    assert_ok(codec_decode_sales_update(codec, buffer_bytes(&value), &arena, &out, NULL, NULL));
    assert_true(out.kind == BODY_TOTAL && out.has_event_time && !out.has_sequence);
    assert_int_equal(out.event_time_ms, 11);
    assert_int_equal(out.issued_at_ms, 22);
    assert_int_equal(out.body.total.gross.quantity, 1);
    assert_int_equal(out.body.total.gross.amount, 2);
    assert_int_equal(out.body.total.returns.quantity, 3);
    assert_int_equal(out.body.total.returns.amount, 4);
    assert_null(out.product.data);
    buffer_clear(&value);
    u.kind = BODY_SERIES;
    u.body.series = (struct body_series){.replaces = text_of("old"), .pack_size = 6, .replaces_ratio = 2, .like_factor = 3};
    assert_ok(codec_encode_sales_update(&u, &value));
    assert_ok(codec_decode_sales_update(codec, buffer_bytes(&value), &arena, &out, NULL, NULL));
    assert_true(text_equal(out.body.series.replaces, text_of("old")) && !out.body.series.has_ends);
    buffer_done(&value);
    arena_done(&arena);
    codec_free(codec);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_fewest_digits_that_read_back_equal),
        cmocka_unit_test(control_characters_cannot_leave_the_line),
        cmocka_unit_test(amounts_are_decimal_and_instants_are_readable),
        cmocka_unit_test(any_value_can_be_printed_or_refused),
        cmocka_unit_test(millionths_round_half_away_from_zero),
        cmocka_unit_test(decoded_values_land_in_their_members),
    };
    return fixture_run(argc, argv, tests);
}
