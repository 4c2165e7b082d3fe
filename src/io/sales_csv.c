/* sales_csv.c: two passes over a file: the first checks every row and learns the order of dates, the second gives rows. */
#include "io/sales_csv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/utf8.h"
#include "io/csv.h"
#include "io/decimal.h"
#include "io/sales_columns.h"

struct sales_csv {
    struct csv *csv;
    struct sales_columns columns;
    size_t header_fields;
    struct sales_csv_summary summary;
    struct table totals;       /* totals only: series and date -> index into firsts */
    struct first_total *firsts;
    size_t first_count, first_capacity;
    struct buffer key;         /* scratch */
};

struct first_total { /* where the value of a series and date came first */
    uint64_t line;
    struct sales_csv_row values; /* numbers only */
};

/* ---- one row */

static enum status bad_field(const struct sales_csv *s, uint64_t line, enum sales_column column, struct text value, const char *why,
                             struct error *err)
{
    int shown = (int)(value.size > 60 ? 60 : value.size);
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": column %s: '%.*s' %s", csv_name(s->csv), line, s->columns.name[column], shown,
                     value.data, why);
}

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

/* The column's field; empty in a blank row. */
static struct text field_of(const struct sales_csv *s, const struct csv_record *record, enum sales_column column)
{
    size_t index = s->columns.index[column];
    return index < record->count ? trimmed(record->fields[index]) : (struct text){"", 0};
}

static enum status read_id(const struct sales_csv *s, const struct csv_record *record, enum sales_column column, struct text *out,
                           struct error *err)
{
    struct text id = field_of(s, record, column);
    if (id.size == 0)
        return bad_field(s, record->line, column, id, "is empty", err);
    if (id.size > SALES_CSV_ID_BYTES_MAX)
        return bad_field(s, record->line, column, id, "is longer than 128 bytes", err);
    if (!utf8_valid(id))
        return bad_field(s, record->line, column, text_of("..."), "is not UTF-8 (save the file as UTF-8)", err);
    *out = id;
    return STATUS_OK;
}

static enum status read_value(const struct sales_csv *s, const struct csv_record *record, enum sales_column column, bool *out_has,
                              int64_t *out, struct error *err)
{
    *out_has = false;
    if (s->columns.index[column] == COLUMN_NONE)
        return STATUS_OK;
    struct text text = field_of(s, record, column);
    bool has_point = memchr(text.data, '.', text.size) != NULL;
    bool has_comma = memchr(text.data, ',', text.size) != NULL;
    /* 12,5 has a decimal comma only where commas do not separate fields; 1.643,90 and 1,643.90 tell by their last sign. */
    bool is_comma = csv_separator(s->csv) != ',' && has_comma &&
                    (!has_point || memrchr(text.data, ',', text.size) > memrchr(text.data, '.', text.size));
    switch (decimal_millionths(text, is_comma ? ',' : '.', out)) {
    case DECIMAL_OK:
        *out_has = true;
        return STATUS_OK;
    case DECIMAL_ABSENT:
        return STATUS_OK;
    case DECIMAL_INVALID:
        return bad_field(s, record->line, column, text, "is not a number", err);
    case DECIMAL_TOO_LARGE:
        return bad_field(s, record->line, column, text, "is too large", err);
    }
    return STATUS_OK;
}

static bool is_blank(const struct csv_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (trimmed(record->fields[i]).size > 0)
            return false;
    return true;
}

/* Everything but the date. *out_has_value is false for a row to skip. */
static enum status read_fields(const struct sales_csv *s, const struct csv_record *record, struct sales_csv_row *out,
                               bool *out_has_value, struct error *err)
{
    enum status status;
    *out = (struct sales_csv_row){.line = record->line};
    *out_has_value = false;
    if (is_blank(record))
        return STATUS_OK;
    if ((status = read_value(s, record, COLUMN_QUANTITY, &out->has_quantity, &out->quantity, err)) != STATUS_OK ||
        (status = read_value(s, record, COLUMN_AMOUNT, &out->has_amount, &out->amount, err)) != STATUS_OK)
        return status;
    *out_has_value = out->has_quantity || out->has_amount;
    if ((status = read_id(s, record, COLUMN_STORE, &out->store, err)) != STATUS_OK)
        return status;
    if (s->columns.index[COLUMN_PRODUCT] != COLUMN_NONE)
        status = read_id(s, record, COLUMN_PRODUCT, &out->product, err);
    return status;
}

/* ---- repeated totals */

static bool same_values(const struct sales_csv_row *a, const struct sales_csv_row *b)
{
    return a->has_quantity == b->has_quantity && a->has_amount == b->has_amount && a->quantity == b->quantity && a->amount == b->amount;
}

