/* Every way in which a message becomes a dead letter, with its code and the field in its sentence. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "support/fixture.h"

struct context {
    struct codec *codec;
    struct arena arena;
    struct buffer bytes;
};

static int setup(void **state)
{
    struct context *x = calloc(1, sizeof *x);
    assert_non_null(x);
    assert_ok(codec_new(&x->codec));
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    struct context *x = *state;
    buffer_done(&x->bytes);
    arena_done(&x->arena);
    codec_free(x->codec);
    free(x);
    return 0;
}

static struct sales_update a_sale(void)
{
    struct sales_update u = {
        .event_id = text_of("e-1"), .store = text_of("7"), .business_date = 15639, .issued_at_ms = 1351242000123, .kind = BODY_SALE};
    u.body.sale.sold = (struct measures){.quantity = 2 * MILLIONTHS, .has_quantity = true};
    return u;
}

static struct forecast_request a_request(void)
{
    return (struct forecast_request){.request_id = text_of("r"), .store = text_of("7"), .horizon = 8};
}

static void expect_refused(struct context *x, struct bytes value, enum dead_letter expected, const char *sentence)
{
    struct sales_update out;
    struct sales_update untouched;
    enum dead_letter code = DEAD_LETTER_COUNT;
    struct error why = {0};
    memset(&out, 0x5a, sizeof out);
    memcpy(&untouched, &out, sizeof out);
    enum status status = codec_decode_sales_update(x->codec, value, &x->arena, &out, &code, &why);
    if (status == STATUS_OK || code != expected || strstr(why.text, sentence) == NULL)
        fail_msg("status %d, code %d instead of %d, sentence \"%s\" instead of \"%s\"", (int)status, (int)code, (int)expected, why.text,
                 sentence);
    assert_memory_equal(&out, &untouched, sizeof out);
    assert_int_equal(codec_decode_sales_update(x->codec, value, &x->arena, &out, NULL, NULL), status);
}

static void expect_update_refused(struct context *x, const struct sales_update *u, enum dead_letter expected, const char *sentence)
{
    buffer_clear(&x->bytes);
    assert_ok(codec_encode_sales_update(u, &x->bytes));
    expect_refused(x, buffer_bytes(&x->bytes), expected, sentence);
}

static void expect_request_refused(struct context *x, const struct forecast_request *r, enum dead_letter expected, const char *sentence)
{
    struct forecast_request out;
    enum dead_letter code = DEAD_LETTER_COUNT;
    struct error why = {0};
    buffer_clear(&x->bytes);
    assert_ok(codec_encode_forecast_request(r, &x->bytes));
    enum status status = codec_decode_forecast_request(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, &code, &why);
    if (status == STATUS_OK || code != expected || strstr(why.text, sentence) == NULL)
        fail_msg("status %d, code %d instead of %d, sentence \"%s\" instead of \"%s\"", (int)status, (int)code, (int)expected, why.text,
                 sentence);
}

static struct text repeated(struct context *x, char c, size_t size)
{
    char *data = arena_alloc(&x->arena, size);
    assert_non_null(data);
    memset(data, c, size);
    return (struct text){data, size};
}

static void values_without_header_are_malformed(void **state)
{
    struct context *x = *state;
    expect_refused(x, (struct bytes){NULL, 0}, DEAD_LETTER_MALFORMED, "0 bytes");
    expect_refused(x, (struct bytes){(const uint8_t *)"", 1}, DEAD_LETTER_MALFORMED, "1 bytes");
    expect_refused(x, (struct bytes){(const uint8_t *)"\1\x53\x43\0\1xxxx", 9}, DEAD_LETTER_MALFORMED, "begin with 0");
    expect_refused(x, (struct bytes){(const uint8_t *)"{\"store\":1}", 11}, DEAD_LETTER_MALFORMED, "begin with 0");
    expect_refused(x, (struct bytes){(const uint8_t *)"\0\x53\x43\0\1", 5}, DEAD_LETTER_MALFORMED, "event_id: the message ends");
}

static void unknown_schema_ids_are_named(void **state)
{
    struct context *x = *state;
    expect_refused(x, (struct bytes){(const uint8_t *)"\0\0\0\1\0xxxx", 9}, DEAD_LETTER_UNKNOWN_SCHEMA, "256 (0x00000100)");
}

static void another_record_is_malformed(void **state)
{
    struct context *x = *state;
    struct forecast_request r = a_request();
    assert_ok(codec_encode_forecast_request(&r, &x->bytes));
    expect_refused(x, buffer_bytes(&x->bytes), DEAD_LETTER_MALFORMED, "of a ForecastRequest, not of a SalesUpdate");
}

static void a_value_above_the_limit_is_too_large(void **state)
{
    struct context *x = *state;
    struct sales_update u = a_sale();
    u.source = repeated(x, 'x', CODEC_VALUE_BYTES_MAX);
    expect_update_refused(x, &u, DEAD_LETTER_TOO_LARGE, "at most 1048576");
    u.source = repeated(x, 'x', 900 * 1024);
    expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "source: 921600 bytes, at most 128");
}

static void every_truncation_and_trailing_byte_is_malformed(void **state)
{
    struct context *x = *state;
    struct named_value values[] = {{text_of("price"), 2.5}, {text_of("promotion"), 1}};
    struct sales_update u = a_sale();
    u.source = text_of("till");
    u.product = text_of("milk");
    u.has_sequence = true;
    u.sequence = 1234567;
    u.kind = BODY_PLAN;
    u.body.plan = (struct body_plan){.first_date = 1, .last_date = 2, .values = values, .value_count = 2};
    assert_ok(codec_encode_sales_update(&u, &x->bytes));
    buffer_put_u8(&x->bytes, 0);
    struct bytes whole = buffer_bytes(&x->bytes);
    for (size_t size = 0; size + 1 < whole.size; size++) {
        uint8_t *exact = malloc(size + 1); /* so that a sanitizer sees a read past the end */
        assert_non_null(exact);
        memcpy(exact, whole.data, size);
        expect_refused(x, (struct bytes){exact, size}, DEAD_LETTER_MALFORMED, "");
        free(exact);
    }
    expect_refused(x, whole, DEAD_LETTER_MALFORMED, "1 bytes too many at the end");
    whole.size--;
    assert_ok(codec_decode_sales_update(x->codec, whole, &x->arena, &u, NULL, NULL));
}

