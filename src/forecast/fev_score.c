#include "base/maths.h"
#include "forecast/fev_inner.h"

static double absolute(double v)
{
    return v < 0 ? -v : v;
}

static double value_at(const struct fev_input *in, size_t t, size_t s)
{
    return in->panel->value[t * in->panel->series + s];
}

/* Mean change from one known period to the next; NaN when there is none. */
static double scale_of(const struct fev_input *in, size_t s)
{
    double sum = 0;
    size_t n = 0;
    for (size_t t = 1; t < in->known; t++) {
        const double change = value_at(in, t, s) - value_at(in, t - 1, s);
        if (!maths_finite(change))
            continue;
        sum += absolute(change);
        n++;
    }
    return n > 0 ? sum / (double)n : maths_missing();
}

static void add(struct fev_sums *sums, double actual, double error, double loss, double scale)
{
    sums->n++;
    sums->error += error;
    sums->actual += absolute(actual);
    sums->loss += loss;
    if (!(scale > 0)) /* a series that never changed has none */
        return;
    sums->scaled++;
    sums->scaled_error += error / scale;
    sums->scaled_loss += loss / scale;
}

/* Mean over the levels of twice the pinball loss. */
static double loss_of(double actual, const double *quantiles)
{
    double sum = 0;
    for (size_t k = 0; k < DEPARTMENT_LEVELS; k++) {
        const double v = maths_exp(quantiles[k]), level = (double)(k + 1) / (DEPARTMENT_LEVELS + 1);
        sum += 2 * absolute((actual - v) * ((actual <= v ? 1.0 : 0.0) - level));
    }
    return sum / DEPARTMENT_LEVELS;
}

/* The last known value before the window; NaN = none. */
static double last_of(const struct fev_input *in, size_t s)
{
    double last = maths_missing();
    for (size_t t = 0; t < in->known; t++)
        last = maths_finite(value_at(in, t, s)) ? value_at(in, t, s) : last;
    return last;
}

static void add_point(struct fev_sums *sums, double actual, double forecast, double scale)
{
    const double error = absolute(actual - forecast);
    add(sums, actual, error, error, scale); /* nine quantiles in one place: their mean loss is the error */
}

void fev_score_quantiles(const struct fev_input *in, const double *quantiles, struct fev_sums *sums)
{
    const size_t series = in->panel->series;
    for (size_t s = 0; s < series; s++) {
        const double scale = scale_of(in, s), last = last_of(in, s);
        for (size_t h = 0; h < in->ahead; h++) {
            const double actual = value_at(in, in->known + h, s), *q = quantiles + (h * series + s) * DEPARTMENT_LEVELS;
            const bool has_forecast = maths_finite(q[DEPARTMENT_LEVELS / 2]);
            if (!maths_finite(actual) || (!has_forecast && !maths_finite(last)))
                continue;
            sums->failed += !has_forecast;
            if (has_forecast)
                add(sums, actual, absolute(actual - maths_exp(q[DEPARTMENT_LEVELS / 2])), loss_of(actual, q), scale);
            else
                add_point(sums, actual, last, scale);
        }
    }
}

void fev_score_naive(const struct fev_input *in, bool seasonal, struct fev_sums *sums)
{
    const size_t season = period_season(calendar_grid(in->panel->calendar));
    for (size_t s = 0; s < in->panel->series; s++) {
        const double scale = scale_of(in, s), last = last_of(in, s);
        for (size_t h = 0; h < in->ahead; h++) {
            const double actual = value_at(in, in->known + h, s), then = value_at(in, in->known + h - season, s);
            const double forecast = seasonal && maths_finite(then) ? then : last;
            if (maths_finite(actual) && maths_finite(forecast))
                add_point(sums, actual, forecast, scale);
        }
    }
}

double fev_metric_value(enum fev_model model, const struct fev_sums *sums, enum fev_metric metric)
{
    const bool is_point = model == FEV_NAIVE || model == FEV_SEASONAL_NAIVE, is_loss = metric == FEV_SQL || metric == FEV_WQL;
    const bool is_scaled = metric == FEV_MASE || metric == FEV_SQL;
    const double over = is_scaled ? (double)sums->scaled : sums->actual;
    if (!(over > 0) || (is_point && is_loss))
        return maths_missing();
    if (is_scaled)
        return (is_loss ? sums->scaled_loss : sums->scaled_error) / over;
    return (is_loss ? sums->loss : sums->error) / over;
}
