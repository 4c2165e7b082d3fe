#include "forecast/arima_covariance.h"

/* A number and its derivative. */
struct dual {
    double v, d;
};

static struct dual times(struct dual a, struct dual b)
{
    return (struct dual){a.v * b.v, a.v * b.d + a.d * b.v};
}

static struct dual plus(struct dual a, struct dual b)
{
    return (struct dual){a.v + b.v, a.d + b.d};
}

static struct dual minus(struct dual a, struct dual b)
{
    return (struct dual){a.v - b.v, a.d - b.d};
}

static struct dual over(struct dual a, struct dual b)
{
    const double q = a.v / b.v;
    return (struct dual){q, (a.d - q * b.d) / b.v};
}

static size_t last_lag(const double *c, size_t most)
{
    while (most > 0 && c[most] == 0)
        most--;
    return most;
}

/* Room for one model: polynomials of every order below, then sequences. */
struct room {
    struct dual *ar, *ma, *levels, *strength, *of_ar, *ma_products, *psi, *of_w;
};

static struct room place(double *work, size_t states)
{
    struct dual *at = (struct dual *)(void *)work;
    struct room r = {0};
    r.ar = at, at += states + 1;
    r.ma = at, at += states + 1;
    r.levels = at, at += (states + 1) * (states + 1);
    r.strength = at, at += states + 1;
    r.of_ar = at, at += 2 * states + 2;
    r.ma_products = at, at += states + 1;
    r.psi = at, at += states + 1;
    r.of_w = at;
    return r;
}

size_t arima_covariance_work(size_t states)
{
    return 2 * ((states + 1) * (states + 1) + 8 * (states + 1));
}

/* levels[k]: the polynomial (leading 1 at 0) of order k, by stepping down from the last; strength[k]: its partial autocorrelation. */
static void step_down(struct room *r, size_t order, size_t stride)
{
    for (size_t j = 0; j <= order; j++)
        r->levels[order * stride + j] = r->ar[j];
    for (size_t k = order; k > 0; k--) {
        const struct dual *c = r->levels + k * stride, one = {1, 0};
        const struct dual s = {-c[k].v, -c[k].d}, left = minus(one, times(s, s));
        r->strength[k] = s;
        for (size_t j = 1; j < k; j++)
            r->levels[(k - 1) * stride + j] = over(plus(c[j], times(s, c[k - j])), left);
    }
}

/* Autocovariances 0..most of the autoregression alone. */
static void autoregression(struct room *r, size_t order, size_t stride, size_t most)
{
    struct dual variance = {1, 0};
    for (size_t k = 1; k <= order; k++)
        variance = over(variance, minus((struct dual){1, 0}, times(r->strength[k], r->strength[k])));
    r->of_ar[0] = variance;
    for (size_t k = 1; k <= most; k++) {
        const bool inside = k <= order;
        const struct dual *c = r->levels + (inside ? k - 1 : order) * stride;
        struct dual sum = inside ? times(r->strength[k], variance) : (struct dual){0, 0};
        for (size_t j = 1; j <= (inside ? k - 1 : order); j++)
            sum = minus(sum, times(c[j], r->of_ar[k - j]));
        r->of_ar[k] = sum;
        if (inside)
            variance = times(variance, minus((struct dual){1, 0}, times(r->strength[k], r->strength[k])));
    }
}

/* Autocovariances 0..states of w. */
static void whole(struct room *r, size_t ma_order, size_t states)
{
    for (size_t l = 0; l <= ma_order; l++) {
        r->ma_products[l] = (struct dual){0, 0};
        for (size_t i = 0; i + l <= ma_order; i++)
            r->ma_products[l] = plus(r->ma_products[l], times(r->ma[i], r->ma[i + l]));
    }
    for (size_t k = 0; k <= states; k++) {
        struct dual sum = times(r->ma_products[0], r->of_ar[k]);
        for (size_t l = 1; l <= ma_order; l++)
            sum = plus(sum, times(r->ma_products[l], plus(r->of_ar[k + l], r->of_ar[k > l ? k - l : l - k])));
        r->of_w[k] = sum;
    }
}

/* Covariances of w with the innovations before it. */
static void responses(struct room *r, size_t ar_order, size_t states)
{
    for (size_t l = 0; l < states; l++) {
        r->psi[l] = r->ma[l];
        for (size_t j = 1; j <= (l < ar_order ? l : ar_order); j++)
            r->psi[l] = minus(r->psi[l], times(r->ar[j], r->psi[l - j]));
    }
}

void arima_covariance_column(const struct arima_polynomials *p, const struct arima_polynomials *tangent, double *out, double *out_tangent,
                             double *work)
{
    const size_t states = p->states, stride = states + 1;
    struct room r = place(work, states);
    for (size_t k = 0; k <= states; k++) {
        r.ar[k] = (struct dual){p->ar[k], tangent->ar[k]};
        r.ma[k] = (struct dual){p->ma[k], tangent->ma[k]};
    }
    const size_t ar_order = last_lag(p->ar, states), ma_order = last_lag(p->ma, states);
    step_down(&r, ar_order, stride);
    autoregression(&r, ar_order, stride, states + ma_order);
    whole(&r, ma_order, states);
    responses(&r, ar_order, states);
    for (size_t i = 0; i < states; i++) {
        struct dual sum = {0, 0};
        for (size_t j = i; j < states; j++)
            sum = plus(sum, minus(times(r.ma[j], r.psi[j - i]), times(r.ar[j + 1], r.of_w[j - i + 1])));
        out[i] = sum.v;
        out_tangent[i] = sum.d;
    }
}
