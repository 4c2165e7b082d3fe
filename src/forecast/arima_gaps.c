#include "forecast/arima_gaps.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/arima_covariance.h"

#define TWO_PI  6.283185307179586476925286766559
#define DIFFUSE 1e6
#define UNKNOWN 1e4 /* an observation forecast this badly says nothing about the model */

struct arima_gaps {
    size_t columns_max, size_max, size, states;
    struct arima_polynomials polynomials;
    double *delta; /* size_max: what an observation is made of: 1 of state 0, then the levels' shares */
    double *p, *moved, *gain, *seen; /* size_max squared, twice; size_max, twice (seen = P delta) */
    double *state, *next;            /* size_max x columns */
    double *gram, *row, *covariance;
    double *memory;
};

enum status arima_gaps_new(size_t columns, size_t states, size_t differencing, struct arima_gaps **out)
{
    struct arima_gaps *g = calloc(1, sizeof *g);
    if (!g)
        return STATUS_NO_MEMORY;
    const size_t size = states + differencing;
    *g = (struct arima_gaps){.columns_max = columns, .size_max = size};
    g->memory = malloc((2 * size * size + 3 * size + 2 * size * columns + columns * columns + columns + arima_covariance_work(states)) *
                       sizeof *g->memory);
    if (!g->memory) {
        free(g);
        return STATUS_NO_MEMORY;
    }
    double *at = g->memory;
    g->delta = at, at += size;
    g->p = at, at += size * size;
    g->moved = at, at += size * size;
    g->gain = at, at += size;
    g->seen = at, at += size;
    g->state = at, at += size * columns;
    g->next = at, at += size * columns;
    g->gram = at, at += columns * columns;
    g->row = at, at += columns;
    g->covariance = at;
    *out = g;
    return STATUS_OK;
}

void arima_gaps_free(struct arima_gaps *gaps)
{
    if (gaps)
        free(gaps->memory);
    free(gaps);
}

/* ------------------------------------------------------------------------------------------ the start */

/* P[i][j] = P[i+1][j+1] + what the first column and the innovation add, from the last state upwards. */
static void start_covariance(struct arima_gaps *g)
{
    static const struct arima_polynomials none;
    const struct arima_polynomials *m = &g->polynomials;
    const size_t r = g->states, size = g->size;
    double column[ARIMA_STATES_MAX + 1], unused[ARIMA_STATES_MAX];
    arima_covariance_column(m, &none, column, unused, g->covariance);
    column[r] = 0;
    memset(g->p, 0, size * size * sizeof *g->p);
    for (size_t i = r; i-- > 0;)
        for (size_t j = r; j-- > 0;) {
            const double below = i + 1 < r && j + 1 < r ? g->p[(i + 1) * size + j + 1] : 0;
            g->p[i * size + j] = below + m->ar[i + 1] * m->ar[j + 1] * column[0] - m->ar[i + 1] * column[j + 1] -
                                 m->ar[j + 1] * column[i + 1] + m->ma[i] * m->ma[j];
        }
    for (size_t k = r; k < size; k++)
        g->p[k * size + k] = DIFFUSE;
}

static void start(const struct arima_order *o, const double *u, size_t columns, struct arima_gaps *g)
{
    double difference[ARIMA_DIFFERENCES_MAX + 366 + 1];
    const size_t lags = arima_differencing(o);
    assert(lags < sizeof difference / sizeof *difference);
    arima_expand(o, u, &g->polynomials);
    g->states = g->polynomials.states;
    g->size = g->states + lags;
    assert(g->size <= g->size_max && columns <= g->columns_max);
    arima_difference_polynomial(o, difference);
    memset(g->delta, 0, g->states * sizeof *g->delta);
    g->delta[0] = 1;
    for (size_t k = 1; k <= lags; k++)
        g->delta[g->states + k - 1] = -difference[k];
    start_covariance(g);
    memset(g->state, 0, g->size * columns * sizeof *g->state);
    memset(g->gram, 0, columns * columns * sizeof *g->gram);
}

/* ------------------------------------------------------------------------------------------ one step */

/* to = T from, both size x columns. */
static void transition(const struct arima_gaps *g, const double *from, size_t columns, double *to)
{
    const size_t r = g->states;
    for (size_t i = 0; i < g->size; i++) {
        double *row = to + i * columns;
        if (i < r) {
            const double phi = g->polynomials.ar[i + 1];
            for (size_t c = 0; c < columns; c++)
                row[c] = (i + 1 < r ? from[(i + 1) * columns + c] : 0) - phi * from[c];
            continue;
        }
        if (i > r) {
            memcpy(row, from + (i - 1) * columns, columns * sizeof *row);
            continue;
        }
        memcpy(row, from, columns * sizeof *row);
        for (size_t k = r; k < g->size; k++)
            for (size_t c = 0; g->delta[k] != 0 && c < columns; c++)
                row[c] += g->delta[k] * from[k * columns + c];
    }
}

