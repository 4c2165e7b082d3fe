/* simulate.h: a made-up chain of stores, its tills and their sales, with a known truth: the newcomer's data, the load
 * generator, and the oracle of tests.
 *
 * Sales have a trend, a yearly pattern, weekdays, holidays that move, promotions, noise of the chain and of each store.
 * Every till sends one Sale a day (and product), with a counter; some goods come back (a Sale below zero), some records
 * arrive again, some arrive days late. Everything is a pure function of the options: the same seed gives the same
 * bytes on every machine, and adding stores does not change those that were there.
 * Thread: any, one at a time. */
#ifndef STORECAST_APP_SIMULATE_H
#define STORECAST_APP_SIMULATE_H

#include "base/period.h"
#include "engine/message.h"

struct simulate_shift { /* the sales of a store times factor, from the period with this index (from 0) on */
    size_t store;       /* index from 0 */
    int64_t period;
    double factor;
};

struct simulate_options {
    uint64_t seed;
    size_t stores;       /* 1..SIMULATE_STORES_MAX */
    size_t products;     /* per store; 0 = sales of whole stores */
    size_t tills;        /* per store, 1..9 */
    int64_t periods;     /* whole periods */
    struct period_grid grid;
    date_t first_date;   /* in the first period, which is simulated whole */
    double returns, duplicates, late; /* shares of records, 0..1; late: 1..SIMULATE_LATE_DAYS_MAX days */
    const struct simulate_shift *shifts; /* borrowed until simulate_free */
    size_t shift_count;
};
#define SIMULATE_STORES_MAX 100000
#define SIMULATE_PRODUCTS_MAX 1000
#define SIMULATE_LATE_DAYS_MAX 12

/* 36 stores, 2 tills, 156 weeks from 2022-01-03 on, 2 % returns, 1 % duplicates, 1 % late. */
void simulate_options_default(struct simulate_options *out);

struct simulate;
/* STATUS_OUT_OF_RANGE when an option is. Caller frees. */
enum status simulate_new(const struct simulate_options *options, struct simulate **out) MUST_CHECK;
void simulate_free(struct simulate *s);

/* The next record in order of arrival; its texts are borrowed until the next call. False at the end. *out_status tells
 * the end (STATUS_OK) from STATUS_NO_MEMORY; it may be NULL. */
bool simulate_next(struct simulate *s, struct sales_update *out, enum status *out_status);

date_t simulate_first_day(const struct simulate *s);
date_t simulate_last_day(const struct simulate *s);
date_t simulate_today(const struct simulate *s); /* the day that the last record arrived on; may pass the last day */
#define SIMULATE_ID_BYTES 32
char *simulate_store_id(const struct simulate *s, size_t store, char out[SIMULATE_ID_BYTES]); /* "s01" */
char *simulate_product_id(const struct simulate *s, size_t product, char out[SIMULATE_ID_BYTES]); /* "p001" */

struct simulate_counts { /* of records that simulate_next gave */
    uint64_t records, returns, duplicates, late;
};
struct simulate_counts simulate_counts(const struct simulate *s);

struct simulate_truth { /* of one series in one period, in millionths; every record once */
    int64_t gross_quantity, returns_quantity, gross_amount, returns_amount; /* returns >= 0 */
};
/* What was sold, as far as simulate_next has come. product is ignored when products = 0. */
const struct simulate_truth *simulate_truth(const struct simulate *s, size_t store, size_t product, int64_t period);

#endif
