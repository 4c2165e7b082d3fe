#include "codec/json.h"
#include "codec/record.h"
#include "codec/write.h"

static const struct field fields[] = {
    {FIELD_ROW(period_closed, partition, FIELD_INT, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, first_date, FIELD_DATE, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, last_date, FIELD_DATE, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, sales_offset, FIELD_LONG, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, close_number, FIELD_LONG, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, series, FIELD_INT, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, known, FIELD_INT, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, unknown, FIELD_INT, FIELD_REQUIRED)},
    {FIELD_ROW(period_closed, cause, FIELD_TEXT, FIELD_NULLABLE), .limit = SIZE_MAX},
};
const struct record_table period_closed_table = {"PeriodClosed", sizeof(struct period_closed), fields, sizeof fields / sizeof fields[0]};

enum status codec_decode_period_closed(struct codec *c, struct bytes value, struct arena *arena, struct period_closed *out,
                                       enum dead_letter *out_code, struct error *why)
{
    return record_decode(c, CODEC_PERIOD_CLOSED, value, arena, NULL, out, out_code, why);
}

enum status codec_encode_period_closed(const struct period_closed *p, struct buffer *out)
{
    return write_value(CODEC_PERIOD_CLOSED, p, out);
}

void codec_json_period_closed(const struct period_closed *p, struct buffer *out)
{
    json_record(&period_closed_table, p, out);
}