static enum status conflict(const struct sales_csv *s, const struct sales_csv_row *row, uint64_t first_line, struct error *err)
{
    char date[DATE_TEXT_BYTES];
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": another value for store %.*s on %s than in line %" PRIu64 " (remove one of them)",
                     csv_name(s->csv), row->line, (int)row->store.size, row->store.data, date_format(row->date, date), first_line);
}

static enum status no_memory(const struct sales_csv *s, struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "%s: %s", csv_name(s->csv), status_text(STATUS_NO_MEMORY));
}

/* Remembers the row's series and date, or finds the earlier row; *out_is_repeated: skip it. */
static enum status check_repeated(struct sales_csv *s, const struct sales_csv_row *row, bool *out_is_repeated, struct error *err)
{
    buffer_clear(&s->key);
    buffer_put_text(&s->key, row->store);
    buffer_put_text(&s->key, row->product);
    buffer_put_big32(&s->key, (uint32_t)row->date);
    if (s->key.failed)
        return no_memory(s, err);
    uint32_t index = table_get(&s->totals, buffer_bytes(&s->key));
    if (index != TABLE_NONE) {
        const struct first_total *first = &s->firsts[index];
        *out_is_repeated = first->line != row->line;
        return same_values(&first->values, row) ? STATUS_OK : conflict(s, row, first->line, err);
    }
    if (s->first_count == s->first_capacity) {
        size_t capacity = s->first_capacity > 0 ? 2 * s->first_capacity : 1024;
        struct first_total *firsts = realloc(s->firsts, capacity * sizeof *firsts);
        if (firsts == NULL)
            return no_memory(s, err);
        s->firsts = firsts;
        s->first_capacity = capacity;
    }
    s->firsts[s->first_count] = (struct first_total){row->line, *row};
    *out_is_repeated = false;
    if (table_put(&s->totals, buffer_bytes(&s->key), (uint32_t)s->first_count) != STATUS_OK)
        return no_memory(s, err);
    s->first_count++;
    return STATUS_OK;
}

/* ---- passes */

static enum status read_header(struct sales_csv *s, const struct sales_csv_options *options, struct error *err)
{
    struct csv_record record;
    enum status status = csv_next(s->csv, &record, err);
    if (status == STATUS_NOT_FOUND)
        return error_set(err, STATUS_BAD_DATA, "%s: the file is empty", csv_name(s->csv));
    if (status != STATUS_OK)
        return status;
    s->header_fields = record.count;
    return sales_columns_find(&record, csv_name(s->csv), options->maps, options->map_count, &s->columns, err);
}

/* A row with another number of fields is damaged, or has an unquoted separator in a field. */
static enum status check_width(const struct sales_csv *s, const struct csv_record *record, struct error *err)
{
    if (record->count == s->header_fields || is_blank(record))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": the row has %zu fields, the header %zu (quote fields that hold a separator)",
                     csv_name(s->csv), record->line, record->count, s->header_fields);
}

static enum status find_date_order(struct sales_csv *s, enum date_order wanted, struct error *err)
{
    struct csv_record record;
    struct sales_dates dates = {0};
    enum status status;
    while ((status = csv_next(s->csv, &record, err)) == STATUS_OK) {
        struct text date = field_of(s, &record, COLUMN_DATE);
        if ((status = check_width(s, &record, err)) != STATUS_OK)
            return status;
        if (!is_blank(&record) && !sales_dates_see(&dates, date, record.line))
            return bad_field(s, record.line, COLUMN_DATE, date, "is not a date", err);
    }
    if (status != STATUS_NOT_FOUND)
        return status;
    s->summary.date_order = wanted;
    if (wanted != DATE_ORDER_AUTO)
        return STATUS_OK;
    switch (sales_dates_decide(&dates, &s->summary.date_order)) {
    case DATES_DECIDED:
        return STATUS_OK;
    case DATES_CONFLICT:
        return error_set(err, STATUS_BAD_DATA, "%s: line %" PRIu64 " writes the day first, line %" PRIu64 " the month (write all dates as YYYY-MM-DD)",
                         csv_name(s->csv), dates.day_first_line, dates.month_first_line);
    case DATES_AMBIGUOUS:
        break;
    }
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": column %s: day and month cannot be told apart in this file (say --map dates=dmy or --map dates=mdy)",
                     csv_name(s->csv), dates.either_line, s->columns.name[COLUMN_DATE]);
}

