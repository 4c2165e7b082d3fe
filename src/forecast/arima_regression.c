#include "forecast/arima_regression.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/arima_search.h"

#define ROWS_PER_PAIR 6 /* observations for each pair of harmonics */
#define COLUMNS_MAX   (2 + ARIMA_REGRESSORS_MAX)

struct design {
    const double *y;
    size_t n;
    period_t first;
    const struct calendar *calendar;
    struct arima_regression *out;
};

/* ------------------------------------------------------------------------------------------ columns */

/* A column says something if it changes in training; for months, if it does so from year to year (the season knows the others). */
static bool changes(const struct design *d, size_t column)
{
    const struct period_grid *grid = calendar_grid(d->calendar);
    const size_t back = grid->unit == PERIOD_MONTH ? period_season(grid) : 1;
    for (size_t t = back; t < d->n; t++) {
        const period_t p = d->first + (period_t)t;
        const double now = calendar_holidays(d->calendar, p)[column], before = calendar_holidays(d->calendar, p - (period_t)back)[column];
        if (now != before && d->y[t] == d->y[t])
            return true;
    }
    return false;
}

static void choose_holidays(const struct design *d)
{
    struct arima_regression *r = d->out;
    const size_t most = ARIMA_REGRESSORS_MAX - 1 - 2 * ARIMA_REGRESSION_PAIRS;
    for (size_t c = 0; c < calendar_holiday_count(d->calendar) && r->columns < most; c++)
        if (c <= UINT8_MAX && changes(d, c))
            r->column[r->columns++] = (uint8_t)c;
}

/* The regressors of one period: holidays, then pairs. */
static void fill_row(const struct arima_regression *r, size_t pairs, const struct calendar *calendar, period_t p, double *row)
{
    const double *holidays = calendar_holidays(calendar, p);
    for (size_t c = 0; c < r->columns; c++)
        row[c] = holidays[r->column[c]];
    memcpy(row + r->columns, calendar_annual(calendar, p), 2 * pairs * sizeof *row);
}

/* n log(SSE / n) + the penalty of k parameters, k with the variance. */
static double criterion(double sse, double n, double k)
{
    return n - k - 1 > 0 && sse > 0 ? n * maths_log(sse / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1) : maths_missing();
}

/* Least squares on constant, trend, holidays and pairs; the sum of squares that each number of pairs leaves decides. */
static void choose_pairs(const struct design *d, size_t most)
{
    struct arima_regression *r = d->out;
    const size_t columns = 3 + r->columns + 2 * most;
    double gram[(COLUMNS_MAX + 1) * (COLUMNS_MAX + 1)] = {0}, row[COLUMNS_MAX + 1], beta[COLUMNS_MAX], left[COLUMNS_MAX];
    double n = 0, mean = 0;
    size_t dropped;
    assert(columns <= COLUMNS_MAX + 1);
    for (size_t t = 0; t < d->n; t++)
        if (d->y[t] == d->y[t])
            mean += (d->y[t] - mean) / ++n;
    for (size_t t = 0; t < d->n; t++) {
        if (d->y[t] != d->y[t])
            continue;
        row[0] = d->y[t] - mean;
        row[1] = 1;
        row[2] = (double)t / (double)d->n;
        fill_row(r, most, d->calendar, d->first + (period_t)t, row + 3);
        for (size_t i = 0; i < columns; i++)
            for (size_t j = 0; j <= i; j++)
                gram[i * columns + j] += row[i] * row[j];
    }
    (void)arima_regress_stepwise(gram, columns, beta, left, &dropped);
    double least = maths_missing();
    for (size_t pairs = 0; pairs <= most; pairs++) {
        const size_t used = 2 + r->columns + 2 * pairs;
        const double value = criterion(left[used - 1], n, (double)used + 1);
        if (value < least || least != least) {
            least = value;
            r->pairs = value == value ? pairs : 0;
        }
    }
}

static size_t observed_of(const double *y, size_t n)
{
    size_t count = 0;
    for (size_t t = 0; t < n; t++)
        count += y[t] == y[t];
    return count;
}

static size_t most_pairs(const struct design *d)
{
    const struct period_grid *grid = calendar_grid(d->calendar);
    if (grid->unit != PERIOD_WEEK || d->n < period_season(grid))
        return 0;
    const size_t most = observed_of(d->y, d->n) / ROWS_PER_PAIR;
    return most < ARIMA_REGRESSION_PAIRS ? most : ARIMA_REGRESSION_PAIRS;
}

/* ------------------------------------------------------------------------------------------ the fit */

static enum status search_with(const struct design *d, const double *x, double *residual)
{
    struct arima_regression *r = d->out;
    const struct period_grid *grid = calendar_grid(d->calendar);
    const struct arima_input input = {.y = d->y, .n = d->n, .x = x, .regressors = r->columns + 2 * r->pairs};
    struct arima_fitter *fitter;
    struct arima_fitted fitted;
    size_t tried;
    const struct arima_search search = {.period = grid->unit == PERIOD_WEEK ? 1 : period_season(grid)};
    const enum status status = arima_search(&input, &search, &fitter, &fitted, &tried);
    if (status)
        return status;
    arima_fit_model(fitter, &fitted, &r->model);
    arima_fit_residuals(fitter, &fitted, residual);
    diagnostics_of(residual, d->n, arima_parameters(&fitted.order), &r->residuals);
    r->aicc = fitted.aicc;
    arima_fitter_free(fitter);
    return STATUS_OK;
}

enum status arima_regression_fit(const double *y, size_t n, period_t first, const struct calendar *calendar, struct arima_regression *out)
{
    struct arima_regression result = {.aicc = maths_missing()};
    const struct design d = {y, n, first, calendar, &result};
    choose_holidays(&d);
    const size_t most = most_pairs(&d);
    if (most > 0)
        choose_pairs(&d, most);
    const size_t columns = result.columns + 2 * result.pairs;
    double *x = malloc((n * (columns + 1) + 1) * sizeof *x);
    if (!x)
        return STATUS_NO_MEMORY;
    for (size_t t = 0; t < n; t++)
        fill_row(&result, result.pairs, calendar, first + (period_t)t, x + t * columns);
    const enum status status = search_with(&d, columns ? x : NULL, x + n * columns);
    free(x);
    if (!status)
        *out = result;
    return status;
}

void arima_regression_forecast(const struct arima_regression *r, period_t next, const struct calendar *calendar, size_t horizon, double *out)
{
    double row[ARIMA_REGRESSORS_MAX];
    arima_forecast(&r->model, NULL, horizon, out, NULL);
    for (size_t h = 0; h < horizon; h++) {
        fill_row(r, r->pairs, calendar, next + (period_t)h, row);
        for (size_t c = 0; c < r->model.regressors; c++)
            out[h] += r->model.beta[c] * row[c];
    }
}
