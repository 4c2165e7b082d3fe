#include "support/engine/walmart.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "forecast/member.h"
#include "support/fixture.h"
#include "support/shared.h"

void walmart_read_or_skip(struct walmart *w)
{
    FILE *file = fopen(shared_path_or_skip("data/walmart/Walmart_Store_sales.csv"), "r");
    assert_non_null(file);
    char line[256];
    int rows = 0;
    while (fgets(line, sizeof line, file)) {
        int store, day, month, year;
        double sales;
        if (sscanf(line, "%d,%d-%d-%d,%lf", &store, &day, &month, &year, &sales) != 5)
            continue;
        int week = (date_of(year, month, day) - date_of(2010, 2, 5)) / 7;
        assert_in_range(week, 0, WALMART_WEEKS - 1);
        w->sales[week][store - 1] = sales;
        rows++;
    }
    (void)fclose(file);
    assert_int_equal(rows, WALMART_STORES * WALMART_WEEKS);
    for (int s = 0; s < WALMART_STORES; s++)
        (void)snprintf(w->ids[s], sizeof w->ids[s], "%d", (s + 1) % 100);
}

struct collecting {
    const struct walmart *w;
    struct walmart_run *run;
    const char *model;
    size_t n[3], in80[3], in95[3];
    double percentage[3];
};

static double quantile(const struct forecast_step *step, double level)
{
    for (size_t i = 0; i < step->quantile_count; i++)
        if (step->quantiles[i].level == level)
            return step->quantiles[i].value;
    fail_msg("no quantile %g", level);
    return 0;
}

static void collect(void *context, const struct forecast_result *r)
{
    struct collecting *c = context;
    int store = atoi(r->store.data) - 1;
    int origin = (r->origin - date_of(2010, 2, 5)) / 7 + 1;
    for (size_t h = 0; h < r->step_count && h < 8; h++) {
        const struct forecast_step *step = &r->steps[h];
        for (size_t m = 0; m < step->model_count; m++)
            if (text_equal(step->models[m].model, text_of(c->model)))
                c->run->forecast[origin][h][store] = step->models[m].value;
        if (origin < 91 || origin + (int)h >= WALMART_WEEKS)
            continue;
        double actual = c->w->sales[origin + (int)h][store];
        for (int g = h < 1 ? 0 : h < 4 ? 1 : 2; g < 3; g++) {
            c->n[g]++;
            c->percentage[g] += 100 * fabs(step->median - actual) / actual;
            c->in80[g] += quantile(step, .1) <= actual && actual <= quantile(step, .9);
            c->in95[g] += quantile(step, .025) <= actual && actual <= quantile(step, .975);
        }
    }
}

static void stream_partition(struct collecting *c, int partition, int partitions, const struct engine_options *options)
{
    struct driver d;
    driver_init(&d, options, &(struct driver_options){.batch = 500});
    d.on_forecast = collect;
    d.context = c;
    struct sales_update *updates = calloc((size_t)WALMART_STORES * WALMART_WEEKS + 1, sizeof *updates);
    assert_non_null(updates);
    size_t n = 0;
    for (int week = 0; week < WALMART_WEEKS; week++)
        for (int s = 0; s < WALMART_STORES; s++)
            if (hash_partition(c->w->ids[s], strlen(c->w->ids[s]), partitions) == partition)
                updates[n++] = driver_total(c->w->ids[s], NULL, date_of(2010, 2, 5) + 7 * week, c->w->sales[week][s], "week");
    updates[n++] = driver_complete(NULL, date_of(2010, 2, 5) + 7 * (WALMART_WEEKS - 1));
    driver_run(&d, updates, n);
    assert_int_equal(d.closes, WALMART_WEEKS);
    assert_int_equal(d.dead_letter_count, 0);
    struct walmart_run *run = c->run;
    run->alerts = realloc(run->alerts, (run->alert_count + d.alert_count + 1) * sizeof *run->alerts);
    assert_non_null(run->alerts);
    if (d.alert_count)
        memcpy(run->alerts + run->alert_count, d.alerts, d.alert_count * sizeof *d.alerts);
    run->alert_count += d.alert_count;
    run->closes += d.closes;
    driver_done(&d);
    free(updates);
}

static void stream(const struct walmart *w, int partitions, bool outliers, const char *model, uint32_t members, struct walmart_run *out)
{
    struct engine_options options;
    engine_options_default(&options);
    options.grid.week_end = FRIDAY;
    options.outliers = outliers;
    options.members = members;
    memset(out, 0, sizeof *out);
    struct collecting c = {.w = w, .run = out, .model = model};
    for (int p = 0; p < partitions; p++)
        stream_partition(&c, p, partitions, &options);
    for (int g = 0; g < 3; g++) {
        out->ensemble[g] = c.percentage[g] / (double)c.n[g];
        out->inside80[g] = 100.0 * (double)c.in80[g] / (double)c.n[g];
        out->inside95[g] = 100.0 * (double)c.in95[g] / (double)c.n[g];
    }
}

void walmart_stream(const struct walmart *w, int partitions, bool outliers, const char *model, struct walmart_run *out)
{
    stream(w, partitions, outliers, model, member_all(), out);
}

void walmart_stream_alone(const struct walmart *w, int partitions, bool outliers, const char *model, struct walmart_run *out)
{
    stream(w, partitions, outliers, model, 1u << member_find(text_of(model)), out);
}

void walmart_mape(const struct walmart *w, const struct walmart_run *run, double out[3], size_t out_n[3])
{
    double sum[3] = {0};
    size_t n[3] = {0};
    for (int origin = 91; origin < WALMART_WEEKS; origin++)
        for (int h = 0; h < 8 && origin + h < WALMART_WEEKS; h++)
            for (int s = 0; s < WALMART_STORES; s++)
                for (int g = h < 1 ? 0 : h < 4 ? 1 : 2; g < 3; g++) {
                    sum[g] += 100 * fabs(run->forecast[origin][h][s] - w->sales[origin + h][s]) / w->sales[origin + h][s];
                    n[g]++;
                }
    for (int g = 0; g < 3; g++) {
        out[g] = sum[g] / (double)n[g];
        out_n[g] = n[g];
    }
}
