#include "base/maths_inner.h"

/* x = 2^k (1 + f), sqrt(1/2) <= 1 + f < sqrt(2), for a positive finite x. f is exact. */
static double split(double x, int *out_k)
{
    int k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    uint64_t bits = maths_bits(x);
    k += (int)(bits >> 52) - 1023;
    double m = maths_of_bits((bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52);
    if (m >= 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        k++;
    }
    *out_k = k;
    return m - 1.0;
}

/* With s = f / (2 + f): log(1 + f) = 2 atanh(s) = 2s + s R, R = 2/3 s^2 + 2/5 s^4 + ..; z = s^2 <= .0295. */
static double atanh_rest(double z)
{
    double r = 2.0 / 23.0;
    r = r * z + 2.0 / 21.0;
    r = r * z + 2.0 / 19.0;
    r = r * z + 2.0 / 17.0;
    r = r * z + 2.0 / 15.0;
    r = r * z + 2.0 / 13.0;
    r = r * z + 2.0 / 11.0;
    r = r * z + 2.0 / 9.0;
    return r * z + 2.0 / 7.0; /* the coefficient of s^6 and after, over s^6 */
}

/* k log(2) + log(1 + f) + rest. As 2s = f - f^2/2 + s f^2/2, only the small terms are rounded more than once. */
static double log_of_parts(double f, int k, double rest)
{
    double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double r = z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * atanh_rest(z)));
    double small = s * (half + r);
    if (k == 0)
        return f - (half - (small + rest));
    return k * MATHS_LN2_HI - ((half - (small + (k * MATHS_LN2_LO + rest))) - f);
}

double maths_log(double x)
{
    if (x != x || x == maths_infinity())
        return x;
    if (x <= 0.0)
        return x == 0.0 ? -maths_infinity() : maths_missing();
    int k;
    double f = split(x, &k);
    return log_of_parts(f, k, 0.0);
}

double maths_log1p(double x)
{
    if (x != x || x == maths_infinity() || (x < 0x1p-54 && x > -0x1p-54))
        return x;
    if (x <= -1.0)
        return x == -1.0 ? -maths_infinity() : maths_missing();
    if (x > -0.29 && x < 0.41)
        return log_of_parts(x, 0, 0.0);
    struct two sum = two_sum(1.0, x);
    int k;
    double f = split(sum.hi, &k);
    return log_of_parts(f, k, sum.lo / sum.hi);
}

struct two maths_log_two(double x)
{
    int k;
    double f = split(x, &k);
    struct two under = two_sum_ordered(2.0, f), s = {f / under.hi, 0.0};
    struct two back = two_product(s.hi, under.hi);
    s.lo = (((f - back.hi) - back.lo) - s.hi * under.lo) / under.hi;

    /* 2s + s z (2/3 + z (2/5 + z rest)): the rest is small enough for one double. */
    struct two z = two_multiply(s, s);
    struct two fifth = two_sum_ordered(0x1.999999999999ap-2, z.hi * atanh_rest(z.hi) - 0x1.999999999999ap-56);
    struct two third = two_add((struct two){0x1.5555555555555p-1, 0x1.5555555555555p-55}, two_multiply(z, fifth));
    struct two series = two_multiply(two_multiply(s, z), third);
    struct two twice = {2.0 * s.hi, 2.0 * s.lo};
    struct two whole = two_sum(k * MATHS_LN2_HI, k * MATHS_LN2_LO);
    return two_add(whole, two_add(twice, series));
}
