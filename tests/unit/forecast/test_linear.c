#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "forecast/linear.h"

static uint64_t random_state = 1;

/* A reproducible number in [-1, 1). */
static double noise(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(random_state >> 11) * 0x1p-52 - 1.0;
}

static double *doubles(size_t n)
{
    double *a = calloc(n + 1, sizeof *a);
    assert_non_null(a);
    return a;
}

static void combination_is_the_plain_sum_to_the_bit(void **state)
{
    (void)state;
    for (size_t width = 4; width <= 52; width += 4)
        for (size_t count = 0; count < 30; count += 7) {
            size_t stride = width + 4, step = 3;
            double *rows = doubles(stride * count), *coefficients = doubles(step * count), *out = doubles(width);
            for (size_t i = 0; i < stride * count; i++)
                rows[i] = noise();
            for (size_t i = 0; i < step * count; i++)
                coefficients[i] = noise();
            linear_combine(out, width, coefficients, step, rows, stride, count);
            for (size_t j = 0; j < width; j++) {
                double sum = 0.0;
                for (size_t k = 0; k < count; k++)
                    sum += coefficients[k * step] * rows[k * stride + j];
                assert_memory_equal(&sum, &out[j], sizeof sum);
            }
            free(out);
            free(coefficients);
            free(rows);
        }
}

static void gram_is_symmetric_and_the_plain_sum(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 23; n += 2) {
        size_t stride = linear_padded(n), count = 31;
        double *rows = doubles(stride * count), *gram = doubles(n * stride);
        for (size_t i = 0; i < stride * count; i++)
            rows[i] = noise();
        linear_gram(rows, stride, count, n, gram);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0.0;
                for (size_t t = 0; t < count; t++)
                    sum += rows[t * stride + (i < j ? i : j)] * rows[t * stride + (i < j ? j : i)];
                assert_memory_equal(&sum, &gram[i * stride + j], sizeof sum);
            }
        free(gram);
        free(rows);
    }
}

static void cholesky_solves_what_it_factors(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 45; n++) {
        size_t stride = linear_padded(n), width = 8;
        double *rows = doubles(stride * (n + 5)), *a = doubles(n * stride), *factor = doubles(n * stride);
        double *x = doubles(n * width), *b = doubles(n * width), *work = doubles(stride + width);
        for (size_t i = 0; i < stride * (n + 5); i++)
            rows[i] = i % stride < n ? noise() : 0.0;
        linear_gram(rows, stride, n + 5, n, a);
        memcpy(factor, a, n * stride * sizeof *a);
        for (size_t i = 0; i < n * width; i++)
            x[i] = noise();
        for (size_t i = 0; i < n; i++)
            linear_combine(b + i * width, width, a + i * stride, 1, x, width, n);
        assert_ok(linear_cholesky(factor, n, work));
        linear_cholesky_solve(factor, n, b, width, work);
        for (size_t i = 0; i < n * width; i++)
            assert_near(b[i], x[i], 1e-9);
        free(work);
        free(b);
        free(x);
        free(factor);
        free(a);
        free(rows);
    }
}

static void cholesky_refuses_what_is_not_positive_definite(void **state)
{
    (void)state;
    double work[4], singular[8] = {1, 2, 0, 0, 2, 4, 0, 0}, negative[4] = {-1}, missing[4] = {NAN};
    assert_status(linear_cholesky(singular, 2, work), STATUS_SINGULAR);
    assert_status(linear_cholesky(negative, 1, work), STATUS_SINGULAR);
    assert_status(linear_cholesky(missing, 1, work), STATUS_SINGULAR);
}

/* Residual, orthogonality and order of the leading eigenvectors; scale is the size of the matrix. */
static void check_eigen(const double *matrix, size_t n, size_t rank, double scale)
{
    size_t stride = linear_padded(n), width = linear_padded(rank);
    double *a = doubles(n * stride), *values = doubles(n), *vectors = doubles(n * width);
    double *work = doubles(linear_leading_work(n, rank));
    memcpy(a, matrix, n * stride * sizeof *a);
    assert_ok(linear_leading(a, n, rank, values, vectors, work));
    for (size_t q = 0; q + 1 < n; q++)
        assert_true(values[q] >= values[q + 1]);
    double trace = 0.0, sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        trace += matrix[i * stride + i];
        sum += values[i];
    }
    assert_near(sum, trace, 1e-13 * scale * (double)n);
    for (size_t q = 0; q < rank; q++) {
        for (size_t i = 0; i < n; i++) {
            double image = 0.0;
            for (size_t j = 0; j < n; j++)
                image += matrix[i * stride + j] * vectors[j * width + q];
            assert_near(image, values[q] * vectors[i * width + q], 1e-13 * scale * (double)n);
        }
        for (size_t other = 0; other <= q; other++) {
            double product = 0.0;
            for (size_t i = 0; i < n; i++)
                product += vectors[i * width + q] * vectors[i * width + other];
            assert_near(product, q == other ? 1.0 : 0.0, 1e-13 * (double)n);
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t q = rank; q < width; q++)
            assert_true(vectors[i * width + q] == 0.0);
    free(work);
    free(vectors);
    free(values);
    free(a);
}

