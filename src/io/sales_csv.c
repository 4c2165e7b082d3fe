/* sales_csv.c: three passes over a file: the first learns how it writes dates and numbers, the second checks every row, the third gives rows. */
#include "io/sales_csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "base/utf8.h"
#include "io/csv.h"
#include "io/sales_fields.h"

struct sales_csv {
    struct csv *csv;
    struct sales_fields fields;
    char *store_name; /* a copy: options need not outlive the open */
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

/* ---- repeated totals */

static bool same_values(const struct sales_csv_row *a, const struct sales_csv_row *b)
{
    return a->has_quantity == b->has_quantity && a->has_amount == b->has_amount && a->quantity == b->quantity && a->amount == b->amount;
}

static enum status conflict(const struct sales_csv *s, const struct sales_csv_row *row, uint64_t first_line, struct error *err)
{
    char date[DATE_TEXT_BYTES];
    const bool has_product = row->product.data != NULL;
    return error_set(err, STATUS_BAD_DATA,
                     "%s:%" PRIu64 ": column %s: another value for store %.*s%s%.*s on %s than in line %" PRIu64 " (remove one of them)",
                     csv_name(s->csv), row->line, s->fields.columns.name[row->has_amount ? COLUMN_AMOUNT : COLUMN_QUANTITY],
                     (int)row->store.size, row->store.data, has_product ? " product " : "", has_product ? (int)row->product.size : 0,
                     has_product ? row->product.data : "", date_format(row->date, date), first_line);
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
    return sales_columns_find(&record, csv_name(s->csv), options, &s->fields.columns, err);
}

/* A row with another number of fields is damaged, or has an unquoted separator in a field. */
static enum status check_width(const struct sales_csv *s, const struct csv_record *record, struct error *err)
{
    if (record->count == s->header_fields || sales_fields_is_blank(record))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": the row has %zu fields, the header %zu (quote fields that hold a separator)",
                     csv_name(s->csv), record->line, record->count, s->header_fields);
}

static enum status decide_dates(struct sales_csv *s, const struct sales_dates *dates, enum date_order wanted, struct error *err)
{
    const char *name = s->fields.columns.name[COLUMN_DATE];
    s->summary.date_order = wanted;
    if (wanted != DATE_ORDER_AUTO)
        return STATUS_OK;
    switch (sales_dates_decide(dates, &s->summary.date_order)) {
    case DATES_DECIDED:
        return STATUS_OK;
    case DATES_CONFLICT:
        return error_set(err, STATUS_BAD_DATA,
                         "%s:%" PRIu64 ": column %s: line %" PRIu64 " writes the day first, line %" PRIu64 " the month (write all dates as YYYY-MM-DD)",
                         csv_name(s->csv), dates->day_first_line > dates->month_first_line ? dates->day_first_line : dates->month_first_line, name,
                         dates->day_first_line, dates->month_first_line);
    case DATES_AMBIGUOUS:
        break;
    }
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": column %s: day and month cannot be told apart in this file (say --map dates=dmy or --map dates=mdy)",
                     csv_name(s->csv), dates->either_line, name);
}

static enum status decide_signs(struct sales_csv *s, struct error *err)
{
    struct sales_fields *f = &s->fields;
    f->decimal_sign = f->columns.decimal_sign != '\0' ? f->columns.decimal_sign : '.';
    if (f->columns.decimal_sign != '\0' || csv_separator(s->csv) == ',')
        return STATUS_OK;
    if (sales_signs_decide(&f->signs, &f->decimal_sign))
        return STATUS_OK;
    return error_set(err, STATUS_BAD_DATA,
                     "%s:%" PRIu64 ": column %s: whether the sign in a number like 1.234 is a decimal sign or stands between thousands cannot be told in this "
                     "file (say --map decimal=point or --map decimal=comma)",
                     csv_name(s->csv), f->signs.either_line, f->columns.name[s->summary.has_amount ? COLUMN_AMOUNT : COLUMN_QUANTITY]);
}

