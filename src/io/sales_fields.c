#include "io/sales_fields.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "io/decimal.h"

enum { SHOWN_BYTES_MAX = 60 };
#define MILLION 1000000
#define VALUE_MAX (INT64_C(1000000) * 1000000 * MILLION) /* as in decimal.h */

/* ---- texts */

static struct text trimmed(struct text t)
{
    while (t.size > 0 && t.data[0] == ' ') {
        t.data++;
        t.size--;
    }
    while (t.size > 0 && t.data[t.size - 1] == ' ')
        t.size--;
    return t;
}

static struct text field_at(const struct csv_record *record, size_t index)
{
    return index < record->count ? trimmed(record->fields[index]) : (struct text){"", 0};
}

struct text sales_fields_text(const struct sales_fields *f, const struct csv_record *record, enum sales_column column)
{
    return field_at(record, f->columns.index[column]);
}

bool sales_fields_is_blank(const struct csv_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (trimmed(record->fields[i]).size > 0)
            return false;
    return true;
}

enum status sales_fields_bad(const struct sales_fields *f, uint64_t line, const char *column, struct text value, const char *why,
                             struct error *err)
{
    int shown = (int)(value.size > SHOWN_BYTES_MAX ? SHOWN_BYTES_MAX : value.size);
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": column %s: '%.*s' %s", f->file, line, column, shown, value.data, why);
}

static enum status check_id(const struct sales_fields *f, uint64_t line, const char *column, struct text id, struct error *err)
{
    if (id.size == 0)
        return sales_fields_bad(f, line, column, id, "is empty", err);
    if (id.size > SALES_CSV_ID_BYTES_MAX)
        return sales_fields_bad(f, line, column, id, "is longer than 128 bytes", err);
    if (!utf8_valid(id))
        return sales_fields_bad(f, line, column, text_of("..."), "is not UTF-8 (save the file as UTF-8)", err);
    return STATUS_OK;
}

static enum status read_id(const struct sales_fields *f, const struct csv_record *record, enum sales_column column, struct text *out,
                           struct error *err)
{
    *out = sales_fields_text(f, record, column);
    return check_id(f, record->line, f->columns.name[column], *out, err);
}

/* ---- numbers */

/* Comes up only in files that write both signs, where most numbers tell by themselves. */
static char sign_of(const struct sales_fields *f, struct text number)
{
    if (f->decimal_sign != '\0')
        return f->decimal_sign;
    return sales_signs_of(number) == SIGN_COMMA ? ',' : '.';
}

static enum status not_a_number(const struct sales_fields *f, uint64_t line, const char *column, struct text text, char sign, struct error *err)
{
    const enum sales_sign shown = sales_signs_of(text);
    if (sign == '.' && shown == SIGN_COMMA)
        return sales_fields_bad(f, line, column, text, "is not a number (a decimal comma? write 12.5, or say --map decimal=comma)", err);
    if (sign == ',' && shown == SIGN_POINT)
        return sales_fields_bad(f, line, column, text, "is not a number (the file writes decimal commas; say --map decimal=point if not)", err);
    return sales_fields_bad(f, line, column, text, "is not a number", err);
}

static enum status read_number(const struct sales_fields *f, uint64_t line, const char *column, struct text text, bool *out_has, int64_t *out,
                               struct error *err)
{
    const char sign = sign_of(f, text);
    *out_has = false;
    switch (decimal_millionths(text, sign, out)) {
    case DECIMAL_OK:
        *out_has = true;
        return STATUS_OK;
    case DECIMAL_ABSENT:
        return STATUS_OK;
    case DECIMAL_INVALID:
        return not_a_number(f, line, column, text, sign, err);
    case DECIMAL_TOO_LARGE:
        return sales_fields_bad(f, line, column, text, "is too large", err);
    }
    return STATUS_OK;
}

static enum status read_value(const struct sales_fields *f, const struct csv_record *record, enum sales_column column, bool *out_has,
                              int64_t *out, struct error *err)
{
    *out_has = false;
    if (f->columns.index[column] == COLUMN_NONE)
        return STATUS_OK;
    return read_number(f, record->line, f->columns.name[column], sales_fields_text(f, record, column), out_has, out, err);
}

/* Quantity x price, rounded half away from zero like every number. */
static enum status read_product_of(const struct sales_fields *f, const struct csv_record *record, struct sales_csv_row *out, struct error *err)
{
    int64_t price;
    enum status status = read_value(f, record, COLUMN_PRICE, &out->has_amount, &price, err);
    if (status != STATUS_OK || !out->has_amount || !out->has_quantity) {
        out->has_amount = false;
        return status;
    }
    const __int128 exact = (__int128)out->quantity * price;
    const __int128 amount = (exact + (exact < 0 ? -MILLION / 2 : MILLION / 2)) / MILLION;
    if (amount > VALUE_MAX || amount < -VALUE_MAX)
        return sales_fields_bad(f, record->line, f->columns.name[COLUMN_PRICE], sales_fields_text(f, record, COLUMN_PRICE),
                                "times the quantity is too large", err);
    out->amount = (int64_t)amount;
    return STATUS_OK;
}