static void texts_that_are_empty_long_or_broken_are_bad(void **state)
{
    struct context *x = *state;
    struct text bad[] = {{"", 0},         {"a\0b", 3},         {"\xff", 1},
                         {"\xc0\x80", 2}, {"\xed\xa0\x80", 3}, {"\xf4\x90\x80\x80", 4},
                         {"\xe2\x82", 2}, {"ab\x80", 3},       repeated(x, 'i', MESSAGE_ID_BYTES_MAX + 1)};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sales_update u = a_sale();
        u.event_id = bad[i];
        expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "event_id: ");
        u = a_sale();
        u.store = bad[i];
        expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "store: ");
        u = a_sale();
        u.product = bad[i];
        expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "product: ");
        u = a_sale();
        u.source = bad[i];
        expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "source: ");
        u = a_sale();
        u.kind = BODY_MODEL;
        u.body.model.version = bad[i];
        expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "body.Model.version: ");
        struct named_value value = {bad[i], 1};
        u.kind = BODY_TOTAL;
        u.body.total = (struct body_total){.gross = {.has_amount = true}, .covariates = &value, .covariate_count = 1};
        expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "body.Total.covariates");
    }
}

static void texts_at_their_limit_are_read(void **state)
{
    struct context *x = *state;
    struct sales_update u = a_sale(), out;
    u.store = repeated(x, 's', MESSAGE_ID_BYTES_MAX);
    u.event_id = text_of("\xf4\x8f\xbf\xbf\xed\x9f\xbf\xc2\x80");
    u.kind = BODY_OVERRIDE;
    u.body.override_ = (struct body_override){.reason = repeated(x, 'r', MESSAGE_TEXT_BYTES_MAX)};
    assert_ok(codec_encode_sales_update(&u, &x->bytes));
    assert_ok(codec_decode_sales_update(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, NULL, NULL));
    assert_true(text_equal(out.store, u.store) && text_equal(out.event_id, u.event_id));
    u.body.override_.reason = repeated(x, 'r', MESSAGE_TEXT_BYTES_MAX + 1);
    expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "body.Override.reason: 1025 bytes, at most 1024");
}

