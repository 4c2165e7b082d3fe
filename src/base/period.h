/* period.h: the grid that dates are summed into, and the only place (with the calendar) that knows 7, 12 and 52.
 *
 * Periods are consecutive integers; a period is labelled by its last day. Thread: any. */
#ifndef STORECAST_BASE_PERIOD_H
#define STORECAST_BASE_PERIOD_H

#include "base/date.h"

typedef int32_t period_t;
#define PERIOD_NONE INT32_MIN

enum period_unit { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH };

struct period_grid {
    enum period_unit unit;
    uint8_t week_end; /* enum weekday of a week's last day; ignored for days and months */
};

period_t period_of(const struct period_grid *grid, date_t business_date);
date_t period_first_day(const struct period_grid *grid, period_t p);
date_t period_last_day(const struct period_grid *grid, period_t p);
uint16_t period_season(const struct period_grid *grid); /* periods that a pattern takes to recur: 7, 52, 12 */
const char *period_unit_name(enum period_unit unit);    /* "day", "week", "month" */

#endif
