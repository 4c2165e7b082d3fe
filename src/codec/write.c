#include "codec/write.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void put_long(struct buffer *out, int64_t value)
{
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    uint8_t bytes[10];
    size_t n = 0;
    while (bits > 0x7f) {
        bytes[n++] = (uint8_t)(bits | 0x80);
        bits >>= 7;
    }
    bytes[n++] = (uint8_t)bits;
    buffer_put(out, bytes, n);
}

static void put_text(struct buffer *out, struct text text)
{
    put_long(out, (int64_t)text.size);
    if (text.size > 0)
        buffer_put(out, text.data, text.size);
}

static enum status put_number(struct buffer *out, double value)
{
    if (!isfinite(value))
        return STATUS_OUT_OF_RANGE;
    buffer_put_double(out, value);
    return STATUS_OK;
}

bool write_is_absent(const struct field *field, const char *base)
{
    const char *at = base + field->at;
    struct text text;
    double number;
    if (field->need != FIELD_NULLABLE)
        return false;
    if (field->has_flag)
        return !base[field->flag_at];
    if (field->kind == FIELD_TEXT) {
        memcpy(&text, at, sizeof text);
        return text.data == NULL;
    }
    if (field->kind == FIELD_DOUBLE) {
        memcpy(&number, at, sizeof number);
        return isnan(number);
    }
    assert(field->kind == FIELD_IGNORED);
    return true;
}

static enum status put_record(const struct record_table *table, const char *base, struct buffer *out);

static enum status put_item(const struct field *field, const char *items, size_t i, struct buffer *out)
{
    struct text text;
    double number;
    struct named_value named;
    switch (field->kind) {
    case FIELD_TEXTS:
        memcpy(&text, items + i * sizeof text, sizeof text);
        put_text(out, text);
        return STATUS_OK;
    case FIELD_NUMBERS:
        memcpy(&number, items + i * sizeof number, sizeof number);
        return put_number(out, number);
    case FIELD_MAP:
        memcpy(&named, items + i * sizeof named, sizeof named);
        put_text(out, named.name);
        return put_number(out, named.value);
    case FIELD_RECORDS: return put_record(field->records, items + i * field->records->size, out);
    case FIELD_TEXT: case FIELD_BOOL: case FIELD_INT: case FIELD_LONG: case FIELD_DATE: case FIELD_INSTANT: case FIELD_DOUBLE:
    case FIELD_MILLIONTHS: case FIELD_ENUM: case FIELD_CHOICE: case FIELD_BODY: case FIELD_IGNORED: break;
    }
    assert(!"an array");
    return STATUS_OK;
}

/* One block, then the empty block that ends it. */
static enum status put_array(const struct field *field, const char *base, struct buffer *out)
{
    const char *items;
    size_t count;
    memcpy(&items, base + field->at, sizeof items);
    memcpy(&count, base + field->count_at, sizeof count);
    enum status status = STATUS_OK;
    if (count > 0)
        put_long(out, (int64_t)count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = put_item(field, items, i, out);
    put_long(out, 0);
    return status;
}

static enum status put_body(const struct field *field, const char *base, struct buffer *out)
{
    unsigned kind;
    memcpy(&kind, base + field->at, sizeof kind);
    assert(kind < field->record_count);
    put_long(out, (int64_t)kind);
    return put_record(&field->records[kind], base + field->body_at, out);
}

static enum status put_value(const struct field *field, const char *base, struct buffer *out)
{
    const char *at = base + field->at;
    struct text text;
    double number;
    int32_t narrow;
    int64_t wide;
    unsigned symbol;
    switch (field->kind) {
    case FIELD_TEXT:
        memcpy(&text, at, sizeof text);
        put_text(out, text);
        return STATUS_OK;
    case FIELD_BOOL: buffer_put_u8(out, *at != 0); return STATUS_OK;
    case FIELD_CHOICE: put_long(out, *at != 0 ? 0 : 1); return STATUS_OK;
    case FIELD_INT:
    case FIELD_DATE:
        memcpy(&narrow, at, sizeof narrow);
        put_long(out, narrow);
        return STATUS_OK;
    case FIELD_LONG:
    case FIELD_INSTANT:
        memcpy(&wide, at, sizeof wide);
        put_long(out, wide);
        return STATUS_OK;
    case FIELD_MILLIONTHS:
        memcpy(&wide, at, sizeof wide);
        buffer_put_double(out, (double)wide / (double)MILLIONTHS);
        return STATUS_OK;
    case FIELD_DOUBLE:
        memcpy(&number, at, sizeof number);
        return put_number(out, number);
    case FIELD_ENUM:
        memcpy(&symbol, at, sizeof symbol);
        assert(symbol < field->symbols->count);
        put_long(out, (int64_t)symbol);
        return STATUS_OK;
    case FIELD_TEXTS: case FIELD_NUMBERS: case FIELD_MAP: case FIELD_RECORDS: return put_array(field, base, out);
    case FIELD_BODY: return put_body(field, base, out);
    case FIELD_IGNORED: break;
    }
    return STATUS_OK;
}

static enum status put_record(const struct record_table *table, const char *base, struct buffer *out)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        bool is_absent = write_is_absent(field, base);
        if (field->need == FIELD_NULLABLE)
            put_long(out, is_absent ? 0 : 1);
        if (!is_absent)
            status = put_value(field, base, out);
    }
    return status;
}

enum status write_value(enum codec_record record, const void *from, struct buffer *out)
{
    size_t before = out->size;
    buffer_put_u8(out, 0);
    buffer_put_big32(out, codec_record_schema_id(record));
    enum status status = put_record(record_table_of(record), from, out);
    if (status == STATUS_OK)
        status = buffer_status(out);
    if (status != STATUS_OK)
        out->size = before;
    return status;
}
