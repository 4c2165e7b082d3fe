#include "app/simulate_model.h"

#include "base/maths.h"

#define TWO_PI 6.283185307179586
#define DAYS_A_YEAR 365.2425

/* ------------------------------------------------------------------------------------------ draws */

static uint64_t mixed(uint64_t x) /* Steele, Lea and Flood 2014: splitmix64 */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

double simulate_draw(uint64_t seed, enum simulate_purpose purpose, uint64_t a, uint64_t b)
{
    const uint64_t bits = mixed(mixed(mixed(mixed(seed) + (uint64_t)purpose) + a) + b);
    return ((double)(bits >> 12) + .5) / 4503599627370496.0;
}

double simulate_normal(uint64_t seed, enum simulate_purpose purpose, uint64_t a, uint64_t b)
{
    return maths_normal_quantile(simulate_draw(seed, purpose, a, b));
}

void simulate_noise_move(struct simulate_noise *n, uint64_t seed, size_t stores, int64_t period)
{
    const uint64_t p = (uint64_t)period;
    n->chain = .6 * n->chain + .012 * simulate_normal(seed, DRAW_CHAIN, p, 0);
    for (size_t s = 0; s < stores; s++)
        n->store[s] = .7 * n->store[s] + .016 * simulate_normal(seed, DRAW_STORE, s, p);
}

/* ------------------------------------------------------------------------------------------ the calendar of the chain */

static date_t easter_sunday(int32_t year) /* anonymous Gregorian computus */
{
    const int a = year % 19, b = year / 100, c = year % 100;
    const int h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    const int k = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    const int days = h + k - 7 * ((a + 11 * h + 22 * k) / 451) + 114;
    return date_of(year, days / 31, days % 31 + 1);
}

static date_t nth_weekday(int32_t year, int month, enum weekday weekday, int n)
{
    const date_t first = date_of(year, month, 1);
    return first + ((int)weekday - (int)date_weekday(first) + 7) % 7 + 7 * (n - 1);
}

static double around_thanksgiving(date_t day, int32_t year)
{
    switch (day - nth_weekday(year, 11, THURSDAY, 4)) {
    case -2: return .15;
    case -1: return .30;
    case 0: return -.60;
    case 1: return .50;
    case 2: return .25;
    default: return 0;
    }
}

static double around_easter(date_t day, int32_t year)
{
    const int before = easter_sunday(year) - day;
    if (before == 0)
        return -.80;
    return before >= 1 && before <= 3 ? .25 : before >= 4 && before <= 8 ? .08 : 0;
}

static double at_fixed_dates(struct civil c)
{
    if (c.month == 12 && c.day >= 11)
        return c.day <= 23 ? .025 * (c.day - 10) : c.day == 24 ? .15 : c.day == 25 ? -1.20 : .06;
    if (c.month == 1 && c.day == 1)
        return -.50;
    if (c.month == 7 && (c.day == 3 || c.day == 4))
        return c.day == 3 ? .15 : -.20;
    if (c.month == 2 && c.day >= 12 && c.day <= 14)
        return .10;
    return 0;
}

static double holiday_effect(date_t day)
{
    const struct civil c = date_civil(day);
    return around_thanksgiving(day, c.year) + around_easter(day, c.year) + at_fixed_dates(c);
}

/* Four weeks a year for the whole chain, at the same dates every year, and one a half-year of each store's own. */
static double promotion_effect(uint64_t seed, size_t store, date_t day)
{
    static const int starts[4] = {33, 117, 229, 292}; /* days of the year */
    const int of_year = date_day_of_year(day);
    double effect = 0;
    for (uint64_t k = 0; k < 4; k++)
        if (of_year >= starts[k] && of_year < starts[k] + 7)
            effect += .06 + .04 * simulate_draw(seed, DRAW_PROMOTION, store, k);
    const uint64_t half = (uint64_t)date_civil(day).year * 2 + (of_year > 182);
    const int own = 1 + (of_year > 182 ? 182 : 0) + (int)(175 * simulate_draw(seed, DRAW_PROMOTION, store, half));
    return of_year >= own && of_year < own + 7 ? effect + .08 : effect;
}

/* ------------------------------------------------------------------------------------------ stores and products */

static double season_effect(uint64_t seed, size_t store, double year_angle)
{
    double effect = .06 * maths_cos(year_angle - 5.9) + .03 * maths_cos(2 * year_angle - 1.1) + .015 * maths_sin(3 * year_angle);
    for (uint64_t k = 1; k <= 3; k++) {
        const double size = .03 / (double)k * simulate_normal(seed, DRAW_SEASON, store, 2 * k);
        effect += size * maths_cos((double)k * year_angle + TWO_PI * simulate_draw(seed, DRAW_SEASON, store, 2 * k + 1));
    }
    return effect;
}

static double weekday_effect(uint64_t seed, size_t store, enum weekday weekday)
{
    static const double chain[7] = {-.12, -.16, -.10, 0, .18, .32, -.05};
    return chain[weekday] + .05 * simulate_normal(seed, DRAW_WEEKDAY, store, (uint64_t)weekday);
}

static double year_angle_of(date_t day) { return TWO_PI * ((double)date_day_of_year(day) - .5) / DAYS_A_YEAR; }

double simulate_store_day(uint64_t seed, const struct simulate_noise *n, size_t store, date_t day)
{
    const double years = (double)(day - date_of(2022, 1, 1)) / DAYS_A_YEAR;
    const double base = 9.2 + .5 * simulate_normal(seed, DRAW_BASE, store, 0);
    const double trend = .02 + .02 * simulate_normal(seed, DRAW_TREND, store, 0);
    const double reach = 1 + .2 * simulate_normal(seed, DRAW_HOLIDAY, store, 0);
    const double noise = n->chain + n->store[store] + .06 * simulate_normal(seed, DRAW_DAY, store, (uint64_t)day);
    return maths_exp(base + trend * years + season_effect(seed, store, year_angle_of(day)) +
                     weekday_effect(seed, store, date_weekday(day)) + reach * holiday_effect(day) +
                     promotion_effect(seed, store, day) + noise);
}

double simulate_product_share(uint64_t seed, size_t products, size_t store, size_t product, date_t day)
{
    const uint64_t here = (uint64_t)store * SIMULATE_PRODUCTS_MAX + product;
    const double size = .8 * simulate_normal(seed, DRAW_SHARE, product, 0) + .3 * simulate_normal(seed, DRAW_SHARE, here, 1);
    const double phase = TWO_PI * simulate_draw(seed, DRAW_PRODUCT_SEASON, product, 0);
    const double season = .25 * simulate_draw(seed, DRAW_PRODUCT_SEASON, product, 1) * maths_cos(year_angle_of(day) + phase);
    const double noise = .2 * simulate_normal(seed, DRAW_PRODUCT_DAY, here, (uint64_t)day);
    return maths_exp(size + season + noise - .4) / (double)products;
}

double simulate_price(uint64_t seed, size_t product)
{
    const double cents = maths_exp(maths_log(899) + .7 * simulate_normal(seed, DRAW_PRICE, product, 0));
    return (double)(int64_t)(cents + 1) / 100;
}
