/* panel.h: the sales of a file as the matrix that models are fitted on: periods x series, as the stream would have them.
 *
 * A file of totals gives one value a period, and sums of them above the level it is given at; other sales add up (integers, so that their order does not matter), returns
 * left out on gross basis. A period in which a store reported nothing is missing; a product of a store that did report
 * sold 0 from its first sale on. A last period that the file ends within is dropped: it is not over.
 * Columns are in order of (store, product). Thread: any, one at a time. */
#ifndef STORECAST_APP_PANEL_H
#define STORECAST_APP_PANEL_H

#include "app/config.h"
#include "forecast/backtest.h"
#include "io/sales_csv.h"

enum panel_level { PANEL_STORE, PANEL_DEPARTMENT, PANEL_PRODUCT };

struct panel {
    struct period_grid grid; /* weeks end on the day that a file of totals is dated on, else as configured */
    period_t first;
    size_t periods, series;
    double *value;          /* periods x series, levels, NaN = unknown */
    struct text *store, *product; /* per column; product is the department at department level, absent at store level */
    struct text *name;      /* "store", "store/department" or "store/product" */
    struct arena arena;
};

/* STATUS_BAD_DATA when the file has no such level or measure, or no whole period. */
enum status panel_of(const struct sales_table *sales, enum panel_level level, const struct config *config, struct panel *out,
                     struct error *err) MUST_CHECK;
/* The same from the file; options may be NULL. */
enum status panel_read(const char *path, const struct sales_csv_options *options, enum panel_level level, const struct config *config,
                       struct panel *out, struct error *err) MUST_CHECK;
void panel_done(struct panel *p);

/* The panel cut into pools by the partition of each series' store; empty partitions are left out. */
struct panel_pools {
    struct backtest_pool *pools;
    size_t count;
};
enum status panel_partition(const struct panel *p, int32_t partitions, struct panel_pools *out) MUST_CHECK;
void panel_pools_done(struct panel_pools *p);

#endif
