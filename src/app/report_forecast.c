#include <stdio.h>
#include <string.h>

#include "app/report.h"
#include "base/maths.h"

void report_forecast_begin(struct report *r, FILE *out, enum report_format format, const double *levels, size_t level_count)
{
    *r = (struct report){.out = out, .format = format, .levels = levels, .level_count = level_count};
    if (format == REPORT_JSON)
        fputs("[", out);
    if (format != REPORT_CSV)
        return;
    fputs("series,status,model,h,first_date,last_date,mean,median", out);
    for (size_t k = 0; k < level_count; k++)
        fprintf(out, ",q%g", levels[k]);
    fputc('\n', out);
}

static double quantile(const struct report_forecast *row, size_t k)
{
    return row->quantiles ? row->quantiles[k] : maths_missing();
}

static void csv_row(struct report *r, const struct report_forecast *row)
{
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    report_csv_text(r->out, row->series);
    fprintf(r->out, ",%s,%s,%zu,%s,%s,", row->status, row->model, row->h, date_format(row->first_date, first),
            date_format(row->last_date, last));
    report_csv_number(r->out, row->mean);
    fputc(',', r->out);
    report_csv_number(r->out, row->median);
    for (size_t k = 0; k < r->level_count; k++) {
        fputc(',', r->out);
        report_csv_number(r->out, quantile(row, k));
    }
    fputc('\n', r->out);
}

static void json_row(struct report *r, const struct report_forecast *row)
{
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    fprintf(r->out, "%s\n  {\"series\": ", r->rows ? "," : "");
    report_json_text(r->out, row->series);
    fprintf(r->out, ", \"status\": \"%s\", \"model\": \"%s\", \"h\": %zu, \"first_date\": \"%s\", \"last_date\": \"%s\", \"mean\": ",
            row->status, row->model, row->h, date_format(row->first_date, first), date_format(row->last_date, last));
    report_json_number(r->out, row->mean);
    fputs(", \"median\": ", r->out);
    report_json_number(r->out, row->median);
    fputs(", \"quantiles\": {", r->out);
    for (size_t k = 0; row->quantiles && k < r->level_count; k++) {
        fprintf(r->out, "%s\"%g\": ", k ? ", " : "", r->levels[k]);
        report_json_number(r->out, quantile(row, k));
    }
    fputs("}}", r->out);
}

static void table_number(FILE *out, double v)
{
    if (!maths_finite(v))
        fprintf(out, "%14s", "-");
    else if (v >= 1e10 || v <= -1e10 || (v != 0 && v < 1e-2 && v > -1e-2))
        fprintf(out, "%14.5g", v);
    else
        fprintf(out, "%14.2f", v);
}

static void table_heading(struct report *r, const struct report_forecast *row)
{
    char series[sizeof r->last_series];
    (void)snprintf(series, sizeof series, "%.*s", (int)row->series.size, row->series.data ? row->series.data : "");
    if (r->rows && strcmp(series, r->last_series) == 0)
        return;
    memcpy(r->last_series, series, sizeof series);
    fprintf(r->out, "%s%s (%s)\n%5s  %-10s  %-20s%14s%14s", r->rows ? "\n" : "", series, row->status, "step", "until", "model", "median",
            "mean");
    for (size_t k = 0; k < r->level_count; k++) {
        char name[24];
        (void)snprintf(name, sizeof name, "%g %%", 100 * r->levels[k]);
        fprintf(r->out, "%14s", name);
    }
    fputc('\n', r->out);
}

static void table_row(struct report *r, const struct report_forecast *row)
{
    char last[DATE_TEXT_BYTES];
    table_heading(r, row);
    fprintf(r->out, "%5zu  %-10s  %-20s", row->h, date_format(row->last_date, last), row->model);
    table_number(r->out, row->median);
    table_number(r->out, row->mean);
    for (size_t k = 0; k < r->level_count; k++)
        table_number(r->out, quantile(row, k));
    fputc('\n', r->out);
}

void report_forecast(struct report *r, const struct report_forecast *row)
{
    if (r->format == REPORT_CSV)
        csv_row(r, row);
    else if (r->format == REPORT_JSON)
        json_row(r, row);
    else
        table_row(r, row);
    r->rows++;
}
