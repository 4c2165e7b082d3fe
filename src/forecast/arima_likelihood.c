#include "forecast/arima_likelihood.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/arima_work.h"

#define TWO_PI      6.283185307179586476925286766559
#define STEADY      1e-11 /* change of the state's covariance that gains are kept from */
#define LEAST_F     .999  /* in exact arithmetic never below 1 */
#define LEAST_PIVOT 1e-9

/* ------------------------------------------------------------------------------------------ workspace */

static void lay_out(struct arima_work *w, double *at)
{
    const size_t states = w->states_max, columns = w->columns_max;
    w->variance = at, at += w->n_max;
    w->scale = at, at += w->n_max;
    w->innovation = at, at += w->n_max;
    w->remainder = at, at += w->n_max;
    w->gain = at, at += w->n_max * states;
    w->direction = at, at += w->n_max * (states + 1);
    w->state = at, at += (states + 1) * columns;
    w->gram = at, at += columns * columns;
    w->row = at, at += columns;
    w->covariance = at, at += arima_covariance_work(states);
    w->sensitivity = at;
}

static size_t work_size(const struct arima_work *w)
{
    const size_t states = w->states_max, columns = w->columns_max;
    return w->n_max * (4 + 2 * states + 1) + (states + 1) * columns + columns * columns + columns + arima_covariance_work(states) +
           6 * (states + 1);
}

enum status arima_work_new(size_t n, size_t columns, size_t states, struct arima_work **out)
{
    struct arima_work *w = calloc(1, sizeof *w);
    if (!w)
        return STATUS_NO_MEMORY;
    *w = (struct arima_work){.n_max = n, .columns_max = columns, .states_max = states};
    w->memory = malloc(work_size(w) * sizeof *w->memory);
    if (!w->memory) {
        free(w);
        return STATUS_NO_MEMORY;
    }
    lay_out(w, w->memory);
    *out = w;
    return STATUS_OK;
}

void arima_work_free(struct arima_work *work)
{
    if (work)
        free(work->memory);
    free(work);
}

/* ------------------------------------------------------------------------------------------ gains */

static double absolute(double v)
{
    return v < 0 ? -v : v;
}

/* F and the gain of every step until they stay as they are; false where the model has no covariance. */
static bool find_gains(struct arima_work *w, size_t n)
{
    const struct arima_polynomials *p = &w->polynomials;
    const size_t r = p->states, stride = w->states_max + 1;
    static const struct arima_polynomials none; /* no direction: the derivative is not asked for */
    double column[ARIMA_STATES_MAX + 1], unused[ARIMA_STATES_MAX], k[ARIMA_STATES_MAX];
    arima_covariance_column(p, &none, column, unused, w->covariance);
    column[r] = 0;
    for (size_t i = 0; i < r; i++)
        k[i] = w->direction[i] = column[i + 1] - p->ar[i + 1] * column[0];
    double f = column[0], m = -1 / f;
    for (size_t t = 0;; t++) {
        double *gain = w->gain + t * w->states_max, *y = w->direction + t * stride, most = 0;
        if (!(f > LEAST_F && f < 1e100))
            return false;
        y[r] = 0;
        for (size_t i = 0; i < r; i++) {
            gain[i] = k[i] / f;
            most = absolute(y[i]) > most ? absolute(y[i]) : most;
        }
        w->variance[t] = f;
        w->scale[t] = m;
        w->steady = t + 1;
        if (t + 1 == n || absolute(m) * most * most < STEADY)
            return true;
        double *next = y + stride;
        const double z = y[0], s = m * z, before = f;
        f += z * s;
        for (size_t i = 0; i < r; i++) {
            const double moved = y[i + 1] - p->ar[i + 1] * z;
            k[i] += moved * s;
            next[i] = moved - k[i] / f * z;
        }
        m += s * s / before;
    }
}

/* ------------------------------------------------------------------------------------------ the filter */

/* One step of all columns: row becomes the innovations. */
static void step(const struct arima_work *w, const double *gain, const double *data, size_t columns, double *row)
{
    const struct arima_polynomials *p = &w->polynomials;
    double *a = w->state;
    for (size_t c = 0; c < columns; c++)
        row[c] = data[c] - a[c];
    for (size_t i = 0; i < p->states; i++) {
        const double g = gain[i] + p->ar[i + 1], phi = p->ar[i + 1];
        double *to = a + i * columns;
        const double *from = to + columns;
        for (size_t c = 0; c < columns; c++)
            to[c] = from[c] - phi * data[c] + g * row[c];
    }
}

static void start_state(const struct arima_work *w, size_t columns)
{
    memset(w->state, 0, (w->polynomials.states + 1) * columns * sizeof *w->state);
}

static size_t gain_at(const struct arima_work *w, size_t t)
{
    return t < w->steady ? t : w->steady - 1;
}

