/* Intervals, drift and accuracy on the 45 real stores, from rolling forecasts of our own port of the model. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/accuracy.h"
#include "forecast/drift.h"
#include "forecast/intervals.h"
#include "forecast/yoy.h"
#include "support/fixture.h"
#include "support/shared.h"
#include "support/table_file.h"

#define STORES       45
#define WEEKS        143
#define FIRST_ORIGIN 60 /* errors count from here */
#define FIRST_TESTED 91
#define HORIZON      8
#define LONG_ORIGIN  100
#define LONG_HORIZON (WEEKS - LONG_ORIGIN)

static const struct period_grid grid = {.unit = PERIOD_WEEK, .week_end = FRIDAY};

struct history {
    double sales[WEEKS][STORES], x[WEEKS][STORES];
    period_t first;
    struct calendar *calendar;
};

/* Skips the test when there are no sales, before it has allocated anything. */
static struct history *history_new(void)
{
    struct table_file t;
    table_file_read(&t, shared_path_or_skip("data/walmart/Walmart_Store_sales.csv"));
    struct history *h = calloc(1, sizeof *h);
    assert_non_null(h);
    assert_int_equal(t.rows, STORES * WEEKS);
    h->first = period_of(&grid, date_of(2010, 2, 5));
    for (size_t row = 0; row < t.rows; row++) { /* 05-02-2010 */
        const char *date = table_file_text(&t, row, table_file_column(&t, "Date"));
        const date_t day = date_of((int32_t)strtol(date + 6, NULL, 10), (int)strtol(date + 3, NULL, 10), (int)strtol(date, NULL, 10));
        const period_t week = period_of(&grid, day) - h->first;
        const size_t store = (size_t)table_file_value(&t, row, "Store") - 1;
        h->sales[week][store] = table_file_value(&t, row, "Weekly_Sales");
        h->x[week][store] = maths_log(h->sales[week][store]);
    }
    table_file_done(&t);
    assert_ok(calendar_new(&grid, &h->calendar));
    assert_ok(calendar_cover(h->calendar, h->first, h->first + WEEKS + LONG_HORIZON + HORIZON));
    return h;
}

struct choice {
    const char *name;
    const struct yoy_configuration *configurations;
    size_t count;
};
static const struct choice averaged = {"averaged", yoy_averaged, YOY_AVERAGED}, single = {"default", &yoy_single, 1},
                           alone = {"no_pooling", &yoy_alone, 1};

static void forecast_at(const struct history *h, const struct choice *c, size_t origin, size_t horizon, double *out)
{
    const struct yoy_input input = {.x = &h->x[0][0], .periods = origin, .series = STORES, .first = h->first, .calendar = h->calendar};
    struct yoy_model *m = NULL;
    assert_ok(yoy_fit(&input, c->configurations, c->count, &m));
    assert_ok(yoy_forecast(m, horizon, out));
    yoy_free(m);
}

/* Log forecasts by origin (rows from FIRST_ORIGIN on), and the errors as the stream would hold them at an origin. */
struct rolling {
    double forecast[WEEKS - FIRST_ORIGIN][HORIZON][STORES];
    double error[ERRORS_STEPS][WEEKS - FIRST_ORIGIN][STORES];
};

static struct rolling *rolling_of(const struct history *h, const struct choice *c, size_t last_origin)
{
    struct rolling *r = calloc(1, sizeof *r);
    assert_non_null(r);
    for (size_t origin = FIRST_ORIGIN; origin <= last_origin; origin++)
        forecast_at(h, c, origin, HORIZON, &r->forecast[origin - FIRST_ORIGIN][0][0]);
    return r;
}

static struct rolling_errors errors_at(const struct history *h, struct rolling *r, size_t origin)
{
    const size_t slots = origin - FIRST_ORIGIN;
    double *out = &r->error[0][0][0];
    for (size_t step = 0; step < ERRORS_STEPS; step++)
        for (size_t slot = 0; slot < slots; slot++)
            for (size_t s = 0; s < STORES; s++) {
                const size_t target = FIRST_ORIGIN + slot + errors_step[step] - 1;
                const bool known = step < HORIZON && target < origin;
                out[(step * slots + slot) * STORES + s] = known ? h->x[target][s] - r->forecast[slot][step][s] : maths_missing();
            }
    return (struct rolling_errors){.origins = slots, .series = STORES, .error = out};
}

