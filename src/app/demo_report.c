#include "app/demo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/report.h"
#include "base/maths.h"

#define ALERTS_SHOWN 12

/* 1234567 as "1,234,567". */
static const char *grouped(uint64_t n, char out[32])
{
    char digits[24];
    const int count = snprintf(digits, sizeof digits, "%" PRIu64, n);
    char *at = out;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}

static void count_line(FILE *out, const char *what, uint64_t n, const char *note)
{
    char text[32];
    fprintf(out, "  %-26s%12s  %s\n", what, grouped(n, text), note);
}

static uint64_t metric(const struct demo_outcome *o, const char *name) { return (uint64_t)demo_metric(o->metrics, name); }

static void heading(const struct demo_outcome *o, FILE *out)
{
    const struct demo_source *s = o->source;
    char date[DATE_TEXT_BYTES];
    if (s->path)
        fprintf(out, "StoreCast demo: %s", s->path);
    else
        fprintf(out, "StoreCast demo: %zu simulated stores%s", s->options.stores, s->has_products ? " with products" : "");
    fprintf(out, ", %zu %ss up to %s, %d partition%s, %.1f s\n\n", s->periods, period_unit_name(s->grid.unit),
            date_format(demo_source_last_date(s), date), (int)o->partitions, o->partitions == 1 ? "" : "s", o->seconds);
}

static void counts(const struct demo_outcome *o, FILE *out)
{
    count_line(out, "events in", o->sent, "");
    count_line(out, "  sales", metric(o, "storecast_sales_total"), "");
    count_line(out, "  of them returns", metric(o, "storecast_returns_total"), "kept apart from what was sold");
    count_line(out, "  totals", metric(o, "storecast_totals_total"), "");
    count_line(out, "duplicates dropped", metric(o, "storecast_duplicates_total"), "by the till's counter, or the event id");
    count_line(out, "late records taken", metric(o, "storecast_late_total"), "for periods that were closed already");
    count_line(out, "dead letters", o->reader->dead_letters, "");
    for (size_t i = 0; i < DEMO_DEAD_CODES && o->reader->dead[i].count; i++)
        count_line(out, "  of them", o->reader->dead[i].count, o->reader->dead[i].code);
    count_line(out, "periods closed", o->reader->closes, "summed over partitions");
    count_line(out, "forecasts read", o->reader->forecasts, "each with 8 steps, 11 quantiles, every model's value");
    fputc('\n', out);
}

static int by_period(const void *a, const void *b)
{
    const struct demo_alert *x = a, *y = b;
    if (x->period != y->period)
        return x->period < y->period ? -1 : 1;
    const int order = strcmp(x->series, y->series);
    return order ? order : (x->number > y->number) - (x->number < y->number);
}

static void alerts(const struct demo_outcome *o, FILE *out)
{
    const struct demo_reader *r = o->reader;
    size_t fired = 0, shown = 0;
    if (r->alert_count > 0)
        qsort(r->alerts, r->alert_count, sizeof *r->alerts, by_period); /* partitions have no common order */
    for (size_t i = 0; i < r->alert_count; i++)
        fired += r->alerts[i].firing;
    fprintf(out, "Alerts: %zu fired, %zu resolved\n", fired, r->alert_count - fired);
    for (size_t i = 0; i < r->alert_count && shown < ALERTS_SHOWN; i++, shown++) {
        const struct demo_alert *a = &r->alerts[i];
        char date[DATE_TEXT_BYTES];
        fprintf(out, "  %s  %-9s %-11s %-10s %-18s %s\n", date_format(a->period, date), a->firing ? "FIRING" : "RESOLVED", a->kind, a->series,
                a->causes, a->sentence);
    }
    if (r->alert_count > shown)
        fprintf(out, "  and %zu more (`storecast tail alerts` shows them while the demo runs with --stay)\n", r->alert_count - shown);
    fputc('\n', out);
}

static void cell(FILE *out, double v)
{
    if (maths_finite(v))
        fprintf(out, "%8.3f", v);
    else
        fprintf(out, "%8s", "-");
}

static void accuracy(const struct demo_outcome *o, FILE *out)
{
    const struct scores_table *t = o->table;
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    if (t->last == PERIOD_NONE)
        return;
    fprintf(out, "Accuracy of what was published, percent (forecasts made at %s .. %s)\n", date_format(period_last_day(&o->source->grid, t->first), first),
            date_format(period_last_day(&o->source->grid, t->last), last));
    fprintf(out, "  %-22s%24s%24s\n  %-22s%8s%8s%8s%8s%8s%8s%10s\n", "", "MAPE, steps ahead", "WAPE, steps ahead", "model", "1", "1-4", "1-8", "1", "1-4",
            "1-8", "scored");
    for (size_t m = 0; m < MEMBER_COUNT; m++) {
        if (t->sums[m][SCORES_GROUPS - 1].n == 0)
            continue;
        fprintf(out, "  %-22s", member_table[m].name);
        for (size_t g = 0; g < SCORES_GROUPS; g++)
            cell(out, accuracy_metric_value(&t->sums[m][g], ACCURACY_mape));
        for (size_t g = 0; g < SCORES_GROUPS; g++)
            cell(out, accuracy_metric_value(&t->sums[m][g], ACCURACY_wape));
        fprintf(out, "%10zu\n", t->sums[m][SCORES_GROUPS - 1].n);
    }
    const struct accuracy_sums *published = &t->sums[MEMBER_ENSEMBLE][SCORES_GROUPS - 1];
    if (published->bounded)
        fprintf(out, "  the 80 %% interval held %.1f %% of what was sold, the 95 %% interval %.1f %%\n",
                accuracy_metric_value(published, ACCURACY_coverage80), accuracy_metric_value(published, ACCURACY_coverage95));
    if (t->missing)
        fprintf(out, "  %zu forecasts that should be there are missing\n", t->missing);
    fputc('\n', out);
}

static void what_next(const struct demo_outcome *o, FILE *out)
{
    fputs("Try next\n", out);
    if (o->source->path)
        fprintf(out, "  storecast backtest %s    the same figures without the stream\n  storecast forecast %s    the next 8 periods\n",
                o->source->path, o->source->path);
    else
        fputs("  storecast demo --sales FILE.csv                 your own sales: columns store, date, amount\n"
              "  storecast demo --shift 5,100,0.6 --products 3   a store that loses custom; products\n", out);
    fputs("  storecast demo --stay                           keep it running: metrics, storecast tail forecasts, storecast replay\n"
          "  storecast help                                  everything else\n", out);
}

void demo_report(const struct demo_outcome *o, FILE *out)
{
    heading(o, out);
    counts(o, out);
    alerts(o, out);
    accuracy(o, out);
    what_next(o, out);
}

void demo_report_rows(const struct demo_outcome *o, FILE *out, bool is_json)
{
    struct report report;
    report_accuracy_begin(&report, out, is_json ? REPORT_JSON : REPORT_CSV);
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        for (size_t g = 0; g < SCORES_GROUPS; g++)
            report_accuracy(&report, &(struct report_accuracy){.model = member_table[m].name,
                                                               .protocol = "stream",
                                                               .level = o->source->has_products ? "product" : "store",
                                                               .series = text_of("all"),
                                                               .limit = scores_limit[g],
                                                               .sums = &o->table->sums[m][g]});
    report_end(&report);
}