static void add_products(double *gram, const double *row, size_t columns, double f)
{
    for (size_t i = 0; i < columns; i++) {
        const double v = row[i] / f;
        for (size_t j = 0; j <= i; j++)
            gram[i * columns + j] += v * row[j];
    }
}

double arima_regress(double *gram, size_t columns, double *beta, size_t *out_dropped)
{
    double left[ARIMA_REGRESSORS_MAX + 2];
    return arima_regress_stepwise(gram, columns, beta, left, out_dropped);
}

double arima_regress_stepwise(double *gram, size_t columns, double *beta, double *out_left, size_t *out_dropped)
{
    *out_dropped = 0;
    const size_t k = columns - 1;
    double *l = gram; /* rows 1..k become the factor of the regressors' matrix, row by row; column 0 holds their products with w */
    double y[ARIMA_REGRESSORS_MAX + 2]; /* with the two columns that come before regressors in a choice of them */
    double sse = gram[0];
    for (size_t i = 1; i <= k; i++) {
        const double square = l[i * columns + i];
        double pivot = square, product = l[i * columns];
        for (size_t j = 1; j < i; j++) {
            double sum = l[i * columns + j];
            for (size_t q = 1; q < j; q++)
                sum -= l[i * columns + q] * l[j * columns + q];
            const double diagonal = l[j * columns + j];
            l[i * columns + j] = diagonal > 0 ? sum / diagonal : 0;
            pivot -= l[i * columns + j] * l[i * columns + j];
            product -= l[i * columns + j] * y[j - 1];
        }
        const bool keep = pivot > LEAST_PIVOT * square;
        *out_dropped += !keep;
        l[i * columns + i] = keep ? maths_sqrt(pivot) : 0;
        y[i - 1] = keep ? product / l[i * columns + i] : 0;
        sse -= y[i - 1] * y[i - 1];
        out_left[i - 1] = sse;
    }
    for (size_t i = k; i > 0; i--) {
        double sum = y[i - 1];
        for (size_t j = i + 1; j <= k; j++)
            sum -= l[j * columns + i] * beta[j - 1];
        beta[i - 1] = l[i * columns + i] > 0 ? sum / l[i * columns + i] : 0;
    }
    return sse;
}

void arima_likelihood(const struct arima_order *o, const double *u, const struct arima_data *data, struct arima_work *work,
                      struct arima_profile *out)
{
    const size_t n = data->n, columns = data->columns;
    assert(n >= 1 && n <= work->n_max && columns >= 1 && columns <= work->columns_max && columns <= ARIMA_REGRESSORS_MAX + 1);
    *out = (struct arima_profile){.deviance = maths_missing(), .sse = maths_missing(), .sigma2 = maths_missing()};
    arima_expand(o, u, &work->polynomials);
    assert(work->polynomials.states <= work->states_max);
    if (!find_gains(work, n))
        return;
    start_state(work, columns);
    memset(work->gram, 0, columns * columns * sizeof *work->gram);
    double logs = 0;
    for (size_t t = 0; t < n; t++) {
        const size_t at = gain_at(work, t);
        step(work, work->gain + at * work->states_max, data->rows + t * columns, columns, work->row);
        add_products(work->gram, work->row, columns, work->variance[at]);
        if (t < work->steady)
            logs += maths_log(work->variance[t]) * (t + 1 < work->steady ? 1. : (double)(n - t));
    }
    out->sse = arima_regress(work->gram, columns, out->beta, &out->dropped);
    out->sigma2 = out->sse / (double)n;
    if (out->sse > 0)
        out->deviance = (double)n * (1 + maths_log(TWO_PI * out->sigma2)) + logs;
}

/* ------------------------------------------------------------------------------------------ one column: what the regressors leave */

static double remainder_at(const struct arima_data *data, const struct arima_profile *profile, size_t t)
{
    const double *row = data->rows + t * data->columns;
    double value = row[0];
    for (size_t c = 1; c < data->columns; c++)
        value -= row[c] * profile->beta[c - 1];
    return value;
}

/* Filters the remainder; it and its innovations are kept. */
static void filter_remainder(const struct arima_data *data, const struct arima_profile *profile, struct arima_work *w)
{
    start_state(w, 1);
    for (size_t t = 0; t < data->n; t++) {
        w->remainder[t] = remainder_at(data, profile, t);
        step(w, w->gain + gain_at(w, t) * w->states_max, &w->remainder[t], 1, &w->innovation[t]);
    }
}

static bool refilter(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                     struct arima_work *work)
{
    arima_expand(o, u, &work->polynomials);
    if (!find_gains(work, data->n))
        return false;
    filter_remainder(data, profile, work);
    return true;
}

