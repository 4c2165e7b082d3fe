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
#define WEEKS  143

static const struct period_grid friday_weeks = {PERIOD_WEEK, FRIDAY};

/* The 45 stores' log sales, as the reference files were made from. */
struct walmart {
    double x[WEEKS * STORES];
    period_t first;
    struct calendar *calendar;
};

/* Skips the test when there are no sales, before it has allocated anything. */
static struct walmart *walmart_new(void)
{
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("data/walmart/Walmart_Store_sales.csv"));
    struct walmart *w = calloc(1, sizeof *w);
    assert_non_null(w);
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
    return w;
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

static const struct set sets[] = {{"default", &yoy_single, 1}, {"no_pooling", &yoy_alone, 1}, {"averaged", yoy_averaged, YOY_AVERAGED}};

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

static void fit_and_forecast(const struct yoy_input *input, const struct yoy_configuration *c, size_t count, size_t horizon, double *out)
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
    struct walmart *w = walmart_new();
    struct forecasts *f = calloc(1, sizeof *f);
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

/* Names of the coefficients in the order of the design. */
static void coefficient_names(const struct calendar *c, bool has_trend, int annual, int month, char names[64][40])
{
    size_t n = 0;
    snprintf(names[n++], 40, "level");
    if (has_trend)
        snprintf(names[n++], 40, "trend_per_year");
    for (int k = 0; k < 2 * annual; k++)
        snprintf(names[n++], 40, "annual_%s%d", k % 2 ? "sin" : "cos", k / 2 + 1);
    for (size_t k = 0; k < calendar_holiday_count(c); k++)
        snprintf(names[n++], 40, "%s", calendar_holiday_name(c, k));
    for (int k = 0; k < 2 * month; k++)
        snprintf(names[n++], 40, "month_%s%d", k % 2 ? "sin" : "cos", k / 2 + 1);
    names[n][0] = '\0';
}

static double pooled(const double *row)
{
    double sum = 0.0;
    for (size_t i = 0; i < STORES; i++)
        sum += row[i];
    return sum / STORES;
}

struct traced {
    struct yoy_model *model;
    struct yoy_trace trace;
    const struct yoy_configuration *configuration;
};

static void check_coefficients(const struct walmart *w, const struct traced *both)
{
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("reference/yoy_coefficients_store1_origin100.csv"));
    size_t checked = 0;
    for (size_t row = 0; row < t.rows; row++) {
        const struct traced *m = &both[strcmp(table_file_text(&t, row, 0), "default") == 0 ? 0 : 1];
        bool is_panel = strcmp(table_file_text(&t, row, 1), "harmonic_panel") == 0;
        const struct yoy_configuration *c = m->configuration;
        char names[64][40];
        coefficient_names(w->calendar, !is_panel, is_panel ? c->panel_annual_harmonics : c->annual_harmonics,
                          is_panel ? c->panel_month_harmonics : c->month_harmonics, names);
        for (size_t k = 0; names[k][0] != '\0'; k++) {
            if (strcmp(names[k], table_file_text(&t, row, 2)) != 0)
                continue;
            const double *own = (is_panel ? m->trace.panel_coefficients : m->trace.coefficients) + k * STORES;
            const double *used = (is_panel ? m->trace.panel_used : m->trace.used) + k * STORES;
            assert_near(own[0], table_file_value(&t, row, "store"), 1e-9);
            assert_near(pooled(own), table_file_value(&t, row, "pooled"), 1e-9);
            assert_near(used[0], table_file_value(&t, row, "used"), 1e-9);
            checked++;
        }
    }
    assert_int_equal(checked, t.rows);
    table_file_done(&t);
}

