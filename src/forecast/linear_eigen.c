/* Leading eigenvectors of a symmetric matrix: Householder reflections to a tridiagonal one, then implicit QL.
 * Golub and Van Loan, Matrix Computations, 8.3. The QL rotations are recorded, and afterwards applied backwards to the
 * few unit vectors whose eigenvectors are wanted, which costs a fraction of rotating all of them. */
#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "forecast/linear.h"

#define ITERATIONS_MAX 60      /* QL steps per eigenvalue; two are usual */
#define PRECISION      0x1p-53 /* of the greatest row; the Gram matrix is no better */

struct rotation {
    double c, s;
    size_t row; /* turns row and row + 1 */
};

struct tridiagonal {
    size_t n, stride;
    double *diagonal, *below; /* below[i] couples i and i + 1 */
    double *reflector, *beta; /* reflection k = I - beta v v', v = row k of reflector, zero up to k */
    double *scratch;
    struct rotation *rotations;
    size_t rotation_count, rotation_max;
};

_Static_assert(sizeof(struct rotation) <= 3 * sizeof(double), "a rotation fits into three doubles");

/* About n^2 rotations are usual. */
static size_t rotations_max(size_t n)
{
    return 3 * n * n + 64 * n;
}

size_t linear_leading_work(size_t n, size_t rank)
{
    return (n + 4) * linear_padded(n) + 3 * rotations_max(n) + linear_padded(rank);
}

static struct tridiagonal lay_out(size_t n, size_t rank, double *work)
{
    size_t stride = linear_padded(n);
    struct tridiagonal t = {.n = n, .stride = stride, .reflector = work, .rotation_max = rotations_max(n)};
    t.diagonal = t.reflector + n * stride;
    t.below = t.diagonal + stride;
    t.beta = t.below + stride;
    t.scratch = t.beta + stride;
    t.rotations = (struct rotation *)(void *)(t.scratch + stride + linear_padded(rank));
    return t;
}

/* v and beta that turn row k's part right of the diagonal into (alpha, 0, ..). Returns alpha. */
static double reflect(const double *row, size_t k, size_t n, double *v, double *out_beta)
{
    double rest = 0.0, head = row[k + 1];
    for (size_t j = k + 2; j < n; j++)
        rest += row[j] * row[j];
    *out_beta = 0.0;
    if (rest == 0.0)
        return head;
    double size = sqrt(head * head + rest), alpha = head > 0.0 ? -size : size;
    for (size_t j = k + 2; j < n; j++)
        v[j] = row[j];
    v[k + 1] = head - alpha;
    *out_beta = 2.0 / (v[k + 1] * v[k + 1] + rest);
    return alpha;
}

/* a = a - v w' - w v' on rows and columns after k, w = beta a v - (beta^2 v'a v / 2) v: both sides reflected. */
static void update(double *a, const struct tridiagonal *t, size_t k)
{
    size_t first = k + 1, from = first & ~(size_t)3, width = t->stride - from;
    double *v = t->reflector + k * t->stride, *w = t->scratch, beta = t->beta[k];
    linear_combine(w + from, width, v + first, 1, a + first * t->stride + from, t->stride, t->n - first);
    double product = 0.0;
    for (size_t j = first; j < t->n; j++)
        product += v[j] * w[j];
    double share = 0.5 * beta * beta * product;
    for (size_t j = from; j < t->stride; j++)
        w[j] = j < first || j >= t->n ? 0.0 : beta * w[j] - share * v[j];
    const linear_pair *vs = linear_const_pairs(v + from), *ws = linear_const_pairs(w + from);
    for (size_t i = first; i < t->n; i++) {
        linear_pair *row = linear_pairs(a + i * t->stride + from);
        linear_pair vi = {v[i], v[i]}, wi = {w[i], w[i]};
        for (size_t j = 0; j < width / 2; j++)
            row[j] -= vi * ws[j] + wi * vs[j];
    }
}

static void reduce(double *a, struct tridiagonal *t)
{
    memset(t->reflector, 0, t->n * t->stride * sizeof(double));
    for (size_t k = 0; k < t->n; k++) {
        const double *row = a + k * t->stride;
        t->diagonal[k] = row[k];
        t->below[k] = t->beta[k] = 0.0;
        if (k + 1 == t->n)
            break;
        t->below[k] = reflect(row, k, t->n, t->reflector + k * t->stride, &t->beta[k]);
        if (t->beta[k] != 0.0)
            update(a, t, k);
    }
}

