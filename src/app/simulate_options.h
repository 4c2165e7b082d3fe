/* simulate_options.h: the simulation's options on a command line, as simulate and demo take them. Thread: main. */
#ifndef STORECAST_APP_SIMULATE_OPTIONS_H
#define STORECAST_APP_SIMULATE_OPTIONS_H

#include "app/command.h"
#include "app/simulate.h"

#define SIMULATE_SHIFTS_MAX 100

/* Rows of a command's option table: --stores --products --tills --years --seed --returns --duplicates --late --shift.
 * duplicates_: the default; a CSV file has no place for what tells a duplicate. */
#define SIMULATE_OPTION_ROWS(duplicates_)                                                                                      \
    {.name = "--stores", .kind = OPTION_INTEGER, .argument = "N", .fallback = "36", .min = 1, .max = SIMULATE_STORES_MAX, \
     .help = "stores"},                                                                                                    \
    {.name = "--products", .kind = OPTION_INTEGER, .argument = "N", .fallback = "0", .min = 0, .max = SIMULATE_PRODUCTS_MAX, \
     .help = "products of every store; 0: sales of whole stores"},                                                         \
    {.name = "--tills", .kind = OPTION_INTEGER, .argument = "N", .fallback = "2", .min = 1, .max = 9, .help = "tills of every store"}, \
    {.name = "--years", .kind = OPTION_NUMBER, .argument = "N", .fallback = "3", .min = .05, .max = 50, .help = "years of 52 weeks"}, \
    {.name = "--seed", .kind = OPTION_INTEGER, .argument = "N", .fallback = "1", .min = 0, .max = 1e15,                    \
     .help = "the same seed gives the same sales"},                                                                        \
    {.name = "--returns", .kind = OPTION_NUMBER, .argument = "SHARE", .fallback = "0.02", .min = 0, .max = 1,              \
     .help = "share of sales of which something comes back"},                                                              \
    {.name = "--duplicates", .kind = OPTION_NUMBER, .argument = "SHARE", .fallback = duplicates_, .min = 0, .max = 1,           \
     .help = "share of records that arrive twice"},                                                                        \
    {.name = "--late", .kind = OPTION_NUMBER, .argument = "SHARE", .fallback = "0.01", .min = 0, .max = 1,                 \
     .help = "share of records that arrive days late"},                                                                    \
    {.name = "--shift", .kind = OPTION_TEXT, .argument = "STORE,PERIOD,FACTOR", .repeatable = true,                        \
     .help = "sales of a store (from 1) times a factor from a period (from 0) on"}

/* Fills out from the options and the configuration's period grid; shifts holds what out->shifts points to. */
enum status simulate_options_read(struct command_context *c, struct simulate_options *out,
                                  struct simulate_shift shifts[SIMULATE_SHIFTS_MAX], struct error *err) MUST_CHECK;

#endif
