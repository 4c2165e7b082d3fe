#include "forecast/calendar_events.h"

#include <assert.h>
#include <stdio.h>

date_t calendar_nth_weekday(int32_t year, int month, enum weekday weekday, int n)
{
    if (n < 0) {
        date_t last = date_of(year, month, days_in_month(year, month));
        return last - ((int)date_weekday(last) - (int)weekday + 7) % 7;
    }
    date_t first = date_of(year, month, 1);
    return first + ((int)weekday - (int)date_weekday(first) + 7) % 7 + 7 * (n - 1);
}

/* The anonymous algorithm (Nature, 20 April 1876), as in Meeus, Astronomical Algorithms. Years from 0. */
date_t calendar_easter(int32_t year)
{
    int a = year % 19, b = year / 100, c = year % 100;
    int h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    int k = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    int month_and_day = h + k - 7 * ((a + 11 * h + 22 * k) / 451) + 114;
    return date_of(year, month_and_day / 31, month_and_day % 31 + 1);
}

/* The Super Bowl moved by a week when a game was added to the season. */
static date_t super_bowl(int32_t year)
{
    return calendar_nth_weekday(year, 2, SUNDAY, year < 2022 ? 1 : 2);
}

static date_t thanksgiving(int32_t year)
{
    return calendar_nth_weekday(year, 11, THURSDAY, 4);
}

static date_t labor_day(int32_t year)
{
    return calendar_nth_weekday(year, 9, MONDAY, 1);
}

static date_t memorial_day(int32_t year)
{
    return calendar_nth_weekday(year, 5, MONDAY, -1);
}

static date_t mothers_day(int32_t year)
{
    return calendar_nth_weekday(year, 5, SUNDAY, 2);
}

#define AHEAD_MAX 3

struct event {
    const char *name;
    date_t (*date)(int32_t year);
    int periods_ahead[AHEAD_MAX];
    int ahead_count;
    bool is_lifted;
};

static const struct event events_us[] = {
    {"thanksgiving", thanksgiving, {0}, 1, true},     {"super_bowl", super_bowl, {1}, 1, true},
    {"labor_day", labor_day, {0}, 1, true},           {"easter", calendar_easter, {0, 1, 2}, 3, true},
    {"memorial_day", memorial_day, {0, 1}, 2, false}, {"mothers_day", mothers_day, {1}, 1, false},
};

/* Days of a range within one year, as month * 32 + day. */
struct day_count {
    const char *name;
    int first, last;
};

#define MONTH_DAY(month, day) ((month)*32 + (day))

static const struct day_count day_counts_us[] = {
    {"before_christmas", MONTH_DAY(12, 11), MONTH_DAY(12, 24)}, {"last_days_before_christmas", MONTH_DAY(12, 19), MONTH_DAY(12, 24)},
    {"christmas_day", MONTH_DAY(12, 25), MONTH_DAY(12, 25)},    {"after_christmas", MONTH_DAY(12, 26), MONTH_DAY(12, 31)},
    {"valentines_day", MONTH_DAY(2, 11), MONTH_DAY(2, 14)},     {"independence_day", MONTH_DAY(7, 1), MONTH_DAY(7, 4)},
    {"halloween", MONTH_DAY(10, 27), MONTH_DAY(10, 31)},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static struct calendar_column *add_column(struct calendar_events *events, size_t rule, int periods_ahead, bool is_lifted)
{
    assert(events->count < CALENDAR_EVENT_COLUMNS);
    struct calendar_column *column = &events->columns[events->count++];
    *column = (struct calendar_column){.rule = rule, .periods_ahead = periods_ahead, .is_lifted = is_lifted};
    return column;
}

void calendar_events_init(struct calendar_events *events)
{
    events->count = 0;
    for (size_t i = 0; i < COUNT_OF(events_us); i++) {
        const struct event *event = &events_us[i];
        for (int k = 0; k < event->ahead_count; k++) {
            int ahead = event->periods_ahead[k];
            struct calendar_column *column = add_column(events, i, ahead, event->is_lifted);
            (void)snprintf(column->name, sizeof column->name, "%s_w%d", event->name, ahead);
        }
    }
    for (size_t i = 0; i < COUNT_OF(day_counts_us); i++) {
        struct calendar_column *column = add_column(events, i, -1, false);
        (void)snprintf(column->name, sizeof column->name, "%s", day_counts_us[i].name);
    }
}

/* How many of the event's dates lie in the period. */
static int events_in(const struct event *event, const struct period_grid *grid, period_t p)
{
    date_t first = period_first_day(grid, p), last = period_last_day(grid, p);
    int count = 0;
    for (int32_t year = date_civil(first).year; year <= date_civil(last).year; year++) {
        date_t d = event->date(year);
        count += d >= first && d <= last;
    }
    return count;
}

static int days_in(const struct day_count *range, const struct period_grid *grid, period_t p)
{
    int count = 0;
    for (date_t d = period_first_day(grid, p); d <= period_last_day(grid, p); d++) {
        struct civil day = date_civil(d);
        int at = MONTH_DAY(day.month, day.day);
        count += at >= range->first && at <= range->last;
    }
    return count;
}

void calendar_events_fill(const struct calendar_events *events, const struct period_grid *grid, period_t p, double *out)
{
    for (size_t i = 0; i < events->count; i++) {
        const struct calendar_column *column = &events->columns[i];
        out[i] = column->periods_ahead < 0 ? days_in(&day_counts_us[column->rule], grid, p)
                                           : events_in(&events_us[column->rule], grid, p + column->periods_ahead);
    }
}
