/* maths_inner.h: what the files of maths share: bits of a double, and sums and products with their rounding errors.
 *
 * A struct two is an unevaluated sum hi + lo with |lo| at most half an ulp of hi: about 106 bits. Thread: any. */
#ifndef STORECAST_BASE_MATHS_INNER_H
#define STORECAST_BASE_MATHS_INNER_H

#include <stdint.h>
#include <string.h>

#include "base/maths.h"

#define MATHS_LN2_HI 0x1.62e42fefa2000p-1 /* 40 bits: times an exponent it is exact */
#define MATHS_LN2_LO 0x1.9ef35793c7673p-41

struct two {
    double hi, lo;
};

static inline uint64_t maths_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double maths_of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline double maths_infinity(void)
{
    return maths_of_bits(UINT64_C(0x7ff) << 52);
}

/* Nearest integer, ties to even; |x| < 2^51. */
static inline double maths_nearest(double x)
{
    return (x + 0x1.8p52) - 0x1.8p52;
}

/* 2^k for -1022 <= k <= 1023. */
static inline double maths_power_of_two(int k)
{
    return maths_of_bits((uint64_t)(k + 1023) << 52);
}

/* Exact: hi + lo = a + b (Knuth). */
static inline struct two two_sum(double a, double b)
{
    double hi = a + b, from_b = hi - a;
    return (struct two){hi, (a - (hi - from_b)) + (b - from_b)};
}

/* Exact for |a| >= |b| (Dekker). */
static inline struct two two_sum_ordered(double a, double b)
{
    double hi = a + b;
    return (struct two){hi, b - (hi - a)};
}

/* Exact: hi + lo = a * b, magnitudes below 2^990 (Dekker, Veltkamp's splitting). */
static inline struct two two_product(double a, double b)
{
    double a_big = a * 0x1.0000002p27, b_big = b * 0x1.0000002p27; /* 2^27 + 1 */
    double a_hi = a_big - (a_big - a), b_hi = b_big - (b_big - b);
    double a_lo = a - a_hi, b_lo = b - b_hi, hi = a * b;
    return (struct two){hi, ((a_hi * b_hi - hi) + a_hi * b_lo + a_lo * b_hi) + a_lo * b_lo};
}

static inline struct two two_add(struct two a, struct two b)
{
    struct two sum = two_sum(a.hi, b.hi);
    return two_sum_ordered(sum.hi, sum.lo + (a.lo + b.lo));
}

static inline struct two two_multiply(struct two a, struct two b)
{
    struct two product = two_product(a.hi, b.hi);
    return two_sum_ordered(product.hi, product.lo + (a.hi * b.lo + a.lo * b.hi));
}

double maths_exp_two(struct two x); /* exp(hi + lo), rounded once */
struct two maths_log_two(double x); /* log of a positive finite x to about 2^-70 of its size */

#endif