static void only_some_bodies_may_lack_a_store(void **state)
{
    struct context *x = *state;
    for (int kind = BODY_SALE; kind <= BODY_MODEL; kind++) {
        struct sales_update u = a_sale(), out;
        u.kind = (enum body_kind)kind;
        memset(&u.body, 0, sizeof u.body);
        u.store = text_of(NULL);
        if (kind == BODY_MODEL)
            u.body.model.version = text_of("v");
        if (kind == BODY_STORE)
            u.body.store.like_factor = 1;
        if (kind == BODY_SERIES)
            u.body.series.pack_size = u.body.series.replaces_ratio = u.body.series.like_factor = 1;
        if (kind != BODY_COMPLETE && kind != BODY_MODEL && kind != BODY_OVERRIDE) {
            expect_update_refused(x, &u, DEAD_LETTER_BAD_TEXT, "store: is absent");
            continue;
        }
        buffer_clear(&x->bytes);
        assert_ok(codec_encode_sales_update(&u, &x->bytes));
        assert_ok(codec_decode_sales_update(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, NULL, NULL));
        assert_null(out.store.data);
    }
}

/* Replaces the last eight bytes of the encoded value, which are a double. */
static void expect_last_number_refused(struct context *x, const struct sales_update *u, size_t from_end, double value, const char *sentence)
{
    buffer_clear(&x->bytes);
    assert_ok(codec_encode_sales_update(u, &x->bytes));
    memcpy(x->bytes.data + x->bytes.size - from_end - sizeof value, &value, sizeof value);
    expect_refused(x, buffer_bytes(&x->bytes), DEAD_LETTER_VALUE_RANGE, sentence);
}

static void absurd_numbers_are_out_of_range(void **state)
{
    struct context *x = *state;
    const double absurd[] = {NAN, -NAN, INFINITY, -INFINITY, 1e300, -1e300, 1e13};
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        struct sales_update u = a_sale();
        u.body.sale.sold = (struct measures){.has_amount = true};
        expect_last_number_refused(x, &u, 0, absurd[i], "body.Sale.amount: ");
        u.body.sale.sold = (struct measures){.has_quantity = true};
        expect_last_number_refused(x, &u, 1, absurd[i], "body.Sale.quantity: ");
        struct named_value value = {text_of("price"), 1};
        u.kind = BODY_TOTAL;
        u.body.total = (struct body_total){.gross = {.has_amount = true}, .covariates = &value, .covariate_count = 1};
        expect_last_number_refused(x, &u, 1, absurd[i], "body.Total.covariates");
        u.kind = BODY_STORE;
        u.body.store = (struct body_store){.like_factor = 1};
        expect_last_number_refused(x, &u, 0, absurd[i], "body.Store.like_factor: ");
        u.kind = BODY_AVAILABILITY;
        u.body.availability = (struct body_availability){.has_stock = true};
        expect_last_number_refused(x, &u, 0, absurd[i], "body.Availability.stock: ");
    }
}

static void limits_of_numbers_are_sharp(void **state)
{
    struct context *x = *state;
    struct sales_update u = a_sale(), out;
    u.body.sale.sold = (struct measures){.has_amount = true, .amount = -MESSAGE_QUANTITY_MAX * MILLIONTHS};
    assert_ok(codec_encode_sales_update(&u, &x->bytes));
    assert_ok(codec_decode_sales_update(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, NULL, NULL));
    assert_int_equal(out.body.sale.sold.amount, u.body.sale.sold.amount);
    expect_last_number_refused(x, &u, 0, nextafter(1e9, 2e9), "body.Sale.amount: ");
    expect_last_number_refused(x, &u, 0, nextafter(-1e9, -2e9), "body.Sale.amount: ");

    u.kind = BODY_AVAILABILITY;
    u.body.availability = (struct body_availability){.has_share = true, .share = 1.0001};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Availability.share: 1.0001");
    u.kind = BODY_STORE;
    u.body.store = (struct body_store){.like_factor = 1, .has_day_cutoff = true, .day_cutoff_minutes = 1440};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Store.day_cutoff_minutes: 1440");
    u.body.store = (struct body_store){.like_factor = 0};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Store.like_factor: 0");
}

