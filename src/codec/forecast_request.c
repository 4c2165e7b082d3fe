#include "codec/json.h"
#include "codec/record.h"
#include "codec/write.h"

/* Counts and ranges are wide: what the engine cannot answer it answers with INVALID_REQUEST, which a dead letter cannot. */

static const struct field entry_fields[] = {
    {FIELD_ROW(plan_entry, date, FIELD_DATE, FIELD_REQUIRED), FIELD_RANGE_DATE},
    {FIELD_ROW(plan_entry, values, FIELD_MAP, FIELD_DEFAULTED), FIELD_COUNTED(plan_entry, value_count), FIELD_RANGE_NUMBER},
};
static const struct record_table entry_table = {"PlanEntry", sizeof(struct plan_entry), entry_fields, 2};

static const char *const levels[] = {"SERIES", "CATEGORY", "STORE"};
static const struct symbols level_symbols = {levels, 3};

static const struct field fields[] = {
    {FIELD_ROW(forecast_request, request_id, FIELD_TEXT, FIELD_REQUIRED), .not_empty = true},
    {FIELD_ROW(forecast_request, store, FIELD_TEXT, FIELD_REQUIRED), .not_empty = true},
    {FIELD_ROW(forecast_request, product, FIELD_TEXT, FIELD_NULLABLE), .not_empty = true},
    {FIELD_ROW(forecast_request, category, FIELD_TEXT, FIELD_NULLABLE), .not_empty = true},
    {FIELD_ROW(forecast_request, level, FIELD_ENUM, FIELD_DEFAULTED), .symbols = &level_symbols},
    {FIELD_ROW(forecast_request, horizon, FIELD_INT, FIELD_REQUIRED)},
    {FIELD_ROW(forecast_request, models, FIELD_TEXTS, FIELD_DEFAULTED), FIELD_COUNTED(forecast_request, model_count), .items = 64},
    {FIELD_ROW(forecast_request, quantiles, FIELD_NUMBERS, FIELD_DEFAULTED), FIELD_COUNTED(forecast_request, quantile_count), .items = 99,
     FIELD_RANGE_NUMBER},
    {FIELD_ROW(forecast_request, lead_time, FIELD_INT, FIELD_NULLABLE), FIELD_FLAGGED(forecast_request, has_lead_time)},
    {FIELD_ROW(forecast_request, plan, FIELD_RECORDS, FIELD_DEFAULTED), FIELD_COUNTED(forecast_request, plan_count), .items = 1096,
     .records = &entry_table},
    {FIELD_ROW(forecast_request, explain, FIELD_BOOL, FIELD_DEFAULTED)},
    {.name = "issued_at", .kind = FIELD_INSTANT, .at = offsetof(struct forecast_request, issued_at_ms), FIELD_RANGE_INSTANT},
};
const struct record_table forecast_request_table = {"ForecastRequest", sizeof(struct forecast_request), fields,
                                                    sizeof fields / sizeof fields[0]};

enum status codec_decode_forecast_request(struct codec *c, struct bytes value, struct arena *arena, struct forecast_request *out,
                                          enum dead_letter *out_code, struct error *why)
{
    return record_decode(c, CODEC_FORECAST_REQUEST, value, arena, NULL, out, out_code, why);
}

enum status codec_encode_forecast_request(const struct forecast_request *r, struct buffer *out)
{
    return write_value(CODEC_FORECAST_REQUEST, r, out);
}

void codec_json_forecast_request(const struct forecast_request *r, struct buffer *out)
{
    json_record(&forecast_request_table, r, out);
}
