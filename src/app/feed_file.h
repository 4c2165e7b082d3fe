/* feed_file.h: the rows of a sales file as SalesUpdates.
 *
 * A file of period totals becomes Totals, issued at midnight UTC after the period's last day; other files become Sales
 * with a counter per store, whose source is named after the file, so that sending a file twice counts it once.
 * They go out by date, then as in the file; but of Totals of one date, those of series without one the period before go out
 * first, so that no close comes before them.
 * Texts of an update are borrowed until the next call. Thread: any, one at a time. */
#ifndef STORECAST_APP_FEED_FILE_H
#define STORECAST_APP_FEED_FILE_H

#include "base/period.h"
#include "base/table.h"
#include "engine/message.h"
#include "io/sales_csv.h"

struct feed_file {
    const struct sales_table *sales; /* borrowed; sorted by date */
    const char *name;                /* of the file, without folders; borrowed */
    struct period_grid grid;
    size_t at;
    uint32_t *order;      /* of totals: indices of rows; else NULL */
    struct table stores;  /* store -> its counter's index */
    int64_t *sequence;
    size_t store_count, store_capacity;
    char source[MESSAGE_ID_BYTES_MAX], event_id[MESSAGE_ID_BYTES_MAX];
};

/* grid: periods of totals end on their dates; STATUS_BAD_DATA when a date is no last day of a period. */
enum status feed_file_init(struct feed_file *f, const struct sales_table *sales, const char *path, const struct period_grid *grid,
                           struct error *err) MUST_CHECK;
void feed_file_done(struct feed_file *f);

/* False at the end, or when memory ran out (*out_status). */
bool feed_file_next(struct feed_file *f, struct sales_update *out, enum status *out_status);
size_t feed_file_count(const struct feed_file *f);
date_t feed_file_last_date(const struct feed_file *f);

/* The grid that a file asks for: the configured one, but weeks end on the weekday that a file of totals is dated on. */
struct period_grid feed_file_grid(const struct sales_table *sales, const struct period_grid *configured);

#endif
