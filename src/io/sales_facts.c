#include "io/sales_facts.h"

#include <inttypes.h>

#include "base/table.h"
#include "base/utf8.h"
#include "io/csv.h"
#include "io/decimal.h"
#include "io/sales_names.h"

struct facts_file {
    struct csv *csv;
    enum sales_facts_kind kind;
    size_t fields, store_at, date_at;
    enum date_order date_order;
    struct table keys;   /* store, or store and date -> line, cut to 32 bits */
    struct table stores;
    struct buffer key, names; /* scratch; names of columns behind each other */
    struct sales_facts facts;
};

/* ---- one record */

static struct text field_of(const struct csv_record *record, size_t index)
{
    struct text t = index < record->count ? record->fields[index] : (struct text){"", 0};
    while (t.size > 0 && t.data[0] == ' ') {
        t.data++;
        t.size--;
    }
    while (t.size > 0 && t.data[t.size - 1] == ' ')
        t.size--;
    return t;
}

static bool is_blank(const struct csv_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (field_of(record, i).size > 0)
            return false;
    return true;
}

/* names has a 16-bit length before each name, as buffer_put_text writes it. */
static struct text column_name(const struct facts_file *f, size_t index)
{
    struct reader r = reader_of(buffer_bytes(&f->names));
    struct text name = {"", 0};
    for (size_t i = 0; i <= index; i++)
        name = reader_text(&r);
    return name;
}

static enum status bad_field(const struct facts_file *f, const struct csv_record *record, size_t index, const char *why, struct error *err)
{
    const struct text name = column_name(f, index), value = field_of(record, index);
    const bool is_text = utf8_valid(value);
    return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": column %.*s: '%.*s' %s", csv_name(f->csv), record->line,
                     (int)(name.size > 60 ? 60 : name.size), name.data, is_text ? (int)(value.size > 60 ? 60 : value.size) : 3,
                     is_text ? value.data : "...", why);
}

static bool is_flag(struct text t)
{
    static const char *const words[] = {"TRUE", "FALSE", "true", "false", "True", "False"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (text_equal(t, text_of(words[i])))
            return true;
    return false;
}

static enum status check_value(const struct facts_file *f, const struct csv_record *record, size_t index, struct error *err)
{
    const struct text t = field_of(record, index);
    int64_t ignored;
    if (f->kind == FACTS_STORES)
        return utf8_valid(t) ? STATUS_OK : bad_field(f, record, index, "is not UTF-8 (save the file as UTF-8)", err);
    switch (is_flag(t) ? DECIMAL_OK : decimal_millionths(t, '.', &ignored)) {
    case DECIMAL_OK:
    case DECIMAL_ABSENT:
        return STATUS_OK;
    case DECIMAL_INVALID:
        return bad_field(f, record, index, "is neither a number nor NA, TRUE or FALSE", err);
    case DECIMAL_TOO_LARGE:
        return bad_field(f, record, index, "is too large", err);
    }
    return STATUS_OK;
}

static enum status check_store(const struct facts_file *f, const struct csv_record *record, struct error *err)
{
    const struct text store = field_of(record, f->store_at);
    if (store.size == 0 || store.size > SALES_CSV_ID_BYTES_MAX)
        return bad_field(f, record, f->store_at, "is empty or longer than 128 bytes", err);
    return utf8_valid(store) ? STATUS_OK : bad_field(f, record, f->store_at, "is not UTF-8 (save the file as UTF-8)", err);
}

/* ---- what was there */

static void set_key(struct facts_file *f, struct text store, date_t date)
{
    buffer_clear(&f->key);
    buffer_put_text(&f->key, store);
    if (f->kind == FACTS_FEATURES)
        buffer_put_big32(&f->key, (uint32_t)date);
}

static enum status no_memory(const struct facts_file *f, struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, "%s: %s", csv_name(f->csv), status_text(STATUS_NO_MEMORY));
}

static enum status remember(struct facts_file *f, const struct csv_record *record, date_t date, struct error *err)
{
    const struct text store = field_of(record, f->store_at);
    const struct bytes name = {(const uint8_t *)store.data, store.size};
    set_key(f, store, date);
    if (f->key.failed)
        return no_memory(f, err);
    if (table_get(&f->keys, buffer_bytes(&f->key)) != TABLE_NONE)
        return bad_field(f, record, f->store_at, f->kind == FACTS_FEATURES ? "comes twice with this date (remove one)" : "comes twice (remove one)", err);
    if (table_get(&f->stores, name) == TABLE_NONE) {
        if (table_put(&f->stores, name, 1) != STATUS_OK)
            return no_memory(f, err);
        f->facts.stores++;
    }
    return table_put(&f->keys, buffer_bytes(&f->key), 1) == STATUS_OK ? STATUS_OK : no_memory(f, err);
}

static enum status check_row(struct facts_file *f, const struct csv_record *record, struct error *err)
{
    date_t date = 0;
    if (record->count != f->fields)
        return error_set(err, STATUS_BAD_DATA, "%s:%" PRIu64 ": the row has %zu fields, the header %zu", csv_name(f->csv), record->line, record->count,
                         f->fields);
    enum status status = check_store(f, record, err);
    if (status == STATUS_OK && f->kind == FACTS_FEATURES && !sales_dates_parse(field_of(record, f->date_at), f->date_order, &date))
        status = bad_field(f, record, f->date_at, "is not a date", err);
    for (size_t i = 0; i < f->fields && status == STATUS_OK; i++)
        if (i != f->store_at && i != f->date_at)
            status = check_value(f, record, i, err);
    if (status != STATUS_OK)
        return status;
    if (f->facts.rows == 0 || date < f->facts.first_date)
        f->facts.first_date = date;
    if (f->facts.rows == 0 || date > f->facts.last_date)
        f->facts.last_date = date;
    f->facts.rows++;
    return remember(f, record, date, err);
}

