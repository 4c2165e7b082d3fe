/* calendar.h: features of consecutive periods: events, day counts, harmonics, and the shift against last year.
 *
 * One table per period grid, shared by all series, extended on demand; a row is a pure function of the grid and the
 * period, never of where the table starts. A week is labelled by its last day w; its days are w-6..w.
 * Definition: an event's feature k is 1 in a period if the event lies in the k-th period after it; day counts are the
 * days of a date range that fall into the period; harmonics are means over the period's days of cos, sin(2 pi k p).
 * Thread: one at a time for calendar_cover; reads of covered rows from any. */
#ifndef STORECAST_FORECAST_CALENDAR_H
#define STORECAST_FORECAST_CALENDAR_H

#include "base/period.h"

#define CALENDAR_ANNUAL_MAX 13 /* harmonics, two columns each: cos1 sin1 cos2 ... */
#define CALENDAR_MONTH_MAX 3

struct calendar;

/* The built-in events of the United States. Caller frees. */
enum status calendar_new(const struct period_grid *grid, struct calendar **out) MUST_CHECK;
void calendar_free(struct calendar *c);
const struct period_grid *calendar_grid(const struct calendar *c);

/* Makes rows first..last readable; keeps what is there. Row pointers taken before are invalid afterwards. */
enum status calendar_cover(struct calendar *c, period_t first, period_t last) MUST_CHECK;
/* Rows of periods before this are not read again: a table that moves with the time does not grow. Some are kept, so that what is
 * left need not be moved at every period; row pointers taken before are invalid afterwards. */
void calendar_forget(struct calendar *c, period_t before);
size_t calendar_rows(const struct calendar *c);

size_t calendar_holiday_count(const struct calendar *c);             /* events x periods ahead, then day counts */
const char *calendar_holiday_name(const struct calendar *c, size_t column); /* "easter_w1" */
bool calendar_holiday_lifted(const struct calendar *c, size_t column); /* removed from last year, put back at its new date */

/* Borrowed rows; the period must be covered. */
const double *calendar_holidays(const struct calendar *c, period_t p); /* calendar_holiday_count values */
const double *calendar_annual(const struct calendar *c, period_t p);   /* 2 * CALENDAR_ANNUAL_MAX: phase of the year */
const double *calendar_month(const struct calendar *c, period_t p);    /* 2 * CALENDAR_MONTH_MAX: phase of the month */
/* Days by which the period one season back lies later in its year: 1, or 2 when a 29 February lies between.
 * 0 for months, whose season is the year, and for days, whose season is the week. */
int calendar_alignment_days(const struct calendar *c, period_t p);

#endif
