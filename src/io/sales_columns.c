#include "io/sales_columns.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* In order of preference: a file with both `sales` and `revenue` gives `sales`. */
static const char *const synonyms[COLUMN_COUNT][16] = {
    [COLUMN_DATE] = {"date", "business_date", "sale_date", "sales_date", "order_date", "transaction_date", "day", "week_ending",
                     "week", "ds"},
    [COLUMN_STORE] = {"store", "store_id", "store_nbr", "shop", "shop_id", "location", "location_id", "branch", "outlet", "site"},
    [COLUMN_PRODUCT] = {"product", "product_id", "item", "item_id", "item_nbr", "sku", "article", "dept", "department", "upc", "ean"},
    [COLUMN_QUANTITY] = {"quantity", "qty", "units", "units_sold", "unit_sales", "sold", "volume"},
    [COLUMN_AMOUNT] = {"weekly_sales", "amount", "sales", "revenue", "turnover", "total_amount", "sales_amount", "net_sales",
                       "gross_sales"},
};
static const char *const role_names[COLUMN_COUNT] = {"date", "store", "product", "quantity", "amount"};

/* "Store ID " -> "store_id" */
static void normalise(struct text t, char out[COLUMN_NAME_BYTES])
{
    size_t size = 0;
    while (t.size > 0 && t.data[t.size - 1] == ' ')
        t.size--;
    for (size_t i = 0; i < t.size && size + 1 < COLUMN_NAME_BYTES; i++) {
        char c = t.data[i];
        if (c == ' ' && size == 0)
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        out[size++] = c == ' ' || c == '-' ? '_' : c;
    }
    out[size] = '\0';
}

static size_t find_name(const struct csv_record *header, const char *normalised, size_t from)
{
    char name[COLUMN_NAME_BYTES];
    for (size_t i = from; i < header->count; i++) {
        normalise(header->fields[i], name);
        if (strcmp(name, normalised) == 0)
            return i;
    }
    return COLUMN_NONE;
}

static void take(struct sales_columns *c, enum sales_column role, const struct csv_record *header, size_t index)
{
    struct text name = header->fields[index];
    c->index[role] = index;
    snprintf(c->name[role], COLUMN_NAME_BYTES, "%.*s", (int)(name.size < COLUMN_NAME_BYTES ? name.size : COLUMN_NAME_BYTES - 1), name.data);
}

/* The role that a map's left side names; COLUMN_COUNT when none. "total" is an amount per period. */
static enum sales_column map_role(const char *map, size_t size, bool *out_totals)
{
    for (int role = 0; role < COLUMN_COUNT; role++)
        if (strlen(role_names[role]) == size && strncmp(role_names[role], map, size) == 0)
            return (enum sales_column)role;
    *out_totals = size == 5 && strncmp(map, "total", size) == 0;
    return *out_totals ? COLUMN_AMOUNT : COLUMN_COUNT;
}

/* "dates=dmy" tells no column but how dates are written. */
static bool take_date_order(const char *map, struct sales_columns *out)
{
    if (strcmp(map, "dates=dmy") == 0)
        out->date_order = DATE_ORDER_DMY;
    else if (strcmp(map, "dates=mdy") == 0)
        out->date_order = DATE_ORDER_MDY;
    return out->date_order != DATE_ORDER_AUTO && strncmp(map, "dates=", 6) == 0;
}

static enum status apply_map(const struct csv_record *header, const char *file, const char *map, struct sales_columns *out,
                             struct error *err)
{
    char wanted[COLUMN_NAME_BYTES];
    size_t size = strcspn(map, "=");
    bool is_total = false;
    if (take_date_order(map, out))
        return STATUS_OK;
    enum sales_column role = map_role(map, size, &is_total);
    if (map[size] != '=' || role == COLUMN_COUNT)
        return error_set(err, STATUS_BAD_USAGE, "--map %s: write NAME=COLUMN with NAME one of date, store, product, quantity, amount, total; or dates=dmy, dates=mdy", map);
    normalise(text_of(map + size + 1), wanted);
    size_t index = find_name(header, wanted, 0);
    if (index == COLUMN_NONE)
        return error_set(err, STATUS_BAD_DATA, "%s:1: it has no column '%s' (--map %s)", file, map + size + 1, map);
    take(out, role, header, index);
    out->is_totals = out->is_totals || is_total;
    return STATUS_OK;
}

static enum status find_role(const struct csv_record *header, const char *file, enum sales_column role, struct sales_columns *out,
                             struct error *err)
{
    for (size_t i = 0; i < 16 && synonyms[role][i] != NULL; i++) {
        size_t index = find_name(header, synonyms[role][i], 0);
        if (index == COLUMN_NONE)
            continue;
        if (find_name(header, synonyms[role][i], index + 1) != COLUMN_NONE)
            return error_set(err, STATUS_BAD_DATA, "%s:1: it has two columns named %s (rename one)", file, synonyms[role][i]);
        take(out, role, header, index);
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* "Store, Date, Weekly_Sales" for a message, cut when long. */
static void list_columns(const struct csv_record *header, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < header->count && at + 1 < size; i++) {
        int n = snprintf(out + at, size - at, "%s%.*s", i > 0 ? ", " : "", (int)(header->fields[i].size > 40 ? 40 : header->fields[i].size),
                         header->fields[i].data);
        at += n > 0 ? (size_t)n : 0;
    }
}

static enum status missing(const struct csv_record *header, const char *file, const char *what, const char *map, struct error *err)
{
    char columns[400];
    list_columns(header, columns, sizeof columns);
    return error_set(err, STATUS_BAD_DATA, "%s:1: no column for the %s among: %s (name it: --map %s=COLUMN)", file, what, columns, map);
}

enum status sales_columns_find(const struct csv_record *header, const char *file, const char *const *maps, size_t map_count,
                               struct sales_columns *out, struct error *err)
{
    enum status status = STATUS_OK;
    *out = (struct sales_columns){0};
    for (int role = 0; role < COLUMN_COUNT; role++)
        out->index[role] = COLUMN_NONE;
    for (size_t i = 0; i < map_count && status == STATUS_OK; i++)
        status = apply_map(header, file, maps[i], out, err);
    bool has_mapped_value = out->index[COLUMN_QUANTITY] != COLUMN_NONE || out->index[COLUMN_AMOUNT] != COLUMN_NONE;
    for (int role = 0; role < COLUMN_COUNT && status == STATUS_OK; role++) {
        bool is_value = role == COLUMN_QUANTITY || role == COLUMN_AMOUNT; /* a mapped value is the only value wanted */
        if (out->index[role] == COLUMN_NONE && !(is_value && has_mapped_value))
            status = find_role(header, file, (enum sales_column)role, out, err);
    }
    if (status != STATUS_OK)
        return status;
    if (out->index[COLUMN_DATE] == COLUMN_NONE)
        return missing(header, file, "date", "date", err);
    if (out->index[COLUMN_STORE] == COLUMN_NONE)
        return missing(header, file, "store", "store", err);
    if (out->index[COLUMN_QUANTITY] == COLUMN_NONE && out->index[COLUMN_AMOUNT] == COLUMN_NONE)
        return missing(header, file, "quantity or amount", "quantity", err);
    char name[COLUMN_NAME_BYTES];
    normalise(text_of(out->name[COLUMN_AMOUNT]), name);
    out->is_totals = out->is_totals || strcmp(name, "weekly_sales") == 0;
    return STATUS_OK;
}
