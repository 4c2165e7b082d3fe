/* Eigenvectors of a symmetric matrix: Householder reflections to a tridiagonal one, then implicit QL.
 * Golub and Van Loan, Matrix Computations, 8.3. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "forecast/linear.h"

#define ITERATIONS_MAX 60 /* QL steps per eigenvalue; two are usual */
#define PRECISION 0x1p-52

struct tridiagonal {
    size_t n, stride;
    double *diagonal, *below; /* below[i] couples i and i + 1 */
    double *reflector, *beta; /* reflection k = I - beta v v', v = row k of reflector, zero up to k */
    double *rotated;          /* row i: the tridiagonal matrix's eigenvector i */
    double *scratch;
};

size_t linear_leading_work(size_t n)
{
    return (2 * n + 4) * linear_padded(n);
}

static struct tridiagonal lay_out(size_t n, double *work)
{
    size_t stride = linear_padded(n);
    struct tridiagonal t = {.n = n, .stride = stride, .diagonal = work};
    t.below = t.diagonal + stride;
    t.beta = t.below + stride;
    t.scratch = t.beta + stride;
    t.reflector = t.scratch + stride;
    t.rotated = t.reflector + n * stride;
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

static void rotate_rows(const struct tridiagonal *t, size_t i, double c, double s)
{
    linear_pair *one = linear_pairs(t->rotated + i * t->stride), *two = linear_pairs(t->rotated + (i + 1) * t->stride);
    linear_pair cs = {c, c}, ss = {s, s};
    for (size_t j = 0; j < t->stride / 2; j++) {
        linear_pair x = one[j], y = two[j];
        one[j] = cs * x - ss * y;
        two[j] = ss * x + cs * y;
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
        rotate_rows(t, i, c, s);
    }
    d[low] -= moved;
    e[low] = g;
    e[high] = 0.0;
}

static enum status diagonalise(struct tridiagonal *t)
{
    memset(t->rotated, 0, t->n * t->stride * sizeof(double));
    for (size_t i = 0; i < t->n; i++)
        t->rotated[i * t->stride + i] = 1.0;
    for (size_t low = 0; low < t->n; low++)
        for (int iteration = 0;; iteration++) {
            size_t high = low;
            for (; high + 1 < t->n; high++)
                if (fabs(t->below[high]) <= PRECISION * (fabs(t->diagonal[high]) + fabs(t->diagonal[high + 1])))
                    break;
            if (high == low)
                break;
            if (iteration == ITERATIONS_MAX)
                return STATUS_NO_CONVERGE;
            ql_step(t, low, high);
        }
    return STATUS_OK;
}

/* x = H0 H1 .. x, the last reflection first. */
static void undo_reflections(const struct tridiagonal *t, double *x)
{
    for (size_t k = t->n; k-- > 0;) {
        if (t->beta[k] == 0.0)
            continue;
        const double *v = t->reflector + k * t->stride;
        double product = 0.0;
        for (size_t j = k + 1; j < t->n; j++)
            product += v[j] * x[j];
        product *= t->beta[k];
        for (size_t j = k + 1; j < t->n; j++)
            x[j] -= product * v[j];
    }
}

/* A matrix of tiny or huge numbers is brought near 1, where squares neither vanish nor overflow. */
static double normalise(double *a, size_t n, size_t stride)
{
    double greatest = 0.0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            greatest = fabs(a[i * stride + j]) > greatest ? fabs(a[i * stride + j]) : greatest;
    if (greatest < 1e-300)
        return 1.0;
    for (size_t i = 0; i < n * stride; i++)
        a[i] /= greatest;
    return greatest;
}

enum status linear_leading(double *a, size_t n, size_t rank, double *values, double *vectors, double *work)
{
    assert(n > 0 && rank <= n);
    struct tridiagonal t = lay_out(n, work);
    double unit = normalise(a, n, t.stride);
    for (size_t i = 0; i < n * t.stride; i++)
        if (i % t.stride < n && !(fabs(a[i]) <= 1.0))
            return STATUS_NO_CONVERGE;
    reduce(a, &t);
    enum status status = diagonalise(&t);
    if (status)
        return status;
    for (size_t q = 0; q < n; q++) {
        size_t best = 0;
        for (size_t i = 1; i < n; i++)
            if (t.diagonal[i] > t.diagonal[best])
                best = i;
        values[q] = t.diagonal[best] * unit;
        t.diagonal[best] = -HUGE_VAL;
        if (q >= rank)
            continue;
        memcpy(vectors + q * t.stride, t.rotated + best * t.stride, t.stride * sizeof(double));
        undo_reflections(&t, vectors + q * t.stride);
    }
    return STATUS_OK;
}