/* ---- passes */

static size_t find_role(const struct csv_record *header, enum sales_column role)
{
    const char *name;
    for (size_t i = 0; (name = sales_names_synonym(role, i)) != NULL; i++) {
        const size_t index = sales_names_find(header, text_of(name), 0);
        if (index != COLUMN_NONE)
            return index;
    }
    return COLUMN_NONE;
}

static enum status read_header(struct facts_file *f, struct error *err)
{
    struct csv_record header;
    enum status status = csv_next(f->csv, &header, err);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? error_set(err, STATUS_BAD_DATA, "%s: the file is empty", csv_name(f->csv)) : status;
    buffer_clear(&f->names);
    for (size_t i = 0; i < header.count; i++)
        buffer_put_text(&f->names, (struct text){header.fields[i].data, header.fields[i].size < 1000 ? header.fields[i].size : 1000});
    if (f->names.failed)
        return no_memory(f, err);
    f->fields = header.count;
    f->store_at = find_role(&header, COLUMN_STORE);
    f->date_at = f->kind == FACTS_FEATURES ? find_role(&header, COLUMN_DATE) : COLUMN_NONE;
    if (f->store_at == COLUMN_NONE || (f->kind == FACTS_FEATURES && f->date_at == COLUMN_NONE))
        return error_set(err, STATUS_BAD_DATA, "%s:1: no column for the %s (name it Store%s)", csv_name(f->csv),
                         f->store_at == COLUMN_NONE ? "store" : "date", f->kind == FACTS_FEATURES ? " and Date" : "");
    f->facts.columns = f->fields - 1 - (f->date_at != COLUMN_NONE);
    return STATUS_OK;
}

static enum status learn_dates(struct facts_file *f, struct error *err)
{
    struct csv_record record;
    struct sales_dates dates = {0};
    enum status status;
    while ((status = csv_next(f->csv, &record, err)) == STATUS_OK)
        if (!is_blank(&record) && !sales_dates_see(&dates, field_of(&record, f->date_at), record.line))
            return bad_field(f, &record, f->date_at, "is not a date", err);
    if (status != STATUS_NOT_FOUND)
        return status;
    if (sales_dates_decide(&dates, &f->date_order) != DATES_DECIDED)
        return error_set(err, STATUS_BAD_DATA, "%s: day and month cannot be told apart in its dates (write them as YYYY-MM-DD)", csv_name(f->csv));
    status = csv_rewind(f->csv, err);
    return status == STATUS_OK ? read_header(f, err) : status;
}

static enum status read_rows(struct facts_file *f, struct error *err)
{
    struct csv_record record;
    enum status status;
    while ((status = csv_next(f->csv, &record, err)) == STATUS_OK)
        if (!is_blank(&record) && (status = check_row(f, &record, err)) != STATUS_OK)
            return status;
    if (status != STATUS_NOT_FOUND)
        return status;
    return f->facts.rows > 0 ? STATUS_OK : error_set(err, STATUS_BAD_DATA, "%s: it has a header only", csv_name(f->csv));
}

static enum status compare_with_sales(struct facts_file *f, const struct sales_table *sales, struct error *err)
{
    struct table seen = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sales->count && status == STATUS_OK; i++) {
        set_key(f, sales->rows[i].store, sales->rows[i].date);
        if (f->key.failed)
            status = no_memory(f, err);
        else if (table_get(&seen, buffer_bytes(&f->key)) == TABLE_NONE) {
            f->facts.needed++;
            f->facts.found += table_get(&f->keys, buffer_bytes(&f->key)) != TABLE_NONE;
            status = table_put(&seen, buffer_bytes(&f->key), 1) == STATUS_OK ? STATUS_OK : no_memory(f, err);
        }
    }
    table_done(&seen);
    return status;
}

/* Takes ownership of csv. */
static enum status read_csv(struct csv *csv, enum sales_facts_kind kind, const struct sales_table *sales, struct sales_facts *out,
                            struct error *err)
{
    struct facts_file f = {.csv = csv, .kind = kind, .date_order = DATE_ORDER_DMY};
    enum status status = read_header(&f, err);
    if (status == STATUS_OK && kind == FACTS_FEATURES)
        status = learn_dates(&f, err);
    if (status == STATUS_OK)
        status = read_rows(&f, err);
    if (status == STATUS_OK)
        status = compare_with_sales(&f, sales, err);
    if (status == STATUS_OK)
        *out = f.facts;
    csv_free(csv);
    table_done(&f.keys);
    table_done(&f.stores);
    buffer_done(&f.key);
    buffer_done(&f.names);
    return status;
}

enum status sales_facts_read(const char *path, enum sales_facts_kind kind, const struct sales_table *sales, struct sales_facts *out,
                             struct error *err)
{
    struct csv *csv;
    enum status status = csv_open(path, &csv, err);
    return status == STATUS_OK ? read_csv(csv, kind, sales, out, err) : status;
}

enum status sales_facts_read_bytes(struct bytes data, const char *name, enum sales_facts_kind kind, const struct sales_table *sales,
                                   struct sales_facts *out, struct error *err)
{
    struct csv *csv;
    enum status status = csv_open_bytes(data, name, &csv, err);
    return status == STATUS_OK ? read_csv(csv, kind, sales, out, err) : status;
}
