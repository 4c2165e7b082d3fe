#include "app/feed_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

struct period_grid feed_file_grid(const struct sales_table *sales, const struct period_grid *configured)
{
    struct period_grid grid = *configured;
    if (sales->summary.is_totals && grid.unit == PERIOD_WEEK && sales->count > 0)
        grid.week_end = (uint8_t)date_weekday(sales->rows[0].date);
    return grid;
}

static enum status check_labels(const struct feed_file *f, const char *path, struct error *err)
{
    for (size_t i = 0; i < f->sales->count; i++) {
        const struct sales_csv_row *row = &f->sales->rows[i];
        if (period_last_day(&f->grid, period_of(&f->grid, row->date)) == row->date)
            continue;
        char date[DATE_TEXT_BYTES];
        return error_set(err, STATUS_BAD_DATA,
                         "%s:%llu: %s is a %s, but periods (%s) of this file end on other days (a file of totals is dated on the last days of its periods)",
                         path, (unsigned long long)row->line, date_format(row->date, date), weekday_name(date_weekday(row->date)),
                         period_unit_name(f->grid.unit));
    }
    return STATUS_OK;
}

/* ---- order */

struct last_totals { /* the period of each series' last total */
    struct table index;
    period_t *period;
    size_t count, capacity;
    struct buffer key;
};

/* Where the series' last period stands; NULL when memory ran out. A new series stands at PERIOD_NONE. */
static period_t *last_total_of(struct last_totals *l, const struct sales_csv_row *row)
{
    buffer_clear(&l->key);
    buffer_put_text(&l->key, row->store);
    buffer_put_text(&l->key, row->product);
    if (l->key.failed)
        return NULL;
    const uint32_t known = table_get(&l->index, buffer_bytes(&l->key));
    if (known != TABLE_NONE)
        return &l->period[known];
    if (l->count == l->capacity) {
        const size_t capacity = l->capacity ? 2 * l->capacity : 64;
        period_t *period = realloc(l->period, capacity * sizeof *period);
        if (!period)
            return NULL;
        l->period = period;
        l->capacity = capacity;
    }
    if (table_put(&l->index, buffer_bytes(&l->key), (uint32_t)l->count) != STATUS_OK)
        return NULL;
    l->period[l->count] = PERIOD_NONE;
    return &l->period[l->count++];
}

/* Rows begin..end - 1 are of one date: those of series that had no total a period before go out first. */
static enum status order_date(struct feed_file *f, struct last_totals *l, size_t begin, size_t end, uint32_t *later)
{
    size_t first = begin, waiting = 0;
    for (size_t i = begin; i < end; i++) {
        const struct sales_csv_row *row = &f->sales->rows[i];
        const period_t period = period_of(&f->grid, row->date);
        period_t *last = last_total_of(l, row);
        if (!last)
            return STATUS_NO_MEMORY;
        const bool goes_on = *last != PERIOD_NONE && *last == period - 1;
        *last = period;
        if (goes_on)
            later[waiting++] = (uint32_t)i;
        else
            f->order[first++] = (uint32_t)i;
    }
    for (size_t k = 0; k < waiting; k++)
        f->order[first++] = later[k];
    return STATUS_OK;
}

/* A period closes once every series that had a total before has one again; the total of a new series after that would be a
 * correction. The file knows them all, so the close should. */
static enum status order_totals(struct feed_file *f)
{
    const size_t n = f->sales->count;
    if (n >= UINT32_MAX)
        return STATUS_NO_MEMORY;
    struct last_totals l = {0};
    uint32_t *later = malloc((n + 1) * sizeof *later);
    f->order = malloc((n + 1) * sizeof *f->order);
    enum status status = later && f->order ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t begin = 0, end; !status && begin < n; begin = end) {
        for (end = begin + 1; end < n && f->sales->rows[end].date == f->sales->rows[begin].date; end++)
            continue;
        status = order_date(f, &l, begin, end, later);
    }
    table_done(&l.index);
    free(l.period);
    buffer_done(&l.key);
    free(later);
    return status;
}

/* ---- life */

