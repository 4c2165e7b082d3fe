/* evaluation.h: what the commands backtest and forecast share: their common options, and the file as pools.
 * Thread: main. */
#ifndef STORECAST_APP_EVALUATION_H
#define STORECAST_APP_EVALUATION_H

#include "app/command.h"
#include "app/panel.h"
#include "app/sales_options.h"

/* Rows for both option tables. */
#define EVALUATION_OPTIONS                                                                                                     \
    {.name = "--level", .kind = OPTION_CHOICE, .argument = "NAME", .fallback = "store", .choices = "store|department|product", \
     .help = "totals of stores (sums of their products), departments, or products; --product-from means product"},             \
    {.name = "--partitions", .kind = OPTION_INTEGER, .argument = "N", .fallback = "1", .min = 1, .max = 10000,                 \
     .help = "pool the stores as a topic with N partitions would"},                                                            \
    SALES_OPTION_ROWS("--stores"),                                                                                             \
    {.name = "-j", .kind = OPTION_INTEGER, .argument = "N", .min = 1, .max = 64, .help = "threads; default: one per processor"}

/* Reads the file that the first argument names. On failure context->err says why; both are then safe to free. */
enum status evaluation_read(struct command_context *context, struct panel *panel, struct panel_pools *pools) MUST_CHECK;
/* What --level says, or "product" where --product-from makes products. */
const char *evaluation_level(const struct command_context *context);
/* Members that the configuration keeps out of the ensemble, as a bit each. */
enum status evaluation_excluded(struct command_context *context, uint32_t *out) MUST_CHECK;
size_t evaluation_threads(const struct command_context *context);

#endif
