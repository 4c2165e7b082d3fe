#include "forecast/calendar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/calendar_events.h"

/* One row: the holidays, the harmonics of the year, those of the month, the alignment. */
struct calendar {
    struct period_grid grid;
    struct calendar_events events;
    double *rows;
    period_t first;
    size_t count, stride;
};

#define ANNUAL_COLUMNS (2 * (size_t)CALENDAR_ANNUAL_MAX)
#define MONTH_COLUMNS  (2 * (size_t)CALENDAR_MONTH_MAX)
#define ROWS_MAX       ((size_t)1 << 20)
#define SPARE_ROWS     64 /* made at once when a table has to grow: closes come one period after another */

enum status calendar_new(const struct period_grid *grid, struct calendar **out)
{
    struct calendar *c = calloc(1, sizeof *c);
    if (!c)
        return STATUS_NO_MEMORY;
    c->grid = *grid;
    calendar_events_init(&c->events);
    c->stride = c->events.count + ANNUAL_COLUMNS + MONTH_COLUMNS + 1;
    *out = c;
    return STATUS_OK;
}

void calendar_free(struct calendar *c)
{
    if (!c)
        return;
    free(c->rows);
    free(c);
}

const struct period_grid *calendar_grid(const struct calendar *c)
{
    return &c->grid;
}

/* Adds cos, sin(2 pi k phase) for k = 1..order. */
static void add_harmonics(double *sums, int order, double phase)
{
    double angle = 0x1.921fb54442d18p+2 * phase; /* 2 pi */
    for (int k = 1; k <= order; k++) {
        *sums++ += maths_cos(k * angle);
        *sums++ += maths_sin(k * angle);
    }
}

/* Phases run from the middle of the first day to the middle of the last. */
static void fill_harmonics(const struct calendar *c, period_t p, double *annual, double *month)
{
    date_t first = period_first_day(&c->grid, p), last = period_last_day(&c->grid, p);
    for (date_t d = first; d <= last; d++) {
        struct civil day = date_civil(d);
        add_harmonics(annual, CALENDAR_ANNUAL_MAX, (date_day_of_year(d) - 0.5) / (year_is_leap(day.year) ? 366 : 365));
        add_harmonics(month, CALENDAR_MONTH_MAX, (day.day - 0.5) / days_in_month(day.year, day.month));
    }
    double days = last - first + 1;
    for (size_t k = 0; k < ANNUAL_COLUMNS; k++)
        annual[k] /= days;
    for (size_t k = 0; k < MONTH_COLUMNS; k++)
        month[k] /= days;
}

/* Only 52 weeks are a year short of a day or two. Twelve months are a year, and seven days recur within it. */
static int alignment(const struct period_grid *grid, period_t p)
{
    if (grid->unit != PERIOD_WEEK)
        return 0;
    struct civil last = date_civil(period_last_day(grid, p));
    if (last.month == 2 && last.day == 29)
        last.day = 28;
    return period_last_day(grid, p - period_season(grid)) - date_of(last.year - 1, last.month, last.day);
}

static void fill_row(const struct calendar *c, period_t p, double *row)
{
    memset(row, 0, c->stride * sizeof *row);
    calendar_events_fill(&c->events, &c->grid, p, row);
    double *annual = row + c->events.count;
    fill_harmonics(c, p, annual, annual + ANNUAL_COLUMNS);
    row[c->stride - 1] = alignment(&c->grid, p);
}

enum status calendar_cover(struct calendar *c, period_t first, period_t last)
{
    if (first > last)
        return STATUS_OK;
    int64_t begin = first, end = (int64_t)last + 1;
    if (c->count > 0) {
        int64_t old_begin = c->first, old_end = old_begin + (int64_t)c->count;
        if (begin >= old_begin && end <= old_end)
            return STATUS_OK;
        begin = begin < old_begin ? begin : old_begin;
        end = end > old_end ? end + SPARE_ROWS : old_end;
    }
    if (end - begin > (int64_t)ROWS_MAX)
        return STATUS_OUT_OF_RANGE;
    size_t count = (size_t)(end - begin), row_bytes = c->stride * sizeof(double);
    double *rows = malloc(count * row_bytes);
    if (!rows)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        int64_t p = begin + (int64_t)i, old = p - c->first;
        if (c->count > 0 && old >= 0 && old < (int64_t)c->count)
            memcpy(rows + i * c->stride, c->rows + (size_t)old * c->stride, row_bytes);
        else
            fill_row(c, (period_t)p, rows + i * c->stride);
    }
    free(c->rows);
    c->rows = rows;
    c->first = (period_t)begin;
    c->count = count;
    return STATUS_OK;
}

void calendar_forget(struct calendar *c, period_t before)
{
    const int64_t gone = (int64_t)before - c->first;
    if (c->count == 0 || gone < SPARE_ROWS)
        return;
    if (gone >= (int64_t)c->count) {
        c->count = 0;
        return;
    }
    c->count -= (size_t)gone;
    memmove(c->rows, c->rows + (size_t)gone * c->stride, c->count * c->stride * sizeof *c->rows);
    c->first = before;
}

size_t calendar_rows(const struct calendar *c)
{
    return c->count;
}

size_t calendar_holiday_count(const struct calendar *c)
{
    return c->events.count;
}

const char *calendar_holiday_name(const struct calendar *c, size_t column)
{
    assert(column < c->events.count);
    return c->events.columns[column].name;
}

bool calendar_holiday_lifted(const struct calendar *c, size_t column)
{
    assert(column < c->events.count);
    return c->events.columns[column].is_lifted;
}

static const double *row_of(const struct calendar *c, period_t p)
{
    int64_t row = (int64_t)p - c->first;
    assert(row >= 0 && row < (int64_t)c->count);
    return c->rows + (size_t)row * c->stride;
}

const double *calendar_holidays(const struct calendar *c, period_t p)
{
    return row_of(c, p);
}

const double *calendar_annual(const struct calendar *c, period_t p)
{
    return row_of(c, p) + c->events.count;
}

const double *calendar_month(const struct calendar *c, period_t p)
{
    return row_of(c, p) + c->events.count + ANNUAL_COLUMNS;
}

int calendar_alignment_days(const struct calendar *c, period_t p)
{
    return (int)row_of(c, p)[c->stride - 1];
}
