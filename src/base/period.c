#include "base/period.h"

#include <assert.h>

/* A week's number counts weeks with the same last day from the one that ends in 1970-01-01..07. */
static date_t week_offset(const struct period_grid *grid)
{
    assert(grid->week_end < 7);
    return (grid->week_end + 7 - THURSDAY) % 7; /* last day of week 0 */
}

static int32_t floor_divide(int32_t a, int32_t b)
{
    return a / b - (a % b < 0);
}

period_t period_of(const struct period_grid *grid, date_t business_date)
{
    switch (grid->unit) {
    case PERIOD_DAY:
        return business_date;
    case PERIOD_WEEK:
        return floor_divide(business_date - week_offset(grid) + 6, 7);
    case PERIOD_MONTH: {
        struct civil c = date_civil(business_date);
        return (c.year - 1970) * 12 + c.month - 1;
    }
    }
    assert(0 && "period unit");
    return PERIOD_NONE;
}

date_t period_first_day(const struct period_grid *grid, period_t p)
{
    switch (grid->unit) {
    case PERIOD_DAY:
        return p;
    case PERIOD_WEEK:
        return period_last_day(grid, p) - 6;
    case PERIOD_MONTH: {
        int32_t year = floor_divide(p, 12);
        return date_of(1970 + year, p - 12 * year + 1, 1);
    }
    }
    assert(0 && "period unit");
    return 0;
}

date_t period_last_day(const struct period_grid *grid, period_t p)
{
    switch (grid->unit) {
    case PERIOD_DAY:
        return p;
    case PERIOD_WEEK:
        return p * 7 + week_offset(grid);
    case PERIOD_MONTH:
        return period_first_day(grid, p + 1) - 1;
    }
    assert(0 && "period unit");
    return 0;
}

uint16_t period_season(const struct period_grid *grid)
{
    static const uint16_t season[] = {[PERIOD_DAY] = 7, [PERIOD_WEEK] = 52, [PERIOD_MONTH] = 12};
    return season[grid->unit];
}

const char *period_unit_name(enum period_unit unit)
{
    static const char *const names[] = {[PERIOD_DAY] = "day", [PERIOD_WEEK] = "week", [PERIOD_MONTH] = "month"};
    return names[unit];
}
