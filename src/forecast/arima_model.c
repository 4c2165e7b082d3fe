#include "forecast/arima_model.h"

#include <string.h>

#include "base/maths.h"

#define STRONGEST (1 - 1e-9) /* partial autocorrelation */

bool arima_order_valid(const struct arima_order *o)
{
    const bool factors = o->p <= ARIMA_FACTOR_MAX && o->q <= ARIMA_FACTOR_MAX && o->d <= ARIMA_DIFFERENCES_MAX;
    const bool seasonal = o->seasonal_p <= ARIMA_SEASONAL_MAX && o->seasonal_q <= ARIMA_SEASONAL_MAX && o->seasonal_d <= 1;
    const bool any_seasonal = o->seasonal_p || o->seasonal_q;
    const bool period = o->period >= 1 && (o->period > 1 || !(any_seasonal || o->seasonal_d)) && (o->period <= ARIMA_PERIOD_MAX || !any_seasonal);
    return factors && seasonal && period && !(o->has_constant && o->d + o->seasonal_d > 1);
}

bool arima_order_equal(const struct arima_order *a, const struct arima_order *b)
{
    return a->p == b->p && a->d == b->d && a->q == b->q && a->seasonal_p == b->seasonal_p && a->seasonal_d == b->seasonal_d &&
           a->seasonal_q == b->seasonal_q && a->period == b->period && a->has_constant == b->has_constant;
}

size_t arima_parameters(const struct arima_order *o)
{
    return o->p + o->q + o->seasonal_p + o->seasonal_q;
}

size_t arima_states(const struct arima_order *o)
{
    const size_t ar = o->p + o->period * o->seasonal_p, ma = o->q + o->period * o->seasonal_q;
    return ar > ma + 1 ? ar : ma + 1;
}

size_t arima_differencing(const struct arima_order *o)
{
    return o->d + o->period * o->seasonal_d;
}

/* ------------------------------------------------------------------------------------------ factors */

struct factor { /* 1 - phi_1 z - .. - phi_n z^n */
    size_t n;
    double c[ARIMA_FACTOR_MAX + 1];
};

static double bounded(double r)
{
    return r > STRONGEST ? STRONGEST : r < -STRONGEST ? -STRONGEST : r;
}

/* Durbin-Levinson; with `which` < n the derivative by u[which] beside it. */
static void factor_of(const double *u, size_t n, size_t which, struct factor *out, struct factor *out_tangent)
{
    double phi[ARIMA_FACTOR_MAX] = {0}, tangent[ARIMA_FACTOR_MAX] = {0};
    for (size_t k = 0; k < n; k++) {
        double before[ARIMA_FACTOR_MAX], tangent_before[ARIMA_FACTOR_MAX];
        memcpy(before, phi, sizeof before);
        memcpy(tangent_before, tangent, sizeof before);
        const double r = bounded(maths_tanh(u[k])), slope = k == which ? 1 - r * r : 0;
        for (size_t j = 0; j < k; j++) {
            phi[j] = before[j] - r * before[k - 1 - j];
            tangent[j] = tangent_before[j] - r * tangent_before[k - 1 - j] - slope * before[k - 1 - j];
        }
        phi[k] = r;
        tangent[k] = slope;
    }
    out->n = out_tangent->n = n;
    out->c[0] = 1;
    out_tangent->c[0] = 0;
    for (size_t k = 0; k < n; k++) {
        out->c[k + 1] = -phi[k];
        out_tangent->c[k + 1] = -tangent[k];
    }
}

static void multiply(const struct factor *a, const struct factor *b, size_t period, double *out)
{
    memset(out, 0, (ARIMA_STATES_MAX + 1) * sizeof *out);
    for (size_t j = 0; j <= b->n; j++)
        for (size_t i = 0; i <= a->n; i++)
            out[i + period * j] += a->c[i] * b->c[j];
}

struct factors {
    struct factor ar, ma, seasonal_ar, seasonal_ma;
};

/* All four factors, or (tangent != NULL) also the one that depends on u[which] derived by it; the others' tangents are zero. */
static void factors_of(const struct arima_order *o, const double *u, size_t which, struct factors *f, struct factors *tangent)
{
    const size_t ma = o->p, sar = ma + o->q, sma = sar + o->seasonal_p;
    factor_of(u, o->p, which, &f->ar, &tangent->ar);
    factor_of(u + ma, o->q, which - ma, &f->ma, &tangent->ma); /* a place before the factor wraps round and is none in it */
    factor_of(u + sar, o->seasonal_p, which - sar, &f->seasonal_ar, &tangent->seasonal_ar);
    factor_of(u + sma, o->seasonal_q, which - sma, &f->seasonal_ma, &tangent->seasonal_ma);
}

void arima_expand(const struct arima_order *o, const double *u, struct arima_polynomials *out)
{
    struct factors f, unused;
    factors_of(o, u, ARIMA_PARAMETERS_MAX, &f, &unused);
    out->states = arima_states(o);
    multiply(&f.ar, &f.seasonal_ar, o->period, out->ar);
    multiply(&f.ma, &f.seasonal_ma, o->period, out->ma);
}

