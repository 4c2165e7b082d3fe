#include "forecast/arima_forecast.h"

#include <string.h>

/* state = T state + gain v, with w the (expected) value that v is the innovation of. */
static void step(const struct arima_polynomials *p, double *state, const double *gain, double v)
{
    const double expected = state[0];
    for (size_t i = 0; i < p->states; i++)
        state[i] = (i + 1 < p->states ? state[i + 1] : 0) - p->ar[i + 1] * expected + (gain ? gain[i] * v : 0);
}

/* What the last levels alone say of the next one. */
static double from_levels(const struct arima_model *m, const double *levels)
{
    double sum = m->constant;
    for (size_t k = 1; k <= arima_differencing(&m->order); k++)
        if (m->difference[k] != 0)
            sum -= m->difference[k] * levels[k - 1];
    return sum;
}

static void push(const struct arima_model *m, double *levels, double value)
{
    const size_t n = arima_differencing(&m->order);
    if (n == 0)
        return;
    memmove(levels + 1, levels, (n - 1) * sizeof *levels);
    levels[0] = value;
}

static double regression(const struct arima_model *m, const double *x)
{
    double sum = 0;
    for (size_t c = 0; x && c < m->regressors; c++)
        sum += m->beta[c] * x[c];
    return sum;
}

void arima_update(struct arima_model *m, double y, const double *x)
{
    const double base = from_levels(m, m->levels), expected = base + m->state[0];
    const bool is_known = y == y;
    const double value = is_known ? y - regression(m, x) : expected;
    step(&m->polynomials, m->state, m->gain, is_known ? value - expected : 0);
    push(m, m->levels, value);
    m->behind = is_known ? 0 : m->behind + 1;
}

/* psi weights of the whole model: what an innovation does to the level k periods later. */
static void responses(const struct arima_model *m, size_t count, double *levels, double *state, double *variance)
{
    const size_t n = arima_differencing(&m->order);
    memset(levels, 0, (n + 1) * sizeof *levels);
    for (size_t i = 0; i < m->polynomials.states; i++)
        state[i] = m->polynomials.ma[i];
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        double psi = state[0];
        for (size_t j = 1; j <= n; j++)
            psi -= m->difference[j] * levels[j - 1];
        push(m, levels, psi);
        step(&m->polynomials, state, NULL, 0);
        sum += psi * psi;
        if (k >= m->behind)
            variance[k - m->behind] = m->sigma2 * sum;
    }
}

void arima_forecast(const struct arima_model *m, const double *x, size_t horizon, double *mean, double *variance)
{
    double state[ARIMA_STATES_MAX], levels[ARIMA_LEVELS_MAX + 1];
    if (variance)
        responses(m, horizon + m->behind, levels, state, variance);
    memcpy(state, m->state, sizeof state);
    memcpy(levels, m->levels, sizeof m->levels);
    for (size_t h = 0; h < horizon; h++) {
        const double value = from_levels(m, levels) + state[0];
        mean[h] = value + regression(m, x ? x + h * m->regressors : NULL);
        push(m, levels, value);
        step(&m->polynomials, state, NULL, 0);
    }
}