/* The next row of the second or third pass, repetitions skipped. */
static enum status next_row(struct sales_csv *s, struct sales_csv_row *out, uint64_t *out_empty, uint64_t *out_repeated, struct error *err)
{
    struct csv_record record;
    enum status status;
    while ((status = csv_next(s->csv, &record, err)) == STATUS_OK) {
        bool has_value, is_repeated = false;
        status = read_fields(s, &record, out, &has_value, err);
        if (status != STATUS_OK)
            return status;
        if (!has_value) {
            *out_empty += !is_blank(&record);
            continue;
        }
        if (!sales_dates_parse(field_of(s, &record, COLUMN_DATE), s->summary.date_order, &out->date))
            return bad_field(s, record.line, COLUMN_DATE, field_of(s, &record, COLUMN_DATE), "does not exist", err);
        if (s->summary.is_totals)
            status = check_repeated(s, out, &is_repeated, err);
        if (status != STATUS_OK || !is_repeated)
            return status;
        (*out_repeated)++;
    }
    return status;
}

static enum status summarise(struct sales_csv *s, struct error *err)
{
    struct sales_csv_summary *summary = &s->summary;
    struct sales_csv_row row;
    enum status status;
    date_t previous = INT32_MIN;
    summary->is_ordered = true;
    while ((status = next_row(s, &row, &summary->empty_rows, &summary->repeated_rows, err)) == STATUS_OK) {
        if (summary->rows == 0 || row.date < summary->first_date)
            summary->first_date = row.date;
        if (summary->rows == 0 || row.date > summary->last_date)
            summary->last_date = row.date;
        summary->is_ordered = summary->is_ordered && row.date >= previous;
        previous = row.date;
        summary->rows++;
    }
    if (status != STATUS_NOT_FOUND)
        return status;
    if (summary->rows == 0)
        return error_set(err, STATUS_BAD_DATA, "%s: no row has a value", csv_name(s->csv));
    return STATUS_OK;
}

static enum status rewind_to_rows(struct sales_csv *s, struct error *err)
{
    struct csv_record header;
    enum status status = csv_rewind(s->csv, err);
    if (status == STATUS_OK)
        status = csv_next(s->csv, &header, err);
    return status;
}

static enum date_order wanted_order(const struct sales_csv *s, const struct sales_csv_options *options)
{
    return s->columns.date_order != DATE_ORDER_AUTO ? s->columns.date_order : options->date_order;
}

/* Takes ownership of csv, also on failure. */
static enum status open_csv(struct csv *csv, const struct sales_csv_options *options, struct sales_csv **out, struct error *err)
{
    static const struct sales_csv_options none = {0};
    struct sales_csv *s = calloc(1, sizeof *s);
    enum status status;
    if (s == NULL) {
        csv_free(csv);
        return error_set(err, STATUS_NO_MEMORY, "%s", status_text(STATUS_NO_MEMORY));
    }
    options = options != NULL ? options : &none;
    s->csv = csv;
    if ((status = read_header(s, options, err)) != STATUS_OK)
        goto fail;
    s->summary.is_totals = s->columns.is_totals;
    s->summary.has_product = s->columns.index[COLUMN_PRODUCT] != COLUMN_NONE;
    s->summary.has_quantity = s->columns.index[COLUMN_QUANTITY] != COLUMN_NONE;
    s->summary.has_amount = s->columns.index[COLUMN_AMOUNT] != COLUMN_NONE;
    if ((status = find_date_order(s, wanted_order(s, options), err)) != STATUS_OK || (status = rewind_to_rows(s, err)) != STATUS_OK ||
        (status = summarise(s, err)) != STATUS_OK || (status = rewind_to_rows(s, err)) != STATUS_OK)
        goto fail;
    *out = s;
    return STATUS_OK;
fail:
    sales_csv_free(s);
    return status;
}

enum status sales_csv_open(const char *path, const struct sales_csv_options *options, struct sales_csv **out, struct error *err)
{
    struct csv *csv;
    enum status status = csv_open(path, &csv, err);
    return status == STATUS_OK ? open_csv(csv, options, out, err) : status;
}

enum status sales_csv_open_bytes(struct bytes data, const char *name, const struct sales_csv_options *options, struct sales_csv **out,
                                 struct error *err)
{
    struct csv *csv;
    enum status status = csv_open_bytes(data, name, &csv, err);
    return status == STATUS_OK ? open_csv(csv, options, out, err) : status;
}

void sales_csv_free(struct sales_csv *s)
{
    if (s == NULL)
        return;
    csv_free(s->csv);
    table_done(&s->totals);
    free(s->firsts);
    buffer_done(&s->key);
    free(s);
}

const struct sales_csv_summary *sales_csv_summary(const struct sales_csv *s)
{
    return &s->summary;
}

enum status sales_csv_next(struct sales_csv *s, struct sales_csv_row *out, struct error *err)
{
    uint64_t empty = 0, repeated = 0;
    return next_row(s, out, &empty, &repeated, err);
}
