#include "forecast/arima_search.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/unit_root.h"

#define P_MAX      5
#define ROOTS      1.01
#define CONSTANT   2 /* n up to which there is only a mean */

struct walk {
    struct arima_fitter *fitter;
    struct arima_order most; /* p, q, P, Q */
    struct arima_order tried[ARIMA_SEARCH_MODELS];
    size_t count;
    bool has_best;
    struct arima_fitted best;
};

/* ------------------------------------------------------------------------------------------ differences */

/* Residuals of least squares on the regressors and a constant; the series itself without regressors. */
static void detach(const struct arima_input *in, double *gram, double *out)
{
    const size_t k = in->regressors, columns = k + 2;
    double beta[ARIMA_REGRESSORS_MAX + 1];
    size_t dropped;
    memcpy(out, in->y, in->n * sizeof *out);
    if (k == 0)
        return;
    memset(gram, 0, columns * columns * sizeof *gram);
    for (size_t t = 0; t < in->n; t++) {
        if (!maths_finite(in->y[t]))
            continue;
        for (size_t i = 0; i < columns; i++)
            for (size_t j = 0; j <= i; j++) {
                const double a = i == 0 ? in->y[t] : i == 1 ? 1 : in->x[t * k + i - 2];
                const double b = j == 0 ? in->y[t] : j == 1 ? 1 : in->x[t * k + j - 2];
                gram[i * columns + j] += a * b;
            }
    }
    (void)arima_regress(gram, columns, beta, &dropped);
    for (size_t t = 0; t < in->n; t++)
        for (size_t c = 0; c < k; c++)
            out[t] -= beta[1 + c] * in->x[t * k + c];
}

static enum status choose_differences(const struct arima_input *in, size_t period, struct arima_order *o)
{
    const size_t columns = in->regressors + 2;
    const size_t scratch_size = unit_root_scratch(in->n, period);
    double *memory = malloc((in->n + scratch_size + columns * columns) * sizeof *memory);
    if (!memory)
        return STATUS_NO_MEMORY;
    double *y = memory, *scratch = y + in->n;
    detach(in, scratch + scratch_size, y);
    o->seasonal_d = period > 1 && unit_root_seasonal(y, in->n, period, scratch);
    size_t n = in->n;
    if (o->seasonal_d) {
        const struct arima_order seasonal = {.seasonal_d = 1, .period = period};
        arima_difference(&seasonal, y, 1, n, y, 1);
        n -= period;
    }
    o->d = unit_root_differences(y, n, ARIMA_DIFFERENCES_MAX, scratch);
    free(memory);
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ one model */

static bool was_tried(const struct walk *w, const struct arima_order *o)
{
    for (size_t k = 0; k < w->count; k++)
        if (arima_order_equal(&w->tried[k], o))
            return true;
    return false;
}

/* Fits an order not tried before; whether it is the new best. */
static bool try(struct walk *w, const struct arima_order *o)
{
    struct arima_fitted fitted;
    if (w->count == ARIMA_SEARCH_MODELS || was_tried(w, o))
        return false;
    w->tried[w->count++] = *o;
    if (arima_fit(w->fitter, o, w->has_best ? &w->best : NULL, false, &fitted) != STATUS_OK)
        return false;
    if (!arima_roots_clear(o, fitted.u, ROOTS) || (w->has_best && !(fitted.aicc < w->best.aicc)) || fitted.aicc > 1e300)
        return false;
    w->best = fitted;
    w->has_best = true;
    return true;
}

static bool move(size_t at, int by, size_t most, size_t *out)
{
    if ((by < 0 && at == 0) || (by > 0 && at >= most))
        return false;
    *out = by < 0 ? at - 1 : at + (size_t)by;
    return true;
}

static bool try_neighbour(struct walk *w, int p, int q, int seasonal_p, int seasonal_q)
{
    struct arima_order o = w->best.order;
    return move(o.p, p, w->most.p, &o.p) && move(o.q, q, w->most.q, &o.q) &&
           move(o.seasonal_p, seasonal_p, w->most.seasonal_p, &o.seasonal_p) &&
           move(o.seasonal_q, seasonal_q, w->most.seasonal_q, &o.seasonal_q) && try(w, &o);
}

/* ------------------------------------------------------------------------------------------ the walk */

/* In the order of forecasting.md; whether one of them is the new best. */
static bool improve(struct walk *w, bool constant_allowed)
{
    static const int moves[][2] = {{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    const size_t count = sizeof moves / sizeof *moves;
    for (size_t k = 0; k < count; k++)
        if (try_neighbour(w, 0, 0, moves[k][0], moves[k][1]))
            return true;
    for (size_t k = 0; k < count; k++)
        if (try_neighbour(w, moves[k][0], moves[k][1], 0, 0))
            return true;
    struct arima_order other = w->best.order;
    other.has_constant = !other.has_constant;
    return constant_allowed && try(w, &other);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void start(struct walk *w, const struct arima_order *base)
{
    const struct arima_order *most = &w->most;
    struct arima_order o = *base;
    o.p = least(2, most->p), o.q = least(2, most->q);
    o.seasonal_p = least(1, most->seasonal_p), o.seasonal_q = least(1, most->seasonal_q);
    (void)try(w, &o);
    (void)try(w, base);
    o = *base;
    o.p = least(1, most->p), o.seasonal_p = least(1, most->seasonal_p);
    (void)try(w, &o);
    o = *base;
    o.q = least(1, most->q), o.seasonal_q = least(1, most->seasonal_q);
    (void)try(w, &o);
    o = *base;
    o.has_constant = false;
    (void)try(w, &o);
}

static void bound(struct walk *w, size_t observed, size_t period)
{
    const bool seasonal = period > 1 && period <= ARIMA_PERIOD_MAX;
    w->most.p = w->most.q = observed > CONSTANT + 1 ? least(P_MAX, observed / 3) : 0;
    w->most.seasonal_p = w->most.seasonal_q = seasonal ? least(ARIMA_SEASONAL_MAX, observed / 3 / period) : 0;
}

static size_t observed_of(const struct arima_input *in)
{
    size_t observed = 0;
    for (size_t t = 0; t < in->n; t++)
        observed += maths_finite(in->y[t]);
    return observed;
}

enum status arima_search(const struct arima_input *input, const struct arima_search *search, struct arima_fitter **out_fitter,
                         struct arima_fitted *out, size_t *out_tried)
{
    struct walk w = {0};
    struct arima_order base = {.period = search->period};
    enum status status = choose_differences(input, search->period, &base);
    if (status)
        return status;
    base.has_constant = base.d + base.seasonal_d < 2;
    bound(&w, observed_of(input), search->period);
    struct arima_order widest = base;
    widest.p = w.most.p, widest.q = w.most.q, widest.seasonal_p = w.most.seasonal_p, widest.seasonal_q = w.most.seasonal_q;
    status = arima_fitter_new(input, &widest, &w.fitter);
    if (status)
        return status;
    start(&w, &base);
    while (w.has_best && w.count < ARIMA_SEARCH_MODELS && improve(&w, base.d + base.seasonal_d < 2))
        ;
    if (!w.has_best) /* too short for an AICc, or every model refused */
        status = arima_fit(w.fitter, &base, NULL, false, &w.best);
    if (status) {
        arima_fitter_free(w.fitter);
        return status;
    }
    *out_fitter = w.fitter;
    *out = w.best;
    *out_tried = w.count;
    return STATUS_OK;
}
