#include "forecast/arima_fit.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/arima_fitter.h"
#include "forecast/arima_forecast.h"

#define NEUTRAL 0.05 /* starts, in u */
#define EDGE    0.9

/* ------------------------------------------------------------------------------------------ the data */

static enum status look_at(const struct arima_input *in, struct arima_fitter *f)
{
    size_t first = 0, end = in->n;
    while (first < end && !maths_finite(in->y[first]))
        first++;
    while (end > first && !maths_finite(in->y[end - 1]))
        end--;
    if (first == end)
        return STATUS_TOO_SHORT;
    f->first = first;
    f->n = end - first;
    double most = 0;
    for (size_t t = first; t < end; t++) {
        const double v = in->y[t], size = v < 0 ? -v : v;
        f->observed += maths_finite(v);
        most = maths_finite(v) && size > most ? size : most;
    }
    f->scale = 1;
    for (; most * f->scale >= 2; f->scale *= .5)
        ;
    for (; most > 0 && most * f->scale < 1 && f->scale < 1e300; f->scale *= 2)
        ;
    for (size_t k = 0; k < in->n * in->regressors; k++)
        if (!maths_finite(in->x[k]))
            return STATUS_NOT_POSITIVE;
    return STATUS_OK;
}

enum status arima_fitter_new(const struct arima_input *input, const struct arima_order *widest, struct arima_fitter **out)
{
    assert(input->regressors < ARIMA_REGRESSORS_MAX && arima_differencing(widest) <= ARIMA_LEVELS_MAX);
    struct arima_fitter *f = calloc(1, sizeof *f);
    if (!f)
        return STATUS_NO_MEMORY;
    f->input = *input;
    enum status status = look_at(input, f);
    const size_t columns = input->regressors + 2; /* w, the regressors, a constant */
    if (!status) {
        f->rows = malloc(f->n * columns * sizeof *f->rows);
        status = f->rows ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (!status && f->observed == f->n)
        status = arima_work_new(f->n, columns, arima_states(widest), &f->work);
    else if (!status)
        status = arima_gaps_new(columns, arima_states(widest), arima_differencing(widest), &f->gaps);
    if (status) {
        arima_fitter_free(f);
        return status;
    }
    *out = f;
    return STATUS_OK;
}

void arima_fitter_free(struct arima_fitter *fitter)
{
    if (!fitter)
        return;
    arima_work_free(fitter->work);
    arima_gaps_free(fitter->gaps);
    free(fitter->rows);
    free(fitter);
}

static double observed_mean(const struct arima_fitter *f)
{
    double mean = 0, n = 0;
    for (size_t t = 0; t < f->n; t++) {
        const double v = f->input.y[f->first + t];
        if (!maths_finite(v))
            continue;
        n += 1;
        mean += (v * f->scale - mean) / n;
    }
    return mean;
}

/* The level whose difference is 1. */
double arima_fitter_trend(const struct arima_order *o, size_t t)
{
    return o->d ? (double)t : o->seasonal_d ? (double)t / (double)o->period : 1;
}

void arima_fitter_load(struct arima_fitter *f, const struct arima_order *o)
{
    const size_t k = f->input.regressors, columns = 1 + k + o->has_constant, lost = arima_differencing(o);
    const double *x = f->input.x ? f->input.x + f->first * k : NULL;
    f->offset = o->has_constant && lost == 0 ? observed_mean(f) : 0;
    for (size_t t = 0; t < f->n; t++) {
        double *row = f->rows + t * columns;
        const double v = f->input.y[f->first + t];
        row[0] = maths_finite(v) ? v * f->scale - f->offset : maths_missing();
        for (size_t c = 0; c < k; c++)
            row[1 + c] = x[t * k + c];
        if (o->has_constant)
            row[1 + k] = arima_fitter_trend(o, t);
    }
    f->data = (struct arima_data){.n = f->n, .columns = columns, .rows = f->rows};
    if (f->gaps)
        return;
    for (size_t c = 0; lost > 0 && c < columns; c++)
        arima_difference(o, f->rows + c, columns, f->n, f->rows + c, columns);
    f->data.n = f->n - lost;
}

/* ------------------------------------------------------------------------------------------ deviance */

double arima_fitter_value(struct arima_fitter *f, const struct arima_order *o, const double *u, struct arima_profile *out)
{
    if (f->gaps) {
        arima_gaps_likelihood(o, u, &f->data, f->gaps, out, &f->counted);
    } else {
        arima_likelihood(o, u, &f->data, f->work, out);
        f->counted = f->data.n;
    }
    return out->deviance;
}

void arima_fitter_gradient(struct arima_fitter *f, const struct arima_order *o, const double *u, const struct arima_profile *profile,
                           double *gradient)
{
    if (!f->gaps) {
        arima_gradient(o, u, &f->data, profile, f->work, gradient);
        return;
    }
    const double h = 1e-4;
    double at[ARIMA_PARAMETERS_MAX];
    memcpy(at, u, arima_parameters(o) * sizeof *at);
    for (size_t k = 0; k < arima_parameters(o); k++) {
        struct arima_profile up, down;
        size_t counted;
        at[k] = u[k] + h;
        arima_gaps_likelihood(o, at, &f->data, f->gaps, &up, &counted);
        at[k] = u[k] - h;
        arima_gaps_likelihood(o, at, &f->data, f->gaps, &down, &counted);
        at[k] = u[k];
        gradient[k] = (up.deviance - down.deviance) / (2 * h);
    }
}

double arima_fit_deviance(struct arima_fitter *fitter, const struct arima_order *order, const double *u, double *gradient)
{
    struct arima_profile profile;
    arima_fitter_load(fitter, order);
    const double value = arima_fitter_value(fitter, order, u, &profile);
    arima_fitter_gradient(fitter, order, u, &profile, gradient);
    return value;
}

/* ------------------------------------------------------------------------------------------ starts */

/* The neighbour's parameters, factor by factor, as far as it has them; 0 for the others. */
static void pad(const struct arima_order *o, const struct arima_fitted *neighbour, double *u)
{
    const struct arima_order *n = &neighbour->order;
    const size_t sizes[] = {o->p, o->q, o->seasonal_p, o->seasonal_q}, theirs[] = {n->p, n->q, n->seasonal_p, n->seasonal_q};
    const double *from = neighbour->u;
    for (size_t k = 0; k < 4; k++) {
        for (size_t i = 0; i < sizes[k]; i++)
            u[i] = i < theirs[k] ? from[i] : 0;
        u += sizes[k];
        from += theirs[k];
    }
}

static bool start_at(const struct arima_order *o, size_t which, const struct arima_fitted *neighbour, double *u)
{
    for (size_t k = 0; k < arima_parameters(o); k++)
        u[k] = NEUTRAL;
    if (which == 1 && neighbour)
        pad(o, neighbour, u);
    else if (which >= 2 && o->p > 0 && o->q > 0)
        u[0] = u[o->p] = which == 2 ? -EDGE : EDGE;
    else
        return which == 0;
    return true;
}

#define STARTS 4

/* ------------------------------------------------------------------------------------------ the fit */

static void describe(const struct arima_fitter *f, const struct arima_order *o, const struct arima_profile *profile, const double *u,
                     struct arima_fitted *out)
{
    const size_t arma = arima_parameters(o), linear = f->input.regressors + o->has_constant;
    *out = (struct arima_fitted){.order = *o, .counted = f->counted, .dropped = profile->dropped};
    out->coefficients = arma + linear - profile->dropped;
    memcpy(out->u, u, arma * sizeof *u);
    memcpy(out->beta, profile->beta, linear * sizeof *out->beta);
    for (size_t c = 0; c < linear; c++)
        out->beta[c] = (out->beta[c] + (c == f->input.regressors ? f->offset : 0)) / f->scale;
    const double n = (double)f->counted, k = (double)out->coefficients + 1;
    out->deviance = profile->deviance - 2 * n * maths_log(f->scale);
    out->aicc = n - k - 1 > 0 ? out->deviance + 2 * k + 2 * k * (k + 1) / (n - k - 1) : INFINITY;
    out->sigma2_ml = profile->sigma2 / f->scale / f->scale;
    out->sigma2 = n > k - 1 ? profile->sse / (n - (k - 1)) / f->scale / f->scale : out->sigma2_ml;
}

enum status arima_fit(struct arima_fitter *fitter, const struct arima_order *order, const struct arima_fitted *neighbour,
                      bool only_neighbour, struct arima_fitted *out)
{
    assert(arima_order_valid(order) && (neighbour || !only_neighbour));
    const size_t coefficients = arima_parameters(order) + fitter->input.regressors + order->has_constant;
    if (fitter->observed < arima_differencing(order) + coefficients + 1)
        return STATUS_TOO_SHORT;
    arima_fitter_load(fitter, order);
    struct arima_profile profile, best = {.deviance = maths_missing()};
    double u[ARIMA_PARAMETERS_MAX] = {0}, best_u[ARIMA_PARAMETERS_MAX] = {0};
    const size_t first = only_neighbour ? 1 : 0, end = only_neighbour ? 2 : arima_parameters(order) > 0 ? STARTS : 1;
    for (size_t which = first; which < end; which++) {
        if (!start_at(order, which, neighbour, u))
            continue;
        arima_minimise(fitter, order, u, &profile);
        if (profile.sse <= 0 && arima_parameters(order) == 0)
            profile.deviance = -INFINITY; /* nothing is left to explain */
        if (profile.deviance < best.deviance || !(best.deviance == best.deviance)) {
            best = profile;
            memcpy(best_u, u, sizeof u);
        }
    }
    if (!maths_finite(best.deviance) && !(best.deviance == -INFINITY))
        return STATUS_NO_CONVERGE;
    describe(fitter, order, &best, best_u, out);
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ what a fit leaves */

/* The profile of a fit in the fitter's own scale. */
static void unscale(const struct arima_fitter *f, const struct arima_fitted *fitted, struct arima_profile *out)
{
    const size_t linear = f->input.regressors + fitted->order.has_constant;
    for (size_t c = 0; c < linear; c++)
        out->beta[c] = fitted->beta[c] * f->scale - (c == f->input.regressors ? f->offset : 0);
}

void arima_fit_residuals(struct arima_fitter *fitter, const struct arima_fitted *fitted, double *out)
{
    const size_t lost = fitter->gaps ? 0 : arima_differencing(&fitted->order);
    struct arima_profile profile;
    arima_fitter_load(fitter, &fitted->order);
    unscale(fitter, fitted, &profile);
    for (size_t t = 0; t < fitter->input.n; t++)
        out[t] = maths_missing();
    double *own = out + fitter->first + lost;
    if (fitter->gaps)
        arima_gaps_residuals(&fitted->order, fitted->u, &fitter->data, &profile, fitter->gaps, own);
    else
        arima_residuals(&fitted->order, fitted->u, &fitter->data, &profile, fitter->work, own);
    for (size_t t = 0; t < fitter->data.n; t++)
        own[t] /= fitter->scale;
}

/* The last levels less the regressors, newest first, in the fitter's scale. */
static void last_levels(const struct arima_fitter *f, const struct arima_profile *profile, size_t lost, double *out)
{
    const size_t k = f->input.regressors;
    for (size_t j = 0; j < lost; j++) {
        const size_t t = f->first + f->n - 1 - j;
        out[j] = f->input.y[t] * f->scale;
        for (size_t c = 0; c < k; c++)
            out[j] -= profile->beta[c] * f->input.x[t * k + c];
    }
}

void arima_fit_model(struct arima_fitter *fitter, const struct arima_fitted *fitted, struct arima_model *out)
{
    const struct arima_order *o = &fitted->order;
    const size_t k = fitter->input.regressors, lost = arima_differencing(o);
    struct arima_profile profile;
    *out = (struct arima_model){.order = *o, .regressors = k, .sigma2 = fitted->sigma2};
    arima_expand(o, fitted->u, &out->polynomials);
    arima_difference_polynomial(o, out->difference);
    memcpy(out->beta, fitted->beta, k * sizeof *out->beta);
    out->constant = o->has_constant ? fitted->beta[k] : 0;
    arima_fitter_load(fitter, o);
    unscale(fitter, fitted, &profile);
    if (fitter->gaps) {
        struct arima_profile unused;
        (void)arima_fitter_value(fitter, o, fitted->u, &unused);
        arima_gaps_last_state(fitter->gaps, fitter->data.columns, &profile, out->state, out->gain, out->levels);
        for (size_t j = 0; o->has_constant && j < lost; j++)
            out->levels[j] += profile.beta[k] * arima_fitter_trend(o, fitter->n - 1 - j);
    } else {
        arima_last_state(o, fitted->u, &fitter->data, &profile, fitter->work, out->state, out->gain);
        last_levels(fitter, &profile, lost, out->levels);
    }
    for (size_t i = 0; i < out->polynomials.states; i++)
        out->state[i] /= fitter->scale;
    for (size_t j = 0; j < lost; j++)
        out->levels[j] /= fitter->scale;
    for (size_t t = fitter->first + fitter->n; t < fitter->input.n; t++)
        arima_update(out, maths_missing(), NULL);
}
