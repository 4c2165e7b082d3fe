#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/cleaning.h"
#include "forecast/damped.h"
#include "forecast/pool_arima.h"

static size_t rows_of(const struct pool_fit *fit)
{
    return fit->periods - fit->start;
}

/* The first row in which any long series is observed. */
static size_t first_row(const struct pool_fit *fit)
{
    size_t first = fit->periods;
    for (size_t s = 0; s < fit->series; s++)
        if (fit->column[s] != POOL_NO_COLUMN && fit->info[s].first_row < first)
            first = fit->info[s].first_row;
    return first;
}

static enum status take_logs(struct pool_fit *fit, const double *value)
{
    fit->x = malloc(rows_of(fit) * fit->long_count * sizeof *fit->x);
    if (!fit->x)
        return STATUS_NO_MEMORY;
    for (size_t t = 0; t < rows_of(fit); t++)
        for (size_t s = 0; s < fit->series; s++)
            if (fit->column[s] != POOL_NO_COLUMN) {
                const double v = pool_usable(value[(fit->start + t) * fit->series + s], false);
                fit->x[t * fit->long_count + fit->column[s]] = v == v ? maths_log(v) : v;
            }
    return STATUS_OK;
}

static enum status leave_out_outliers(struct pool_fit *fit)
{
    const size_t cells = rows_of(fit) * fit->long_count;
    fit->outlier = calloc(cells, sizeof *fit->outlier);
    if (!fit->outlier)
        return STATUS_NO_MEMORY;
    const enum status status = cleaning_flag_outliers(fit->x, rows_of(fit), fit->long_count, fit->season, fit->outlier);
    if (status)
        return status;
    for (size_t s = 0; s < fit->series; s++)
        for (size_t t = 0; fit->column[s] != POOL_NO_COLUMN && t < rows_of(fit); t++) {
            const size_t cell = t * fit->long_count + fit->column[s];
            if (!fit->outlier[cell])
                continue;
            fit->x[cell] = maths_missing();
            fit->info[s].outliers++;
        }
    return STATUS_OK;
}

/* A fit that fails for want of data leaves the model NULL; only memory stops us. */
static enum status fit_model(const struct yoy_input *input, const struct yoy_configuration *configurations, size_t count,
                             struct yoy_model **out)
{
    const enum status status = yoy_fit(input, configurations, count, out);
    if (status)
        *out = NULL;
    return status_class(status) == CLASS_FALLBACK ? STATUS_OK : status;
}

static size_t own_first_row(const struct pool_fit *fit, size_t column)
{
    size_t first = 0;
    while (first < rows_of(fit) && fit->x[first * fit->long_count + column] != fit->x[first * fit->long_count + column])
        first++;
    return first;
}

struct alone_work {
    double *x, *one;           /* rows x long_count; rows */
    size_t *first, *columns;   /* long_count: of each column; of the group */
    struct yoy_model **models; /* long_count */
};

/* One series by itself, for a group in which some series cannot be fitted. */
static enum status fit_alone(struct pool_fit *fit, const struct yoy_input *group, size_t at, const struct alone_work *w)
{
    for (size_t t = 0; t < group->periods; t++)
        w->one[t] = group->x[t * group->series + at];
    struct yoy_input input = *group;
    input.x = w->one;
    input.series = 1;
    return fit_model(&input, &yoy_alone, 1, &fit->alone[w->columns[at]]);
}

/* The series whose first value is in row `first`, each from itself with its gaps filled from itself: together they cost
 * little more than one, and have the same bytes as each for itself. */
static enum status fit_group(struct pool_fit *fit, size_t first, const struct alone_work *w)
{
    size_t rows = rows_of(fit) - first, count = 0;
    for (size_t column = 0; column < fit->long_count; column++)
        if (w->first[column] == first)
            w->columns[count++] = column;
    for (size_t k = 0; k < count; k++) {
        for (size_t t = 0; t < rows; t++)
            w->one[t] = fit->x[(first + t) * fit->long_count + w->columns[k]];
        const enum status status = cleaning_fill_alone(w->one, rows, fit->season);
        if (status)
            return status;
        for (size_t t = 0; t < rows; t++)
            w->x[t * count + k] = w->one[t];
    }
    const struct yoy_input input = {.x = w->x,
                                    .periods = rows,
                                    .series = count,
                                    .first = fit->first + (period_t)(fit->start + first),
                                    .calendar = fit->calendar};
    enum status status = yoy_fit_each(&input, w->models);
    for (size_t k = 0; status == STATUS_OK && k < count; k++)
        fit->alone[w->columns[k]] = w->models[k];
    if (status_class(status) != CLASS_FALLBACK)
        return status;
    status = STATUS_OK;
    for (size_t k = 0; !status && k < count; k++)
        status = fit_alone(fit, &input, k, w);
    return status;
}

