#include "codec/json.h"
#include "codec/record.h"
#include "codec/write.h"

#define OPTIONAL_NAME(m) FIELD_ROW(model_event, m, FIELD_TEXT, FIELD_NULLABLE), .limit = SIZE_MAX

static const char *const kinds[] = {"RETRAIN_REQUESTED", "PROMOTED", "REFUSED", "ROLLED_BACK", "INSTALLED"};
static const struct symbols kind_symbols = {kinds, MODEL_INSTALLED + 1};

static const struct field fields[] = {
    {FIELD_ROW(model_event, kind, FIELD_ENUM, FIELD_REQUIRED), .symbols = &kind_symbols},
    {OPTIONAL_NAME(version)},
    {OPTIONAL_NAME(store)},
    {OPTIONAL_NAME(product)},
    {OPTIONAL_NAME(by)},
    {OPTIONAL_NAME(reason)},
    {FIELD_ROW(model_event, partition, FIELD_INT, FIELD_REQUIRED)},
    {.name = "at", .kind = FIELD_INSTANT, .at = offsetof(struct model_event, at_ms)},
    {FIELD_ROW(model_event, sales_offset, FIELD_LONG, FIELD_REQUIRED)},
};
const struct record_table model_event_table = {"ModelEvent", sizeof(struct model_event), fields, sizeof fields / sizeof fields[0]};

enum status codec_decode_model_event(struct codec *c, struct bytes value, struct arena *arena, struct model_event *out,
                                     enum dead_letter *out_code, struct error *why)
{
    return record_decode(c, CODEC_MODEL_EVENT, value, arena, NULL, out, out_code, why);
}

enum status codec_encode_model_event(const struct model_event *e, struct buffer *out)
{
    return write_value(CODEC_MODEL_EVENT, e, out);
}

void codec_json_model_event(const struct model_event *e, struct buffer *out)
{
    json_record(&model_event_table, e, out);
}