/* ------------------------------------------------------------------------------------------ intervals */

/* offsets[k][s] at one step; alone: every store a pool of its own. */
static void offsets_of(const struct rolling_errors *errors, size_t h, bool is_alone, double out[QUANTILE_LEVELS][STORES])
{
    double residual_sd[STORES] = {0};
    struct conformal_options options = conformal_default;
    options.alone_widening = 1;
    for (size_t only = 0; only < (is_alone ? STORES : 1); only++) {
        bool in_pool[STORES];
        struct conformal *c = NULL;
        for (size_t s = 0; s < STORES; s++)
            in_pool[s] = !is_alone || s == only;
        assert_ok(conformal_new(errors, residual_sd, in_pool, &options, &c));
        for (size_t s = 0; s < STORES; s++)
            for (size_t k = 0; in_pool[s] && k < QUANTILE_LEVELS; k++)
                out[k][s] = conformal_offset(c, s, h, quantile_levels[k]);
        conformal_free(c);
    }
}

static void check_quantiles(const struct history *h, const struct choice *c, struct rolling *r)
{
    static const char *const columns[QUANTILE_LEVELS] = {"q0.01", "q0.025", "q0.05", "q0.1",   "q0.25", "q0.5",
                                                         "q0.75", "q0.9",   "q0.95", "q0.975", "q0.99"};
    struct table_file t;
    table_file_read(&t, shared_path("reference/yoy_quantiles.csv"));
    size_t compared = 0, moved = 0;
    double offsets[QUANTILE_LEVELS][STORES];
    for (size_t row = 0; row < t.rows; row++) {
        if (strcmp(table_file_text(&t, row, 0), c->name) != 0)
            continue;
        const size_t store = (size_t)table_file_value(&t, row, "store") - 1;
        if (store == 0) {
            const struct rolling_errors errors = errors_at(h, r, (size_t)table_file_value(&t, row, "origin"));
            offsets_of(&errors, (size_t)table_file_value(&t, row, "h"), c == &alone, offsets);
        }
        for (size_t k = 0; k < QUANTILE_LEVELS; k++) {
            const double expected = table_file_value(&t, row, columns[k]);
            const bool crosses = quantile_levels[k] == .5 || (quantile_levels[k] < .5) == (expected > 0);
            assert_near(offsets[k][store], crosses ? 0 : expected, 1e-8); /* the median is the forecast; none crosses it */
            moved += crosses && quantile_levels[k] != .5;
            compared++;
        }
    }
    assert_int_equal(compared, 9 * STORES * QUANTILE_LEVELS);
    assert_true(moved < 10);
    table_file_done(&t);
}

static void quantiles_equal_the_reference(void **state)
{
    (void)state;
    const struct choice *const choices[] = {&averaged, &alone};
    struct history *h = history_new();
    for (size_t i = 0; i < 2; i++) {
        struct rolling *r = rolling_of(h, choices[i], 131);
        check_quantiles(h, choices[i], r);
        free(r);
    }
    calendar_free(h->calendar);
    free(h);
}

static void half_widths_equal_the_reference(void **state)
{
    (void)state;
    const struct choice *const choices[] = {&single, &alone};
    const double levels[2] = {.80, .95};
    struct history *h = history_new();
    struct table_file t;
    table_file_read(&t, shared_path("reference/yoy_half_widths.csv"));
    size_t compared = 0;
    for (size_t i = 0; i < 2; i++) {
        struct rolling *r = rolling_of(h, choices[i], 131);
        double width[2][STORES];
        for (size_t row = 0; row < t.rows; row++) {
            if (strcmp(table_file_text(&t, row, 0), choices[i]->name) != 0)
                continue;
            const size_t store = (size_t)table_file_value(&t, row, "store") - 1;
            const struct rolling_errors errors = errors_at(h, r, (size_t)table_file_value(&t, row, "origin"));
            assert_ok(conformal_half_widths(&errors, (size_t)table_file_value(&t, row, "h") - 1, levels, 2, .97, .6, &width[0][0]));
            assert_near(width[0][store], table_file_value(&t, row, "half_width_80"), 1e-8);
            assert_near(width[1][store], table_file_value(&t, row, "half_width_95"), 1e-8);
            compared++;
        }
        free(r);
    }
    assert_int_equal(compared, t.rows);
    table_file_done(&t);
    calendar_free(h->calendar);
    free(h);
}

