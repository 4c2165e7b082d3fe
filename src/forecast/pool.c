#include "forecast/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/pool_arima.h"
#include "forecast/small.h"

#define LEAST_ERRORS 3       /* one-step errors that a spread is taken from */
#define UNKNOWN_SD .25       /* one step, in logs, when nothing says otherwise */
#define SISTERS_INFLATION 2. /* a new series against its long sisters, while it has no errors of its own */

/* ------------------------------------------------------------------------------------------ preparation */

static enum status allocate(struct pool_fit *fit)
{
    fit->info = calloc(fit->series + 1, sizeof *fit->info);
    fit->small = calloc(fit->series + 1, sizeof *fit->small);
    fit->column = calloc(fit->series + 1, sizeof *fit->column);
    fit->tail = malloc((fit->season * fit->series + 1) * sizeof *fit->tail);
    return fit->info && fit->small && fit->column && fit->tail ? STATUS_OK : STATUS_NO_MEMORY;
}

static void scan(struct pool_fit *fit, const double *value)
{
    for (size_t s = 0; s < fit->series; s++) {
        pool_series_scan(value + s, fit->series, fit->periods, fit->season, &fit->info[s]);
        fit->column[s] = fit->info[s].kind == SERIES_LONG ? fit->long_count++ : POOL_NO_COLUMN;
    }
}

static void keep_tail(struct pool_fit *fit, const double *value)
{
    for (size_t k = 0; k < fit->season; k++)
        for (size_t s = 0; s < fit->series; s++) {
            const size_t back = fit->season - k;
            const bool level = fit->info[s].kind == SERIES_LEVEL;
            fit->tail[k * fit->series + s] =
                fit->periods >= back ? pool_usable(value[(fit->periods - back) * fit->series + s], level) : maths_missing();
        }
}

/* ------------------------------------------------------------------------------------------ short series */

static enum status sister_rows(const struct pool_fit *fit, double **out)
{
    const size_t rows = fit->periods - fit->start;
    double *mean = calloc(rows, sizeof *mean);
    if (!mean)
        return STATUS_NO_MEMORY;
    for (size_t t = 0; t < rows; t++) {
        for (size_t column = 0; column < fit->long_count; column++)
            mean[t] += fit->x[t * fit->long_count + column];
        mean[t] /= (double)fit->long_count;
    }
    *out = mean;
    return STATUS_OK;
}

static double mean_long_sd(const struct pool_fit *fit)
{
    double sum = 0;
    for (size_t s = 0; s < fit->series; s++)
        if (fit->column[s] != POOL_NO_COLUMN)
            sum += fit->info[s].residual_sd;
    return sum / (double)fit->long_count;
}

/* history: the usable logs of a short series over the sisters' rows; becomes its differences to them. */
static void fit_among_sisters(struct pool_fit *fit, size_t s, double *history, const double *sister)
{
    const size_t rows = fit->periods - fit->start;
    fit->small[s].above_sisters = small_sister_level(history, 1, sister, rows, SMALL_SISTER_ALPHA);
    if (fit->small[s].above_sisters != fit->small[s].above_sisters)
        return;
    for (size_t t = 0; t < rows; t++)
        history[t] -= sister[t];
    const double own = small_one_step_sd(history, 1, rows, SMALL_SISTER_ALPHA, LEAST_ERRORS);
    fit->info[s].residual_sd = own == own ? own : SISTERS_INFLATION * mean_long_sd(fit);
}

static double spread_alone(const double *history, size_t periods, bool level, double size)
{
    const double own = small_one_step_sd(history, 1, periods, SMALL_SES_ALPHA, LEAST_ERRORS);
    if (own == own)
        return own;
    return level ? UNKNOWN_SD * (size < 0 ? -size : size) : UNKNOWN_SD;
}

/* Usable values of a series from row `from` on, in logs or levels. */
static void usable_history(const struct pool_fit *fit, const double *value, size_t s, size_t from, bool logs, double *out)
{
    const bool level = fit->info[s].kind == SERIES_LEVEL;
    for (size_t t = from; t < fit->periods; t++) {
        const double v = pool_usable(value[t * fit->series + s], level);
        out[t - from] = logs && v == v ? maths_log(v) : v;
    }
}

