/* calendar_events.h: the dated events and day counts behind the holiday columns of calendar.h. Internal to it.
 *
 * Thread: any. */
#ifndef STORECAST_FORECAST_CALENDAR_EVENTS_H
#define STORECAST_FORECAST_CALENDAR_EVENTS_H

#include "base/period.h"

#define CALENDAR_EVENT_COLUMNS 16

struct calendar_column {
    char name[32];
    size_t rule;       /* index of the event or day count */
    int periods_ahead; /* -1: a day count */
    bool is_lifted;
};

struct calendar_events {
    struct calendar_column columns[CALENDAR_EVENT_COLUMNS];
    size_t count;
};

/* The built-in events of the United States. */
void calendar_events_init(struct calendar_events *events);

/* Writes the `count` values of a period. */
void calendar_events_fill(const struct calendar_events *events, const struct period_grid *grid, period_t p, double *out);

/* Rules, by themselves for the tests. The n-th given weekday of a month; n = -1 is the last one. */
date_t calendar_nth_weekday(int32_t year, int month, enum weekday weekday, int n);
date_t calendar_easter(int32_t year); /* Gregorian Easter Sunday */

#endif
