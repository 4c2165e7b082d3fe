/* Random records of every kind: written, read back equal, and equal to what avro-c itself writes. */
#include <avro.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "support/fixture.h"

enum { ROUNDS = 400, ITEMS_MAX = 6 };

struct context {
    struct codec *codec;
    struct arena arena, decoded;
    struct buffer bytes, again, line, line_again;
    uint64_t seed;
};

static uint64_t next(struct context *x)
{
    x->seed ^= x->seed << 13;
    x->seed ^= x->seed >> 7;
    x->seed ^= x->seed << 17;
    return x->seed;
}

static size_t below(struct context *x, size_t n)
{
    return (size_t)((next(x) >> 11) % n);
}

static bool coin(struct context *x)
{
    return below(x, 2) == 0;
}

static struct text some_text(struct context *x)
{
    static const char *const pieces[] = {"a", "7", "\xc3\xa9", "\xe2\x9c\x93", "\xf0\x9f\xa6\x8a", "/", "%", "\"", "\\", "\n", "\x7f", " "};
    char text[128] = "";
    for (size_t i = below(x, 12) + 1; i > 0; i--)
        strcat(text, pieces[below(x, sizeof pieces / sizeof pieces[0])]);
    return arena_text(&x->arena, text_of(text));
}

static struct text maybe_text(struct context *x)
{
    return coin(x) ? some_text(x) : text_of(NULL);
}

static double some_number(struct context *x, double limit)
{
    static const double special[] = {0, -0.0, 1, -1, 0.1, 1.0 / 3, 1e-300, 5e-324, 123456.789};
    if (below(x, 4) == 0)
        return special[below(x, sizeof special / sizeof special[0])];
    return ((double)(int64_t)next(x) / 9.3e18) * limit;
}

static double maybe_number(struct context *x)
{
    return coin(x) ? some_number(x, 1e9) : NAN;
}

static int64_t some_millionths(struct context *x)
{
    return (int64_t)(next(x) % UINT64_C(2000000000000001)) - INT64_C(1000000000000000);
}

static int64_t some_long(struct context *x)
{
    return (int64_t)(next(x) >> below(x, 64));
}

static int64_t some_instant(struct context *x)
{
    return (int64_t)(next(x) % 4000000000000) - 2000000000000;
}

static date_t some_date(struct context *x)
{
    return (date_t)below(x, 60000) - 20000;
}

static int32_t some_int(struct context *x)
{
    return (int32_t)((uint32_t)next(x) >> below(x, 32));
}

static const struct named_value *some_map(struct context *x, size_t *out_count)
{
    *out_count = below(x, ITEMS_MAX);
    struct named_value *values = arena_array(&x->arena, ITEMS_MAX, sizeof *values);
    for (size_t i = 0; i < *out_count; i++) {
        char name[32]; /* unique: a map has each name once */
        snprintf(name, sizeof name, "%zu name \xc3\xa9", i);
        values[i] = (struct named_value){arena_text(&x->arena, text_of(name)), some_number(x, 1e11)};
    }
    return values;
}

static const struct text *some_texts(struct context *x, size_t *out_count)
{
    *out_count = below(x, ITEMS_MAX);
    struct text *texts = arena_array(&x->arena, ITEMS_MAX, sizeof *texts);
    for (size_t i = 0; i < *out_count; i++)
        texts[i] = some_text(x);
    return texts;
}

static const struct quantile_value *some_quantiles(struct context *x, size_t *out_count)
{
    *out_count = below(x, ITEMS_MAX);
    struct quantile_value *q = arena_array(&x->arena, ITEMS_MAX, sizeof *q);
    for (size_t i = 0; i < *out_count; i++)
        q[i] = (struct quantile_value){some_number(x, 1), some_number(x, 1e9)};
    return q;
}

static struct measures some_measures(struct context *x)
{
    struct measures m = {.has_quantity = coin(x)};
    m.has_amount = !m.has_quantity || coin(x);
    m.quantity = m.has_quantity ? some_millionths(x) : 0;
    m.amount = m.has_amount ? some_millionths(x) : 0;
    return m;
}

static void fill_total(struct context *x, struct body_total *b)
{
    b->gross = some_measures(x);
    b->returns = some_measures(x);
    b->returns.quantity = llabs(b->returns.quantity);
    b->returns.amount = llabs(b->returns.amount);
    b->covariates = some_map(x, &b->covariate_count);
}

static void fill_plan(struct context *x, struct body_plan *b)
{
    *b = (struct body_plan){.first_date = some_date(x), .has_known_from = coin(x), .closed = coin(x)};
    b->last_date = b->first_date + (date_t)below(x, 9);
    b->known_from = b->has_known_from ? some_date(x) : 0;
    b->values = some_map(x, &b->value_count);
}

