#include "app/panel.h"

#include <stdlib.h>
#include <string.h>

#include "app/feed_file.h"
#include "base/maths.h"
#include "engine/effects.h"
#include "engine/message.h"

#define CELLS_MAX ((size_t)1 << 28)

/* ------------------------------------------------------------------------------------------ columns */

struct columns { /* in order of (store, product) */
    struct panel *panel;
    enum panel_level level;
};

static int compare_ids(struct text store_a, struct text product_a, struct text store_b, struct text product_b)
{
    const int order = text_compare(store_a, store_b);
    return order ? order : text_compare(product_a, product_b);
}

static struct text product_of(const struct columns *c, const struct sales_csv_row *row)
{
    switch (c->level) {
    case PANEL_STORE:
        break;
    case PANEL_DEPARTMENT:
        return row->department;
    case PANEL_PRODUCT:
        return row->product;
    }
    return (struct text){0};
}

static int by_id(const void *a, const void *b, void *columns)
{
    const struct sales_csv_row *x = *(const struct sales_csv_row *const *)a, *y = *(const struct sales_csv_row *const *)b;
    return compare_ids(x->store, product_of(columns, x), y->store, product_of(columns, y));
}

static bool same_column(const struct columns *c, const struct sales_csv_row *a, const struct sales_csv_row *b)
{
    return compare_ids(a->store, product_of(c, a), b->store, product_of(c, b)) == 0;
}

static enum status add_column(const struct columns *c, const struct sales_csv_row *row)
{
    struct panel *p = c->panel;
    const size_t s = p->series++;
    p->store[s] = arena_text(&p->arena, row->store);
    if (product_of(c, row).data)
        p->product[s] = arena_text(&p->arena, product_of(c, row));
    p->name[s] = effects_series_key(&p->arena, p->store[s], p->product[s]);
    return p->store[s].data && p->name[s].data ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status find_columns(const struct columns *c, const struct sales_table *sales)
{
    const struct sales_csv_row **rows = malloc((sales->count + 1) * sizeof *rows);
    if (!rows)
        return STATUS_NO_MEMORY;
    size_t n = 0, distinct = 0;
    for (size_t i = 0; i < sales->count; i++)
        if (c->level == PANEL_STORE || product_of(c, &sales->rows[i]).data)
            rows[n++] = &sales->rows[i];
    struct columns order = *c;
    qsort_r(rows, n, sizeof *rows, by_id, &order);
    for (size_t i = 0; i < n; i++)
        distinct += i == 0 || !same_column(c, rows[i - 1], rows[i]);
    struct panel *p = c->panel;
    p->store = arena_array(&p->arena, distinct + 1, sizeof *p->store);
    p->product = arena_array(&p->arena, distinct + 1, sizeof *p->product);
    p->name = arena_array(&p->arena, distinct + 1, sizeof *p->name);
    enum status status = p->store && p->product && p->name ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; !status && i < n; i++)
        if (i == 0 || !same_column(c, rows[i - 1], rows[i]))
            status = add_column(c, rows[i]);
    free(rows);
    return status;
}