/* ------------------------------------------------------------------------------------------ accuracy */

struct scoring {
    const struct history *h;
    double width[2][STORES];
};

static void score(const struct scoring *k, size_t origin, size_t step, const double *forecast, struct accuracy_sums *out)
{
    for (size_t s = 0; s < STORES; s++) {
        const double actual = k->h->sales[origin + step][s], x = forecast[s];
        const double bounds[4] = {maths_exp(x - k->width[1][s]), maths_exp(x - k->width[0][s]), maths_exp(x + k->width[0][s]),
                                  maths_exp(x + k->width[1][s])};
        accuracy_add(out, actual, maths_exp(x), accuracy_scale(&k->h->sales[0][s], STORES, origin, 52));
        accuracy_add_bounds(out, actual, bounds);
    }
}

static void widths_at(struct scoring *k, struct rolling *r, size_t origin, size_t step)
{
    const double levels[2] = {.80, .95};
    const struct rolling_errors errors = errors_at(k->h, r, origin);
    assert_ok(conformal_half_widths(&errors, step < HORIZON ? step : HORIZON - 1, levels, 2, .97, .6, &k->width[0][0]));
}

static void rolling_accuracy(const struct history *h, struct rolling *r, size_t limit, struct accuracy_sums *out)
{
    struct scoring k = {.h = h};
    for (size_t origin = FIRST_TESTED; origin < WEEKS; origin++)
        for (size_t step = 0; step < limit && origin + step < WEEKS; step++) {
            widths_at(&k, r, origin, step);
            score(&k, origin, step, r->forecast[origin - FIRST_ORIGIN][step], out);
        }
}

static void holdout_accuracy(const struct history *h, const struct choice *c, struct rolling *r, struct accuracy_sums *out)
{
    struct scoring k = {.h = h};
    double forecast[LONG_HORIZON][STORES];
    forecast_at(h, c, LONG_ORIGIN, LONG_HORIZON, &forecast[0][0]);
    for (size_t step = 0; step < LONG_HORIZON; step++) {
        widths_at(&k, r, LONG_ORIGIN, step);
        score(&k, LONG_ORIGIN, step, forecast[step], out);
    }
}

static void check_row(const struct table_file *t, size_t row, const struct accuracy_sums *sums)
{
    static const struct {
        const char *column;
        enum accuracy_metric metric;
    } checks[] = {{"MAPE", ACCURACY_mape},
                  {"WAPE", ACCURACY_wape},
                  {"MAE", ACCURACY_mae},
                  {"RMSE", ACCURACY_rmse},
                  {"MASE", ACCURACY_mase},
                  {"coverage80", ACCURACY_coverage80},
                  {"coverage95", ACCURACY_coverage95}};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        assert_near(accuracy_metric_value(sums, checks[i].metric), table_file_value(t, row, checks[i].column), 5.1e-5);
    assert_int_equal(sums->n, table_file_value(t, row, "n"));
}

static void accuracy_equals_the_reference(void **state)
{
    (void)state;
    const struct choice *const choices[] = {&averaged, &single, &alone};
    struct history *h = history_new();
    struct table_file t;
    table_file_read(&t, shared_path("reference/yoy_accuracy.csv"));
    size_t compared = 0;
    for (size_t i = 0; i < 3; i++) {
        struct rolling *r = rolling_of(h, choices[i], WEEKS - 1);
        for (size_t row = 0; row < t.rows; row++) {
            const char *split = table_file_text(&t, row, 1);
            if (strcmp(table_file_text(&t, row, 0), choices[i]->name) != 0)
                continue;
            struct accuracy_sums sums = {0};
            if (strncmp(split, "train100", 8) == 0)
                holdout_accuracy(h, choices[i], r, &sums);
            else
                rolling_accuracy(h, r, (size_t)(split[strlen(split) - 1] - '0'), &sums);
            check_row(&t, row, &sums);
            compared++;
        }
        free(r);
    }
    assert_int_equal(compared, t.rows);
    table_file_done(&t);
    calendar_free(h->calendar);
    free(h);
}

