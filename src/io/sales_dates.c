#include "io/sales_dates.h"

#include <assert.h>

struct parts {
    int number[3], digits[3];
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Three numbers with the same separator between, then nothing, or a space or T and a time that is not looked at. */
static bool split(struct text t, struct parts *out)
{
    size_t at = 0;
    char separator = '\0';
    *out = (struct parts){0};
    while (at < t.size && t.data[at] == ' ')
        at++;
    for (int part = 0; part < 3; part++) {
        if (part > 0) {
            if (at == t.size || (t.data[at] != '-' && t.data[at] != '/' && t.data[at] != '.'))
                return false;
            if (separator != '\0' && t.data[at] != separator)
                return false;
            separator = t.data[at++];
        }
        for (; at < t.size && is_digit(t.data[at]) && out->digits[part] < 8; at++, out->digits[part]++)
            out->number[part] = out->number[part] * 10 + (t.data[at] - '0');
        if (out->digits[part] == 8 && part == 0) { /* 20100205 */
            *out = (struct parts){{out->number[0] / 10000, out->number[0] / 100 % 100, out->number[0] % 100}, {4, 2, 2}};
            break;
        }
        if (out->digits[part] == 0 || out->digits[part] > 4)
            return false;
    }
    return at == t.size || t.data[at] == ' ' || t.data[at] == 'T';
}

static bool make_date(int year, int year_digits, int month, int day, date_t *out)
{
    if (year_digits == 2)
        year += year >= 70 ? 1900 : 2000;
    if ((year_digits != 2 && year_digits != 4) || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *out = date_of(year, month, day);
    return true;
}

static bool date_in_order(const struct parts *p, enum date_order order, date_t *out)
{
    if (p->digits[0] == 4)
        return p->digits[1] <= 2 && p->digits[2] <= 2 && make_date(p->number[0], 4, p->number[1], p->number[2], out);
    if (p->digits[0] > 2 || p->digits[1] > 2)
        return false;
    int day = p->number[order == DATE_ORDER_DMY ? 0 : 1], month = p->number[order == DATE_ORDER_DMY ? 1 : 0];
    return make_date(p->number[2], p->digits[2], month, day, out);
}

bool sales_dates_parse(struct text t, enum date_order order, date_t *out)
{
    struct parts parts;
    return split(t, &parts) && date_in_order(&parts, order, out);
}

bool sales_dates_see(struct sales_dates *d, struct text t, uint64_t line)
{
    struct parts parts;
    date_t day_first, month_first;
    if (!split(t, &parts))
        return false;
    bool is_day_first = date_in_order(&parts, DATE_ORDER_DMY, &day_first);
    bool is_month_first = date_in_order(&parts, DATE_ORDER_MDY, &month_first);
    if (!is_day_first && !is_month_first)
        return false;
    if (parts.digits[0] == 4)
        return true;
    if (is_day_first)
        d->day_first_weekdays |= 1u << date_weekday(day_first);
    if (is_month_first)
        d->month_first_weekdays |= 1u << date_weekday(month_first);
    if (!is_month_first && d->day_first_line == 0)
        d->day_first_line = line;
    if (!is_day_first && d->month_first_line == 0)
        d->month_first_line = line;
    if (is_day_first && is_month_first && day_first != month_first && d->either_line == 0)
        d->either_line = line;
    return true;
}

static bool is_one_weekday(unsigned weekdays)
{
    return weekdays != 0 && (weekdays & (weekdays - 1)) == 0;
}

enum sales_dates_verdict sales_dates_decide(const struct sales_dates *d, enum date_order *out_order)
{
    if (d->day_first_line != 0 && d->month_first_line != 0)
        return DATES_CONFLICT;
    if (d->day_first_line != 0 || d->month_first_line != 0 || d->either_line == 0) {
        *out_order = d->month_first_line != 0 ? DATE_ORDER_MDY : DATE_ORDER_DMY;
        return DATES_DECIDED;
    }
    bool day_first_weekly = is_one_weekday(d->day_first_weekdays), month_first_weekly = is_one_weekday(d->month_first_weekdays);
    if (day_first_weekly == month_first_weekly)
        return DATES_AMBIGUOUS;
    *out_order = day_first_weekly ? DATE_ORDER_DMY : DATE_ORDER_MDY;
    return DATES_DECIDED;
}
