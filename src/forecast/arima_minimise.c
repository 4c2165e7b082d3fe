#include <string.h>

#include "base/maths.h"
#include "forecast/arima_fitter.h"

#define ITERATIONS 60
#define ENOUGH     1e-8 /* relative gain */
#define LONGEST    1.0  /* step, in u */
#define ARMIJO     1e-4
#define SHORTER    .4
#define HALVINGS   20

struct point {
    double u[ARIMA_PARAMETERS_MAX], gradient[ARIMA_PARAMETERS_MAX];
    struct arima_profile profile;
};

struct descent {
    struct arima_fitter *fitter;
    const struct arima_order *order;
    size_t n;
    double inverse[ARIMA_PARAMETERS_MAX][ARIMA_PARAMETERS_MAX]; /* of the Hessian */
    double step[ARIMA_PARAMETERS_MAX];
};

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

static void forget(struct descent *d)
{
    const double first = 1 / (double)d->fitter->data.n;
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < d->n; j++)
            d->inverse[i][j] = i == j ? first : 0;
}

/* Fills step; returns the slope along it. */
static double direct(struct descent *d, const double *gradient)
{
    for (size_t i = 0; i < d->n; i++)
        d->step[i] = -dot(d->inverse[i], gradient, d->n);
    const double length = maths_sqrt(dot(d->step, d->step, d->n));
    for (size_t i = 0; length > LONGEST && i < d->n; i++)
        d->step[i] *= LONGEST / length;
    return dot(d->step, gradient, d->n);
}

/* The first point along the step that is low enough; false when there is none. */
static bool search(struct descent *d, const struct point *from, double slope, struct point *to)
{
    double share = 1;
    for (int k = 0; k < HALVINGS; k++, share *= SHORTER) {
        for (size_t i = 0; i < d->n; i++)
            to->u[i] = from->u[i] + share * d->step[i];
        const double value = arima_fitter_value(d->fitter, d->order, to->u, &to->profile);
        if (value <= from->profile.deviance + ARMIJO * share * slope)
            return true;
    }
    return false;
}

/* BFGS; keeps what it knew where the curvature is not positive. */
static void learn(struct descent *d, const struct point *from, const struct point *to)
{
    double s[ARIMA_PARAMETERS_MAX], y[ARIMA_PARAMETERS_MAX], hy[ARIMA_PARAMETERS_MAX];
    for (size_t i = 0; i < d->n; i++) {
        s[i] = to->u[i] - from->u[i];
        y[i] = to->gradient[i] - from->gradient[i];
    }
    const double sy = dot(s, y, d->n);
    if (!(sy > 1e-14))
        return;
    for (size_t i = 0; i < d->n; i++)
        hy[i] = dot(d->inverse[i], y, d->n);
    const double grow = (1 + dot(y, hy, d->n) / sy) / sy;
    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < d->n; j++)
            d->inverse[i][j] += grow * s[i] * s[j] - (hy[i] * s[j] + s[i] * hy[j]) / sy;
}

void arima_minimise(struct arima_fitter *f, const struct arima_order *o, double *u, struct arima_profile *out)
{
    struct descent d = {.fitter = f, .order = o, .n = arima_parameters(o)};
    struct point points[2], *at = &points[0], *next = &points[1];
    memcpy(at->u, u, d.n * sizeof *u);
    const double start = arima_fitter_value(f, o, at->u, &at->profile);
    const bool go = d.n > 0 && maths_finite(start);
    bool is_fresh = true;
    forget(&d);
    if (go)
        arima_fitter_gradient(f, o, at->u, &at->profile, at->gradient);
    for (int k = 0; go && k < ITERATIONS; k++) {
        const double slope = direct(&d, at->gradient);
        if (!(slope < 0) || !search(&d, at, slope, next)) {
            if (is_fresh)
                break;
            forget(&d);
            is_fresh = true;
            continue;
        }
        const double gain = at->profile.deviance - next->profile.deviance, size = at->profile.deviance;
        const bool enough = gain < ENOUGH * ((size < 0 ? -size : size) + 1);
        if (!enough) {
            arima_fitter_gradient(f, o, next->u, &next->profile, next->gradient);
            learn(&d, at, next);
        }
        struct point *swap = at;
        at = next;
        next = swap;
        is_fresh = false;
        if (enough)
            break;
    }
    memcpy(u, at->u, d.n * sizeof *u);
    *out = at->profile;
}
