/* date.h: civil dates (proleptic Gregorian) as days since 1970-01-01. No time zones, no locale. Thread: any. */
#ifndef STORECAST_BASE_DATE_H
#define STORECAST_BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

typedef int32_t date_t;

enum weekday { MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

struct civil {
    int32_t year;
    int month, day; /* from 1 */
};

date_t date_of(int32_t year, int month, int day);
struct civil date_civil(date_t d);
enum weekday date_weekday(date_t d);
int date_day_of_year(date_t d); /* from 1 */
bool year_is_leap(int32_t year);
int days_in_month(int32_t year, int month);
date_t date_of_ms(int64_t unix_ms); /* UTC, floor */
int64_t date_ms(date_t d);          /* midnight UTC */

#define DATE_TEXT_BYTES 16
/* "2012-10-26"; years outside 0..9999 are written with as many digits as they need. Returns out. */
char *date_format(date_t d, char out[DATE_TEXT_BYTES]);
bool date_parse_iso(struct text t, date_t *out); /* YYYY-MM-DD, a date that exists */

bool weekday_parse(struct text name, enum weekday *out); /* "friday", any case */
const char *weekday_name(enum weekday w);

#endif
