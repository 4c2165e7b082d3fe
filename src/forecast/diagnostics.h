/* diagnostics.h: whether residuals still say something: as numbers and a verdict.
 *
 * Residuals are one series, oldest first; NaN = none, skipped pairwise. Thread: any; nothing allocates. */
#ifndef STORECAST_FORECAST_DIAGNOSTICS_H
#define STORECAST_FORECAST_DIAGNOSTICS_H

#include <stddef.h>

#define DIAGNOSTICS_LAGS 24
#define DIAGNOSTICS_LEAST 12 /* residuals below which nothing is said */

enum residual_verdict { RESIDUALS_TOO_FEW, RESIDUALS_WHITE, RESIDUALS_AUTOCORRELATED, RESIDUALS_NOT_NORMAL, RESIDUALS_BIASED };

struct diagnostics {
    size_t n, lags;               /* residuals; lags of the test: min(24, n / 5) */
    double mean, sd;              /* sd about the mean */
    double mean_t;                /* mean in its standard errors */
    double acf[DIAGNOSTICS_LAGS], pacf[DIAGNOSTICS_LAGS]; /* lags 1.. */
    double ljung_box, ljung_box_p; /* Q and the chance of as much from white noise, lags less `parameters` degrees of freedom */
    double jarque_bera, jarque_bera_p; /* of skewness and kurtosis */
    enum residual_verdict verdict; /* the first of: biased, autocorrelated, not normal (each at 1 %), white */
};

/* parameters: ARMA coefficients that the residuals' model has. */
void diagnostics_of(const double *residual, size_t n, size_t parameters, struct diagnostics *out);
const char *diagnostics_verdict(enum residual_verdict verdict); /* "white noise", .. */

/* Chance of a chi-square of `degrees` above x. */
double diagnostics_chi_square(double x, size_t degrees);

#endif
