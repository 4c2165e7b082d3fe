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

/* Reads the sales, and what --features and stores_name name beside them; a line on stderr tells what these hold. On failure
 * err says why and out holds nothing. */
enum status sales_options_read(const struct command_context *context, const char *path, const char *stores_name, struct sales_table *out,
                               struct error *err) MUST_CHECK;

#endif
