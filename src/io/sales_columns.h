/* sales_columns.h: which column of a CSV file holds what, by its header. Thread: any. */
#ifndef STORECAST_IO_SALES_COLUMNS_H
#define STORECAST_IO_SALES_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"
#include "io/csv.h"
#include "io/sales_dates.h"

enum sales_column { COLUMN_DATE, COLUMN_STORE, COLUMN_PRODUCT, COLUMN_QUANTITY, COLUMN_AMOUNT, COLUMN_COUNT };
#define COLUMN_NONE ((size_t)-1)
enum { COLUMN_NAME_BYTES = 64 };

struct sales_columns {
    size_t index[COLUMN_COUNT];                       /* COLUMN_NONE: the file has none */
    char name[COLUMN_COUNT][COLUMN_NAME_BYTES];       /* as the file writes it, for messages; cut when long */
    bool is_totals;
    enum date_order date_order; /* from --map dates=dmy|mdy; else DATE_ORDER_AUTO */
};

/* Finds the columns; file stands in messages. STATUS_BAD_DATA: one is missing or named twice; STATUS_BAD_USAGE: a map is wrong. */
enum status sales_columns_find(const struct csv_record *header, const char *file, const char *const *maps, size_t map_count,
                               struct sales_columns *out, struct error *err) MUST_CHECK;

#endif
