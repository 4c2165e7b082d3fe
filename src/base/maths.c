#include <math.h>

#include "base/maths_inner.h"

double maths_sqrt(double x)
{
    return sqrt(x);
}

bool maths_finite(double x)
{
    return (maths_bits(x) >> 52 & 0x7ff) != 0x7ff;
}

double maths_missing(void)
{
    return maths_of_bits(UINT64_C(0x7ff8) << 48);
}

/* Zeros are equal, but the negative one goes first, so that sorted bytes do not depend on the order before. */
static bool is_before(double a, double b)
{
    return a < b || (a == b && maths_bits(a) > maths_bits(b) && a == 0.0);
}

/* Shell's sort, gaps of Ciura's kind. */
void maths_sort(double *values, size_t n)
{
    static const size_t first_gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    size_t gap = 701, next = 0;
    while (gap < n / 3)
        gap = gap * 9 / 4;
    while (gap > 0) {
        for (size_t i = gap; i < n; i++) {
            double value = values[i];
            size_t j = i;
            for (; j >= gap && is_before(value, values[j - gap]); j -= gap)
                values[j] = values[j - gap];
            values[j] = value;
        }
        if (gap > 701)
            gap = gap * 4 / 9 > 701 ? gap * 4 / 9 : 701;
        else
            gap = ++next < sizeof first_gaps / sizeof first_gaps[0] ? first_gaps[next] : 0;
    }
}

double maths_median(double *values, size_t n)
{
    if (n == 0)
        return maths_missing();
    for (size_t i = 0; i < n; i++)
        if (values[i] != values[i])
            return maths_missing();
    maths_sort(values, n);
    if (n % 2 == 1)
        return values[n / 2];
    return 0.5 * values[n / 2 - 1] + 0.5 * values[n / 2]; /* no overflow */
}