void arima_expand_tangent(const struct arima_order *o, const double *u, size_t which, struct arima_polynomials *out)
{
    struct factors f, t;
    factors_of(o, u, which, &f, &t);
    out->states = arima_states(o);
    const bool is_seasonal = which >= o->p + o->q;
    multiply(is_seasonal ? &f.ar : &t.ar, is_seasonal ? &t.seasonal_ar : &f.seasonal_ar, o->period, out->ar);
    multiply(is_seasonal ? &f.ma : &t.ma, is_seasonal ? &t.seasonal_ma : &f.seasonal_ma, o->period, out->ma);
}

/* ------------------------------------------------------------------------------------------ coefficients */

void arima_coefficients(const struct arima_order *o, const double *u, double *out)
{
    struct factors f, unused;
    factors_of(o, u, ARIMA_PARAMETERS_MAX, &f, &unused);
    const struct factor *all[] = {&f.ar, &f.ma, &f.seasonal_ar, &f.seasonal_ma};
    for (size_t k = 0; k < 4; k++)
        for (size_t i = 1; i <= all[k]->n; i++)
            *out++ = k % 2 ? all[k]->c[i] : -all[k]->c[i];
}

/* Partial autocorrelations of 1 + c_1 z + .. + c_n z^n, the step down of Durbin-Levinson; false at the first of size 1 or more.
 * Destroys c. */
static bool step_down(double *c, size_t n, double *out)
{
    for (size_t k = n; k-- > 0;) {
        const double r = -c[k + 1];
        if (!(r > -1 && r < 1))
            return false;
        out[k] = r;
        double next[ARIMA_FACTOR_MAX + 1];
        for (size_t j = 1; j <= k; j++)
            next[j] = (c[j] + r * c[k + 1 - j]) / (1 - r * r);
        for (size_t j = 1; j <= k; j++)
            c[j] = next[j];
    }
    return true;
}

bool arima_parameters_of(const struct arima_order *o, const double *coefficients, double *out_u)
{
    const size_t sizes[] = {o->p, o->q, o->seasonal_p, o->seasonal_q};
    for (size_t k = 0; k < 4; k++) {
        double c[ARIMA_FACTOR_MAX + 1], r[ARIMA_FACTOR_MAX];
        for (size_t i = 1; i <= sizes[k]; i++)
            c[i] = k % 2 ? coefficients[i - 1] : -coefficients[i - 1];
        if (!step_down(c, sizes[k], r))
            return false;
        for (size_t i = 0; i < sizes[k]; i++)
            out_u[i] = .5 * (maths_log1p(r[i]) - maths_log1p(-r[i]));
        coefficients += sizes[k];
        out_u += sizes[k];
    }
    return true;
}

/* Roots farther than `radius`: those of c(radius z) outside the unit circle. */
static bool factor_clear(const struct factor *f, double radius)
{
    double c[ARIMA_FACTOR_MAX + 1], r[ARIMA_FACTOR_MAX], power = radius;
    for (size_t i = 1; i <= f->n; i++, power *= radius)
        c[i] = f->c[i] * power;
    return step_down(c, f->n, r);
}

bool arima_roots_clear(const struct arima_order *o, const double *u, double least)
{
    struct factors f, unused;
    factors_of(o, u, ARIMA_PARAMETERS_MAX, &f, &unused);
    double seasonal = 1;
    for (size_t k = 0; (o->seasonal_p || o->seasonal_q) && k < o->period; k++)
        seasonal *= least;
    return factor_clear(&f.ar, least) && factor_clear(&f.ma, least) && factor_clear(&f.seasonal_ar, seasonal) &&
           factor_clear(&f.seasonal_ma, seasonal);
}

/* ------------------------------------------------------------------------------------------ differences */

void arima_difference_polynomial(const struct arima_order *o, double *out)
{
    const size_t lags = arima_differencing(o);
    out[0] = 1;
    for (size_t k = 1; k <= lags; k++)
        out[k] = 0;
    for (size_t i = 0; i < o->d; i++)
        for (size_t k = i + 1; k > 0; k--)
            out[k] -= out[k - 1];
    for (size_t k = lags; o->seasonal_d && k >= o->period; k--)
        out[k] -= out[k - o->period];
}

void arima_difference(const struct arima_order *o, const double *y, size_t stride, size_t n, double *out, size_t out_stride)
{
    const size_t lost = arima_differencing(o), season = o->seasonal_d * o->period;
    for (size_t t = 0; t + lost < n; t++) {
        double window[ARIMA_DIFFERENCES_MAX + 1];
        for (size_t k = 0; k <= o->d; k++)
            window[k] = season ? y[(t + k + season) * stride] - y[(t + k) * stride] : y[(t + k) * stride];
        for (size_t i = 0; i < o->d; i++)
            for (size_t k = 0; k + i < o->d; k++)
                window[k] = window[k + 1] - window[k];
        out[t * out_stride] = window[0];
    }
}