static void eigenvectors_of_random_matrices_are_right(void **state)
{
    (void)state;
    static const double scales[] = {1.0, 1e-200, 1e200, 1e-320};
    for (size_t n = 1; n <= 64; n += n < 8 ? 1 : 7)
        for (size_t k = 0; k < 4; k++) {
            size_t stride = linear_padded(n);
            double *matrix = doubles(n * stride);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j <= i; j++)
                    matrix[i * stride + j] = matrix[j * stride + i] = scales[k] * noise();
            check_eigen(matrix, n, n < 15 ? n : 15, scales[k] * (double)n + 1e-280);
            free(matrix);
        }
}

static void eigenvectors_of_degenerate_matrices_are_orthonormal(void **state)
{
    (void)state;
    size_t n = 20, stride = linear_padded(n);
    double *matrix = doubles(n * stride);
    check_eigen(matrix, n, 10, 1.0); /* all zero */
    for (size_t i = 0; i < n; i++)
        matrix[i * stride + i] = 1.0;
    check_eigen(matrix, n, 10, 1.0); /* one value twenty times */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix[i * stride + j] = 1.0;
    check_eigen(matrix, n, 10, 20.0); /* rank one */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix[i * stride + j] = i / 5 == j / 5 ? 1.0 + (i == j) : 0.0;
    check_eigen(matrix, n, 10, 20.0); /* four blocks: each value several times, the tridiagonal matrix falls apart */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            matrix[i * stride + j] = i == j ? (i % 2 ? 1e-30 : 1e30) : i + 1 == j || j + 1 == i ? 1.0 : 0.0;
    check_eigen(matrix, n, 10, 1e30); /* graded */
    free(matrix);
}

static void eigenvectors_of_matrices_of_low_rank_are_found(void **state)
{
    (void)state;
    for (size_t n = 20; n <= 200; n += 36) {
        size_t stride = linear_padded(n), count = 300, width = stride;
        double *rows = doubles(count * width), *matrix = doubles(n * stride);
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < n; j++) /* rank three, and rounding */
                rows[i * width + j] = sin(.1208 * (double)j + (double)i) + .05 * sin((double)(j + i));
        linear_gram(rows, width, count, n, matrix);
        check_eigen(matrix, n, 15, (double)(count * n));
        free(matrix);
        free(rows);
    }
}

static void an_eigenproblem_that_is_not_finite_is_refused(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        double a[12] = {1, 0, 0, 0, 0, 1, k ? NAN : INFINITY, 0, 0, k ? NAN : INFINITY, 1, 0}, values[3], vectors[12];
        double *work = doubles(linear_leading_work(3, 2));
        assert_status(linear_leading(a, 3, 2, values, vectors, work), STATUS_NO_CONVERGE);
        double missing[4] = {NAN};
        assert_status(linear_leading(missing, 1, 1, values, vectors, work), STATUS_NO_CONVERGE);
        free(work);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(combination_is_the_plain_sum_to_the_bit),
        cmocka_unit_test(gram_is_symmetric_and_the_plain_sum),
        cmocka_unit_test(cholesky_solves_what_it_factors),
        cmocka_unit_test(cholesky_refuses_what_is_not_positive_definite),
        cmocka_unit_test(eigenvectors_of_random_matrices_are_right),
        cmocka_unit_test(eigenvectors_of_degenerate_matrices_are_orthonormal),
        cmocka_unit_test(eigenvectors_of_matrices_of_low_rank_are_found),
        cmocka_unit_test(an_eigenproblem_that_is_not_finite_is_refused),
    };
    return fixture_run(argc, argv, tests);
}