static void fill_store(struct context *x, struct body_store *b)
{
    *b = (struct body_store){.time_zone = maybe_text(x),
                             .region = maybe_text(x),
                             .like_store = maybe_text(x),
                             .like_factor = 0.5,
                             .has_day_cutoff = coin(x),
                             .has_opens = coin(x),
                             .has_closes = coin(x),
                             .has_refit_from = coin(x),
                             .has_refit_to = coin(x)};
    b->day_cutoff_minutes = b->has_day_cutoff ? (int32_t)below(x, 1440) : 0;
    b->opens = b->has_opens ? some_date(x) : 0;
    b->closes = b->has_closes ? some_date(x) : 0;
    b->refit_from = b->has_refit_from ? some_date(x) : 0;
    b->refit_to = b->has_refit_to ? some_date(x) : 0;
}

static void fill_series(struct context *x, struct body_series *b)
{
    *b = (struct body_series){.category = maybe_text(x),
                              .unit = maybe_text(x),
                              .replaces = maybe_text(x),
                              .like_product = maybe_text(x),
                              .pack_size = 12,
                              .replaces_ratio = 1.0 / 3,
                              .like_factor = 1e-6,
                              .has_launched = coin(x),
                              .has_ends = coin(x)};
    b->launched = b->has_launched ? some_date(x) : 0;
    b->ends = b->has_ends ? some_date(x) : 0;
}

static void fill_override(struct context *x, struct body_override *b)
{
    *b = (struct body_override){.kind = (enum override_kind)below(x, 4),
                                .first_date = some_date(x),
                                .value = some_number(x, 1e12),
                                .category = maybe_text(x),
                                .author = maybe_text(x),
                                .reason = maybe_text(x),
                                .has_expires = coin(x)};
    b->last_date = b->first_date;
    b->expires_ms = b->has_expires ? some_instant(x) : 0;
}

static struct sales_update some_update(struct context *x)
{
    struct sales_update u = {.event_id = some_text(x),
                             .source = some_text(x),
                             .store = some_text(x),
                             .product = maybe_text(x),
                             .business_date = some_date(x),
                             .issued_at_ms = some_instant(x),
                             .has_sequence = coin(x),
                             .has_event_time = coin(x),
                             .kind = (enum body_kind)below(x, BODY_MODEL + 1)};
    u.sequence = u.has_sequence ? (int64_t)(next(x) >> 2) % INT64_C(4000000000000000000) : 0;
    u.event_time_ms = u.has_event_time ? some_instant(x) : 0;
    switch (u.kind) {
    case BODY_SALE:
        u.body.sale.sold = some_measures(x);
        break;
    case BODY_TOTAL:
        fill_total(x, &u.body.total);
        break;
    case BODY_PLAN:
        fill_plan(x, &u.body.plan);
        break;
    case BODY_AVAILABILITY:
        u.body.availability = (struct body_availability){.has_share = true, .share = (double)below(x, 1001) / 1000, .has_stock = coin(x)};
        u.body.availability.stock = u.body.availability.has_stock ? some_millionths(x) : 0;
        break;
    case BODY_COMPLETE:
        break;
    case BODY_STORE:
        fill_store(x, &u.body.store);
        break;
    case BODY_SERIES:
        fill_series(x, &u.body.series);
        break;
    case BODY_OVERRIDE:
        fill_override(x, &u.body.override_);
        break;
    case BODY_MODEL:
        u.body.model.version = some_text(x);
        break;
    }
    return u;
}

static struct forecast_request some_request(struct context *x)
{
    struct forecast_request r = {.request_id = some_text(x),
                                 .store = some_text(x),
                                 .product = maybe_text(x),
                                 .category = maybe_text(x),
                                 .level = (enum request_level)below(x, 3),
                                 .horizon = some_int(x),
                                 .has_lead_time = coin(x),
                                 .explain = coin(x),
                                 .issued_at_ms = some_instant(x)};
    r.lead_time = r.has_lead_time ? some_int(x) : 0;
    r.models = some_texts(x, &r.model_count);
    double *quantiles = arena_array(&x->arena, ITEMS_MAX, sizeof *quantiles);
    struct plan_entry *plan = arena_array(&x->arena, ITEMS_MAX, sizeof *plan);
    r.quantile_count = below(x, ITEMS_MAX);
    r.plan_count = below(x, ITEMS_MAX);
    for (size_t i = 0; i < r.quantile_count; i++)
        quantiles[i] = some_number(x, 1);
    for (size_t i = 0; i < r.plan_count; i++) {
        plan[i].date = some_date(x);
        plan[i].values = some_map(x, &plan[i].value_count);
    }
    r.quantiles = quantiles;
    r.plan = plan;
    return r;
}

