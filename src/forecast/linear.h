/* linear.h: the few pieces of dense linear algebra that the year-over-year model needs.
 *
 * Our own because bytes must not depend on the CPU: every sum has one order, whatever the vector width. Matrices are
 * row-major; rows start on 16 bytes and are padded to linear_padded(n) doubles (`stride`), whose padding is computed
 * along but never mixed into other columns. Nothing here allocates. Thread: any. */
#ifndef STORECAST_FORECAST_LINEAR_H
#define STORECAST_FORECAST_LINEAR_H

#include <stddef.h>

#include "base/status.h"

/* Two neighbouring doubles of a row; arithmetic is element by element. */
typedef double linear_pair __attribute__((vector_size(16), may_alias));

static inline size_t linear_padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static inline linear_pair *linear_pairs(double *row)
{
    return (linear_pair *)(void *)row;
}

static inline const linear_pair *linear_const_pairs(const double *row)
{
    return (const linear_pair *)(const void *)row;
}

/* out[j] = sum over k = 0..count-1, in this order, of coefficients[k * step] * rows[k * stride + j], j < width.
 * width is a multiple of 4. out overlaps no row. */
void linear_combine(double *out, size_t width, const double *coefficients, size_t step, const double *rows, size_t stride, size_t count);

/* out (n x linear_padded(n)) = sum of the outer products of `count` rows of n values; symmetric to the bit. */
void linear_gram(const double *rows, size_t stride, size_t count, size_t n, double *out);

/* Replaces the upper triangle of a positive definite n x n matrix by R with R'R = a. STATUS_SINGULAR otherwise.
 * work: linear_padded(n) doubles. */
enum status linear_cholesky(double *a, size_t n, double *work) MUST_CHECK;
/* Replaces b (n rows of `stride` doubles) by the solution of R'R x = b. work: stride doubles. */
void linear_cholesky_solve(const double *r, size_t n, double *b, size_t stride, double *work);

/* The eigenvectors of the `rank` greatest eigenvalues of a symmetric n x n matrix, greatest first, one per column of
 * vectors (n x linear_padded(rank), padding 0), and all eigenvalues, descending, in values (n). Destroys a.
 * work: linear_leading_work(n, rank) doubles. STATUS_NO_CONVERGE also for a matrix that is not finite. */
enum status linear_leading(double *a, size_t n, size_t rank, double *values, double *vectors, double *work) MUST_CHECK;
size_t linear_leading_work(size_t n, size_t rank);

#endif
