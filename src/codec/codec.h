/* codec.h: messages from and to bytes: the Confluent wire format (0x00, 4-byte big-endian schema id, Avro body).
 *
 * The schemas of schemas/ are built in, with the ids below; others (a registry's) can be added. Bytes are checked
 * against the schema they name before Avro reads them (guard.h), and fields are found by name, so that messages of
 * older and newer schemas are read too: unknown fields are ignored, missing optional ones get their defaults.
 *
 * Thread: one codec per thread; nothing is shared between two of them but Avro's allocator, which has no state. */
#ifndef STORECAST_CODEC_CODEC_H
#define STORECAST_CODEC_CODEC_H

#include "base/error.h"
#include "engine/message.h"

struct codec;

#define CODEC_HEADER_BYTES     5
#define CODEC_VALUE_BYTES_MAX  (1024 * 1024) /* decoders refuse more: TOO_LARGE; the application's own limit is lower */
#define CODEC_SCHEMA_BYTES_MAX (64 * 1024)   /* of a schema's JSON text */
#define CODEC_SCHEMAS_MAX      256

/* {enum, Avro name, built-in schema id} */
#define CODEC_RECORD_LIST(X)                                                                                                               \
    X(SALES_UPDATE, SalesUpdate, 0x53430001)                                                                                               \
    X(FORECAST_REQUEST, ForecastRequest, 0x53430002)                                                                                       \
    X(FORECAST_RESULT, ForecastResult, 0x53430003)                                                                                         \
    X(PERIOD_CLOSED, PeriodClosed, 0x53430004)                                                                                             \
    X(DRIFT_ALERT, DriftAlert, 0x53430005)                                                                                                 \
    X(MODEL_EVENT, ModelEvent, 0x53430006)
enum codec_record {
#define CODEC_RECORD_ENUM(constant, name, id) CODEC_##constant,
    CODEC_RECORD_LIST(CODEC_RECORD_ENUM)
#undef CODEC_RECORD_ENUM
        CODEC_RECORD_COUNT
};

/* avro-c (1.11.1) uses what it was given without a look, so that it crashes when there is no memory. A program that is to end with
 * a sentence instead says how: fn must not return. NULL (the beginning): a crash. Thread: main, before any codec. */
void codec_on_no_memory(void (*fn)(void));

/* Caller frees. STATUS_NO_MEMORY only. */
enum status codec_new(struct codec **out) MUST_CHECK;
void codec_free(struct codec *c);

const char *codec_record_name(enum codec_record record);   /* "SalesUpdate" */
uint32_t codec_record_schema_id(enum codec_record record); /* the built-in one */
struct text codec_record_schema(enum codec_record record); /* the text of schemas/NAME.avsc */

/* Learns a schema, e.g. from a registry. Its record must be one of the above by full name (storecast.SalesUpdate),
 * have every required field with a type that can be read, and only shapes that the guard can bound.
 * STATUS_BAD_MESSAGE with the reason in why otherwise, STATUS_BUSY when CODEC_SCHEMAS_MAX are known already.
 * An id that is known already is left as it is: ids never change their meaning. */
enum status codec_schema_add(struct codec *c, uint32_t id, struct text json, struct error *why) MUST_CHECK;
bool codec_schema_known(const struct codec *c, uint32_t id);

/* The schema id in a value's header; STATUS_BAD_MESSAGE when there is no such header. */
enum status codec_value_schema_id(struct bytes value, uint32_t *out) MUST_CHECK;
/* Which record a value says it is; STATUS_BAD_MESSAGE or STATUS_UNKNOWN_SCHEMA. The body is not looked at. */
enum status codec_value_record(const struct codec *c, struct bytes value, enum codec_record *out) MUST_CHECK;

