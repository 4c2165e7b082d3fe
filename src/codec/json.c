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
    buffer_printf(out, "%s%llu%s%.*s", value < 0 ? "-" : "", (unsigned long long)(size / (uint64_t)MILLIONTHS), digits > 0 ? "." : "",
                  (int)digits, fraction);
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

/* Writes one value: `at` is where it is in the struct at base, or in an array. */
typedef void (*value_printer)(const struct field *field, const char *at, const char *base, struct buffer *out);

static void print_text(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    struct text text;
    (void)field, (void)base;
    memcpy(&text, at, sizeof text);
    json_text(text, out);
}

static void print_bool(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    (void)field, (void)base;
    put(out, *at != 0 ? "true" : "false");
}

static void print_choice(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    (void)base;
    buffer_printf(out, "\"%s\"", field->symbols->names[*at != 0 ? 0 : 1]);
}

static void print_narrow(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    int32_t value;
    char date[DATE_TEXT_BYTES];
    (void)base;
    memcpy(&value, at, sizeof value);
    if (field->kind == FIELD_DATE)
        buffer_printf(out, "\"%s\"", date_format(value, date));
    else
        buffer_printf(out, "%d", value);
}

static void print_wide(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    int64_t value;
    (void)base;
    memcpy(&value, at, sizeof value);
    if (field->kind == FIELD_INSTANT)
        put_instant(value, out);
    else if (field->kind == FIELD_MILLIONTHS)
        put_millionths(value, out);
    else
        buffer_printf(out, "%lld", (long long)value);
}

static void print_number(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    double value;
    (void)field, (void)base;
    memcpy(&value, at, sizeof value);
    json_number(value, out);
}

static void print_symbol(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    unsigned symbol;
    (void)base;
    memcpy(&symbol, at, sizeof symbol);
    assert(symbol < field->symbols->count);
    buffer_printf(out, "\"%s\"", field->symbols->names[symbol]);
}

static void print_entry(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    struct named_value entry;
    (void)field, (void)base;
    memcpy(&entry, at, sizeof entry);
    json_text(entry.name, out);
    put(out, ":");
    json_number(entry.value, out);
}

static void print_item_record(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    (void)base;
    json_record(field->records, at, out);
}

static void print_items(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    const value_printer print_item = field->kind == FIELD_TEXTS     ? print_text
                                     : field->kind == FIELD_NUMBERS ? print_number
                                     : field->kind == FIELD_MAP     ? print_entry
                                                                    : print_item_record;
    const char *items;
    size_t count, size = field_item_size(field);
    memcpy(&items, at, sizeof items);
    memcpy(&count, base + field->count_at, sizeof count);
    put(out, field->kind == FIELD_MAP ? "{" : "[");
    for (size_t i = 0; i < count; i++) {
        put(out, i > 0 ? "," : "");
        print_item(field, items + i * size, items, out);
    }
    put(out, field->kind == FIELD_MAP ? "}" : "]");
}

static void print_body(const struct field *field, const char *at, const char *base, struct buffer *out)
{
    unsigned kind;
    memcpy(&kind, at, sizeof kind);
    assert(kind < field->record_count);
    buffer_printf(out, "{\"%s\":", field->records[kind].name);
    json_record(&field->records[kind], base + field->body_at, out);
    put(out, "}");
}

static const value_printer printers[] = {
    [FIELD_TEXT] = print_text,   [FIELD_BOOL] = print_bool,     [FIELD_INT] = print_narrow,    [FIELD_LONG] = print_wide,
    [FIELD_DATE] = print_narrow, [FIELD_INSTANT] = print_wide,  [FIELD_DOUBLE] = print_number, [FIELD_MILLIONTHS] = print_wide,
    [FIELD_ENUM] = print_symbol, [FIELD_CHOICE] = print_choice, [FIELD_TEXTS] = print_items,   [FIELD_NUMBERS] = print_items,
    [FIELD_MAP] = print_items,   [FIELD_RECORDS] = print_items, [FIELD_BODY] = print_body,
};

void json_record(const struct record_table *table, const void *from, struct buffer *out)
{
    const char *separator = "";
    put(out, "{");
    for (size_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        if (write_is_absent(field, from))
            continue;
        buffer_printf(out, "%s\"%s\":", separator, field->name);
        printers[field->kind](field, (const char *)from + field->at, from, out);
        separator = ",";
    }
    put(out, "}");
}
