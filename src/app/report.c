#include "app/report.h"

#include <assert.h>
#include <string.h>

#include "base/maths.h"

enum report_format report_format_of(const char *name)
{
    return strcmp(name, "csv") == 0 ? REPORT_CSV : strcmp(name, "json") == 0 ? REPORT_JSON : REPORT_TABLE;
}

/* ------------------------------------------------------------------------------------------ fields */

void report_csv_text(FILE *out, struct text t)
{
    bool quote = false;
    for (size_t i = 0; i < t.size; i++)
        quote = quote || (t.data[i] != '\0' && strchr(",;\"\r\n\t ", t.data[i]) != NULL);
    if (!quote) {
        fwrite(t.data ? t.data : "", 1, t.size, out);
        return;
    }
    fputc('"', out);
    for (size_t i = 0; i < t.size; i++) {
        if (t.data[i] == '"')
            fputc('"', out);
        fputc(t.data[i], out);
    }
    fputc('"', out);
}

void report_json_text(FILE *out, struct text t)
{
    fputc('"', out);
    for (size_t i = 0; i < t.size; i++) {
        const unsigned char c = (unsigned char)t.data[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

void report_csv_number(FILE *out, double v)
{
    if (maths_finite(v))
        fprintf(out, "%.10g", v);
}

void report_json_number(FILE *out, double v)
{
    if (maths_finite(v))
        fprintf(out, "%.10g", v);
    else
        fputs("null", out);
}

static void horizon_text(size_t limit, char out[32])
{
    if (limit == 1)
        memcpy(out, "1", 2);
    else
        (void)snprintf(out, 32, "1-%zu", limit);
}

/* ------------------------------------------------------------------------------------------ accuracies */

void report_accuracy_begin(struct report *r, FILE *out, enum report_format format)
{
    *r = (struct report){.out = out, .format = format};
    if (format == REPORT_CSV)
        fputs("model,protocol,level,series,horizon,metric,value,n\n", out);
    else if (format == REPORT_JSON)
        fputs("[", out);
}

static void csv_metric(struct report *r, const struct report_accuracy *row, const char *metric, double value, size_t n)
{
    char horizon[32];
    horizon_text(row->limit, horizon);
    fprintf(r->out, "%s,%s,%s,", row->model, row->protocol, row->level);
    report_csv_text(r->out, row->series);
    fprintf(r->out, ",%s,%s,", horizon, metric);
    report_csv_number(r->out, value);
    fprintf(r->out, ",%zu\n", n);
    r->rows++;
}

static void json_metric(struct report *r, const struct report_accuracy *row, const char *metric, double value, size_t n)
{
    char horizon[32];
    horizon_text(row->limit, horizon);
    fprintf(r->out, "%s\n  {\"model\": \"%s\", \"protocol\": \"%s\", \"level\": \"%s\", \"series\": ", r->rows ? "," : "", row->model,
            row->protocol, row->level);
    report_json_text(r->out, row->series);
    fprintf(r->out, ", \"horizon\": \"%s\", \"metric\": \"%s\", \"value\": ", horizon, metric);
    report_json_number(r->out, value);
    fprintf(r->out, ", \"n\": %zu}", n);
    r->rows++;
}

static void metrics(struct report *r, const struct report_accuracy *row)
{
    void (*const put)(struct report *, const struct report_accuracy *, const char *, double, size_t) =
        r->format == REPORT_CSV ? csv_metric : json_metric;
    for (enum accuracy_metric m = 0; m < ACCURACY_METRIC_COUNT; m++) {
        const double value = accuracy_metric_value(row->sums, m);
        if (m != ACCURACY_winkler && maths_finite(value)) /* Winkler's score is no part of the format */
            put(r, row, accuracy_metric_name(m), value, accuracy_metric_n(row->sums, m));
    }
    put(r, row, "skipped", (double)row->sums->skipped, row->sums->n);
}

static void table_cell(FILE *out, int width, int decimals, double v)
{
    if (maths_finite(v))
        fprintf(out, "%*.*f", width, decimals, v);
    else
        fprintf(out, "%*s", width, "-");
}

static void table_row(struct report *r, const struct report_accuracy *row)
{
    static const struct {
        enum accuracy_metric metric;
        int width, decimals;
    } columns[] = {{ACCURACY_mape, 9, 3}, {ACCURACY_wape, 9, 3}, {ACCURACY_mase, 8, 3},       {ACCURACY_rmse, 13, 2},
                   {ACCURACY_bias, 8, 2}, {ACCURACY_coverage80, 8, 1}, {ACCURACY_coverage95, 8, 1}};
    char horizon[32];
    horizon_text(row->limit, horizon);
    if (r->rows == 0)
        fprintf(r->out, "%-20s %-7s %-10s%9s%9s%8s%13s%8s%8s%8s%8s\n", "model", "steps", "series", "MAPE %", "WAPE %", "MASE", "RMSE",
                "bias %", "in 80%", "in 95%", "n");
    fprintf(r->out, "%-20s %-7s %-10.*s", row->model, horizon, (int)row->series.size, row->series.data);
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        table_cell(r->out, columns[k].width, columns[k].decimals, accuracy_metric_value(row->sums, columns[k].metric));
    fprintf(r->out, "%8zu", row->sums->n);
    if (row->sums->skipped)
        fprintf(r->out, "  (%zu not positive: not in MAPE)", row->sums->skipped);
    fputc('\n', r->out);
    r->rows++;
}

void report_accuracy(struct report *r, const struct report_accuracy *row)
{
    if (row->sums->n == 0)
        return;
    if (r->format == REPORT_TABLE)
        table_row(r, row);
    else
        metrics(r, row);
}

void report_end(struct report *r)
{
    if (r->format == REPORT_JSON)
        fputs(r->rows ? "\n]\n" : "]\n", r->out);
}
