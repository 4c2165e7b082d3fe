#include "forecast/diagnostics.h"

#include <stdbool.h>
#include <string.h>

#include "base/maths.h"

#define PI          3.1415926535897932384626433832795
#define SURE        .01 /* chance of a false verdict, each */
#define MEAN_LIMIT  2.58

/* ------------------------------------------------------------------------------------------ chances */

/* erfc(sqrt(x)): a series below 2, a continued fraction above (Abramowitz and Stegun 7.1.6, 7.1.14). */
static double error_of_root(double x)
{
    const double z = maths_sqrt(x), scale = maths_exp(-x) / maths_sqrt(PI);
    if (x < 2) {
        double term = z, sum = z;
        for (int k = 1; k < 60; k++) {
            term *= 2 * x / (2 * k + 1);
            sum += term;
        }
        return 1 - 2 * scale * sum;
    }
    double fraction = z;
    for (int k = 80; k > 0; k--)
        fraction = z + .5 * k / fraction;
    return scale / fraction;
}

double diagnostics_chi_square(double x, size_t degrees)
{
    if (!(x > 0) || degrees == 0)
        return 1;
    const double half = .5 * x;
    const bool odd = degrees % 2 == 1;
    double a = odd ? .5 : 1, chance = odd ? error_of_root(half) : maths_exp(-half);
    double term = odd ? 2 * maths_sqrt(half / PI) * maths_exp(-half) : half * maths_exp(-half); /* half^a e^-half / gamma(a + 1) */
    for (; 2 * a < (double)degrees; a += 1) {
        chance += term;
        term *= half / (a + 1);
    }
    return chance;
}

/* ------------------------------------------------------------------------------------------ moments */

struct moments {
    double mean, second, third, fourth; /* central, divided by n */
};

static struct moments moments_of(const double *residual, size_t n, size_t count)
{
    struct moments m = {0};
    for (size_t t = 0; t < n; t++)
        if (maths_finite(residual[t]))
            m.mean += residual[t] / (double)count;
    for (size_t t = 0; t < n; t++) {
        if (!maths_finite(residual[t]))
            continue;
        const double v = residual[t] - m.mean, square = v * v;
        m.second += square / (double)count;
        m.third += square * v / (double)count;
        m.fourth += square * square / (double)count;
    }
    return m;
}

static void find_acf(const double *residual, size_t n, double mean, double squares, struct diagnostics *out)
{
    for (size_t lag = 1; lag <= out->lags; lag++) {
        double sum = 0;
        for (size_t t = lag; t < n; t++)
            if (maths_finite(residual[t]) && maths_finite(residual[t - lag]))
                sum += (residual[t] - mean) * (residual[t - lag] - mean);
        out->acf[lag - 1] = sum / squares;
    }
}

/* Durbin-Levinson. */
static void find_pacf(struct diagnostics *out)
{
    double phi[DIAGNOSTICS_LAGS] = {0}, left = 1;
    for (size_t k = 0; k < out->lags && left > 0; k++) {
        double before[DIAGNOSTICS_LAGS], sum = out->acf[k];
        memcpy(before, phi, sizeof before);
        for (size_t j = 0; j < k; j++)
            sum -= before[j] * out->acf[k - 1 - j];
        const double r = sum / left;
        for (size_t j = 0; j < k; j++)
            phi[j] = before[j] - r * before[k - 1 - j];
        phi[k] = out->pacf[k] = r;
        left *= 1 - r * r;
    }
}

static enum residual_verdict judge(const struct diagnostics *d)
{
    if (d->mean_t > MEAN_LIMIT || d->mean_t < -MEAN_LIMIT)
        return RESIDUALS_BIASED;
    if (d->ljung_box_p < SURE)
        return RESIDUALS_AUTOCORRELATED;
    return d->jarque_bera_p < SURE ? RESIDUALS_NOT_NORMAL : RESIDUALS_WHITE;
}

void diagnostics_of(const double *residual, size_t n, size_t parameters, struct diagnostics *out)
{
    *out = (struct diagnostics){.verdict = RESIDUALS_TOO_FEW};
    double most = 0;
    for (size_t t = 0; t < n; t++) {
        if (!maths_finite(residual[t]))
            continue;
        const double size = residual[t] < 0 ? -residual[t] : residual[t];
        out->n++;
        most = size > most ? size : most;
    }
    const struct moments m = moments_of(residual, n, out->n);
    const double count = (double)out->n;
    out->mean = out->n ? m.mean : maths_missing();
    out->sd = out->n ? maths_sqrt(m.second) : maths_missing();
    if (out->n < DIAGNOSTICS_LEAST || !(m.second > 1e-24 * most * most) || !maths_finite(m.fourth) || !(m.second * m.second > 0))
        return;
    out->lags = out->n / 5 < DIAGNOSTICS_LAGS ? out->n / 5 : DIAGNOSTICS_LAGS;
    out->mean_t = m.mean / maths_sqrt(m.second / count);
    find_acf(residual, n, m.mean, m.second * count, out);
    find_pacf(out);
    for (size_t lag = 1; lag <= out->lags; lag++)
        out->ljung_box += count * (count + 2) * out->acf[lag - 1] * out->acf[lag - 1] / (count - (double)lag);
    out->ljung_box_p = diagnostics_chi_square(out->ljung_box, out->lags > parameters ? out->lags - parameters : 1);
    const double skewness = m.third / (m.second * maths_sqrt(m.second)), excess = m.fourth / (m.second * m.second) - 3;
    out->jarque_bera = count / 6 * (skewness * skewness + excess * excess / 4);
    out->jarque_bera_p = diagnostics_chi_square(out->jarque_bera, 2);
    out->verdict = judge(out);
}

const char *diagnostics_verdict(enum residual_verdict verdict)
{
    static const char *const names[] = {[RESIDUALS_TOO_FEW] = "too few",
                                        [RESIDUALS_WHITE] = "white noise",
                                        [RESIDUALS_AUTOCORRELATED] = "autocorrelated",
                                        [RESIDUALS_NOT_NORMAL] = "not normal",
                                        [RESIDUALS_BIASED] = "biased"};
    return names[verdict];
}