static struct forecast_step some_step(struct context *x)
{
    struct forecast_step s = {.first_date = some_date(x),
                              .last_date = some_date(x),
                              .mean = some_number(x, 1e15),
                              .median = some_number(x, 1e15),
                              .has_override = coin(x),
                              .override_author = maybe_text(x),
                              .override_reason = maybe_text(x)};
    s.override_value = s.has_override ? some_number(x, 1e9) : 0;
    s.quantiles = some_quantiles(x, &s.quantile_count);
    struct model_value *models = arena_array(&x->arena, ITEMS_MAX, sizeof *models);
    s.model_count = below(x, ITEMS_MAX);
    for (size_t i = 0; i < s.model_count; i++)
        models[i] = (struct model_value){some_text(x), some_number(x, 1e9)};
    s.models = models;
    return s;
}

static struct forecast_result some_result(struct context *x)
{
    struct forecast_result r = {.request_id = maybe_text(x),
                                .store = some_text(x),
                                .product = maybe_text(x),
                                .category = maybe_text(x),
                                .level = (enum request_level)below(x, 3),
                                .issue = some_long(x),
                                .sales_offset = some_long(x),
                                .partition = some_int(x),
                                .origin = some_date(x),
                                .valid_until = some_date(x),
                                .measure = (enum measure)below(x, 2),
                                .unit = maybe_text(x),
                                .status = (enum result_status)below(x, RESULT_STATUS_COUNT),
                                .sentence = maybe_text(x),
                                .best_model = maybe_text(x),
                                .model_version = maybe_text(x)};
    struct forecast_step *steps = arena_array(&x->arena, 160, sizeof *steps);
    struct cumulated_demand *cumulated = arena_array(&x->arena, ITEMS_MAX, sizeof *cumulated);
    struct model_accuracy *accuracy = arena_array(&x->arena, ITEMS_MAX, sizeof *accuracy);
    r.step_count = below(x, 20) == 0 ? MESSAGE_HORIZON_MAX : below(x, ITEMS_MAX);
    r.cumulated_count = below(x, ITEMS_MAX);
    r.accuracy_count = below(x, ITEMS_MAX);
    for (size_t i = 0; i < r.step_count; i++)
        steps[i] = some_step(x);
    for (size_t i = 0; i < r.cumulated_count; i++) {
        cumulated[i] = (struct cumulated_demand){.periods = some_int(x), .mean = some_number(x, 1e9), .status = maybe_text(x)};
        cumulated[i].quantiles = some_quantiles(x, &cumulated[i].quantile_count);
    }
    for (size_t i = 0; i < r.accuracy_count; i++)
        accuracy[i] =
            (struct model_accuracy){some_text(x), some_number(x, 1), maybe_number(x), maybe_number(x), maybe_number(x), some_int(x)};
    r.steps = steps;
    r.cumulated = cumulated;
    r.accuracy = accuracy;
    r.ledger = some_texts(x, &r.ledger_count);
    return r;
}

static struct period_closed some_closed(struct context *x)
{
    return (struct period_closed){some_int(x), some_date(x), some_date(x), some_long(x), some_long(x),
                                  some_int(x), some_int(x),  some_int(x),  maybe_text(x)};
}

static struct drift_alert some_alert(struct context *x)
{
    struct drift_alert a = {.store = maybe_text(x),
                            .product = maybe_text(x),
                            .kind = (enum alert_kind)below(x, ALERT_KIND_COUNT),
                            .model = maybe_text(x),
                            .metric = maybe_text(x),
                            .firing = coin(x),
                            .severity = some_text(x),
                            .value = some_number(x, 1e3),
                            .threshold = some_number(x, 1e3),
                            .window = some_int(x),
                            .since = some_date(x),
                            .period = some_date(x),
                            .best_model = maybe_text(x),
                            .bias = maybe_number(x),
                            .strength = maybe_number(x),
                            .stake = maybe_number(x),
                            .pool = coin(x),
                            .alert_number = some_long(x),
                            .sales_offset = some_long(x),
                            .partition = some_int(x),
                            .sentence = maybe_text(x)};
    a.causes = some_texts(x, &a.cause_count);
    return a;
}