/* Decoders. Texts and arrays of *out live in the arena; out is written only on success.
 *
 * Any failure but STATUS_NO_MEMORY is the value's own fault: *out_code is its dead letter (MALFORMED, UNKNOWN_SCHEMA,
 * BAD_TEXT, VALUE_RANGE, TOO_LARGE, or NOT_SUPPORTED_YET for a body or symbol of a newer schema) and why->text a
 * sentence that names the field. out_code and why may be NULL. Statuses: STATUS_BAD_MESSAGE (MALFORMED),
 * STATUS_UNKNOWN_SCHEMA, STATUS_BAD_TEXT, STATUS_OUT_OF_RANGE, STATUS_TOO_LARGE, STATUS_NOT_FOUND (NOT_SUPPORTED_YET).
 *
 * Checked in all: the bytes against the schema, to the last one; texts are UTF-8 without NUL and within their limit;
 * numbers are finite. In input records also: ids are not empty; quantities and amounts are within
 * MESSAGE_QUANTITY_MAX, other numbers within 1e12; dates and instants are of the years 1 to 9999. */
enum status codec_decode_sales_update(struct codec *c, struct bytes value, struct arena *arena, struct sales_update *out,
                                      enum dead_letter *out_code, struct error *why) MUST_CHECK;
enum status codec_decode_forecast_request(struct codec *c, struct bytes value, struct arena *arena, struct forecast_request *out,
                                          enum dead_letter *out_code, struct error *why) MUST_CHECK;
enum status codec_decode_forecast_result(struct codec *c, struct bytes value, struct arena *arena, struct forecast_result *out,
                                         enum dead_letter *out_code, struct error *why) MUST_CHECK;
enum status codec_decode_period_closed(struct codec *c, struct bytes value, struct arena *arena, struct period_closed *out,
                                       enum dead_letter *out_code, struct error *why) MUST_CHECK;
enum status codec_decode_drift_alert(struct codec *c, struct bytes value, struct arena *arena, struct drift_alert *out,
                                     enum dead_letter *out_code, struct error *why) MUST_CHECK;
enum status codec_decode_model_event(struct codec *c, struct bytes value, struct arena *arena, struct model_event *out,
                                     enum dead_letter *out_code, struct error *why) MUST_CHECK;

/* Encoders append a whole value (header and body, built-in schema) to out, and leave out's size as it was on failure:
 * STATUS_NO_MEMORY; STATUS_OUT_OF_RANGE when a number is not finite and the schema has no null for it. */
enum status codec_encode_sales_update(const struct sales_update *u, struct buffer *out) MUST_CHECK;
enum status codec_encode_forecast_request(const struct forecast_request *r, struct buffer *out) MUST_CHECK;
enum status codec_encode_forecast_result(const struct forecast_result *r, struct buffer *out) MUST_CHECK;
enum status codec_encode_period_closed(const struct period_closed *p, struct buffer *out) MUST_CHECK;
enum status codec_encode_drift_alert(const struct drift_alert *a, struct buffer *out) MUST_CHECK;
enum status codec_encode_model_event(const struct model_event *e, struct buffer *out) MUST_CHECK;

/* JSON text of one line (no line end), appended to out: fields named as in the schema, absent ones left out, dates
 * "2012-10-26", instants "2012-10-26T09:00:00.000Z", numbers with as many digits as it takes to read them back equal.
 * codec_json takes any value, whatever its record; statuses and texts as in the decoders. The arena is scratch. */
enum status codec_json(struct codec *c, struct bytes value, struct arena *arena, struct buffer *out, struct error *why) MUST_CHECK;
void codec_json_sales_update(const struct sales_update *u, struct buffer *out);
void codec_json_forecast_request(const struct forecast_request *r, struct buffer *out);
void codec_json_forecast_result(const struct forecast_result *r, struct buffer *out);
void codec_json_period_closed(const struct period_closed *p, struct buffer *out);
void codec_json_drift_alert(const struct drift_alert *a, struct buffer *out);
void codec_json_model_event(const struct model_event *e, struct buffer *out);

#endif