static size_t column_of(const struct columns *c, const struct sales_csv_row *row)
{
    const struct panel *p = c->panel;
    size_t low = 0, high = p->series;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_ids(p->store[middle], p->product[middle], row->store, product_of(c, row)) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ------------------------------------------------------------------------------------------ periods */

static enum status find_periods(struct panel *p, const struct sales_table *sales, struct error *err)
{
    p->first = period_of(&p->grid, sales->summary.first_date);
    const period_t last = period_of(&p->grid, sales->summary.last_date);
    const bool over = sales->summary.is_totals || period_last_day(&p->grid, last) == sales->summary.last_date;
    if (last - p->first + over < 1)
        return error_set(err, STATUS_BAD_DATA, "the file holds no whole %s (its last date must be a %s's last day)",
                         period_unit_name(p->grid.unit), period_unit_name(p->grid.unit));
    p->periods = (size_t)(last - p->first) + over;
    if (p->series > CELLS_MAX / p->periods)
        return error_set(err, STATUS_BAD_DATA, "%zu series over %zu periods are too many for one run (cut the file)", p->series,
                         p->periods);
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ cells */

struct cells {
    int64_t *sum;
    bool *known;
};

static int64_t counted(const struct sales_csv_row *row, const struct config *config, bool is_totals)
{
    const int64_t v = config->measure == MEASURE_QUANTITY ? row->quantity : row->amount;
    return v < 0 && !is_totals && config->demand_basis == DEMAND_GROSS ? 0 : v;
}

static bool has_measure(const struct sales_csv_row *row, const struct config *config)
{
    return config->measure == MEASURE_QUANTITY ? row->has_quantity : row->has_amount;
}

static enum status add_row(const struct columns *c, const struct sales_table *sales, const struct sales_csv_row *row,
                           const struct config *config, struct cells *cells, struct error *err)
{
    const struct panel *p = c->panel;
    const size_t t = (size_t)(period_of(&p->grid, row->date) - p->first);
    if (t >= p->periods || !has_measure(row, config) || (c->level != PANEL_STORE && !product_of(c, row).data))
        return STATUS_OK;
    const size_t cell = t * p->series + column_of(c, row);
    const bool is_whole = text_equal(product_of(c, row), row->product); /* else one of several parts */
    const bool adds = !sales->summary.is_totals || !is_whole;
    if (cells->known[cell] && !adds)
        return error_set(err, STATUS_BAD_DATA, "line %llu: a second total for one series and %s (give one total a %s)",
                         (unsigned long long)row->line, period_unit_name(p->grid.unit), period_unit_name(p->grid.unit));
    if (__builtin_add_overflow(cells->sum[cell], counted(row, config, sales->summary.is_totals), &cells->sum[cell]))
        return error_set(err, STATUS_BAD_DATA, "line %llu: the sum of its %s is too large", (unsigned long long)row->line,
                         period_unit_name(p->grid.unit));
    cells->known[cell] = true;
    return STATUS_OK;
}

/* A product that sold nothing in a period in which its store sold something sold 0, once it has ever sold. */
static enum status add_zeros(const struct panel *p, struct cells *cells)
{
    bool *ever = calloc(p->series + 1, sizeof *ever);
    if (!ever)
        return STATUS_NO_MEMORY;
    for (size_t t = 0; t < p->periods; t++)
        for (size_t first = 0, end; first < p->series; first = end) {
            bool reported = false;
            for (end = first; end < p->series && text_equal(p->store[end], p->store[first]); end++) {
                reported = reported || cells->known[t * p->series + end];
                ever[end] = ever[end] || cells->known[t * p->series + end];
            }
            for (size_t s = first; reported && s < end; s++)
                cells->known[t * p->series + s] = ever[s];
        }
    free(ever);
    return STATUS_OK;
}

static enum status fill(const struct columns *c, const struct sales_table *sales, const struct config *config, struct error *err)
{
    struct panel *p = c->panel;
    const size_t n = p->periods * p->series;
    struct cells cells = {calloc(n + 1, sizeof *cells.sum), calloc(n + 1, sizeof *cells.known)};
    p->value = malloc((n + 1) * sizeof *p->value);
    enum status status = cells.sum && cells.known && p->value ? STATUS_OK : error_set(err, STATUS_NO_MEMORY, "out of memory");
    for (size_t i = 0; !status && i < sales->count; i++)
        status = add_row(c, sales, &sales->rows[i], config, &cells, err);
    if (!status && !sales->summary.is_totals && c->level != PANEL_STORE)
        status = add_zeros(p, &cells);
    for (size_t i = 0; !status && i < n; i++)
        p->value[i] = cells.known[i] ? (double)cells.sum[i] / (double)MILLIONTHS : maths_missing();
    free(cells.sum);
    free(cells.known);
    return status;
}

/* ------------------------------------------------------------------------------------------ the panel */

static enum status check_columns(const struct sales_table *sales, enum panel_level level, const struct config *config, struct error *err)
{
    const bool wants_quantity = config->measure == MEASURE_QUANTITY;
    if (level == PANEL_PRODUCT && !sales->summary.has_product)
        return error_set(err, STATUS_BAD_DATA, "the file has no products (use --level store, or make some: --product-from category,price)");
    if (level == PANEL_DEPARTMENT && !sales->summary.has_department)
        return error_set(err, STATUS_BAD_DATA, "the file has no departments (use --level store%s, or name their column: --map department=COLUMN)",
                         sales->summary.has_product ? " or product" : "");
    if (wants_quantity ? !sales->summary.has_quantity : !sales->summary.has_amount)
        return error_set(err, STATUS_BAD_DATA, "the file has no %s (use -X measure=%s)", wants_quantity ? "quantities" : "amounts",
                         wants_quantity ? "amount" : "quantity");
    if (sales->count == 0)
        return error_set(err, STATUS_BAD_DATA, "the file has no sales (it needs at least one row with a value)");
    return STATUS_OK;
}

enum status panel_of(const struct sales_table *sales, enum panel_level level, const struct config *config, struct panel *out,
                     struct error *err)
{
    const struct period_grid configured = {(enum period_unit)config->period_unit, (uint8_t)config->period_week_end};
    struct panel panel = {.grid = feed_file_grid(sales, &configured)};
    const struct columns columns = {&panel, level};
    enum status status = check_columns(sales, level, config, err);
    if (!status && find_columns(&columns, sales) != STATUS_OK)
        status = error_set(err, STATUS_NO_MEMORY, "out of memory");
    if (!status)
        status = find_periods(&panel, sales, err);
    if (!status)
        status = fill(&columns, sales, config, err);
    if (status) {
        panel_done(&panel);
        return status;
    }
    *out = panel;
    return STATUS_OK;
}

enum status panel_read(const char *path, const struct sales_csv_options *options, enum panel_level level, const struct config *config,
                       struct panel *out, struct error *err)
{
    static const struct sales_csv_options none;
    struct sales_table sales;
    enum status status = sales_table_read(path, options ? options : &none, &sales, err);
    if (status)
        return status;
    status = panel_of(&sales, level, config, out, err);
    sales_table_done(&sales);
    return status ? error_wrap(err, "%s", path) : STATUS_OK;
}

void panel_done(struct panel *p)
{
    free(p->value);
    arena_done(&p->arena);
    *p = (struct panel){0};
}
