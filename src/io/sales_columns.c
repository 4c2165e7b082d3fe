#include "io/sales_columns.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ALL_STORES "all" /* the store of a transaction file that names none */

struct finding {
    const struct csv_record *header;
    const char *file;
    struct sales_columns *out;
    struct error *err;
};

static void copy_name(struct text name, char out[COLUMN_NAME_BYTES])
{
    snprintf(out, COLUMN_NAME_BYTES, "%.*s", (int)(name.size < COLUMN_NAME_BYTES ? name.size : COLUMN_NAME_BYTES - 1), name.data);
}

static void take(const struct finding *f, enum sales_column role, size_t index)
{
    f->out->index[role] = index;
    copy_name(f->header->fields[index], f->out->name[role]);
}

static enum status named_twice(const struct finding *f, size_t second, struct text name)
{
    return error_set(f->err, STATUS_BAD_DATA, "%s:1: field %zu: it has two columns named %.*s (rename one)", f->file, second + 1, (int)name.size,
                     name.data);
}

/* A column that the user names. what is for messages: "--map store=Filiale". */
static enum status find_named(const struct finding *f, struct text name, const char *what, size_t *out)
{
    if (sales_names_is_personal(name))
        return error_set(f->err, STATUS_BAD_USAGE, "%s: columns about customers are not read (choose another column)", what);
    *out = sales_names_find(f->header, name, 0);
    if (*out == COLUMN_NONE)
        return error_set(f->err, STATUS_BAD_DATA, "%s:1: it has no column '%.*s' (%s)", f->file, (int)name.size, name.data, what);
    const size_t second = sales_names_find(f->header, name, *out + 1);
    return second == COLUMN_NONE ? STATUS_OK : named_twice(f, second, name);
}

/* ---- maps */

/* "dates=dmy" and "decimal=comma" tell no column but how the file writes. */
static bool take_manner(const char *map, struct sales_columns *out)
{
    if (strcmp(map, "dates=dmy") == 0)
        out->date_order = DATE_ORDER_DMY;
    else if (strcmp(map, "dates=mdy") == 0)
        out->date_order = DATE_ORDER_MDY;
    else if (strcmp(map, "decimal=point") == 0)
        out->decimal_sign = '.';
    else if (strcmp(map, "decimal=comma") == 0)
        out->decimal_sign = ',';
    else
        return false;
    return true;
}

static enum status apply_map(const struct finding *f, const char *map)
{
    char what[200];
    const size_t size = strcspn(map, "=");
    if (take_manner(map, f->out))
        return STATUS_OK;
    const bool is_total = size == 5 && strncmp(map, "total", size) == 0;
    const enum sales_column role = is_total ? COLUMN_AMOUNT : sales_names_find_role((struct text){map, size});
    if (map[size] != '=' || role == COLUMN_COUNT)
        return error_set(f->err, STATUS_BAD_USAGE,
                         "--map %s: write NAME=COLUMN with NAME one of date, store, product, department, category, quantity, amount, total, price, "
                         "transaction; or dates=dmy, dates=mdy, decimal=point, decimal=comma", map);
    size_t index;
    snprintf(what, sizeof what, "--map %s", map);
    enum status status = find_named(f, text_of(map + size + 1), what, &index);
    if (status != STATUS_OK)
        return status;
    take(f, role, index);
    f->out->is_totals = f->out->is_totals || is_total;
    return STATUS_OK;
}

/* ---- by name */

static enum status find_role(const struct finding *f, enum sales_column role)
{
    const char *name;
    for (size_t i = 0; (name = sales_names_synonym(role, i)) != NULL; i++) {
        const size_t index = sales_names_find(f->header, text_of(name), 0);
        if (index == COLUMN_NONE)
            continue;
        const size_t second = sales_names_find(f->header, text_of(name), index + 1);
        if (second != COLUMN_NONE)
            return named_twice(f, second, text_of(name));
        take(f, role, index);
        return STATUS_OK;
    }
    return STATUS_OK;
}

static bool has(const struct finding *f, enum sales_column role)
{
    return f->out->index[role] != COLUMN_NONE;
}

static enum status find_roles(const struct finding *f)
{
    const bool has_mapped_value = has(f, COLUMN_QUANTITY) || has(f, COLUMN_AMOUNT);
    const bool has_mapped_price = has(f, COLUMN_PRICE);
    enum status status = STATUS_OK;
    for (int role = 0; role < COLUMN_COUNT && status == STATUS_OK; role++) {
        bool is_value = role == COLUMN_QUANTITY || role == COLUMN_AMOUNT; /* a mapped value is the only value wanted */
        if (!has(f, (enum sales_column)role) && !(is_value && has_mapped_value && !has_mapped_price))
            status = find_role(f, (enum sales_column)role);
    }
    f->out->is_transactions = has(f, COLUMN_TRANSACTION);
    f->out->is_priced = !has(f, COLUMN_AMOUNT) && has(f, COLUMN_QUANTITY) && has(f, COLUMN_PRICE) &&
                        (f->out->is_transactions || has_mapped_price);
    return status;
}

/* ---- products and stores */

