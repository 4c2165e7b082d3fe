#include <math.h>

#include "codec/json.h"
#include "codec/record.h"
#include "codec/write.h"

#define OPTIONAL_NAME(m)   FIELD_ROW(drift_alert, m, FIELD_TEXT, FIELD_NULLABLE), .limit = SIZE_MAX
#define OPTIONAL_NUMBER(m) FIELD_ROW(drift_alert, m, FIELD_DOUBLE, FIELD_NULLABLE), .absent = NAN

#define KIND_TEXT(name) #name,
static const char *const kinds[] = {ALERT_KIND_LIST(KIND_TEXT)};
static const struct symbols kind_symbols = {kinds, ALERT_KIND_COUNT};
static const char *const states[] = {"FIRING", "RESOLVED"};
static const struct symbols state_symbols = {states, 2};

static const struct field fields[] = {
    {OPTIONAL_NAME(store)},
    {OPTIONAL_NAME(product)},
    {FIELD_ROW(drift_alert, kind, FIELD_ENUM, FIELD_REQUIRED), .symbols = &kind_symbols},
    {OPTIONAL_NAME(model)},
    {OPTIONAL_NAME(metric)},
    {.name = "state", .kind = FIELD_CHOICE, .at = offsetof(struct drift_alert, firing), .symbols = &state_symbols},
    {FIELD_ROW(drift_alert, severity, FIELD_TEXT, FIELD_REQUIRED), .limit = SIZE_MAX},
    {FIELD_ROW(drift_alert, value, FIELD_DOUBLE, FIELD_REQUIRED)},
    {FIELD_ROW(drift_alert, threshold, FIELD_DOUBLE, FIELD_REQUIRED)},
    {FIELD_ROW(drift_alert, window, FIELD_INT, FIELD_REQUIRED)},
    {FIELD_ROW(drift_alert, since, FIELD_DATE, FIELD_REQUIRED)},
    {FIELD_ROW(drift_alert, period, FIELD_DATE, FIELD_REQUIRED)},
    {FIELD_ROW(drift_alert, causes, FIELD_TEXTS, FIELD_DEFAULTED), FIELD_COUNTED(drift_alert, cause_count), .limit = SIZE_MAX},
    {OPTIONAL_NAME(best_model)},
    {OPTIONAL_NUMBER(bias)},
    {OPTIONAL_NUMBER(strength)},
    {OPTIONAL_NUMBER(stake)},
    {FIELD_ROW(drift_alert, pool, FIELD_BOOL, FIELD_DEFAULTED)},
    {FIELD_ROW(drift_alert, alert_number, FIELD_LONG, FIELD_REQUIRED)},
    {FIELD_ROW(drift_alert, sales_offset, FIELD_LONG, FIELD_REQUIRED)},
    {FIELD_ROW(drift_alert, partition, FIELD_INT, FIELD_REQUIRED)},
    {OPTIONAL_NAME(sentence)},
};
const struct record_table drift_alert_table = {"DriftAlert", sizeof(struct drift_alert), fields, sizeof fields / sizeof fields[0]};

enum status codec_decode_drift_alert(struct codec *c, struct bytes value, struct arena *arena, struct drift_alert *out,
                                     enum dead_letter *out_code, struct error *why)
{
    return record_decode(c, CODEC_DRIFT_ALERT, value, arena, NULL, out, out_code, why);
}

enum status codec_encode_drift_alert(const struct drift_alert *a, struct buffer *out)
{
    return write_value(CODEC_DRIFT_ALERT, a, out);
}

void codec_json_drift_alert(const struct drift_alert *a, struct buffer *out)
{
    json_record(&drift_alert_table, a, out);
}
