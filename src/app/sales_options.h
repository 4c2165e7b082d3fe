/* sales_options.h: the options with which commands read a file of sales. Thread: main. */
#ifndef STORECAST_APP_SALES_OPTIONS_H
#define STORECAST_APP_SALES_OPTIONS_H

#include "app/command.h"
#include "io/sales_csv.h"

/* Rows for option tables. stores_name: demo has --stores for its simulation. */
#define SALES_OPTION_ROWS(stores_name)                                                                                         \
    {.name = "--map", .kind = OPTION_TEXT, .argument = "NAME=COLUMN", .repeatable = true,                                      \
     .help = "which column is date, store, product, department, category, quantity, amount, total, price"},                   \
    {.name = "--product-from", .kind = OPTION_TEXT, .argument = "COLUMNS",                                                     \
     .help = "make a product of each combination: category,price"},                                                            \
    {.name = "--store-name", .kind = OPTION_TEXT, .argument = "NAME", .help = "the store of a file without a column for it"},  \
    {.name = "--features", .kind = OPTION_TEXT, .argument = "FILE", .help = "features of stores and dates (checked only, so far)"}, \
    {.name = stores_name, .kind = OPTION_TEXT, .argument = "FILE", .help = "facts about stores (checked only, so far)"}

/* For the help of these commands. */
#define SALES_FILES_TEXT                                                                                                       \
    "Columns are found by their names, whatever the case: date, store, product (item, sku, ...), department (dept),\n"        \
    "quantity (units, ...), amount (sales, revenue, total_amount, ...), weekly_sales, transaction_id (invoice, ...),\n"       \
    "category, price. --map product=Artikel names others; --map dates=dmy and --map decimal=comma tell how a file\n"         \
    "writes. weekly_sales makes it totals of weeks, which may be below zero; else rows add up, and negative ones are\n"      \
    "returns. Transactions without a store are of one, 'all'. Columns about customers are never read. '-' is standard input.\n"

/* Reads the sales, and what --features and stores_name name beside them; a line on stderr tells what these hold. On failure
 * err says why and out holds nothing. */
enum status sales_options_read(const struct command_context *context, const char *path, const char *stores_name, struct sales_table *out,
                               struct error *err) MUST_CHECK;

#endif