static struct model_event some_event(struct context *x)
{
    return (struct model_event){(enum model_event_kind)below(x, MODEL_INSTALLED + 1),
                                maybe_text(x),
                                maybe_text(x),
                                maybe_text(x),
                                maybe_text(x),
                                maybe_text(x),
                                some_int(x),
                                some_long(x),
                                some_long(x)};
}

/* What avro-c reads from our bytes and writes again is what we wrote. */
static void check_with_avro(enum codec_record record, struct bytes value)
{
    struct text json = codec_record_schema(record);
    avro_schema_t schema;
    avro_value_t generic;
    assert_int_equal(avro_schema_from_json_length(json.data, json.size, &schema), 0);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    assert_int_equal(avro_generic_value_new(class, &generic), 0);
    avro_reader_t reader = avro_reader_memory((const char *)value.data + CODEC_HEADER_BYTES, (int64_t)(value.size - CODEC_HEADER_BYTES));
    assert_int_equal(avro_value_read(reader, &generic), 0);
    char *out = malloc(value.size);
    assert_non_null(out);
    avro_writer_t writer = avro_writer_memory(out, (int64_t)value.size);
    assert_int_equal(avro_value_write(writer, &generic), 0);
    assert_int_equal(avro_writer_tell(writer), value.size - CODEC_HEADER_BYTES);
    assert_memory_equal(out, value.data + CODEC_HEADER_BYTES, value.size - CODEC_HEADER_BYTES);
    free(out);
    avro_writer_free(writer);
    avro_reader_free(reader);
    avro_value_decref(&generic);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
}

#define ROUND_TRIP(constant, name, generator)                                                                                              \
    static void name##_comes_back_equal(void **state)                                                                                      \
    {                                                                                                                                      \
        struct context x = {.seed = UINT64_C(0x2545f4914f6cdd1d) + CODEC_##constant};                                                      \
        (void)state;                                                                                                                       \
        assert_ok(codec_new(&x.codec));                                                                                                    \
        for (int round = 0; round < ROUNDS; round++) {                                                                                     \
            struct name original = generator(&x), decoded;                                                                                 \
            struct error why = {0};                                                                                                        \
            assert_ok(codec_encode_##name(&original, &x.bytes));                                                                           \
            if (codec_decode_##name(x.codec, buffer_bytes(&x.bytes), &x.decoded, &decoded, NULL, &why) != STATUS_OK)                       \
                fail_msg("round %d: %s", round, why.text);                                                                                 \
            assert_ok(codec_encode_##name(&decoded, &x.again));                                                                            \
            codec_json_##name(&original, &x.line);                                                                                         \
            codec_json_##name(&decoded, &x.line_again);                                                                                    \
            compare_and_clear(&x);                                                                                                         \
            if (round % 8 == 0)                                                                                                            \
                check_with_avro(CODEC_##constant, buffer_bytes(&x.bytes));                                                                 \
            buffer_clear(&x.bytes);                                                                                                        \
        }                                                                                                                                  \
        context_done(&x);                                                                                                                  \
    }

static void compare_and_clear(struct context *x)
{
    assert_int_equal(x->bytes.size, x->again.size);
    assert_memory_equal(x->bytes.data, x->again.data, x->bytes.size);
    assert_int_equal(x->line.size, x->line_again.size);
    assert_memory_equal(x->line.data, x->line_again.data, x->line.size);
    buffer_clear(&x->again);
    buffer_clear(&x->line);
    buffer_clear(&x->line_again);
    arena_clear(&x->arena);
    arena_clear(&x->decoded);
}

static void context_done(struct context *x)
{
    buffer_done(&x->bytes);
    buffer_done(&x->again);
    buffer_done(&x->line);
    buffer_done(&x->line_again);
    arena_done(&x->arena);
    arena_done(&x->decoded);
    codec_free(x->codec);
}

ROUND_TRIP(SALES_UPDATE, sales_update, some_update)
ROUND_TRIP(FORECAST_REQUEST, forecast_request, some_request)
ROUND_TRIP(FORECAST_RESULT, forecast_result, some_result)
ROUND_TRIP(PERIOD_CLOSED, period_closed, some_closed)
ROUND_TRIP(DRIFT_ALERT, drift_alert, some_alert)
ROUND_TRIP(MODEL_EVENT, model_event, some_event)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sales_update_comes_back_equal),    cmocka_unit_test(forecast_request_comes_back_equal),
        cmocka_unit_test(forecast_result_comes_back_equal), cmocka_unit_test(period_closed_comes_back_equal),
        cmocka_unit_test(drift_alert_comes_back_equal),     cmocka_unit_test(model_event_comes_back_equal),
    };
    return fixture_run(argc, argv, tests);
}