static void dates_and_instants_are_of_the_years_1_to_9999(void **state)
{
    struct context *x = *state;
    struct sales_update u = a_sale(), out;
    const date_t bad[] = {INT32_MIN, INT32_MAX, -719163, 2932897};
    for (size_t i = 0; i < 4; i++) {
        u.business_date = bad[i];
        expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "business_date: ");
    }
    const date_t good[] = {-719162, 2932896, -25202 /* 1901 */};
    for (size_t i = 0; i < 3; i++) { /* the engine knows date.min and max.ahead */
        u.business_date = good[i];
        buffer_clear(&x->bytes);
        assert_ok(codec_encode_sales_update(&u, &x->bytes));
        assert_ok(codec_decode_sales_update(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, NULL, NULL));
        assert_int_equal(out.business_date, good[i]);
    }
    u = a_sale();
    u.issued_at_ms = INT64_C(1351242000123000); /* microseconds */
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "issued_at: 1351242000123000");
    u = a_sale();
    u.has_event_time = true;
    u.event_time_ms = INT64_MIN;
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "event_time: ");
}

static void sales_and_totals_need_a_measure(void **state)
{
    struct context *x = *state;
    struct sales_update u = a_sale();
    u.body.sale.sold.has_quantity = false;
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Sale: neither quantity nor amount");
    u.kind = BODY_TOTAL;
    u.body.total = (struct body_total){.returns = {.has_amount = true}};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Total: neither quantity nor amount");
    u.body.total = (struct body_total){.gross = {.has_amount = true}, .returns = {.has_amount = true, .amount = -1}};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Total.returned_amount: ");
    u.kind = BODY_AVAILABILITY;
    u.body.availability = (struct body_availability){0};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Availability: neither");
    u.kind = BODY_PLAN;
    u.body.plan = (struct body_plan){.first_date = 2, .last_date = 1};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Plan: last_date");
    u.kind = BODY_OVERRIDE;
    u.body.override_ = (struct body_override){.first_date = 2, .last_date = 1};
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "body.Override: last_date");
}

static void a_sequence_is_not_negative_and_needs_a_source(void **state)
{
    struct context *x = *state;
    struct sales_update u = a_sale(), out;
    u.has_sequence = true;
    u.sequence = -1;
    expect_update_refused(x, &u, DEAD_LETTER_VALUE_RANGE, "sequence: -1");
    u.sequence = 5;
    buffer_clear(&x->bytes);
    assert_ok(codec_encode_sales_update(&u, &x->bytes));
    assert_ok(codec_decode_sales_update(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, NULL, NULL));
    assert_false(out.has_sequence);
}

static void requests_are_bounded(void **state)
{
    struct context *x = *state;
    struct forecast_request r = a_request();
    double levels[100] = {0};
    struct text names[65];
    for (size_t i = 0; i < 65; i++)
        names[i] = text_of("best");
    r.quantiles = levels;
    r.quantile_count = 100;
    expect_request_refused(x, &r, DEAD_LETTER_VALUE_RANGE, "quantiles: 100 items, at most 99");
    r = a_request();
    r.models = names;
    r.model_count = 65;
    expect_request_refused(x, &r, DEAD_LETTER_VALUE_RANGE, "models: 65 items, at most 64");
    r = a_request();
    r.request_id = (struct text){"", 0};
    expect_request_refused(x, &r, DEAD_LETTER_BAD_TEXT, "request_id: is empty");
    r = a_request();
    names[1] = (struct text){"a\0", 2};
    r.models = names;
    r.model_count = 3;
    expect_request_refused(x, &r, DEAD_LETTER_BAD_TEXT, "models[1]: ");
}