static enum status fit_groups(struct pool_fit *fit, const struct alone_work *w)
{
    for (size_t column = 0; column < fit->long_count; column++)
        w->first[column] = own_first_row(fit, column);
    enum status status = STATUS_OK;
    for (size_t column = 0; !status && column < fit->long_count; column++) {
        bool is_done = rows_of(fit) - w->first[column] < YOY_MIN_PERIODS;
        for (size_t before = 0; before < column; before++)
            is_done = is_done || w->first[before] == w->first[column];
        if (!is_done)
            status = fit_group(fit, w->first[column], w);
    }
    return status;
}

static enum status fit_each_alone(struct pool_fit *fit)
{
    const size_t n = fit->long_count;
    fit->alone = calloc(n, sizeof *fit->alone);
    struct alone_work w = {.x = malloc(rows_of(fit) * n * sizeof *w.x),
                           .one = malloc(rows_of(fit) * sizeof *w.one),
                           .first = malloc(n * sizeof *w.first),
                           .columns = malloc(n * sizeof *w.columns),
                           .models = calloc(n, sizeof *w.models)};
    enum status status = fit->alone && w.x && w.one && w.first && w.columns && w.models ? fit_groups(fit, &w) : STATUS_NO_MEMORY;
    free(w.models);
    free(w.columns);
    free(w.first);
    free(w.one);
    free(w.x);
    return status;
}

static enum status fit_damped(struct pool_fit *fit, const struct yoy_input *in)
{
    const struct damped_input input = {.x = in->x,
                                       .periods = in->periods,
                                       .series = in->series,
                                       .first = in->first,
                                       .calendar = in->calendar,
                                       .horizon = fit->season};
    fit->damped = malloc(fit->season * fit->long_count * sizeof *fit->damped);
    const enum status status = fit->damped ? damped_forecast(&input, yoy_averaged, YOY_AVERAGED, fit->damped) : STATUS_NO_MEMORY;
    if (status) {
        free(fit->damped);
        fit->damped = NULL;
    }
    return status_class(status) == CLASS_FALLBACK ? STATUS_OK : status;
}

static enum status fit_pooled(struct pool_fit *fit, uint32_t requested)
{
    const enum status status = cleaning_fill_pool(fit->x, rows_of(fit), fit->long_count);
    if (status)
        return status;
    const struct yoy_input input = {.x = fit->x,
                                    .periods = rows_of(fit),
                                    .series = fit->long_count,
                                    .first = fit->first + (period_t)fit->start,
                                    .calendar = fit->calendar};
    enum status fitted = fit_model(&input, yoy_averaged, YOY_AVERAGED, &fit->averaged);
    if (!fitted)
        fitted = fit_model(&input, &yoy_single, 1, &fit->single);
    return !fitted && member_in(requested, MEMBER_DAMPED_GROWTH) ? fit_damped(fit, &input) : fitted;
}

static enum status residuals(struct pool_fit *fit)
{
    double *sd = malloc(fit->long_count * sizeof *sd);
    if (!sd)
        return STATUS_NO_MEMORY;
    for (size_t column = 0; column < fit->long_count; column++) {
        sd[column] = maths_missing();
        if (!fit->averaged && fit->alone[column])
            yoy_residual_sd(fit->alone[column], &sd[column]);
    }
    if (fit->averaged)
        yoy_residual_sd(fit->averaged, sd);
    for (size_t s = 0; s < fit->series; s++)
        if (fit->column[s] != POOL_NO_COLUMN && maths_finite(sd[fit->column[s]]))
            fit->info[s].residual_sd = sd[fit->column[s]];
    free(sd);
    return STATUS_OK;
}

enum status pool_seasonal_fit(struct pool_fit *fit, const struct pool_input *input)
{
    assert(fit->long_count > 0);
    const bool pooled = fit->long_count >= YOY_MIN_POOL;
    fit->start = first_row(fit);
    enum status status = take_logs(fit, input->value);
    if (!status && pooled && input->outliers)
        status = leave_out_outliers(fit);
    if (!status)
        status = fit_each_alone(fit); /* before the pool fills the gaps */
    if (!status && pooled)
        status = fit_pooled(fit, input->requested);
    if (!status && member_in(input->requested, MEMBER_ARIMA_GROWTH))
        status = pool_arima_growth_fit(fit);
    return status ? status : residuals(fit);
}

void pool_seasonal_done(struct pool_fit *fit)
{
    yoy_free(fit->averaged);
    yoy_free(fit->single);
    for (size_t column = 0; fit->alone && column < fit->long_count; column++)
        yoy_free(fit->alone[column]);
    free(fit->alone);
    free(fit->damped);
    free(fit->outlier);
    free(fit->x);
}
