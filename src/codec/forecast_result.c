#include <math.h>

#include "codec/json.h"
#include "codec/record.h"
#include "codec/write.h"

#define UNLIMITED                 .limit = SIZE_MAX /* our own texts */
#define NAME(S, m)                FIELD_ROW(S, m, FIELD_TEXT, FIELD_REQUIRED), UNLIMITED
#define OPTIONAL_NAME(S, m)       FIELD_ROW(S, m, FIELD_TEXT, FIELD_NULLABLE), UNLIMITED
#define NUMBER(S, m)              FIELD_ROW(S, m, FIELD_DOUBLE, FIELD_REQUIRED)
#define ITEMS(S, m, count, table) FIELD_ROW(S, m, FIELD_RECORDS, FIELD_DEFAULTED), FIELD_COUNTED(S, count), .records = &(table)
#define TABLE(name_, struct_, fields_)                                                                                                     \
    {                                                                                                                                      \
        name_, sizeof(struct struct_), fields_, sizeof fields_ / sizeof fields_[0]                                                         \
    }

static const struct field quantile_fields[] = {
    {NUMBER(quantile_value, level)},
    {NUMBER(quantile_value, value)},
};
static const struct record_table quantile_table = TABLE("QuantileValue", quantile_value, quantile_fields);

static const struct field model_fields[] = {
    {NAME(model_value, model)},
    {NUMBER(model_value, value)},
};
static const struct record_table model_table = TABLE("ModelValue", model_value, model_fields);

static const struct field step_fields[] = {
    {FIELD_ROW(forecast_step, first_date, FIELD_DATE, FIELD_REQUIRED)},
    {FIELD_ROW(forecast_step, last_date, FIELD_DATE, FIELD_REQUIRED)},
    {NUMBER(forecast_step, mean)},
    {NUMBER(forecast_step, median)},
    {ITEMS(forecast_step, quantiles, quantile_count, quantile_table)},
    {ITEMS(forecast_step, models, model_count, model_table)},
    {FIELD_ROW(forecast_step, override_value, FIELD_DOUBLE, FIELD_NULLABLE), FIELD_FLAGGED(forecast_step, has_override)},
    {OPTIONAL_NAME(forecast_step, override_author)},
    {OPTIONAL_NAME(forecast_step, override_reason)},
};
static const struct record_table step_table = TABLE("ForecastStep", forecast_step, step_fields);

static const struct field cumulated_fields[] = {
    {FIELD_ROW(cumulated_demand, periods, FIELD_INT, FIELD_REQUIRED)},
    {NUMBER(cumulated_demand, mean)},
    {ITEMS(cumulated_demand, quantiles, quantile_count, quantile_table)},
    {OPTIONAL_NAME(cumulated_demand, status)},
};
static const struct record_table cumulated_table = TABLE("CumulatedDemand", cumulated_demand, cumulated_fields);

static const struct field accuracy_fields[] = {
    {NAME(model_accuracy, model)},
    {NUMBER(model_accuracy, weight)},
    {FIELD_ROW(model_accuracy, mae, FIELD_DOUBLE, FIELD_NULLABLE), .absent = NAN},
    {FIELD_ROW(model_accuracy, rmse, FIELD_DOUBLE, FIELD_NULLABLE), .absent = NAN},
    {FIELD_ROW(model_accuracy, mape, FIELD_DOUBLE, FIELD_NULLABLE), .absent = NAN},
    {FIELD_ROW(model_accuracy, scored, FIELD_INT, FIELD_REQUIRED)},
};
static const struct record_table accuracy_table = TABLE("ModelAccuracy", model_accuracy, accuracy_fields);

static const char *const levels[] = {"SERIES", "CATEGORY", "STORE"};
static const struct symbols level_symbols = {levels, 3};
static const char *const measures[] = {"amount", "quantity"};
static const struct symbols measure_symbols = {measures, 2};
#define STATUS_TEXT(name) #name,
static const char *const statuses[] = {RESULT_STATUS_LIST(STATUS_TEXT)};
static const struct symbols status_symbols = {statuses, RESULT_STATUS_COUNT};

static const struct field fields[] = {
    {OPTIONAL_NAME(forecast_result, request_id)},
    {NAME(forecast_result, store)},
    {OPTIONAL_NAME(forecast_result, product)},
    {OPTIONAL_NAME(forecast_result, category)},
    {FIELD_ROW(forecast_result, level, FIELD_ENUM, FIELD_DEFAULTED), .symbols = &level_symbols},
    {FIELD_ROW(forecast_result, issue, FIELD_LONG, FIELD_REQUIRED)},
    {FIELD_ROW(forecast_result, sales_offset, FIELD_LONG, FIELD_REQUIRED)},
    {FIELD_ROW(forecast_result, partition, FIELD_INT, FIELD_REQUIRED)},
    {FIELD_ROW(forecast_result, origin, FIELD_DATE, FIELD_REQUIRED)},
    {FIELD_ROW(forecast_result, valid_until, FIELD_DATE, FIELD_REQUIRED)},
    {FIELD_ROW(forecast_result, measure, FIELD_ENUM, FIELD_REQUIRED), .symbols = &measure_symbols},
    {OPTIONAL_NAME(forecast_result, unit)},
    {FIELD_ROW(forecast_result, status, FIELD_ENUM, FIELD_REQUIRED), .symbols = &status_symbols},
    {OPTIONAL_NAME(forecast_result, sentence)},
    {ITEMS(forecast_result, steps, step_count, step_table)},
    {ITEMS(forecast_result, cumulated, cumulated_count, cumulated_table)},
    {ITEMS(forecast_result, accuracy, accuracy_count, accuracy_table)},
    {OPTIONAL_NAME(forecast_result, best_model)},
    {OPTIONAL_NAME(forecast_result, model_version)},
    {FIELD_ROW(forecast_result, ledger, FIELD_TEXTS, FIELD_DEFAULTED), FIELD_COUNTED(forecast_result, ledger_count), UNLIMITED},
};
const struct record_table forecast_result_table = TABLE("ForecastResult", forecast_result, fields);

enum status codec_decode_forecast_result(struct codec *c, struct bytes value, struct arena *arena, struct forecast_result *out,
                                         enum dead_letter *out_code, struct error *why)
{
    return record_decode(c, CODEC_FORECAST_RESULT, value, arena, NULL, out, out_code, why);
}

enum status codec_encode_forecast_result(const struct forecast_result *r, struct buffer *out)
{
    return write_value(CODEC_FORECAST_RESULT, r, out);
}

void codec_json_forecast_result(const struct forecast_result *r, struct buffer *out)
{
    json_record(&forecast_result_table, r, out);
}