void arima_last_state(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                      struct arima_work *work, double *out_state, double *out_gain)
{
    const size_t states = arima_states(o);
    const bool sound = refilter(o, u, data, profile, work);
    for (size_t i = 0; i < states; i++) {
        out_state[i] = sound ? work->state[i] : maths_missing();
        out_gain[i] = sound ? work->gain[(work->steady - 1) * work->states_max + i] : maths_missing();
    }
}

void arima_residuals(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                     struct arima_work *work, double *out)
{
    const bool sound = refilter(o, u, data, profile, work);
    for (size_t t = 0; t < data->n; t++)
        out[t] = sound ? work->innovation[t] / maths_sqrt(work->variance[gain_at(work, t)]) : maths_missing();
}

/* ------------------------------------------------------------------------------------------ gradient */

struct sensitivity { /* derivatives by one parameter */
    double f, m;
    double *k, *y, *a, *column;
};

static void start_sensitivity(struct arima_work *w, const struct arima_polynomials *by, struct sensitivity *s)
{
    const struct arima_polynomials *p = &w->polynomials;
    const size_t r = p->states;
    double value[ARIMA_STATES_MAX + 1];
    s->k = w->sensitivity;
    s->y = s->k + r + 1;
    s->a = s->y + r + 1;
    s->column = s->a + r + 1;
    arima_covariance_column(p, by, value, s->column, w->covariance);
    value[r] = s->column[r] = 0;
    for (size_t i = 0; i < r; i++)
        s->k[i] = s->y[i] = s->column[i + 1] - p->ar[i + 1] * s->column[0] - by->ar[i + 1] * value[0];
    s->y[r] = 0;
    memset(s->a, 0, (r + 1) * sizeof *s->a);
    s->f = s->column[0];
    s->m = s->f / (value[0] * value[0]);
}

/* From the derivatives of step t to those of t + 1. */
static void next_gains(const struct arima_work *w, const struct arima_polynomials *by, size_t t, struct sensitivity *s)
{
    const struct arima_polynomials *p = &w->polynomials;
    const size_t r = p->states, stride = w->states_max + 1;
    const double *y = w->direction + t * stride, *gain = w->gain + (t + 1) * w->states_max;
    const double z = y[0], dz = s->y[0], m = w->scale[t], step = m * z, dstep = s->m * z + m * dz;
    const double before = w->variance[t], dbefore = s->f, f = w->variance[t + 1];
    s->f += dz * step + z * dstep;
    for (size_t i = 0; i < r; i++) {
        const double moved = y[i + 1] - p->ar[i + 1] * z, dmoved = s->y[i + 1] - p->ar[i + 1] * dz - by->ar[i + 1] * z;
        s->k[i] += dmoved * step + moved * dstep;
        const double dgain = (s->k[i] - gain[i] * s->f) / f;
        s->y[i] = dmoved - dgain * z - gain[i] * dz;
    }
    s->m += (2 * step * dstep - step * step * dbefore / before) / before;
}

/* The state's derivative from step t to t + 1; dv is that of the innovation. */
static void next_state(const struct arima_work *w, const struct arima_polynomials *by, size_t at, double value, double v, double dv,
                       struct sensitivity *s)
{
    const struct arima_polynomials *p = &w->polynomials;
    const double *gain = w->gain + at * w->states_max, f = w->variance[at], forecast = value - v, dforecast = s->a[0];
    for (size_t i = 0; i < p->states; i++) {
        const double dgain = (s->k[i] - gain[i] * s->f) / f;
        s->a[i] = s->a[i + 1] - p->ar[i + 1] * dforecast - by->ar[i + 1] * forecast + dgain * v + gain[i] * dv;
    }
}

/* Derivatives of the sum of squares and of the sum of logs. */
static double derivative(const struct arima_data *data, const struct arima_profile *profile, struct arima_work *w,
                         const struct arima_polynomials *by)
{
    struct sensitivity s;
    double dsse = 0, dlogs = 0;
    start_sensitivity(w, by, &s);
    for (size_t t = 0; t < data->n; t++) {
        const size_t at = gain_at(w, t);
        const double f = w->variance[at], v = w->innovation[t], dv = -s.a[0];
        dsse += (2 * dv - v * s.f / f) * v / f;
        dlogs += s.f / f;
        next_state(w, by, at, w->remainder[t], v, dv, &s);
        if (t + 1 < w->steady)
            next_gains(w, by, t, &s);
    }
    return (double)data->n * dsse / profile->sse + dlogs;
}

void arima_gradient(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                    struct arima_work *work, double *gradient)
{
    filter_remainder(data, profile, work); /* the gains are still those of u */
    for (size_t k = 0; k < arima_parameters(o); k++) {
        struct arima_polynomials by;
        arima_expand_tangent(o, u, k, &by);
        gradient[k] = derivative(data, profile, work, &by);
    }
}
