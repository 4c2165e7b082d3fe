#include <assert.h>
#include <string.h>

#include "forecast/yoy_model.h"

/* Adds one part's references and levels (growth: the levels, step by step, where they are not the part's own). The ring holds the
 * last season + 1 values; past a season ahead they are the model's own forecasts. */
static void add_part(const struct yoy_model *m, const struct yoy_part *part, size_t series, const double *growth, size_t horizon,
                     double *out, size_t stride)
{
    double ring[YOY_SEASON_MAX + 1], mean = part->mean[series], level = part->level[series];
    size_t size = m->season + 1;
    for (size_t k = 0; k < size; k++)
        ring[k] = part->tail[k * m->stride + series];
    size_t oldest = 0;
    for (size_t h = 0; h < horizon; h++) {
        size_t next = oldest + 1 == size ? 0 : oldest + 1;
        double step = yoy_reference_step(m->calendar, m->next + (period_t)h, part->alignment);
        double reference = ring[next] + step * (ring[oldest] - ring[next]);
        double value = mean + part->scale * (reference - mean) + (growth ? growth[h] : level);
        ring[oldest] = value;
        oldest = next;
        out[h * stride] += part->weight * value;
    }
}

static double dot(const double *regressors, size_t count, const double *column, size_t stride)
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++)
        sum += regressors[k] * column[k * stride];
    return sum;
}

/* Calendar effects and the panels' fits. */
static double regression(const struct yoy_model *m, size_t series, period_t p)
{
    const double *column = m->regressors + series;
    double annual = dot(calendar_annual(m->calendar, p), m->annual, column, m->stride);
    column += m->annual * m->stride;
    double holidays = dot(calendar_holidays(m->calendar, p), m->holidays, column, m->stride);
    column += m->holidays * m->stride;
    return annual + holidays + dot(calendar_month(m->calendar, p), m->month, column, m->stride);
}

/* out[h * step] for every h, whoever asks: one series or all of them get the same bytes. */
static void forecast_column(const struct yoy_model *m, size_t series, const double *growth, size_t horizon, double *out, size_t step)
{
    for (size_t h = 0; h < horizon; h++)
        out[h * step] = 0.0;
    for (size_t k = 0; k < m->part_count; k++)
        add_part(m, &m->parts[k], series, growth, horizon, out, step);
    for (size_t h = 0; h < horizon; h++)
        out[h * step] += m->constant[series] + regression(m, series, m->next + (period_t)h);
}

enum status yoy_forecast_series(const struct yoy_model *m, size_t series, size_t horizon, double *out)
{
    assert(series < m->series);
    forecast_column(m, series, NULL, horizon, out, 1);
    return STATUS_OK;
}

void yoy_forecast_growth(const struct yoy_model *m, size_t series, const double *growth, size_t horizon, double *out)
{
    assert(series < m->series);
    forecast_column(m, series, growth, horizon, out, 1);
}

enum status yoy_forecast(const struct yoy_model *m, size_t horizon, double *out)
{
    for (size_t i = 0; i < m->series; i++)
        forecast_column(m, i, NULL, horizon, out + i, m->series);
    return STATUS_OK;
}

void yoy_residual_sd(const struct yoy_model *m, double *out)
{
    memcpy(out, m->residual_sd, m->series * sizeof *out);
}
