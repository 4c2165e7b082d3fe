/* sales_names.h: what columns of sales files are called.
 *
 * Names are compared without regard to case, spaces, '-' and '_': "Store ID", "store_id" and "StoreID" are one name.
 * Thread: any. */
#ifndef STORECAST_IO_SALES_NAMES_H
#define STORECAST_IO_SALES_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "io/csv.h"

enum sales_column {
    COLUMN_DATE,
    COLUMN_STORE,
    COLUMN_PRODUCT,
    COLUMN_DEPARTMENT,
    COLUMN_CATEGORY,
    COLUMN_QUANTITY,
    COLUMN_AMOUNT,
    COLUMN_PRICE,
    COLUMN_TRANSACTION,
    COLUMN_COUNT
};
#define COLUMN_NONE ((size_t)-1)

/* "date", "store", ...: the left side of a map. */
const char *sales_names_role(enum sales_column role);
/* The role of that name; COLUMN_COUNT when there is none. */
enum sales_column sales_names_find_role(struct text name);

/* The i-th synonym of a role, in order of preference; NULL behind the last. */
const char *sales_names_synonym(enum sales_column role, size_t i);

/* The column of that name from index `from` on; COLUMN_NONE. */
size_t sales_names_find(const struct csv_record *header, struct text name, size_t from);
bool sales_names_same(struct text a, struct text b);

/* Columns about people (customer..., gender, age, email, ...): they are never taken from a file. */
bool sales_names_is_personal(struct text name);

#endif
