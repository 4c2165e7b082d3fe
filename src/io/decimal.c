#include "io/decimal.h"

#include <string.h>
#include <strings.h>

enum { MAGNITUDE_MAX = 12, DIGITS_MAX = MAGNITUDE_MAX + 6 }; /* 10^12 in millionths: 18 digits */

static struct text trimmed(struct text t)
{
    while (t.size > 0 && (t.data[0] == ' ' || t.data[0] == '\t')) {
        t.data++;
        t.size--;
    }
    while (t.size > 0 && (t.data[t.size - 1] == ' ' || t.data[t.size - 1] == '\t'))
        t.size--;
    return t;
}

static bool is_absent(struct text t)
{
    static const char *const words[] = {"", "na", "n/a", "nan", "null", "none", "-", "#n/a"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == t.size && strncasecmp(words[i], t.data, t.size) == 0)
            return true;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct number { /* digits * 10^(exponent - decimals) */
    char digits[64];
    size_t digit_count;
    int decimals, exponent;
    bool is_negative;
};

/* At a group sign: exactly three digits must follow, and at least one have come before. */
static bool is_group(const char *at, const char *end)
{
    return end - at >= 4 && is_digit(at[1]) && is_digit(at[2]) && is_digit(at[3]) && (end - at == 4 || !is_digit(at[4]));
}

/* Leading zeros are dropped; digits past the 63rd only count as places. */
static void take_digit(struct number *n, char digit, bool is_decimal, int *dropped)
{
    if (n->digit_count == 0 && digit == '0') {
        n->decimals += is_decimal;
        return;
    }
    if (n->digit_count == sizeof n->digits) {
        *dropped += !is_decimal;
        return;
    }
    n->digits[n->digit_count++] = digit;
    n->decimals += is_decimal;
}

static const char *take_mantissa(const char *at, const char *end, char point, struct number *n, bool *out_any)
{
    char group = point == '.' ? ',' : '.';
    bool is_decimal = false;
    size_t group_digits = 0; /* since the start or the last group sign */
    bool has_groups = false;
    int dropped = 0;
    for (; at < end; at++) {
        if (is_digit(*at)) {
            take_digit(n, *at, is_decimal, &dropped);
            group_digits++;
            *out_any = true;
        } else if (*at == point && !is_decimal) {
            is_decimal = true;
        } else if (*at == group && !is_decimal && is_group(at, end) && (has_groups ? group_digits == 3 : group_digits >= 1 && group_digits <= 3)) {
            has_groups = true;
            group_digits = 0;
        } else {
            break;
        }
    }
    n->exponent += dropped;
    return at;
}

static const char *take_exponent(const char *at, const char *end, struct number *n)
{
    if (at == end || (*at != 'e' && *at != 'E'))
        return at;
    const char *digits = at + 1;
    bool is_negative = digits < end && *digits == '-';
    int exponent = 0;
    digits += digits < end && (*digits == '-' || *digits == '+');
    if (digits == end || !is_digit(*digits))
        return at;
    for (; digits < end && is_digit(*digits); digits++)
        exponent = exponent < 10000 ? exponent * 10 + (*digits - '0') : exponent;
    n->exponent += is_negative ? -exponent : exponent;
    return digits;
}

/* digits * 10^scale, rounded half away from zero; false when it has more than DIGITS_MAX digits. */
static bool scaled(const struct number *n, int scale, int64_t *out)
{
    int64_t kept = (int64_t)n->digit_count + scale; /* digits of the result; the rest is rounded away */
    if (n->digit_count == 0 || kept < 0) {
        *out = 0;
        return true;
    }
    if (kept > DIGITS_MAX)
        return false;
    int64_t value = 0;
    for (int64_t i = 0; i < kept; i++)
        value = value * 10 + (i < (int64_t)n->digit_count ? n->digits[i] - '0' : 0);
    if (kept < (int64_t)n->digit_count && n->digits[kept] >= '5')
        value++;
    *out = value;
    return true;
}

enum decimal_result decimal_millionths(struct text t, char point, int64_t *out)
{
    struct number n = {0};
    int64_t value;
    bool has_digits = false;
    t = trimmed(t);
    if (is_absent(t))
        return DECIMAL_ABSENT;
    const char *at = t.data, *end = t.data + t.size;
    n.is_negative = *at == '-';
    at += *at == '-' || *at == '+';
    at = take_mantissa(at, end, point, &n, &has_digits);
    if (!has_digits)
        return DECIMAL_INVALID;
    at = take_exponent(at, end, &n);
    if (at != end)
        return DECIMAL_INVALID;
    if (!scaled(&n, 6 + n.exponent - n.decimals, &value))
        return DECIMAL_TOO_LARGE;
    *out = n.is_negative ? -value : value;
    return DECIMAL_OK;
}
