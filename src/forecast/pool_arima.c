#include "forecast/pool_arima.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/arima_search.h"
#include "forecast/cleaning.h"

#define GROWTH_LEAST  39 /* values of the growth: 91 known weeks */
#define SEASONS_LEAST 2  /* of a seasonal regression; and at least LEAST values */
#define LEAST         24

static size_t rows_of(const struct pool_fit *fit)
{
    return fit->periods - fit->start;
}

/* ------------------------------------------------------------------------------------------ growth */

/* A fit that fails for want of data leaves no model; only memory stops us. */
static enum status fit_growth(const double *growth, size_t n, size_t stride, double *scratch, struct pool_growth *out)
{
    struct arima_fitter *fitter;
    struct arima_fitted fitted;
    size_t tried;
    for (size_t t = 0; t < n; t++)
        scratch[t] = growth[t * stride];
    const struct arima_input input = {.y = scratch, .n = n};
    const enum status status = arima_search(&input, &(struct arima_search){.period = 1}, &fitter, &fitted, &tried);
    if (status)
        return status == STATUS_NO_MEMORY ? status : STATUS_OK;
    arima_fit_model(fitter, &fitted, &out->model);
    arima_fit_residuals(fitter, &fitted, scratch + n);
    diagnostics_of(scratch + n, n, arima_parameters(&fitted.order), &out->residuals);
    out->aicc = fitted.aicc;
    out->exists = true;
    arima_fitter_free(fitter);
    return STATUS_OK;
}

/* The year-over-year part alone, with the growth it leaves to others. STATUS_OK without a model where there is too little. */
static enum status fit_reference(const struct yoy_input *input, const struct yoy_configuration *like, struct yoy_model **out,
                                 struct yoy_trace *out_trace)
{
    struct yoy_configuration alone = *like;
    alone.panel_weight = 0;
    const enum status status = yoy_fit_traced(input, &alone, out, out_trace);
    if (status)
        *out = NULL;
    return status_class(status) == CLASS_FALLBACK ? STATUS_OK : status;
}

static enum status grow_pool(struct pool_fit *fit, double *scratch)
{
    const struct yoy_input input = {.x = fit->x,
                                    .periods = rows_of(fit),
                                    .series = fit->long_count,
                                    .first = fit->first + (period_t)fit->start,
                                    .calendar = fit->calendar};
    struct yoy_trace trace;
    enum status status = fit_reference(&input, &yoy_single, &fit->references[0], &trace);
    for (size_t column = 0; !status && fit->references[0] && column < fit->long_count; column++) {
        struct pool_growth *g = &fit->growth[column];
        g->reference = fit->references[0];
        g->column = column;
        status = fit_growth(trace.growth + column, rows_of(fit) - fit->season, fit->long_count, scratch, g);
    }
    return status;
}

/* A series of a small pool by itself, its gaps filled from itself. */
static enum status grow_alone(struct pool_fit *fit, size_t column, double *scratch)
{
    const size_t rows = rows_of(fit);
    double *x = scratch + 2 * rows;
    size_t first = 0;
    while (first < rows && !maths_finite(fit->x[first * fit->long_count + column]))
        first++;
    for (size_t t = first; t < rows; t++)
        x[t - first] = fit->x[t * fit->long_count + column];
    if (rows - first < fit->season + GROWTH_LEAST)
        return STATUS_OK;
    enum status status = cleaning_fill_alone(x, rows - first, fit->season);
    const struct yoy_input input = {.x = x,
                                    .periods = rows - first,
                                    .series = 1,
                                    .first = fit->first + (period_t)(fit->start + first),
                                    .calendar = fit->calendar};
    struct yoy_trace trace;
    if (!status)
        status = fit_reference(&input, &yoy_alone, &fit->references[column], &trace);
    if (status || !fit->references[column])
        return status;
    fit->growth[column].reference = fit->references[column];
    return fit_growth(trace.growth, rows - first - fit->season, 1, scratch, &fit->growth[column]);
}

enum status pool_arima_growth_fit(struct pool_fit *fit)
{
    assert(fit->long_count > 0);
    fit->growth = calloc(fit->long_count, sizeof *fit->growth);
    fit->references = calloc(fit->long_count, sizeof *fit->references);
    double *scratch = malloc(3 * rows_of(fit) * sizeof *scratch);
    enum status status = fit->growth && fit->references && scratch ? STATUS_OK : STATUS_NO_MEMORY;
    if (!status && rows_of(fit) >= fit->season + GROWTH_LEAST) {
        if (fit->long_count >= YOY_MIN_POOL)
            status = grow_pool(fit, scratch);
        for (size_t column = 0; !status && fit->long_count < YOY_MIN_POOL && column < fit->long_count; column++)
            status = grow_alone(fit, column, scratch);
    }
    free(scratch);
    return status;
}

