#include "base/maths_inner.h"

#define EXP_MAX 0x1.62e42fefa39efp+9    /* log of the largest double */
#define EXP_MIN (-0x1.74910d52d3052p+9) /* log of half the smallest positive double: below it the result is 0 */

/* (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2: Taylor's series, its rest below 2^-60. */
static double exp_tail(double r)
{
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    return p * r + 0.5;
}

/* x = k log(2) + r + rest. */
struct reduced {
    double r, rest;
    int k;
};

static struct reduced reduce(struct two x)
{
    double k = maths_nearest(x.hi * 0x1.71547652b82fep+0); /* 1 / log(2) */
    double a = x.hi - k * MATHS_LN2_HI, b = k * MATHS_LN2_LO - x.lo;
    double r = a - b;
    return (struct reduced){r, (a - r) - b, (int)k};
}

/* y 2^k, also where 2^k or the result is not a normal number. */
static double scale(double y, int k)
{
    if (k > 1023)
        return y * 2.0 * maths_power_of_two(k - 1);
    if (k < -1021)
        return y * maths_power_of_two(k + 100) * 0x1p-100;
    return y * maths_power_of_two(k);
}

double maths_exp_two(struct two x)
{
    if (x.hi != x.hi)
        return x.hi;
    if (x.hi > EXP_MAX)
        return maths_infinity();
    if (x.hi < EXP_MIN)
        return 0.0;
    struct reduced d = reduce(x);
    return scale(1.0 + (d.r + (d.rest + d.rest * d.r + d.r * d.r * exp_tail(d.r))), d.k);
}

double maths_exp(double x)
{
    return maths_exp_two((struct two){x, 0.0});
}

/* exp(x) - 1 before the last rounding, for |x| <= 45. */
static struct two expm1_two(double x)
{
    struct reduced d = {x, 0.0, 0};
    if (x < -0.34 || x > 0.34)
        d = reduce((struct two){x, 0.0});
    double power = maths_power_of_two(d.k);
    double small = power * (d.rest + d.rest * d.r + d.r * d.r * exp_tail(d.r));
    struct two whole = two_sum(power, -1.0), sum = two_sum(whole.hi, power * d.r);
    return two_sum(sum.hi, sum.lo + (whole.lo + small));
}

double maths_expm1(double x)
{
    if (x > 45.0)
        return maths_exp(x); /* a unit is less than half an ulp */
    if (x < -45.0)
        return -1.0;
    if (x != x || (x < 0x1p-54 && x > -0x1p-54))
        return x;
    return expm1_two(x).hi;
}

double maths_tanh(double x)
{
    double size = x < 0.0 ? -x : x;
    if (x != x || size < 0x1p-28)
        return x;
    double value = 1.0;
    if (size < 20.0) { /* t / (t + 2) with t = exp(2 |x|) - 1 */
        struct two t = expm1_two(2.0 * size), under = two_sum(t.hi, 2.0);
        under.lo += t.lo;
        double quotient = t.hi / under.hi;
        struct two back = two_product(quotient, under.hi);
        value = quotient + (((t.hi - back.hi) - back.lo + t.lo) - quotient * under.lo) / under.hi;
    }
    return x < 0.0 ? -value : value;
}
