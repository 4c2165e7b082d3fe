#include "forecast/linear.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

static bool is_aligned(const double *row)
{
    return ((uintptr_t)row & 15) == 0;
}

/* Sixteen columns: eight sums stay in registers. */
static void combine_16(double *out, const double *coefficients, size_t step, const double *rows, size_t stride, size_t count)
{
    linear_pair a = {0}, b = {0}, c = {0}, d = {0}, e = {0}, f = {0}, g = {0}, h = {0};
    for (size_t k = 0; k < count; k++) {
        const linear_pair *row = linear_const_pairs(rows), w = {*coefficients, *coefficients};
        a += w * row[0];
        b += w * row[1];
        c += w * row[2];
        d += w * row[3];
        e += w * row[4];
        f += w * row[5];
        g += w * row[6];
        h += w * row[7];
        rows += stride;
        coefficients += step;
    }
    linear_pair *to = linear_pairs(out);
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
    to[4] = e;
    to[5] = f;
    to[6] = g;
    to[7] = h;
}

static void combine_4(double *out, const double *coefficients, size_t step, const double *rows, size_t stride, size_t count)
{
    linear_pair a = {0}, b = {0};
    for (size_t k = 0; k < count; k++) {
        const linear_pair *row = linear_const_pairs(rows), w = {*coefficients, *coefficients};
        a += w * row[0];
        b += w * row[1];
        rows += stride;
        coefficients += step;
    }
    linear_pairs(out)[0] = a;
    linear_pairs(out)[1] = b;
}

void linear_combine(double *out, size_t width, const double *coefficients, size_t step, const double *rows, size_t stride, size_t count)
{
    assert(width % 4 == 0 && stride % 2 == 0 && is_aligned(out) && is_aligned(rows));
    size_t j = 0;
    for (; j + 16 <= width; j += 16)
        combine_16(out + j, coefficients, step, rows + j, stride, count);
    for (; j < width; j += 4)
        combine_4(out + j, coefficients, step, rows + j, stride, count);
}

void linear_gram(const double *rows, size_t stride, size_t count, size_t n, double *out)
{
    size_t width = linear_padded(n);
    for (size_t i = 0; i < n; i++) {
        size_t from = i & ~(size_t)3;
        linear_combine(out + i * width + from, width - from, rows + i, stride, rows + from, stride, count);
        for (size_t j = 0; j < i; j++)
            out[i * width + j] = out[j * width + i];
    }
}

/* Row i of R: what is left of row i of a, over the square root of its pivot. */
enum status linear_cholesky(double *a, size_t n, double *work)
{
    size_t stride = linear_padded(n);
    for (size_t i = 0; i < n; i++) {
        size_t from = i & ~(size_t)3;
        double *row = a + i * stride;
        linear_combine(work + from, stride - from, a + i, stride, a + from, stride, i);
        double pivot = row[i] - work[i];
        if (!(pivot > 0.0 && pivot <= 1e300))
            return STATUS_SINGULAR;
        double root = sqrt(pivot);
        row[i] = root;
        for (size_t j = i + 1; j < n; j++)
            row[j] = (row[j] - work[j]) / root;
    }
    return STATUS_OK;
}

void linear_cholesky_solve(const double *r, size_t n, double *b, size_t stride, double *work)
{
    size_t width = linear_padded(n);
    for (size_t i = 0; i < n; i++) { /* R' y = b */
        linear_combine(work, stride, r + i, width, b, stride, i);
        for (size_t j = 0; j < stride; j++)
            b[i * stride + j] = (b[i * stride + j] - work[j]) / r[i * width + i];
    }
    for (size_t i = n; i-- > 0;) { /* R x = y */
        linear_combine(work, stride, r + i * width + i + 1, 1, b + (i + 1) * stride, stride, n - i - 1);
        for (size_t j = 0; j < stride; j++)
            b[i * stride + j] = (b[i * stride + j] - work[j]) / r[i * width + i];
    }
}
