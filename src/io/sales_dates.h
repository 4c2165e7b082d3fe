/* sales_dates.h: dates as files write them, when the order of day and month must be found out.
 *
 * Year first (2010-02-05, 2010/2/5, 20100205) is never ambiguous. Otherwise the whole file has one order: a part above
 * 12 decides it; else, when all dates fall on one weekday in one order and not in the other (weekly data), that order;
 * else it is ambiguous and the caller must ask. Two-digit years are 1970..2069. A time of day behind the date
 * is ignored. Thread: any, one at a time. */
#ifndef STORECAST_IO_SALES_DATES_H
#define STORECAST_IO_SALES_DATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/date.h"

enum date_order { DATE_ORDER_AUTO, DATE_ORDER_DMY, DATE_ORDER_MDY };

/* What was seen of one file; zero-initialised. */
struct sales_dates {
    uint64_t day_first_line, month_first_line; /* first line that can only be of this order; 0 = none */
    uint64_t either_line;                      /* first line that could be both and differs */
    unsigned day_first_weekdays, month_first_weekdays; /* bits */
};

/* Looks at one date of the first pass. False when it is no date in any order. */
bool sales_dates_see(struct sales_dates *d, struct text t, uint64_t line);

enum sales_dates_verdict { DATES_DECIDED, DATES_CONFLICT, DATES_AMBIGUOUS };
/* After the last date. *out_order is DMY or MDY when decided. */
enum sales_dates_verdict sales_dates_decide(const struct sales_dates *d, enum date_order *out_order);

/* A date of the second pass. False when it does not exist. */
bool sales_dates_parse(struct text t, enum date_order order, date_t *out);

#endif
