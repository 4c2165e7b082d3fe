#include "app/sales_options.h"

#include <string.h>

#include "io/sales_facts.h"

#define MAPS_MAX 32

static void tell_coverage(const char *path, enum sales_facts_kind kind, const struct sales_facts *f)
{
    const char *what = kind == FACTS_FEATURES ? "stores and dates" : "stores";
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    fprintf(stderr, "storecast: %s: %zu rows, %zu stores, %zu columns", path, f->rows, f->stores, f->columns);
    if (kind == FACTS_FEATURES)
        fprintf(stderr, ", %s to %s", date_format(f->first_date, first), date_format(f->last_date, last));
    if (f->found == f->needed)
        fprintf(stderr, "; all %zu %s of the sales are there", f->needed, what);
    else
        fprintf(stderr, "; %zu of %zu %s of the sales are missing", f->needed - f->found, f->needed, what);
    fputs("; checked, but no model uses it yet\n", stderr);
}

static enum status read_facts(const char *path, enum sales_facts_kind kind, const struct sales_table *sales, struct error *err)
{
    struct sales_facts facts;
    if (!path)
        return STATUS_OK;
    const enum status status = sales_facts_read(path, kind, sales, &facts, err);
    if (!status)
        tell_coverage(path, kind, &facts);
    return status;
}

enum status sales_options_read(const struct command_context *context, const char *path, const char *stores_name, struct sales_table *out,
                               struct error *err)
{
    const char *maps[MAPS_MAX];
    struct sales_csv_options options = {.maps = maps, .map_count = command_count(context, "--map"),
                                        .product_from = command_text(context, "--product-from"),
                                        .store_name = command_text(context, "--store-name")};
    if (options.map_count > MAPS_MAX)
        return error_set(err, STATUS_BAD_USAGE, "--map: at most %d of them", MAPS_MAX);
    for (size_t i = 0; i < options.map_count; i++)
        maps[i] = command_text_at(context, "--map", i);
    enum status status = sales_table_read(path, &options, out, err);
    if (status)
        return status;
    status = read_facts(command_text(context, "--features"), FACTS_FEATURES, out, err);
    if (!status)
        status = read_facts(command_text(context, stores_name), FACTS_STORES, out, err);
    if (status)
        sales_table_done(out);
    return status;
}