/* Departments are the products of a file that has no finer ones. */
static void choose_product(struct sales_columns *c)
{
    if (c->index[COLUMN_PRODUCT] != COLUMN_NONE || c->index[COLUMN_DEPARTMENT] == COLUMN_NONE)
        return;
    c->index[COLUMN_PRODUCT] = c->index[COLUMN_DEPARTMENT];
    memcpy(c->name[COLUMN_PRODUCT], c->name[COLUMN_DEPARTMENT], COLUMN_NAME_BYTES);
}

static enum status add_part(const struct finding *f, struct text name, const char *list)
{
    struct sales_columns *c = f->out;
    char what[200];
    snprintf(what, sizeof what, "--product-from %s", list);
    if (name.size == 0 || c->part_count == PRODUCT_PARTS_MAX)
        return error_set(f->err, STATUS_BAD_USAGE, "%s: name one to %d columns, with commas: category,price", what, PRODUCT_PARTS_MAX);
    struct product_part *part = &c->part[c->part_count];
    const enum sales_column role = sales_names_find_role(name);
    enum status status = STATUS_OK;
    if (role != COLUMN_COUNT && c->index[role] != COLUMN_NONE)
        part->index = c->index[role];
    else
        status = find_named(f, name, what, &part->index);
    if (status != STATUS_OK)
        return status;
    part->is_price = part->index == c->index[COLUMN_PRICE];
    copy_name(f->header->fields[part->index], part->name);
    c->part_count++;
    return STATUS_OK;
}

static enum status choose_parts(const struct finding *f, const char *list)
{
    enum status status = STATUS_OK;
    for (const char *at = list; at != NULL && status == STATUS_OK;) {
        const size_t size = strcspn(at, ",");
        status = add_part(f, (struct text){at, size}, list);
        at = at[size] == ',' ? at + size + 1 : NULL;
    }
    return status;
}

static enum status choose_store(const struct finding *f, const char *store_name)
{
    if (has(f, COLUMN_STORE) && store_name != NULL)
        return error_set(f->err, STATUS_BAD_USAGE, "--store-name %s: %s has a column for the store, %s (leave the option out)", store_name, f->file,
                         f->out->name[COLUMN_STORE]);
    if (store_name != NULL && (store_name[0] == '\0' || strlen(store_name) > SALES_CSV_ID_BYTES_MAX))
        return error_set(f->err, STATUS_BAD_USAGE, "--store-name: give a name of 1 to %u bytes", SALES_CSV_ID_BYTES_MAX);
    if (!has(f, COLUMN_STORE) && (store_name != NULL || f->out->is_transactions))
        f->out->store_name = text_of(store_name != NULL ? store_name : ALL_STORES);
    return STATUS_OK;
}

/* ---- what is missing */

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

static enum status missing(const struct finding *f, const char *what, const char *help)
{
    char columns[400];
    list_columns(f->header, columns, sizeof columns);
    return error_set(f->err, STATUS_BAD_DATA, "%s:1: no column for the %s among: %s (%s)", f->file, what, columns, help);
}

static bool has_column(const struct finding *f, const char *name)
{
    return sales_names_find(f->header, text_of(name), 0) != COLUMN_NONE;
}

static enum status check_complete(const struct finding *f)
{
    const bool has_value = has(f, COLUMN_QUANTITY) || has(f, COLUMN_AMOUNT);
    if (!has_value && has(f, COLUMN_STORE) && has_column(f, "type") && has_column(f, "size"))
        return missing(f, "sales", "these are facts about stores: give them with --stores, beside the sales");
    if (!has_value && has(f, COLUMN_STORE) && has(f, COLUMN_DATE) && (has_column(f, "is_holiday") || has_column(f, "temperature")))
        return missing(f, "sales", "these are features: give them with --features, beside the sales");
    if (!has(f, COLUMN_DATE))
        return missing(f, "date", "name it: --map date=COLUMN");
    if (!has(f, COLUMN_STORE) && f->out->store_name.data == NULL)
        return missing(f, "store", "name it: --map store=COLUMN; or --store-name NAME when all is of one store");
    if (!has_value)
        return missing(f, "quantity or amount", "name it: --map quantity=COLUMN");
    return STATUS_OK;
}

enum status sales_columns_find(const struct csv_record *header, const char *file, const struct sales_csv_options *options,
                               struct sales_columns *out, struct error *err)
{
    const struct finding f = {header, file, out, err};
    enum status status = STATUS_OK;
    *out = (struct sales_columns){0};
    for (int role = 0; role < COLUMN_COUNT; role++)
        out->index[role] = COLUMN_NONE;
    for (size_t i = 0; i < options->map_count && status == STATUS_OK; i++)
        status = apply_map(&f, options->maps[i]);
    if (status == STATUS_OK)
        status = find_roles(&f);
    if (status == STATUS_OK)
        status = choose_store(&f, options->store_name);
    if (status == STATUS_OK)
        status = check_complete(&f);
    if (status != STATUS_OK)
        return status;
    choose_product(out);
    out->is_totals = out->is_totals || sales_names_same(text_of(out->name[COLUMN_AMOUNT]), text_of("weekly_sales"));
    return choose_parts(&f, options->product_from);
}
