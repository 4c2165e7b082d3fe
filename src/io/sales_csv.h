/* sales_csv.h: sales from a CSV file, whoever wrote it.
 *
 * The columns are found by the header, in any order; case, spaces, '-' and '_' do not count:
 *   date        date day business_date sale_date sales_date order_date transaction_date invoice_date week week_ending ds
 *   store       store store_id store_nbr shop shop_id location location_id branch outlet site
 *   product     product product_id item item_id item_nbr sku article stock_code upc ean                (optional)
 *   department  dept department dept_id department_id dept_nbr; the product of a file without products (optional)
 *   quantity    quantity qty units units_sold unit_sales sold volume                                   (one of the two,
 *   amount      amount sales weekly_sales revenue turnover total_amount sales_amount net_sales gross_sales      or both)
 *   transaction transaction_id transaction invoice invoice_no receipt order_id ticket ...              (optional)
 *   category    category product_category ...; price  price_per_unit unit_price price sell_price       (optional)
 * Other names are told by maps ("store=Filiale"). So these are recognised:
 *   - a column weekly_sales: totals of whole periods (the Walmart 45-store file, Kaggle's train.csv by department). A total
 *     may be negative, when more came back than was sold, and stays so: it is what the period was worth, on either demand
 *     basis, and totals of departments add up to those of their store;
 *   - a column transaction_id: one row per purchase, which add up. Without a column for the store all are of one, "all";
 *     without an amount it is quantity x price;
 *   - else sales by day or purchase, which add up; negative ones are returns.
 * Columns about customers are never read. Values are exact (decimal.h), dates as in sales_dates.h, decimal signs as in
 * sales_signs.h.
 * Rows may come in any order. Rows without a value are skipped and counted. In a file of totals a row that repeats an
 * earlier one exactly is skipped and counted, and two different values for one series and date are an error.
 * Messages read "file:line: column: why (what to do)". Thread: any, one at a time. */
#ifndef STORECAST_IO_SALES_CSV_H
#define STORECAST_IO_SALES_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/error.h"
#include "io/sales_dates.h"

#define SALES_CSV_ID_BYTES_MAX 128u

struct sales_csv_options {
    const char *const *maps; /* "name=column": date, store, product, department, category, quantity, amount, total (an
                              * amount per period), price, transaction; or dates=dmy, dates=mdy, decimal=point, decimal=comma */
    size_t map_count;
    const char *product_from; /* "category,price": columns (or the names above) whose values, joined by ':', make the product */
    const char *store_name;   /* of a file without a column for the store; NULL: "all" in a transaction file, else an error */
    enum date_order date_order; /* DATE_ORDER_AUTO: find out */
};

struct sales_csv_row {
    uint64_t line;
    struct text store, product; /* product absent: the whole store */
    struct text department;     /* absent: the file has none; equal to the product when departments are the products */
    date_t date;
    bool has_quantity, has_amount; /* at least one */
    int64_t quantity, amount;      /* millionths; negative = returned */
};

struct sales_csv_summary { /* known after sales_csv_open */
    bool is_totals;        /* values of whole periods */
    bool has_product, has_department, has_quantity, has_amount; /* columns */
    uint64_t rows;         /* that sales_csv_next will give */
    uint64_t empty_rows;   /* skipped: no value */
    uint64_t repeated_rows; /* skipped: an exact repetition (totals only) */
    date_t first_date, last_date;
    bool is_ordered;       /* dates never go back */
    enum date_order date_order;
};

struct sales_csv;
/* Reads the file once, to check every row and to find the order of dates. Caller frees. STATUS_IO, STATUS_BAD_DATA. */
enum status sales_csv_open(const char *path, const struct sales_csv_options *options, struct sales_csv **out,
                           struct error *err) MUST_CHECK;
/* The same from memory, which must outlive it. */
enum status sales_csv_open_bytes(struct bytes data, const char *name, const struct sales_csv_options *options,
                                 struct sales_csv **out, struct error *err) MUST_CHECK;
void sales_csv_free(struct sales_csv *s);
const struct sales_csv_summary *sales_csv_summary(const struct sales_csv *s);

/* The rows in the file's order; texts are borrowed until the next call. STATUS_NOT_FOUND at the end. */
enum status sales_csv_next(struct sales_csv *s, struct sales_csv_row *out, struct error *err) MUST_CHECK;

/* All rows in memory, by date, then by line. Texts live in the arena. */
struct sales_table {
    struct sales_csv_row *rows;
    size_t count;
    struct sales_csv_summary summary;
    struct arena arena;
};
enum status sales_table_read(const char *path, const struct sales_csv_options *options, struct sales_table *out,
                             struct error *err) MUST_CHECK;
void sales_table_done(struct sales_table *t);

#endif
