#include "base/maths_inner.h"

#define TRIG_MAX 1e5

/* pi/2 in three parts of 33 bits and a rest: the first products with a quarter-turn count below 2^17 are exact. */
static const double half_pi[4] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e0p-69, 0x1.b839a252049c1p-104};

/* x = n pi/2 + (hi + lo), |hi| <= pi/4; returns n modulo 4. */
static int reduce(double x, struct two *out)
{
    double n = maths_nearest(x * 0x1.45f306dc9c883p-1); /* 2 / pi */
    struct two first = two_sum(x - n * half_pi[0], -n * half_pi[1]);
    struct two second = two_sum(first.hi, -n * half_pi[2]);
    *out = two_sum_ordered(second.hi, first.lo + (second.lo - n * half_pi[3]));
    return (int)((int64_t)n & 3);
}

/* Taylor's series on |x.hi| <= pi/4; the low part enters to first order. */
static double sine(struct two x)
{
    double z = x.hi * x.hi, cube = z * x.hi;
    double p = -1.0 / 121645100408832000.0;
    p = p * z + 1.0 / 355687428096000.0;
    p = p * z - 1.0 / 1307674368000.0;
    p = p * z + 1.0 / 6227020800.0;
    p = p * z - 1.0 / 39916800.0;
    p = p * z + 1.0 / 362880.0;
    p = p * z - 1.0 / 5040.0;
    p = p * z + 1.0 / 120.0;
    return x.hi + (x.lo * (1.0 - 0.5 * z) + cube * (p * z - 1.0 / 6.0));
}

static double cosine(struct two x)
{
    double z = x.hi * x.hi, half = 0.5 * z, first = 1.0 - half;
    double p = -1.0 / 6402373705728000.0;
    p = p * z + 1.0 / 20922789888000.0;
    p = p * z - 1.0 / 87178291200.0;
    p = p * z + 1.0 / 479001600.0;
    p = p * z - 1.0 / 3628800.0;
    p = p * z + 1.0 / 40320.0;
    p = p * z - 1.0 / 720.0;
    p = p * z + 1.0 / 24.0;
    return first + (((1.0 - first) - half) + (z * z * p - x.hi * x.lo));
}

/* Value at a quarter turns later: sin(x + turn pi/2). */
static double sine_of_turn(struct two x, int turn)
{
    double value = turn & 1 ? cosine(x) : sine(x);
    return turn & 2 ? -value : value;
}

double maths_sin(double x)
{
    if (!(x <= TRIG_MAX && x >= -TRIG_MAX))
        return maths_missing();
    if (x < 0x1p-28 && x > -0x1p-28)
        return x;
    struct two rest;
    int turn = reduce(x, &rest);
    return sine_of_turn(rest, turn);
}

double maths_cos(double x)
{
    if (!(x <= TRIG_MAX && x >= -TRIG_MAX))
        return maths_missing();
    struct two rest;
    int turn = reduce(x, &rest);
    return sine_of_turn(rest, (turn + 1) & 3);
}
