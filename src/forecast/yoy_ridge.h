/* yoy_ridge.h: ridge regressions of all series of a pool on one design, for several choices of harmonics.
 *
 * The design's columns: level, trend (seasons, 0 at the origin), annual harmonics, holidays, harmonics of the month.
 * The normal matrix is formed once with the most harmonics; a choice with fewer takes rows and columns out of it.
 * Memory is the caller's; all matrices are padded as in linear.h. Thread: any. Internal to yoy. */
#ifndef STORECAST_FORECAST_YOY_RIDGE_H
#define STORECAST_FORECAST_YOY_RIDGE_H

#include "forecast/linear.h"
#include "forecast/yoy.h"

#define YOY_COLUMNS_MAX 96 /* level, trend, 32 harmonic columns, holidays */

struct yoy_design {
    size_t annual, month, holidays; /* harmonics; holiday columns */
    size_t columns, stride;         /* with level and trend */
    double *rows;                   /* periods x stride */
};

/* What a design and a pool's series say to a regression. */
struct yoy_normal {
    const struct yoy_design *design;
    size_t stride;   /* of the series */
    double *matrix;  /* Z'Z, columns x linear_padded(columns) */
    double *moments; /* Z'X, columns x stride */
};

/* A choice of columns, and its penalty on all but the first `free_columns`. */
struct yoy_choice {
    int annual, month;
    bool has_trend;
    double penalty;
    size_t free_columns;
};

void yoy_design_size(struct yoy_design *d, const struct calendar *c, int annual, int month);
void yoy_design_fill(const struct yoy_design *d, const struct yoy_input *input);
/* Replaces row t by row t - share * row (t - 1); what remains is rows 1..periods-1. Any rows, the series' too. */
void yoy_quasi_difference(double *rows, size_t stride, size_t periods, double share);

/* rows, x: `periods` rows. */
void yoy_normal_fill(const struct yoy_normal *n, const double *rows, const double *x, size_t periods);

/* Columns of the design that a choice has, in order; returns their count. */
size_t yoy_choice_columns(const struct yoy_design *d, const struct yoy_choice *choice, size_t columns[YOY_COLUMNS_MAX]);
/* Coefficients of the chosen columns x stride. work: yoy_ridge_work doubles. */
enum status yoy_ridge_solve(const struct yoy_normal *n, const struct yoy_choice *choice, double *coefficients, double *work) MUST_CHECK;
size_t yoy_ridge_work(const struct yoy_design *d, size_t stride);

/* out = pooled mean + share * (own - mean), row by row. A share of 1 copies: a series then owes nothing to others. */
void yoy_shrink(const double *coefficients, size_t rows, size_t series, size_t stride, double share, double *out);
/* Mean of the first `series` values. */
double yoy_mean(const double *row, size_t series);

#endif
