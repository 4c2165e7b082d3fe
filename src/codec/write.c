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

/* Writes one value: `at` is where it is in the struct at base, or in an array. */
typedef enum status (*value_writer)(const struct field *field, const char *at, const char *base, struct buffer *out);

static enum status put_record(const struct record_table *table, const char *base, struct buffer *out);

static enum status write_text(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    struct text text;
    (void)field, (void)base;
    memcpy(&text, at, sizeof text);
    put_text(out, text);
    return STATUS_OK;
}

static enum status write_bool(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    (void)base;
    bool truth = *at != 0;
    buffer_put_u8(out, field->kind == FIELD_CHOICE ? (truth ? 0 : 2) : truth); /* 2 is symbol 1 as a varint */
    return STATUS_OK;
}

static enum status write_narrow(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    int32_t value;
    (void)field, (void)base;
    memcpy(&value, at, sizeof value);
    put_long(out, value);
    return STATUS_OK;
}

static enum status write_wide(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    int64_t value;
    (void)base;
    memcpy(&value, at, sizeof value);
    if (field->kind == FIELD_MILLIONTHS)
        buffer_put_double(out, (double)value / (double)MILLIONTHS);
    else
        put_long(out, value);
    return STATUS_OK;
}

static enum status write_number(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    double value;
    (void)field, (void)base;
    memcpy(&value, at, sizeof value);
    return put_number(out, value);
}

static enum status write_symbol(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    unsigned symbol;
    (void)base;
    memcpy(&symbol, at, sizeof symbol);
    assert(symbol < field->symbols->count);
    put_long(out, (int64_t)symbol);
    return STATUS_OK;
}

static enum status write_entry(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    struct named_value entry;
    (void)field, (void)base;
    memcpy(&entry, at, sizeof entry);
    put_text(out, entry.name);
    return put_number(out, entry.value);
}

static enum status write_item_record(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    (void)base;
    return put_record(field->records, at, out);
}

/* One block, then the empty block that ends it. */
static enum status write_items(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    const value_writer write_item = field->kind == FIELD_TEXTS     ? write_text
                                    : field->kind == FIELD_NUMBERS ? write_number
                                    : field->kind == FIELD_MAP     ? write_entry
                                                                   : write_item_record;
    const char *items;
    size_t count, size = field_item_size(field);
    memcpy(&items, at, sizeof items);
    memcpy(&count, base + field->count_at, sizeof count);
    enum status status = STATUS_OK;
    if (count > 0)
        put_long(out, (int64_t)count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = write_item(field, items + i * size, items, out);
    put_long(out, 0);
    return status;
}

static enum status write_body(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    unsigned kind;
    memcpy(&kind, at, sizeof kind);
    assert(kind < field->record_count);
    put_long(out, (int64_t)kind);
    return put_record(&field->records[kind], base + field->body_at, out);
}

static const value_writer writers[] = {
    [FIELD_TEXT] = write_text,   [FIELD_BOOL] = write_bool,     [FIELD_INT] = write_narrow,    [FIELD_LONG] = write_wide,
    [FIELD_DATE] = write_narrow, [FIELD_INSTANT] = write_wide,  [FIELD_DOUBLE] = write_number, [FIELD_MILLIONTHS] = write_wide,
    [FIELD_ENUM] = write_symbol, [FIELD_CHOICE] = write_bool,   [FIELD_TEXTS] = write_items,   [FIELD_NUMBERS] = write_items,
    [FIELD_MAP] = write_items,   [FIELD_RECORDS] = write_items, [FIELD_BODY] = write_body,
};

static enum status put_record(const struct record_table *table, const char *base, struct buffer *out)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        bool is_absent = write_is_absent(field, base);
        if (field->need == FIELD_NULLABLE)
            put_long(out, is_absent ? 0 : 1);
        if (!is_absent)
            status = writers[field->kind](field, base + field->at, base, out);
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
