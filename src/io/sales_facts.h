/* sales_facts.h: what may lie beside a file of sales: features of stores and dates (Kaggle's features.csv: Store, Date,
 * Temperature, ..., IsHoliday) and facts about stores (stores.csv: Store, Type, Size).
 *
 * They are read and checked, and it is told how much of the sales they cover; no model uses them yet. A feature is a number, NA or
 * a flag; a fact may be any text. Files as in csv.h. Thread: any. */
#ifndef STORECAST_IO_SALES_FACTS_H
#define STORECAST_IO_SALES_FACTS_H

#include "io/sales_csv.h"

enum sales_facts_kind { FACTS_FEATURES, FACTS_STORES };

struct sales_facts {
    size_t rows, stores;
    size_t columns;       /* apart from the store and the date */
    date_t first_date, last_date; /* features only */
    size_t needed, found; /* pairs of store and date of the sales (features), or stores of the sales; how many are there */
};

/* STATUS_IO; STATUS_BAD_DATA: "file:line: column NAME: why", also for a store (and date) that comes twice. */
enum status sales_facts_read(const char *path, enum sales_facts_kind kind, const struct sales_table *sales, struct sales_facts *out,
                             struct error *err) MUST_CHECK;
/* The same from memory. */
enum status sales_facts_read_bytes(struct bytes data, const char *name, enum sales_facts_kind kind, const struct sales_table *sales,
                                   struct sales_facts *out, struct error *err) MUST_CHECK;

#endif
