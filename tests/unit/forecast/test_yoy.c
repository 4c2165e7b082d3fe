#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "base/status.h"
#include "forecast/yoy.h"
#include "support/shared.h"
#include "support/table_file.h"

#define STORES 45
#define WEEKS 143

static const struct period_grid friday_weeks = {PERIOD_WEEK, FRIDAY};

/* The 45 stores' log sales, as the reference files were made from. */
struct walmart {
    double x[WEEKS * STORES];
    period_t first;
    struct calendar *calendar;
};

static void walmart_init(struct walmart *w)
{
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("data/walmart/Walmart_Store_sales.csv"));
    w->first = period_of(&friday_weeks, date_of(2010, 2, 5));
    assert_int_equal(t.rows, WEEKS * STORES);
    size_t store = table_file_column(&t, "Store"), date = table_file_column(&t, "Date");
    size_t sales = table_file_column(&t, "Weekly_Sales");
    for (size_t row = 0; row < t.rows; row++) {
        int day, month, year;
        assert_int_equal(sscanf(table_file_text(&t, row, date), "%d-%d-%d", &day, &month, &year), 3);
        size_t week = (size_t)(period_of(&friday_weeks, date_of(year, month, day)) - w->first);
        size_t column = (size_t)table_file_number(&t, row, store) - 1;
        w->x[week * STORES + column] = maths_log(table_file_number(&t, row, sales));
    }
    table_file_done(&t);
    assert_ok(calendar_new(&friday_weeks, &w->calendar));
    assert_ok(calendar_cover(w->calendar, w->first, w->first + WEEKS + 160));
}

static struct yoy_input walmart_input(const struct walmart *w, size_t origin)
{
    return (struct yoy_input){w->x, origin, STORES, w->first, w->calendar};
}

struct set {
    const char *name;
    const struct yoy_configuration *configurations;
    size_t count;
};

static const struct set sets[] = {
    {"default", &yoy_single, 1}, {"no_pooling", &yoy_alone, 1}, {"averaged", yoy_averaged, YOY_AVERAGED}};

static const struct set *set_named(const char *name)
{
    for (size_t i = 0; i < 3; i++)
        if (strcmp(sets[i].name, name) == 0)
            return &sets[i];
    fail_msg("no configurations named %s", name);
    return NULL;
}

/* Forecasts of one model for one origin, with the two parts by themselves where the file has them. */
struct forecasts {
    double all[43 * STORES], year_over_year[43 * STORES], panel[43 * STORES];
};

static void fit_and_forecast(const struct yoy_input *input, const struct yoy_configuration *c, size_t count,
                             size_t horizon, double *out)
{
    struct yoy_model *m = NULL;
    assert_ok(yoy_fit(input, c, count, &m));
    assert_ok(yoy_forecast(m, horizon, out));
    yoy_free(m);
}

static void forecast_parts(const struct walmart *w, const struct set *set, size_t origin, struct forecasts *f)
{
    struct yoy_input input = walmart_input(w, origin);
    fit_and_forecast(&input, set->configurations, set->count, 43, f->all);
    if (set->count > 1)
        return;
    struct yoy_configuration c = *set->configurations;
    c.panel_weight = 0.0;
    fit_and_forecast(&input, &c, 1, 43, f->year_over_year);
    c.panel_weight = 1.0;
    fit_and_forecast(&input, &c, 1, 43, f->panel);
}

static void forecasts_equal_the_reference_at_every_origin(void **state)
{
    (void)state;
    struct walmart *w = calloc(1, sizeof *w);
    struct forecasts *f = calloc(1, sizeof *f);
    walmart_init(w);
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("reference/yoy_forecasts.csv"));
    size_t name = table_file_column(&t, "configuration"), origin = table_file_column(&t, "origin");
    size_t step = table_file_column(&t, "h"), store = table_file_column(&t, "store");
    size_t yoy = table_file_column(&t, "year_over_year_log"), panel = table_file_column(&t, "harmonic_panel_log");
    size_t both = table_file_column(&t, "log_forecast");
    double worst = 0.0, now = 0.0;
    const char *now_name = "";
    for (size_t row = 0; row < t.rows; row++) {
        double o = table_file_number(&t, row, origin);
        if (o != now || strcmp(table_file_text(&t, row, name), now_name) != 0) {
            now = o;
            now_name = table_file_text(&t, row, name);
            forecast_parts(w, set_named(now_name), (size_t)o, f);
        }
        size_t at = ((size_t)table_file_number(&t, row, step) - 1) * STORES + (size_t)table_file_number(&t, row, store) - 1;
        double apart = fabs(f->all[at] - table_file_number(&t, row, both));
        worst = apart > worst ? apart : worst;
        assert_near(f->all[at], table_file_number(&t, row, both), 1e-8);
        if (table_file_text(&t, row, yoy)[0] == '\0')
            continue;
        assert_near(f->year_over_year[at], table_file_number(&t, row, yoy), 1e-8);
        assert_near(f->panel[at], table_file_number(&t, row, panel), 1e-8);
    }
    print_message("  %zu forecasts, worst %.2g\n", t.rows, worst);
    table_file_done(&t);
    calendar_free(w->calendar);
    free(f);
    free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forecasts_equal_the_reference_at_every_origin),
    };
    return fixture_run(argc, argv, tests);
}