/* One implicit QL step with Wilkinson's shift on the unreduced block low..high. */
static void ql_step(struct tridiagonal *t, size_t low, size_t high)
{
    double *d = t->diagonal, *e = t->below;
    double g = (d[low + 1] - d[low]) / (2.0 * e[low]), r = sqrt(g * g + 1.0);
    g = d[high] - d[low] + e[low] / (g + (g < 0.0 ? -r : r));
    double s = 1.0, c = 1.0, moved = 0.0;
    for (size_t i = high; i-- > low;) {
        double f = s * e[i], b = c * e[i];
        r = sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0.0) { /* the block falls apart here */
            d[i + 1] -= moved;
            e[high] = 0.0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - moved;
        r = (d[i] - g) * s + 2.0 * c * b;
        moved = s * r;
        d[i + 1] = g + moved;
        g = c * r - b;
        t->rotations[t->rotation_count++] = (struct rotation){c, s, i};
    }
    d[low] -= moved;
    e[low] = g;
    e[high] = 0.0;
}

/* A coupling too small to count beside the whole matrix is 0. (Counting it beside its own two neighbours would ask for
 * digits that rounding has lost: with many eigenvalues near 0, QL may then never end.) */
static enum status diagonalise(struct tridiagonal *t)
{
    double greatest = 0.0;
    for (size_t i = 0; i < t->n; i++) {
        double size = fabs(t->diagonal[i]) + fabs(t->below[i]);
        greatest = size > greatest ? size : greatest;
    }
    for (size_t low = 0; low < t->n; low++)
        for (int iteration = 0;; iteration++) {
            size_t high = low;
            for (; high + 1 < t->n; high++)
                if (fabs(t->below[high]) <= PRECISION * greatest)
                    break;
            if (high == low)
                break;
            if (iteration == ITERATIONS_MAX || t->rotation_count + (high - low) > t->rotation_max)
                return STATUS_NO_CONVERGE;
            ql_step(t, low, high);
        }
    return STATUS_OK;
}

/* Unit vectors in the columns become eigenvectors of the tridiagonal matrix. */
static void undo_rotations(const struct tridiagonal *t, double *vectors, size_t width)
{
    for (size_t k = t->rotation_count; k-- > 0;) {
        const struct rotation *turn = &t->rotations[k];
        linear_pair *one = linear_pairs(vectors + turn->row * width), *two = one + width / 2;
        linear_pair c = {turn->c, turn->c}, s = {turn->s, turn->s};
        for (size_t j = 0; j < width / 2; j++) {
            linear_pair x = one[j], y = two[j];
            one[j] = c * x + s * y;
            two[j] = c * y - s * x;
        }
    }
}

/* Columns of vectors = H0 H1 .. times them, the last reflection first. */
static void undo_reflections(const struct tridiagonal *t, double *vectors, size_t width)
{
    for (size_t k = t->n; k-- > 0;) {
        if (t->beta[k] == 0.0)
            continue;
        const double *v = t->reflector + k * t->stride;
        linear_combine(t->scratch, width, v + k + 1, 1, vectors + (k + 1) * width, width, t->n - k - 1);
        const linear_pair *sum = linear_const_pairs(t->scratch);
        for (size_t i = k + 1; i < t->n; i++) {
            linear_pair *row = linear_pairs(vectors + i * width), by = {t->beta[k] * v[i], t->beta[k] * v[i]};
            for (size_t j = 0; j < width / 2; j++)
                row[j] -= by * sum[j];
        }
    }
}

/* A matrix of tiny or huge numbers is brought near 1, where squares neither vanish nor overflow; one without a normal
 * number is taken for zero. */
static double normalise(double *a, size_t n, size_t stride)
{
    double greatest = 0.0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            greatest = fabs(a[i * stride + j]) > greatest ? fabs(a[i * stride + j]) : greatest;
    if (greatest < 1e-300) {
        memset(a, 0, n * stride * sizeof *a);
        return 1.0;
    }
    for (size_t i = 0; i < n * stride; i++)
        a[i] /= greatest;
    return greatest;
}

enum status linear_leading(double *a, size_t n, size_t rank, double *values, double *vectors, double *work)
{
    assert(n > 0 && rank <= n);
    struct tridiagonal t = lay_out(n, rank, work);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (!(fabs(a[i * t.stride + j]) <= DBL_MAX))
                return STATUS_NO_CONVERGE;
    double unit = normalise(a, n, t.stride);
    reduce(a, &t);
    enum status status = diagonalise(&t);
    if (status)
        return status;
    size_t width = linear_padded(rank);
    memset(vectors, 0, n * width * sizeof *vectors);
    for (size_t q = 0; q < n; q++) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (t.diagonal[i] > t.diagonal[best])
                best = i;
        values[q] = t.diagonal[best] * unit;
        t.diagonal[best] = -HUGE_VAL;
        if (q < rank)
            vectors[best * width + q] = 1.0;
    }
    undo_rotations(&t, vectors, width);
    undo_reflections(&t, vectors, width);
    return STATUS_OK;
}