static void a_horizon_that_the_engine_must_refuse_is_read(void **state)
{
    struct context *x = *state;
    const int32_t horizons[] = {0, -1, 151, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < 5; i++) {
        struct forecast_request r = a_request(), out;
        r.horizon = horizons[i];
        buffer_clear(&x->bytes);
        assert_ok(codec_encode_forecast_request(&r, &x->bytes));
        assert_ok(codec_decode_forecast_request(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, NULL, NULL));
        assert_int_equal(out.horizon, horizons[i]);
    }
}

static void numbers_that_are_not_finite_are_not_written(void **state)
{
    struct context *x = *state;
    struct forecast_step step = {.mean = NAN};
    struct forecast_result r = {.store = text_of("7"), .steps = &step, .step_count = 1};
    buffer_put_u8(&x->bytes, 42);
    assert_status(codec_encode_forecast_result(&r, &x->bytes), STATUS_OUT_OF_RANGE);
    assert_int_equal(x->bytes.size, 1);
}

static enum status decode_quantiles(struct context *x, size_t count, enum dead_letter *code, struct error *why)
{
    struct quantile_value *quantiles = calloc(count, sizeof *quantiles);
    assert_non_null(quantiles);
    const struct forecast_step step = {.quantiles = quantiles, .quantile_count = count};
    const struct forecast_result result = {.store = text_of("7"), .unit = text_of("EUR"), .steps = &step, .step_count = 1};
    struct forecast_result out;
    buffer_clear(&x->bytes);
    assert_ok(codec_encode_forecast_result(&result, &x->bytes));
    assert_true(x->bytes.size < CODEC_VALUE_BYTES_MAX);
    const enum status status = codec_decode_forecast_result(x->codec, buffer_bytes(&x->bytes), &x->arena, &out, code, why);
    if (status == STATUS_OK)
        assert_int_equal(out.steps[0].quantile_count, count);
    free(quantiles);
    return status;
}

/* Short as a message, but Avro makes much of it in memory; and a block that Avro is refused it loses, and writes through
 * NULL when it next reads a list in the same place. */
static void a_list_that_would_take_too_much_memory_is_too_large(void **state)
{
    struct context *x = *state;
    enum { MOST = 21845 }; /* of 128 bytes for each of 3 nodes in GUARD_ARRAY_BYTES_MAX */
    enum dead_letter code = DEAD_LETTER_COUNT;
    struct error why = {0};
    assert_status(decode_quantiles(x, MOST + 1, &code, &why), STATUS_TOO_LARGE);
    assert_int_equal(code, DEAD_LETTER_TOO_LARGE);
    assert_non_null(strstr(why.text, "quantiles: a list of 21846 items"));
    assert_ok(decode_quantiles(x, MOST, &code, &why));
    assert_status(decode_quantiles(x, 60000, &code, &why), STATUS_TOO_LARGE);
    assert_ok(decode_quantiles(x, MOST, &code, &why));
    assert_ok(decode_quantiles(x, 3, &code, &why));
}

int main(int argc, char **argv)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(values_without_header_are_malformed),
        CASE(unknown_schema_ids_are_named),
        CASE(another_record_is_malformed),
        CASE(a_value_above_the_limit_is_too_large),
        CASE(every_truncation_and_trailing_byte_is_malformed),
        CASE(texts_that_are_empty_long_or_broken_are_bad),
        CASE(texts_at_their_limit_are_read),
        CASE(only_some_bodies_may_lack_a_store),
        CASE(absurd_numbers_are_out_of_range),
        CASE(limits_of_numbers_are_sharp),
        CASE(dates_and_instants_are_of_the_years_1_to_9999),
        CASE(sales_and_totals_need_a_measure),
        CASE(a_sequence_is_not_negative_and_needs_a_source),
        CASE(requests_are_bounded),
        CASE(a_horizon_that_the_engine_must_refuse_is_read),
        CASE(numbers_that_are_not_finite_are_not_written),
        CASE(a_list_that_would_take_too_much_memory_is_too_large),
    };
    return fixture_run(argc, argv, tests);
}
