#include "codec/json.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/write.h"

static void put(struct buffer *out, const char *text)
{
    buffer_put(out, text, strlen(text));
}

static void put_escaped(unsigned char c, struct buffer *out)
{
    static const char letters[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (c == '"' || c == '\\')
        buffer_printf(out, "\\%c", c);
    else if (c < sizeof letters && letters[c] != 0)
        buffer_printf(out, "\\%c", letters[c]);
    else
        buffer_printf(out, "\\u%04x", c);
}

void json_text(struct text text, struct buffer *out)
{
    put(out, "\"");
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buffer_put(out, text.data + start, i - start);
        put_escaped(c, out);
        start = i + 1;
    }
    if (start < text.size)
        buffer_put(out, text.data + start, text.size - start);
    put(out, "\"");
}

void json_number(double value, struct buffer *out)
{
    char text[32];
    if (!isfinite(value)) {
        put(out, "null");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    put(out, text);
}

/* 12500000 as 12.5 */
static void put_millionths(int64_t value, struct buffer *out)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char fraction[8];
    snprintf(fraction, sizeof fraction, "%06u", (unsigned)(size % (uint64_t)MILLIONTHS));
    size_t digits = 6;
    while (digits > 0 && fraction[digits - 1] == '0')
        digits--;
    buffer_printf(out, "%s%llu%s%.*s", value < 0 ? "-" : "", (unsigned long long)(size / (uint64_t)MILLIONTHS),
                  digits > 0 ? "." : "", (int)digits, fraction);
}

static void put_instant(int64_t ms, struct buffer *out)
{
    char date[DATE_TEXT_BYTES];
    if ((double)ms < -62135596800000.0 || (double)ms > 253402300799999.0) { /* not a year of four digits */
        buffer_printf(out, "%lld", (long long)ms);
        return;
    }
    date_t day = date_of_ms(ms);
    int64_t rest = ms - date_ms(day);
    buffer_printf(out, "\"%sT%02d:%02d:%02d.%03dZ\"", date_format(day, date), (int)(rest / 3600000), (int)(rest / 60000 % 60),
                  (int)(rest / 1000 % 60), (int)(rest % 1000));
}

static void put_item(const struct field *field, const char *items, size_t i, struct buffer *out)
{
    struct text text;
    double number;
    struct named_value named;
    if (field->kind == FIELD_RECORDS) {
        json_record(field->records, items + i * field->records->size, out);
    } else if (field->kind == FIELD_TEXTS) {
        memcpy(&text, items + i * sizeof text, sizeof text);
        json_text(text, out);
    } else if (field->kind == FIELD_NUMBERS) {
        memcpy(&number, items + i * sizeof number, sizeof number);
        json_number(number, out);
    } else {
        memcpy(&named, items + i * sizeof named, sizeof named);
        json_text(named.name, out);
        put(out, ":");
        json_number(named.value, out);
    }
}

static void put_array(const struct field *field, const char *base, struct buffer *out)
{
    const char *items;
    size_t count;
    memcpy(&items, base + field->at, sizeof items);
    memcpy(&count, base + field->count_at, sizeof count);
    put(out, field->kind == FIELD_MAP ? "{" : "[");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            put(out, ",");
        put_item(field, items, i, out);
    }
    put(out, field->kind == FIELD_MAP ? "}" : "]");
}

static void put_body(const struct field *field, const char *base, struct buffer *out)
{
    unsigned kind;
    memcpy(&kind, base + field->at, sizeof kind);
    assert(kind < field->record_count);
    buffer_printf(out, "{\"%s\":", field->records[kind].name);
    json_record(&field->records[kind], base + field->body_at, out);
    put(out, "}");
}

static void put_value(const struct field *field, const char *base, struct buffer *out)
{
    const char *at = base + field->at;
    char date[DATE_TEXT_BYTES];
    struct text text;
    double number;
    int32_t narrow;
    int64_t wide;
    unsigned symbol;
    switch (field->kind) {
    case FIELD_TEXT:
        memcpy(&text, at, sizeof text);
        json_text(text, out);
        break;
    case FIELD_BOOL: put(out, *at != 0 ? "true" : "false"); break;
    case FIELD_CHOICE: buffer_printf(out, "\"%s\"", field->symbols->names[*at != 0 ? 0 : 1]); break;
    case FIELD_INT:
        memcpy(&narrow, at, sizeof narrow);
        buffer_printf(out, "%d", narrow);
        break;
    case FIELD_DATE:
        memcpy(&narrow, at, sizeof narrow);
        buffer_printf(out, "\"%s\"", date_format(narrow, date));
        break;
    case FIELD_LONG:
        memcpy(&wide, at, sizeof wide);
        buffer_printf(out, "%lld", (long long)wide);
        break;
    case FIELD_INSTANT:
        memcpy(&wide, at, sizeof wide);
        put_instant(wide, out);
        break;
    case FIELD_MILLIONTHS:
        memcpy(&wide, at, sizeof wide);
        put_millionths(wide, out);
        break;
    case FIELD_DOUBLE:
        memcpy(&number, at, sizeof number);
        json_number(number, out);
        break;
    case FIELD_ENUM:
        memcpy(&symbol, at, sizeof symbol);
        assert(symbol < field->symbols->count);
        buffer_printf(out, "\"%s\"", field->symbols->names[symbol]);
        break;
    case FIELD_TEXTS: case FIELD_NUMBERS: case FIELD_MAP: case FIELD_RECORDS: put_array(field, base, out); break;
    case FIELD_BODY: put_body(field, base, out); break;
    case FIELD_IGNORED: break;
    }
}

void json_record(const struct record_table *table, const void *from, struct buffer *out)
{
    const char *separator = "";
    put(out, "{");
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        if (write_is_absent(field, from))
            continue;
        buffer_printf(out, "%s\"%s\":", separator, field->name);
        put_value(field, from, out);
        separator = ",";
    }
    put(out, "}");
}
