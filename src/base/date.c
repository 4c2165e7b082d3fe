#include "base/date.h"

#include <stdio.h>
#include <strings.h>

/* Days from civil and back: Howard Hinnant's era arithmetic (400-year eras of 146,097 days, years from March). */
date_t date_of(int32_t year, int month, int day)
{
    int32_t y = month <= 2 ? year - 1 : year;
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    int32_t year_of_era = y - era * 400;
    int32_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

/* In 64 bits, since any date_t may come in, also from a message that is about to be refused for it. */
struct civil date_civil(date_t d)
{
    int64_t z = (int64_t)d + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int32_t day_of_era = (int32_t)(z - era * 146097);
    int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t shifted_month = (5 * day_of_year + 2) / 153;
    int day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    return (struct civil){year_of_era + (int32_t)era * 400 + (month <= 2), month, day};
}

enum weekday date_weekday(date_t d)
{
    int64_t w = ((int64_t)d + 3) % 7; /* 1970-01-01 was a Thursday */
    return (enum weekday)(w < 0 ? w + 7 : w);
}

int date_day_of_year(date_t d)
{
    return d - date_of(date_civil(d).year, 1, 1) + 1;
}

bool year_is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int days_in_month(int32_t year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && year_is_leap(year));
}

#define DAY_MS INT64_C(86400000)

date_t date_of_ms(int64_t unix_ms)
{
    int64_t days = unix_ms / DAY_MS - (unix_ms % DAY_MS < 0);
    if (days > INT32_MAX)
        return INT32_MAX;
    return days < INT32_MIN ? INT32_MIN : (date_t)days;
}

int64_t date_ms(date_t d)
{
    return d * DAY_MS;
}

char *date_format(date_t d, char out[DATE_TEXT_BYTES])
{
    struct civil c = date_civil(d);
    (void)snprintf(out, DATE_TEXT_BYTES, "%04d-%02u-%02u", c.year, (unsigned)c.month % 100u, (unsigned)c.day % 100u);
    return out;
}

static bool digits(const char *at, int count, int32_t *out)
{
    int32_t v = 0;
    for (int i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        v = v * 10 + (at[i] - '0');
    }
    *out = v;
    return true;
}

bool date_parse_iso(struct text t, date_t *out)
{
    int32_t year, month, day;
    if (t.size != 10 || t.data[4] != '-' || t.data[7] != '-' || !digits(t.data, 4, &year) ||
        !digits(t.data + 5, 2, &month) || !digits(t.data + 8, 2, &day))
        return false;
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *out = date_of(year, month, day);
    return true;
}

static const char *const weekdays[7] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};

bool weekday_parse(struct text name, enum weekday *out)
{
    for (int i = 0; i < 7; i++) {
        struct text known = text_of(weekdays[i]);
        if (name.size == known.size && strncasecmp(name.data, known.data, name.size) == 0) {
            *out = (enum weekday)i;
            return true;
        }
    }
    return false;
}

const char *weekday_name(enum weekday w)
{
    return weekdays[w];
}