static void check_trace(const struct traced *both)
{
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("reference/yoy_trace_store1_origin100.csv"));
    for (size_t row = 0; row < t.rows; row++) {
        const struct yoy_trace *trace = &both[strcmp(table_file_text(&t, row, 0), "default") == 0 ? 0 : 1].trace;
        size_t week = (size_t)table_file_value(&t, row, "week_index"), at = week * STORES;
        assert_near(trace->calendar_effect[at], table_file_value(&t, row, "calendar_effect"), 1e-9);
        assert_near(trace->cleaned[at], table_file_value(&t, row, "cleaned"), 1e-9);
        assert_near(trace->shared[at], table_file_value(&t, row, "shared"), 1e-9);
        assert_near(trace->smooth[at], table_file_value(&t, row, "smooth"), 1e-9);
        if (week < 52)
            continue;
        assert_near(trace->growth[at - 52 * STORES], table_file_value(&t, row, "growth"), 1e-9);
        assert_near(pooled(trace->growth + at - 52 * STORES), table_file_value(&t, row, "growth_common"), 1e-9);
    }
    table_file_done(&t);
}

static void check_levels(const struct traced *both)
{
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("reference/yoy_levels_origin100.csv"));
    for (size_t row = 0; row < t.rows; row++) {
        const struct yoy_trace *trace = &both[strcmp(table_file_text(&t, row, 0), "default") == 0 ? 0 : 1].trace;
        size_t i = (size_t)table_file_value(&t, row, "store") - 1;
        assert_near(trace->mean[i], table_file_value(&t, row, "mean"), 1e-9);
        assert_near(trace->growth_level[i], table_file_value(&t, row, "growth_level"), 1e-9);
        assert_near(trace->panel_level[i], table_file_value(&t, row, "panel_level"), 1e-9);
    }
    table_file_done(&t);
}

static void coefficients_trace_and_levels_equal_the_reference(void **state)
{
    (void)state;
    struct walmart *w = walmart_new();
    struct yoy_input input = walmart_input(w, 100);
    struct traced both[2] = {{.configuration = &yoy_single}, {.configuration = &yoy_alone}};
    for (size_t k = 0; k < 2; k++)
        assert_ok(yoy_fit_traced(&input, both[k].configuration, &both[k].model, &both[k].trace));
    check_coefficients(w, both);
    check_trace(both);
    check_levels(both);
    for (size_t k = 0; k < 2; k++)
        yoy_free(both[k].model);
    calendar_free(w->calendar);
    free(w);
}

static void configurations_are_those_of_the_reference_table(void **state)
{
    (void)state;
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("reference/yoy_configurations.csv"));
    assert_int_equal(t.rows, 2 + YOY_AVERAGED);
    for (size_t row = 0; row < t.rows; row++) {
        const struct yoy_configuration *c = row == 0 ? &yoy_single : row == 1 ? &yoy_alone : &yoy_averaged[row - 2];
        const double values[] = {c->annual_harmonics,
                                 c->month_harmonics,
                                 c->ridge_penalty,
                                 c->own_share,
                                 c->svd_rank,
                                 c->svd_remainder,
                                 c->growth_alpha_own,
                                 c->growth_alpha_common,
                                 c->growth_shrinkage,
                                 c->date_alignment,
                                 c->seasonal_scale,
                                 c->fluctuation_share,
                                 c->fluctuation_bandwidth,
                                 c->panel_annual_harmonics,
                                 c->panel_month_harmonics,
                                 c->panel_ridge_penalty,
                                 c->panel_own_share,
                                 c->panel_alpha_own,
                                 c->panel_alpha_common,
                                 c->panel_quasi_difference,
                                 c->panel_weight};
        assert_int_equal(t.columns, 1 + sizeof values / sizeof values[0]);
        assert_string_equal(c->name, table_file_text(&t, row, 0));
        for (size_t k = 1; k < t.columns; k++)
            assert_near(values[k - 1], table_file_number(&t, row, k), 0);
    }
    table_file_done(&t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forecasts_equal_the_reference_at_every_origin),
        cmocka_unit_test(coefficients_trace_and_levels_equal_the_reference),
        cmocka_unit_test(configurations_are_those_of_the_reference_table),
    };
    return fixture_run(argc, argv, tests);
}
