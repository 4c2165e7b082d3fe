/* sales_table.c: a whole file of sales in memory, in order of date. */
#include <stdlib.h>

#include "base/table.h"
#include "io/sales_csv.h"

/* Ids repeat row after row, so each is kept once. */
struct names {
    struct table index;
    struct text *texts;
    size_t count, capacity;
};

static enum status intern(struct names *n, struct arena *arena, struct text *id)
{
    if (id->data == NULL)
        return STATUS_OK;
    struct bytes key = {(const uint8_t *)id->data, id->size};
    uint32_t index = table_get(&n->index, key);
    if (index == TABLE_NONE) {
        if (n->count == n->capacity) {
            size_t capacity = n->capacity > 0 ? 2 * n->capacity : 64;
            struct text *texts = realloc(n->texts, capacity * sizeof *texts);
            if (texts == NULL)
                return STATUS_NO_MEMORY;
            n->texts = texts;
            n->capacity = capacity;
        }
        struct text copy = arena_text(arena, *id);
        if (copy.data == NULL || table_put(&n->index, key, (uint32_t)n->count) != STATUS_OK)
            return STATUS_NO_MEMORY;
        index = (uint32_t)n->count;
        n->texts[n->count++] = copy;
    }
    *id = n->texts[index];
    return STATUS_OK;
}

static int by_date_then_line(const void *left, const void *right)
{
    const struct sales_csv_row *a = left, *b = right;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

static enum status read_rows(struct sales_csv *csv, struct names *names, struct sales_table *t, struct error *err)
{
    enum status status;
    while (t->count < t->summary.rows && (status = sales_csv_next(csv, &t->rows[t->count], err)) == STATUS_OK) {
        struct sales_csv_row *row = &t->rows[t->count];
        status = intern(names, &t->arena, &row->store);
        if (status == STATUS_OK)
            status = intern(names, &t->arena, &row->product);
        if (status == STATUS_OK)
            status = intern(names, &t->arena, &row->department);
        if (status != STATUS_OK)
            return error_set(err, status, "%s", status_text(status));
        t->count++;
    }
    if (t->count < t->summary.rows)
        return error_set(err, STATUS_IO, "the file changed while it was read");
    if (!t->summary.is_ordered)
        qsort(t->rows, t->count, sizeof *t->rows, by_date_then_line);
    return STATUS_OK;
}

enum status sales_table_read(const char *path, const struct sales_csv_options *options, struct sales_table *out, struct error *err)
{
    struct sales_csv *csv = NULL;
    struct names names = {0};
    *out = (struct sales_table){0};
    enum status status = sales_csv_open(path, options, &csv, err);
    if (status != STATUS_OK)
        return status;
    out->summary = *sales_csv_summary(csv);
    out->rows = calloc(out->summary.rows, sizeof *out->rows);
    if (out->rows == NULL)
        status = error_set(err, STATUS_NO_MEMORY, "%s: %s", path, status_text(STATUS_NO_MEMORY));
    else
        status = read_rows(csv, &names, out, err);
    sales_csv_free(csv);
    table_done(&names.index);
    free(names.texts);
    if (status != STATUS_OK)
        sales_table_done(out);
    return status;
}

void sales_table_done(struct sales_table *t)
{
    free(t->rows);
    arena_done(&t->arena);
    *t = (struct sales_table){0};
}