/* ------------------------------------------------------------------------------------------ drift */

/* One-step errors of every week from FIRST_ORIGIN on; weeks before `from` are there already. */
static void one_step_errors(const struct history *h, size_t from, double out[WEEKS][STORES])
{
    for (size_t origin = from; origin < WEEKS; origin++) {
        double forecast[STORES];
        forecast_at(h, &averaged, origin, 1, forecast);
        for (size_t s = 0; s < STORES; s++)
            out[origin][s] = h->x[origin][s] - forecast[s];
    }
}

static void check_event(const struct table_file *t, size_t row, size_t week, size_t store, const struct drift_event *event)
{
    assert_int_equal(table_file_value(t, row, "week"), week);
    assert_int_equal(table_file_value(t, row, "store"), store + 1);
    assert_string_equal(table_file_text(t, row, table_file_column(t, "state")), event->fired ? "FIRING" : "RESOLVED");
    assert_int_equal(table_file_value(t, row, "causes"), event->fired ? event->fired : event->resolved);
    assert_near(event->strength, table_file_value(t, row, "strength"), 6e-7);
    assert_near(event->bias, table_file_value(t, row, "bias"), 6e-7);
}

/* Feeds the machines week by week; every event must be the reference's next row. Returns the row after the last. */
static size_t check_machines(const struct table_file *t, size_t row, double error[WEEKS][STORES])
{
    struct drift_state machine[STORES];
    for (size_t s = 0; s < STORES; s++)
        drift_init(&machine[s]);
    for (size_t week = FIRST_ORIGIN; week < WEEKS; week++) {
        double sorted[STORES];
        memcpy(sorted, error[week], sizeof sorted);
        const double median = maths_median(sorted, STORES);
        for (size_t s = 0; s < STORES; s++) {
            struct drift_event event;
            drift_step(&machine[s], error[week][s] - median, error[week][s], 0, &event);
            if (event.fired || event.resolved)
                check_event(t, row++, week, s, &event);
        }
    }
    return row;
}

static void drift_events_equal_the_reference(void **state)
{
    (void)state;
    static const size_t shifted[] = {0, 1, 7, 20, 31}; /* 0: as they are */
    struct history *h = history_new();
    double(*genuine)[STORES] = calloc(WEEKS, sizeof *genuine), (*error)[STORES] = calloc(WEEKS, sizeof *error);
    one_step_errors(h, FIRST_ORIGIN, genuine);
    struct table_file t;
    table_file_read(&t, shared_path("reference/drift_events.csv"));
    size_t row = 0;
    for (size_t i = 0; i < sizeof shifted / sizeof *shifted; i++) {
        memcpy(error, genuine, WEEKS * sizeof *error);
        for (size_t week = 110; shifted[i] && week < WEEKS; week++)
            h->x[week][shifted[i] - 1] = maths_log(h->sales[week][shifted[i] - 1] * .7);
        if (shifted[i])
            one_step_errors(h, 110, error);
        row = check_machines(&t, row, error);
        for (size_t week = 110; shifted[i] && week < WEEKS; week++)
            h->x[week][shifted[i] - 1] = maths_log(h->sales[week][shifted[i] - 1]);
    }
    assert_int_equal(row, t.rows);
    table_file_done(&t);
    calendar_free(h->calendar);
    free(genuine);
    free(error);
    free(h);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_equal_the_reference),
        cmocka_unit_test(half_widths_equal_the_reference),
        cmocka_unit_test(accuracy_equals_the_reference),
        cmocka_unit_test(drift_events_equal_the_reference),
    };
    return fixture_run(argc, argv, tests);
}