static enum status read_values(const struct sales_fields *f, const struct csv_record *record, struct sales_csv_row *out, struct error *err)
{
    enum status status = read_value(f, record, COLUMN_QUANTITY, &out->has_quantity, &out->quantity, err);
    if (status != STATUS_OK)
        return status;
    if (f->columns.is_priced)
        return read_product_of(f, record, out, err);
    return read_value(f, record, COLUMN_AMOUNT, &out->has_amount, &out->amount, err);
}

/* ---- products of several columns */

/* 5, 5.0 and 5.00 are one price. */
static enum status put_price(struct sales_fields *f, uint64_t line, const struct product_part *part, struct text text, struct error *err)
{
    int64_t price;
    bool is_there;
    enum status status = read_number(f, line, part->name, text, &is_there, &price, err);
    if (status != STATUS_OK)
        return status;
    if (!is_there)
        return sales_fields_bad(f, line, part->name, text, "is no price (--product-from needs one in every row)", err);
    const uint64_t size = price < 0 ? 0 - (uint64_t)price : (uint64_t)price;
    char out[40];
    int n = snprintf(out, sizeof out, "%s%" PRIu64 ".%06" PRIu64, price < 0 ? "-" : "", size / MILLION, size % MILLION);
    while (n > 0 && out[n - 1] == '0')
        n--;
    n -= n > 0 && out[n - 1] == '.';
    buffer_put(&f->product, out, (size_t)n);
    return STATUS_OK;
}

/* ':' stands between parts, so it is escaped in them. */
static void put_part(struct buffer *b, struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == ':' || text.data[i] == '%')
            buffer_printf(b, "%%%02X", (unsigned)(unsigned char)text.data[i]);
        else
            buffer_put_u8(b, (uint8_t)text.data[i]);
    }
}

static enum status read_parts(struct sales_fields *f, const struct csv_record *record, struct text *out, struct error *err)
{
    enum status status = STATUS_OK;
    buffer_clear(&f->product);
    for (size_t i = 0; i < f->columns.part_count && status == STATUS_OK; i++) {
        const struct product_part *part = &f->columns.part[i];
        const struct text text = field_at(record, part->index);
        if (i > 0)
            buffer_put_u8(&f->product, ':');
        if (part->is_price)
            status = put_price(f, record->line, part, text, err);
        else if ((status = check_id(f, record->line, part->name, text, err)) == STATUS_OK)
            put_part(&f->product, text);
    }
    if (status == STATUS_OK && f->product.failed)
        status = error_set(err, STATUS_NO_MEMORY, "%s: %s", f->file, status_text(STATUS_NO_MEMORY));
    if (status != STATUS_OK)
        return status;
    *out = (struct text){(const char *)f->product.data, f->product.size};
    return check_id(f, record->line, f->columns.part[0].name, *out, err);
}

/* ---- the record */

static enum status read_ids(struct sales_fields *f, const struct csv_record *record, struct sales_csv_row *out, struct error *err)
{
    const struct sales_columns *c = &f->columns;
    enum status status = STATUS_OK;
    out->store = c->store_name;
    if (out->store.data == NULL)
        status = read_id(f, record, COLUMN_STORE, &out->store, err);
    if (status == STATUS_OK && c->part_count > 0)
        status = read_parts(f, record, &out->product, err);
    else if (status == STATUS_OK && c->index[COLUMN_PRODUCT] != COLUMN_NONE)
        status = read_id(f, record, COLUMN_PRODUCT, &out->product, err);
    if (status == STATUS_OK && c->index[COLUMN_DEPARTMENT] != COLUMN_NONE)
        status = read_id(f, record, COLUMN_DEPARTMENT, &out->department, err);
    return status;
}

enum status sales_fields_read(struct sales_fields *f, const struct csv_record *record, struct sales_csv_row *out, bool *out_has_value,
                              struct error *err)
{
    *out = (struct sales_csv_row){.line = record->line};
    *out_has_value = false;
    if (sales_fields_is_blank(record))
        return STATUS_OK;
    enum status status = read_values(f, record, out, err);
    *out_has_value = out->has_quantity || out->has_amount;
    return status == STATUS_OK ? read_ids(f, record, out, err) : status;
}
