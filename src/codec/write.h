/* write.h: our structs as Avro binary, by the tables of field.h, with the built-in schemas. Thread: any. */
#ifndef STORECAST_CODEC_WRITE_H
#define STORECAST_CODEC_WRITE_H

#include "codec/field.h"

/* Appends header and body; out's size is as it was on failure. STATUS_NO_MEMORY, STATUS_OUT_OF_RANGE (not finite). */
enum status write_value(enum codec_record record, const void *from, struct buffer *out) MUST_CHECK;

/* True when a nullable field's value is null on the wire and left out of JSON. */
bool write_is_absent(const struct field *field, const char *base);

#endif
