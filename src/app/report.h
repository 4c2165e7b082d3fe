/* report.h: accuracies and forecasts as a table for people, or as CSV and JSON for scripts. backtest, forecast and demo
 * print through it.
 *
 *     struct report r;
 *     report_accuracy_begin(&r, stdout, REPORT_CSV);
 *     report_accuracy(&r, &row); ...
 *     report_end(&r);
 *
 * CSV of accuracies is long: model,protocol,level,series,horizon,metric,value,n; percent for mape, wape, smape, bias and
 * coverage, ratios for the scaled ones; a metric that nothing was counted for is left out. JSON has the same rows as an
 * array of objects. CSV of forecasts has one row per series, step and model; only a model with intervals has a mean and
 * quantiles. Numbers are printed with a point whatever the locale. Thread: any, one at a time. */
#ifndef STORECAST_APP_REPORT_H
#define STORECAST_APP_REPORT_H

#include <stdio.h>

#include "base/bytes.h"
#include "base/date.h"
#include "forecast/accuracy.h"

enum report_format { REPORT_TABLE, REPORT_CSV, REPORT_JSON };
#define REPORT_FORMATS "table|csv|json" /* in this order, for option tables */
enum report_format report_format_of(const char *name); /* one of REPORT_FORMATS */

struct report {
    FILE *out;
    enum report_format format;
    size_t rows;
    const double *levels; /* forecasts: quantile levels, borrowed */
    size_t level_count;
    char last_series[300]; /* forecasts as a table: the heading it stands under */
};

struct report_accuracy {
    const char *model, *protocol, *level; /* "seasonal_yoy", "rolling", "store" */
    struct text series;                   /* "all" when pooled */
    size_t limit;                         /* horizon group 1..limit, shown as 1 or 1-limit */
    const struct accuracy_sums *sums;
};

void report_accuracy_begin(struct report *r, FILE *out, enum report_format format);
/* Nothing for sums that nothing was added to. */
void report_accuracy(struct report *r, const struct report_accuracy *row);

struct report_forecast {
    struct text series;
    const char *status; /* "OK", "SHORT_HISTORY", "FALLBACK", "NO_HISTORY" */
    const char *model;
    size_t h;
    date_t first_date, last_date;
    double median, mean;     /* NaN = none */
    const double *quantiles; /* one per level; NULL = none */
};

void report_forecast_begin(struct report *r, FILE *out, enum report_format format, const double *levels, size_t level_count);
void report_forecast(struct report *r, const struct report_forecast *row);

void report_end(struct report *r);

/* A CSV field, quoted when it must be; a JSON string with its quotes; numbers as both want them (null or empty for NaN). */
void report_csv_text(FILE *out, struct text t);
void report_json_text(FILE *out, struct text t);
void report_csv_number(FILE *out, double v);
void report_json_number(FILE *out, double v);

#endif