static void transpose(double *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            const double kept = a[i * n + j];
            a[i * n + j] = a[j * n + i];
            a[j * n + i] = kept;
        }
}

static void predict(struct arima_gaps *g, size_t columns)
{
    transition(g, g->state, columns, g->next);
    memcpy(g->state, g->next, g->size * columns * sizeof *g->state);
    transition(g, g->p, g->size, g->moved);
    transpose(g->moved, g->size);
    transition(g, g->moved, g->size, g->p);
    for (size_t i = 0; i < g->states; i++)
        for (size_t j = 0; j < g->states; j++)
            g->p[i * g->size + j] += g->polynomials.ma[i] * g->polynomials.ma[j];
}

/* seen = P delta; returns F. */
static double see(struct arima_gaps *g)
{
    double f = 0;
    for (size_t i = 0; i < g->size; i++) {
        double sum = 0;
        for (size_t k = 0; k < g->size; k++)
            sum += g->p[i * g->size + k] * g->delta[k];
        g->seen[i] = sum;
    }
    for (size_t k = 0; k < g->size; k++)
        f += g->delta[k] * g->seen[k];
    return f;
}

/* row: the innovations of all columns, which the state takes in. */
static void correct(struct arima_gaps *g, const double *data, size_t columns, double f)
{
    for (size_t c = 0; c < columns; c++)
        g->row[c] = data[c];
    for (size_t k = 0; k < g->size; k++)
        for (size_t c = 0; g->delta[k] != 0 && c < columns; c++)
            g->row[c] -= g->delta[k] * g->state[k * columns + c];
    for (size_t i = 0; i < g->size; i++) {
        g->gain[i] = g->seen[i] / f;
        for (size_t c = 0; c < columns; c++)
            g->state[i * columns + c] += g->gain[i] * g->row[c];
        for (size_t j = 0; j < g->size; j++)
            g->p[i * g->size + j] -= g->gain[i] * g->seen[j];
    }
}

/* ------------------------------------------------------------------------------------------ all of it */

void arima_gaps_likelihood(const struct arima_order *o, const double *u, const struct arima_data *data, struct arima_gaps *gaps,
                           struct arima_profile *out, size_t *out_counted)
{
    const size_t columns = data->columns;
    *out = (struct arima_profile){.deviance = maths_missing(), .sse = maths_missing(), .sigma2 = maths_missing()};
    *out_counted = 0;
    start(o, u, columns, gaps);
    double logs = 0;
    for (size_t t = 0; t < data->n; t++) {
        const double *row = data->rows + t * columns;
        if (row[0] == row[0]) {
            const double f = see(gaps);
            if (!(f > 0 && f < 1e100))
                return;
            correct(gaps, row, columns, f);
            for (size_t i = 0; f < UNKNOWN && i < columns; i++)
                for (size_t j = 0; j <= i; j++)
                    gaps->gram[i * columns + j] += gaps->row[i] / f * gaps->row[j];
            logs += f < UNKNOWN ? maths_log(f) : 0;
            *out_counted += f < UNKNOWN;
        }
        predict(gaps, columns);
    }
    if (*out_counted == 0)
        return;
    const double n = (double)*out_counted;
    out->sse = arima_regress(gaps->gram, columns, out->beta, &out->dropped);
    out->sigma2 = out->sse / n;
    if (out->sse > 0)
        out->deviance = n * (1 + maths_log(TWO_PI * out->sigma2)) + logs;
}

void arima_gaps_last_state(const struct arima_gaps *gaps, size_t columns, const struct arima_profile *profile, double *out_state, double *out_gain,
                           double *out_levels)
{
    for (size_t i = 0; i < gaps->size; i++) {
        double value = gaps->state[i * columns];
        for (size_t c = 1; c < columns; c++)
            value -= profile->beta[c - 1] * gaps->state[i * columns + c];
        if (i < gaps->states)
            out_state[i] = value;
        else
            out_levels[i - gaps->states] = value;
    }
    for (size_t i = 0; i < gaps->states; i++) /* of the filtered state; the next state's is T times it */
        out_gain[i] = (i + 1 < gaps->states ? gaps->gain[i + 1] : 0) - gaps->polynomials.ar[i + 1] * gaps->gain[0];
}

void arima_gaps_residuals(const struct arima_order *o, const double *u, const struct arima_data *data, const struct arima_profile *profile,
                          struct arima_gaps *gaps, double *out)
{
    start(o, u, 1, gaps);
    for (size_t t = 0; t < data->n; t++) {
        const double *row = data->rows + t * data->columns;
        double value = row[0];
        for (size_t c = 1; c < data->columns; c++)
            value -= profile->beta[c - 1] * row[c];
        out[t] = maths_missing();
        if (value == value) {
            const double f = see(gaps);
            correct(gaps, &value, 1, f);
            if (f < UNKNOWN)
                out[t] = gaps->row[0] / maths_sqrt(f);
        }
        predict(gaps, 1);
    }
}
