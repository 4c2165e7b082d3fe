/* sales_columns.h: which column of a CSV file holds what, by its header, maps and --product-from. Thread: any. */
#ifndef STORECAST_IO_SALES_COLUMNS_H
#define STORECAST_IO_SALES_COLUMNS_H

#include "base/error.h"
#include "io/csv.h"
#include "io/sales_csv.h"
#include "io/sales_names.h"

enum { COLUMN_NAME_BYTES = 64, PRODUCT_PARTS_MAX = 4 };

struct product_part { /* of products made of several columns */
    size_t index;
    bool is_price; /* a number: 5, 5.0 and 5.00 are the same */
    char name[COLUMN_NAME_BYTES];
};

struct sales_columns {
    size_t index[COLUMN_COUNT];                       /* COLUMN_NONE: the file has none */
    char name[COLUMN_COUNT][COLUMN_NAME_BYTES];       /* as the file writes it, for messages; cut when long */
    struct product_part part[PRODUCT_PARTS_MAX];
    size_t part_count;          /* 0: products are not made of parts */
    struct text store_name;     /* of a file without a column for the store; else absent */
    bool is_totals, is_transactions;
    bool is_priced;             /* the amount is quantity x price */
    enum date_order date_order; /* from --map dates=dmy|mdy; else DATE_ORDER_AUTO */
    char decimal_sign;          /* from --map decimal=point|comma; else 0 */
};

/* Finds the columns; file stands in messages; texts of the options are borrowed. STATUS_BAD_DATA: one is missing or named twice;
 * STATUS_BAD_USAGE: a map, product_from or store_name is wrong. */
enum status sales_columns_find(const struct csv_record *header, const char *file, const struct sales_csv_options *options,
                               struct sales_columns *out, struct error *err) MUST_CHECK;

#endif
