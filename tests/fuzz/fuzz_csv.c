/* Any bytes as a file of sales: read to the end or refused with a sentence of one line, never a crash. Read four ways: as it
 * is, with products made of columns, with decimal commas, and as facts about stores. */
#include <stdlib.h>

#include "io/sales_csv.h"
#include "io/sales_facts.h"

static void check_error(const struct error *err)
{
    if (err->text[0] == '\0')
        abort(); /* refused without saying why */
    for (const char *at = err->text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            abort();
}

static void check_row(const struct sales_csv_row *row, const struct sales_csv_summary *summary)
{
    if ((!row->has_amount && !row->has_quantity) || row->store.size == 0 || row->date < summary->first_date || row->date > summary->last_date)
        abort();
    if ((row->product.data != NULL) != summary->has_product || (row->department.data != NULL) != summary->has_department)
        abort();
    if (row->product.size > SALES_CSV_ID_BYTES_MAX)
        abort();
}

static void read_sales(struct bytes data, const struct sales_csv_options *options)
{
    struct sales_csv *csv;
    struct sales_csv_row row;
    struct error err = {0};
    if (sales_csv_open_bytes(data, "fuzz", options, &csv, &err) != STATUS_OK) {
        check_error(&err);
        return;
    }
    uint64_t rows = 0;
    while (sales_csv_next(csv, &row, &err) == STATUS_OK) {
        rows++;
        check_row(&row, sales_csv_summary(csv));
    }
    if (rows != sales_csv_summary(csv)->rows)
        abort(); /* the passes disagree */
    sales_csv_free(csv);
}

static void read_facts(struct bytes data)
{
    static const struct sales_table none;
    struct sales_facts facts;
    for (int kind = FACTS_FEATURES; kind <= FACTS_STORES; kind++) {
        struct error err = {0};
        if (sales_facts_read_bytes(data, "fuzz", (enum sales_facts_kind)kind, &none, &facts, &err) != STATUS_OK)
            check_error(&err);
        else if (facts.rows == 0 || facts.stores > facts.rows)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const commas[] = {"decimal=comma", "dates=mdy"};
    static const struct sales_csv_options ways[] = {
        {0}, {.product_from = "category,price,quantity", .store_name = "s"}, {.maps = commas, .map_count = 2}};
    const struct bytes bytes = {data, size};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        read_sales(bytes, &ways[i]);
    read_facts(bytes);
    return 0;
}
