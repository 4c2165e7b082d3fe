/* maths.h: elementary functions whose bytes do not depend on the CPU.
 *
 * The C library picks variants of exp, log, sin, .. by CPU, and their last bits differ; published numbers must not.
 * These are computed with +, -, *, / and sqrt only (IEEE 754, -ffp-contract=off), within 1 ulp of the true value
 * for ordinary arguments; a test compares them with long double. Special values as in C's <math.h>.
 * Thread: any. */
#ifndef STORECAST_BASE_MATHS_H
#define STORECAST_BASE_MATHS_H

#include <stdbool.h>
#include <stddef.h>

double maths_exp(double x);
double maths_log(double x);              /* -inf at 0, NaN below */
double maths_expm1(double x);
double maths_log1p(double x);
double maths_pow(double base, double exponent); /* base > 0, or an integral exponent */
double maths_sin(double x);              /* |x| <= 1e5; NaN beyond */
double maths_cos(double x);
double maths_tanh(double x);
double maths_sqrt(double x);             /* exact by IEEE 754 */
double maths_normal_quantile(double p);  /* of the standard normal, 0 < p < 1 (Wichura 1988, AS 241) */
bool maths_finite(double x);
double maths_missing(void);              /* the NaN that marks a missing value; always the same bits */

/* Median of n values; NaN when n = 0 or any value is NaN. Sorts values in place. */
double maths_median(double *values, size_t n);
/* Sorts ascending in place; the result does not depend on the C library. No NaN. */
void maths_sort(double *values, size_t n);

#endif