static void fit_small(struct pool_fit *fit, const double *value, size_t s, const double *sister, double *history)
{
    struct pool_small *small = &fit->small[s];
    const bool level = fit->info[s].kind == SERIES_LEVEL;
    usable_history(fit, value, s, 0, false, history);
    small->last = small_naive(history, 1, fit->periods);
    if (fit->info[s].kind == SERIES_LONG)
        return;
    small->mean = small_mean(history, 1, fit->periods);
    small->ses = small_ses(history, 1, fit->periods, SMALL_SES_ALPHA);
    small_damped_drift(history, 1, fit->periods, &small->drift_last, &small->drift_slope);
    if (!level)
        usable_history(fit, value, s, 0, true, history);
    fit->info[s].residual_sd = spread_alone(history, fit->periods, level, small->last);
    if (level || !sister)
        return;
    usable_history(fit, value, s, fit->start, true, history);
    fit_among_sisters(fit, s, history, sister);
}

static bool any_short(const struct pool_fit *fit)
{
    for (size_t s = 0; s < fit->series; s++)
        if (fit->info[s].kind == SERIES_SHORT)
            return true;
    return false;
}

static enum status fit_all_small(struct pool_fit *fit, const double *value)
{
    double *sister = NULL, *history = malloc((fit->periods + 1) * sizeof *history);
    enum status status = history ? STATUS_OK : STATUS_NO_MEMORY;
    fit->has_sisters = fit->averaged && any_short(fit);
    if (!status && fit->has_sisters)
        status = sister_rows(fit, &sister);
    if (!status && fit->has_sisters)
        status = pool_forecast_sisters(fit, POOL_SISTER_STEPS, fit->sister_step);
    for (size_t s = 0; !status && s < fit->series; s++) {
        fit->small[s] = (struct pool_small){maths_missing(), maths_missing(), maths_missing(),
                                            maths_missing(), maths_missing(), maths_missing()};
        if (fit->info[s].kind != SERIES_NONE)
            fit_small(fit, value, s, sister, history);
    }
    free(sister);
    free(history);
    return status;
}

/* ------------------------------------------------------------------------------------------ the pool */

enum status pool_fit(const struct pool_input *input, struct pool_fit **out)
{
    struct pool_fit *fit = calloc(1, sizeof *fit);
    if (!fit)
        return STATUS_NO_MEMORY;
    fit->calendar = input->calendar;
    fit->season = period_season(input->grid);
    fit->periods = input->periods;
    fit->series = input->series;
    fit->first = input->first;
    enum status status = allocate(fit);
    if (!status) {
        scan(fit, input->value);
        keep_tail(fit, input->value);
    }
    if (!status && fit->long_count > 0)
        status = pool_seasonal_fit(fit, input);
    if (!status && member_in(input->requested, MEMBER_ARIMA_REGRESSION))
        status = pool_arima_regression_fit(fit, input);
    if (!status)
        status = fit_all_small(fit, input->value);
    if (status) {
        pool_fit_free(fit);
        return status;
    }
    *out = fit;
    return STATUS_OK;
}

void pool_fit_free(struct pool_fit *fit)
{
    if (!fit)
        return;
    pool_arima_done(fit);
    pool_seasonal_done(fit);
    free(fit->info);
    free(fit->small);
    free(fit->column);
    free(fit->tail);
    free(fit);
}

size_t pool_fit_series_count(const struct pool_fit *fit)
{
    return fit->series;
}

size_t pool_fit_long_count(const struct pool_fit *fit)
{
    return fit->long_count;
}

const struct pool_series *pool_fit_series(const struct pool_fit *fit, size_t series)
{
    assert(series < fit->series);
    return &fit->info[series];
}

bool pool_fit_outlier(const struct pool_fit *fit, size_t row, size_t series)
{
    assert(row < fit->periods && series < fit->series);
    if (!fit->outlier || row < fit->start || fit->column[series] == POOL_NO_COLUMN)
        return false;
    return fit->outlier[(row - fit->start) * fit->long_count + fit->column[series]];
}
