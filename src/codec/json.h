/* json.h: our structs as one line of JSON, by the tables of field.h (codec_json_* in codec.h). Thread: any. */
#ifndef STORECAST_CODEC_JSON_H
#define STORECAST_CODEC_JSON_H

#include "codec/field.h"

void json_record(const struct record_table *table, const void *from, struct buffer *out);

/* "text" with quotes, backslashes and control characters escaped; the bytes must be UTF-8. */
void json_text(struct text text, struct buffer *out);
/* The fewest digits that read back equal; null when not finite. */
void json_number(double value, struct buffer *out);

#endif
