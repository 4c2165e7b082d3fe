#include "forecast/yoy_ridge.h"

#include <assert.h>
#include <string.h>

#define LEAST_PENALTY 1e-8 /* of the free columns */

void yoy_design_size(struct yoy_design *d, const struct calendar *c, int annual, int month)
{
    *d = (struct yoy_design){.annual = (size_t)annual, .month = (size_t)month, .holidays = calendar_holiday_count(c)};
    d->columns = 2 + 2 * d->annual + d->holidays + 2 * d->month;
    d->stride = linear_padded(d->columns);
    assert(d->columns <= YOY_COLUMNS_MAX);
}

void yoy_design_fill(const struct yoy_design *d, const struct yoy_input *input)
{
    double season = period_season(calendar_grid(input->calendar));
    for (size_t t = 0; t < input->periods; t++) {
        period_t p = input->first + (period_t)t;
        double *row = d->rows + t * d->stride;
        memset(row, 0, d->stride * sizeof *row);
        row[0] = 1.0;
        row[1] = ((double)t - (double)input->periods) / season;
        row += 2;
        memcpy(row, calendar_annual(input->calendar, p), 2 * d->annual * sizeof *row);
        row += 2 * d->annual;
        memcpy(row, calendar_holidays(input->calendar, p), d->holidays * sizeof *row);
        row += d->holidays;
        memcpy(row, calendar_month(input->calendar, p), 2 * d->month * sizeof *row);
    }
}

void yoy_quasi_difference(double *rows, size_t stride, size_t periods, double share)
{
    for (size_t t = periods - 1; t > 0; t--) {
        linear_pair *row = linear_pairs(rows + t * stride);
        const linear_pair *before = linear_const_pairs(rows + (t - 1) * stride);
        linear_pair by = {share, share};
        for (size_t j = 0; j < stride / 2; j++)
            row[j] -= by * before[j];
    }
}

void yoy_normal_fill(const struct yoy_normal *n, const double *rows, const double *x, size_t periods)
{
    const struct yoy_design *d = n->design;
    linear_gram(rows, d->stride, periods, d->columns, n->matrix);
    for (size_t k = 0; k < d->columns; k++)
        linear_combine(n->moments + k * n->stride, n->stride, rows + k, d->stride, x, n->stride, periods);
}

size_t yoy_choice_columns(const struct yoy_design *d, const struct yoy_choice *choice, size_t columns[YOY_COLUMNS_MAX])
{
    assert((size_t)choice->annual <= d->annual && (size_t)choice->month <= d->month);
    size_t count = 0, annual_end = 2 + 2 * d->annual, holidays_end = annual_end + d->holidays;
    columns[count++] = 0;
    if (choice->has_trend)
        columns[count++] = 1;
    for (size_t k = 2; k < 2 + 2 * (size_t)choice->annual; k++)
        columns[count++] = k;
    for (size_t k = annual_end; k < holidays_end; k++)
        columns[count++] = k;
    for (size_t k = holidays_end; k < holidays_end + 2 * (size_t)choice->month; k++)
        columns[count++] = k;
    return count;
}

size_t yoy_ridge_work(const struct yoy_design *d, size_t stride)
{
    return (d->columns + 1) * linear_padded(d->columns) + stride;
}

enum status yoy_ridge_solve(const struct yoy_normal *n, const struct yoy_choice *choice, double *coefficients, double *work)
{
    const struct yoy_design *d = n->design;
    size_t columns[YOY_COLUMNS_MAX], count = yoy_choice_columns(d, choice, columns), width = linear_padded(count);
    double *matrix = work, *row = matrix + count * width, *sums = row + width;
    for (size_t i = 0; i < count; i++) {
        const double *from = n->matrix + columns[i] * d->stride;
        for (size_t j = 0; j < width; j++)
            matrix[i * width + j] = j < count ? from[columns[j]] : 0.0;
        matrix[i * width + i] += i < choice->free_columns ? LEAST_PENALTY : choice->penalty;
        memcpy(coefficients + i * n->stride, n->moments + columns[i] * n->stride, n->stride * sizeof(double));
    }
    enum status status = linear_cholesky(matrix, count, row);
    if (!status)
        linear_cholesky_solve(matrix, count, coefficients, n->stride, sums);
    return status;
}

double yoy_mean(const double *row, size_t series)
{
    double sum = 0.0;
    for (size_t i = 0; i < series; i++)
        sum += row[i];
    return sum / (double)series;
}

void yoy_shrink(const double *coefficients, size_t rows, size_t series, size_t stride, double share, double *out)
{
    for (size_t k = 0; k < rows; k++, coefficients += stride, out += stride) {
        if (share == 1.0) {
            memcpy(out, coefficients, stride * sizeof *out);
            continue;
        }
        double mean = yoy_mean(coefficients, series);
        for (size_t i = 0; i < stride; i++)
            out[i] = mean + share * (coefficients[i] - mean);
    }
}
