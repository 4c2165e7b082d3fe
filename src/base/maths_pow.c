#include "base/maths_inner.h"

/* 0: not an integer, 1: odd, 2: even. */
static int parity(double x)
{
    double size = x < 0.0 ? -x : x;
    if (size >= 0x1p53)
        return 2;
    double whole = (double)(int64_t)size;
    if (whole != size)
        return 0;
    return (int64_t)size % 2 != 0 ? 1 : 2;
}

/* Base of magnitude 0 or infinity, or an infinite exponent: the limits. */
static double limit(double size, double exponent)
{
    if (exponent == maths_infinity() || exponent == -maths_infinity()) {
        if (size == 1.0)
            return 1.0;
        return (size > 1.0) == (exponent > 0.0) ? maths_infinity() : 0.0;
    }
    return (size > 1.0) == (exponent > 0.0) ? maths_infinity() : 0.0;
}

static double pow_of_size(double size, double exponent)
{
    if (size == 0.0 || !maths_finite(size) || !maths_finite(exponent))
        return limit(size, exponent);
    double reach = exponent < 0.0 ? -exponent : exponent;
    if (size == 1.0 || reach < 0x1p-70) /* |log| is below 745 */
        return 1.0;
    if (reach > 0x1p66) /* |log| is above 2^-54 */
        return limit(size > 1.0 ? maths_infinity() : 0.0, exponent);
    return maths_exp_two(two_multiply(maths_log_two(size), (struct two){exponent, 0.0}));
}

double maths_pow(double base, double exponent)
{
    if (exponent == 0.0 || base == 1.0)
        return 1.0;
    if (base != base || exponent != exponent)
        return base + exponent;
    bool is_negative = maths_bits(base) >> 63 != 0;
    double value = pow_of_size(is_negative ? -base : base, exponent);
    if (!is_negative)
        return value;
    switch (parity(exponent)) {
    case 0:
        return base == 0.0 || !maths_finite(base) ? value : maths_missing();
    case 1:
        return -value;
    default:
        return value;
    }
}