static void see_signs(struct sales_fields *f, const struct csv_record *record)
{
    static const enum sales_column numbers[] = {COLUMN_QUANTITY, COLUMN_AMOUNT, COLUMN_PRICE};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sales_signs_see(&f->signs, sales_fields_text(f, record, numbers[i]), record->line);
}

/* The first pass: how the file writes dates and numbers. */
static enum status learn_manners(struct sales_csv *s, enum date_order wanted, struct error *err)
{
    struct csv_record record;
    struct sales_dates dates = {0};
    enum status status;
    while ((status = csv_next(s->csv, &record, err)) == STATUS_OK) {
        struct text date = sales_fields_text(&s->fields, &record, COLUMN_DATE);
        if ((status = check_width(s, &record, err)) != STATUS_OK)
            return status;
        if (!sales_fields_is_blank(&record) && !sales_dates_see(&dates, date, record.line))
            return sales_fields_bad(&s->fields, record.line, s->fields.columns.name[COLUMN_DATE], date, "is not a date", err);
        if (csv_separator(s->csv) != ',')
            see_signs(&s->fields, &record);
    }
    if (status != STATUS_NOT_FOUND)
        return status;
    status = decide_dates(s, &dates, wanted, err);
    return status == STATUS_OK ? decide_signs(s, err) : status;
}

/* The next row of the second or third pass, repetitions skipped. */
static enum status next_row(struct sales_csv *s, struct sales_csv_row *out, uint64_t *out_empty, uint64_t *out_repeated, struct error *err)
{
    struct csv_record record;
    enum status status;
    while ((status = csv_next(s->csv, &record, err)) == STATUS_OK) {
        bool has_value, is_repeated = false;
        status = sales_fields_read(&s->fields, &record, out, &has_value, err);
        if (status != STATUS_OK)
            return status;
        if (!has_value) {
            *out_empty += !sales_fields_is_blank(&record);
            continue;
        }
        const struct text date = sales_fields_text(&s->fields, &record, COLUMN_DATE);
        if (!sales_dates_parse(date, s->summary.date_order, &out->date))
            return sales_fields_bad(&s->fields, record.line, s->fields.columns.name[COLUMN_DATE], date, "does not exist", err);
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
    return s->fields.columns.date_order != DATE_ORDER_AUTO ? s->fields.columns.date_order : options->date_order;
}

static enum status keep_store_name(struct sales_csv *s, struct error *err)
{
    struct text *name = &s->fields.columns.store_name;
    if (name->data == NULL)
        return STATUS_OK;
    if (!utf8_valid(*name))
        return error_set(err, STATUS_BAD_USAGE, "--store-name: it is not UTF-8");
    s->store_name = strndup(name->data, name->size);
    if (s->store_name == NULL)
        return no_memory(s, err);
    name->data = s->store_name;
    return STATUS_OK;
}

static void describe(const struct sales_columns *c, struct sales_csv_summary *out)
{
    out->is_totals = c->is_totals;
    out->has_product = c->index[COLUMN_PRODUCT] != COLUMN_NONE || c->part_count > 0;
    out->has_department = c->index[COLUMN_DEPARTMENT] != COLUMN_NONE;
    out->has_quantity = c->index[COLUMN_QUANTITY] != COLUMN_NONE;
    out->has_amount = c->index[COLUMN_AMOUNT] != COLUMN_NONE || c->is_priced;
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
    s->fields.file = csv_name(csv);
    if ((status = read_header(s, options, err)) != STATUS_OK || (status = keep_store_name(s, err)) != STATUS_OK)
        goto fail;
    describe(&s->fields.columns, &s->summary);
    if ((status = learn_manners(s, wanted_order(s, options), err)) != STATUS_OK || (status = rewind_to_rows(s, err)) != STATUS_OK ||
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
    buffer_done(&s->fields.product);
    free(s->store_name);
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