enum status feed_file_init(struct feed_file *f, const struct sales_table *sales, const char *path, const struct period_grid *grid,
                           struct error *err)
{
    const char *slash = strrchr(path, '/');
    *f = (struct feed_file){.sales = sales, .name = slash ? slash + 1 : path, .grid = *grid};
    if (!sales->summary.is_totals)
        return STATUS_OK;
    const enum status status = check_labels(f, path, err);
    if (status)
        return status;
    return order_totals(f) ? error_set(err, STATUS_NO_MEMORY, "%s: %s", path, status_text(STATUS_NO_MEMORY)) : STATUS_OK;
}

void feed_file_done(struct feed_file *f)
{
    table_done(&f->stores);
    free(f->sequence);
    free(f->order);
}

size_t feed_file_count(const struct feed_file *f) { return f->sales->count; }
date_t feed_file_last_date(const struct feed_file *f) { return f->sales->count ? f->sales->rows[f->sales->count - 1].date : 0; }

/* The store's counter; NULL when memory ran out. */
static int64_t *counter_of(struct feed_file *f, struct text store)
{
    const struct bytes key = {(const uint8_t *)store.data, store.size};
    const uint32_t known = table_get(&f->stores, key);
    if (known != TABLE_NONE)
        return &f->sequence[known];
    if (f->store_count == f->store_capacity) {
        const size_t capacity = f->store_capacity ? 2 * f->store_capacity : 64;
        int64_t *sequence = realloc(f->sequence, capacity * sizeof *sequence);
        if (!sequence)
            return NULL;
        f->sequence = sequence;
        f->store_capacity = capacity;
    }
    if (table_put(&f->stores, key, (uint32_t)f->store_count) != STATUS_OK)
        return NULL;
    f->sequence[f->store_count] = 0;
    return &f->sequence[f->store_count++];
}

#define PART_BYTES 41 /* two of them, a counter or a date and what joins them fit into an id */

/* An id as it is, or its hash when it is too long to be a part of another id. */
static const char *part_of(struct text id, char out[PART_BYTES])
{
    if (id.size < PART_BYTES)
        snprintf(out, PART_BYTES, "%.*s", (int)id.size, id.data ? id.data : "");
    else
        snprintf(out, PART_BYTES, "%016" PRIx64, hash_sip(id.data, id.size));
    return out;
}

static void total_of(struct feed_file *f, const struct sales_csv_row *row, const struct measures *sold, struct sales_update *out)
{
    char date[DATE_TEXT_BYTES], store[PART_BYTES], product[PART_BYTES];
    snprintf(f->event_id, sizeof f->event_id, "total/%s/%s/%s", part_of(row->store, store), part_of(row->product, product),
             date_format(row->date, date));
    out->kind = BODY_TOTAL;
    out->body.total.gross = *sold;
    out->issued_at_ms = date_ms(row->date + 1);
}

static enum status sale_of(struct feed_file *f, const struct sales_csv_row *row, const struct measures *sold, struct sales_update *out)
{
    int64_t *counter = counter_of(f, row->store);
    if (!counter)
        return STATUS_NO_MEMORY;
    char store[PART_BYTES], file[PART_BYTES];
    part_of(row->store, store);
    part_of(text_of(f->name), file);
    snprintf(f->source, sizeof f->source, "%s/%s", file, store);
    snprintf(f->event_id, sizeof f->event_id, "%s/%s/%lld", file, store, (long long)++*counter);
    out->kind = BODY_SALE;
    out->body.sale.sold = *sold;
    out->source = text_of(f->source);
    out->has_sequence = true;
    out->sequence = *counter;
    out->issued_at_ms = date_ms(row->date + 1);
    return STATUS_OK;
}

bool feed_file_next(struct feed_file *f, struct sales_update *out, enum status *out_status)
{
    *out_status = STATUS_OK;
    if (f->at == f->sales->count)
        return false;
    const struct sales_csv_row *row = &f->sales->rows[f->order ? f->order[f->at] : f->at];
    f->at++;
    const struct measures sold = {.quantity = row->quantity, .amount = row->amount, .has_quantity = row->has_quantity,
                                  .has_amount = row->has_amount};
    *out = (struct sales_update){.store = row->store, .product = row->product, .business_date = row->date};
    if (f->sales->summary.is_totals)
        total_of(f, row, &sold, out);
    else
        *out_status = sale_of(f, row, &sold, out);
    out->event_id = text_of(f->event_id);
    return *out_status == STATUS_OK;
}