/* ------------------------------------------------------------------------------------------ regression */

static size_t least_values(const struct pool_fit *fit)
{
    const size_t seasons = SEASONS_LEAST * fit->season;
    return fit->season > ARIMA_PERIOD_MAX ? YOY_MIN_PERIODS : seasons > LEAST ? seasons : LEAST;
}

static enum status regress(struct pool_fit *fit, const struct pool_input *input, size_t s, double *y)
{
    const struct pool_series *info = &fit->info[s];
    const size_t n = fit->periods - info->first_row;
    for (size_t t = 0; t < n; t++) {
        const size_t row = info->first_row + t;
        const double v = pool_usable(input->value[row * fit->series + s], info->kind == SERIES_LEVEL);
        const bool out = fit->outlier && row >= fit->start && fit->column[s] != POOL_NO_COLUMN &&
                         fit->outlier[(row - fit->start) * fit->long_count + fit->column[s]];
        y[t] = out || v != v ? maths_missing() : info->kind == SERIES_LEVEL ? v : maths_log(v);
    }
    fit->regression[s] = malloc(sizeof *fit->regression[s]);
    if (!fit->regression[s])
        return STATUS_NO_MEMORY;
    const period_t first = fit->first + (period_t)info->first_row;
    const enum status status = arima_regression_fit(y, n, first, fit->calendar, fit->regression[s]);
    if (status) {
        free(fit->regression[s]);
        fit->regression[s] = NULL;
    }
    return status == STATUS_NO_MEMORY ? status : STATUS_OK;
}

enum status pool_arima_regression_fit(struct pool_fit *fit, const struct pool_input *input)
{
    fit->regression = calloc(fit->series + 1, sizeof(struct arima_regression *));
    double *y = malloc((fit->periods + 1) * sizeof *y);
    enum status status = fit->regression && y ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t s = 0; !status && s < fit->series; s++)
        if (fit->info[s].kind != SERIES_NONE && fit->info[s].observed >= least_values(fit))
            status = regress(fit, input, s, y);
    free(y);
    return status;
}

/* ------------------------------------------------------------------------------------------ both */

void pool_arima_done(struct pool_fit *fit)
{
    for (size_t column = 0; fit->references && column < fit->long_count; column++)
        yoy_free(fit->references[column]);
    for (size_t s = 0; fit->regression && s < fit->series; s++)
        free(fit->regression[s]);
    free(fit->references);
    free(fit->growth);
    free(fit->regression);
}

static const struct pool_growth *growth_of(const struct pool_fit *fit, size_t series)
{
    const size_t column = fit->column[series];
    return fit->growth && column != POOL_NO_COLUMN && fit->growth[column].exists ? &fit->growth[column] : NULL;
}

bool pool_arima_has(const struct pool_fit *fit, enum member member, size_t series)
{
    return member == MEMBER_ARIMA_GROWTH ? growth_of(fit, series) != NULL : fit->regression && fit->regression[series];
}

void pool_arima_forecast(const struct pool_fit *fit, enum member member, size_t series, size_t horizon, double *out)
{
    if (member == MEMBER_ARIMA_REGRESSION) {
        arima_regression_forecast(fit->regression[series], fit->first + (period_t)fit->periods, fit->calendar, horizon, out);
        return;
    }
    const struct pool_growth *g = growth_of(fit, series);
    double growth[POOL_HORIZON_MAX];
    arima_forecast(&g->model, NULL, horizon, growth, NULL);
    yoy_forecast_growth(g->reference, g->column, growth, horizon, out);
}

bool pool_fit_residuals(const struct pool_fit *fit, enum member member, size_t series, struct pool_residuals *out)
{
    if ((member != MEMBER_ARIMA_GROWTH && member != MEMBER_ARIMA_REGRESSION) || !pool_arima_has(fit, member, series))
        return false;
    const struct pool_growth *g = member == MEMBER_ARIMA_GROWTH ? growth_of(fit, series) : NULL;
    const struct arima_regression *r = g ? NULL : fit->regression[series];
    const struct arima_model *m = g ? &g->model : &r->model;
    *out = (struct pool_residuals){.order = m->order,
                                   .regressors = m->regressors,
                                   .sigma2 = m->sigma2,
                                   .aicc = g ? g->aicc : r->aicc,
                                   .diagnostics = g ? &g->residuals : &r->residuals};
    return true;
}
