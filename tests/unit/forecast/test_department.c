/* The department model on invented departments: golden numbers of its definition, laws, and ugly input. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "forecast/cleaning.h"
#include "forecast/covariate.h"
#include "forecast/damped.h"
#include "forecast/department_errors.h"
#include "forecast/fev.h"
#include "support/departments.h"
#include "support/shared.h"
#include "support/table_file.h"

#define WEEKS     104
#define KNOWN     80
#define AHEAD     24
#define ORIGINS   7 /* 56, 60, .. 80 */
#define TOLERANCE 1e-8

struct world {
    struct departments data;
    struct calendar *calendar;
    struct department_panel panel;
};

static void world_init(struct world *w)
{
    static const char *const columns[] = {"store", "department", "date", "sales"};
    *w = (struct world){0};
    departments_read(&w->data, source_path("tests/golden/departments_panel.csv"), columns, WEEKS, date_of(2015, 1, 9));
    assert_ok(calendar_new(&w->data.grid, &w->calendar));
    assert_ok(calendar_cover(w->calendar, w->data.first, w->data.first + WEEKS + 60));
    w->panel = (struct department_panel){WEEKS,           w->data.series,  w->data.value, w->data.store, w->data.department,
                                         DEPARTMENTS_IDS, DEPARTMENTS_IDS, w->data.first, w->calendar};
}

static void world_done(struct world *w)
{
    calendar_free(w->calendar);
    departments_done(&w->data);
}

/* What the model issues at all origins, and its quantiles at the last. */
struct issues {
    struct department_known *known[ORIGINS];
    struct department_signs signs[ORIGINS];
    double *point[ORIGINS], *quantile;
    struct department_issued issued[ORIGINS];
    enum status status; /* of the quantiles */
};

static void issues_init(struct issues *x, const struct world *w)
{
    const size_t series = w->data.series;
    for (size_t i = 0; i < ORIGINS; i++) {
        const size_t origin = KNOWN - 4 * (ORIGINS - 1 - i), horizon = origin == KNOWN ? AHEAD : KNOWN - origin;
        assert_ok(department_known_new(&w->panel, origin, horizon, &x->known[i]));
        assert_ok(department_signs_init(&x->signs[i], x->known[i]));
        x->point[i] = calloc(horizon * series, sizeof(double));
        assert_ok(department_forecast_full(x->known[i], x->point[i], &x->signs[i]));
        x->issued[i] = (struct department_issued){x->known[i], &x->signs[i], x->point[i]};
    }
    x->quantile = calloc(AHEAD * series * DEPARTMENT_LEVELS, sizeof(double));
    x->status = department_quantiles(x->issued, ORIGINS, x->quantile);
}

static void issues_done(struct issues *x)
{
    for (size_t i = 0; i < ORIGINS; i++) {
        department_known_free(x->known[i]);
        department_signs_done(&x->signs[i]);
        free(x->point[i]);
    }
    free(x->quantile);
}

struct golden {
    struct table_file t;
    size_t what, column, h, value;
};

static void golden_init(struct golden *g)
{
    table_file_read(&g->t, source_path("tests/golden/departments_forecasts.csv"));
    g->what = table_file_column(&g->t, "what");
    g->column = table_file_column(&g->t, "column");
    g->h = table_file_column(&g->t, "h");
    g->value = table_file_column(&g->t, "value");
}

static size_t golden_number(const struct golden *g, size_t row, size_t column)
{
    return (size_t)table_file_number(&g->t, row, column);
}

/* The maker's columns are in order of (store, department) too. */
static void model_and_quantiles_equal_the_definition(void **state)
{
    (void)state;
    struct world w;
    struct issues x;
    struct golden g;
    world_init(&w);
    issues_init(&x, &w);
    assert_ok(x.status);
    golden_init(&g);
    size_t compared = 0;
    for (size_t row = 0; row < g.t.rows; row++) {
        const char *what = table_file_text(&g.t, row, g.what);
        const size_t cell = (golden_number(&g, row, g.h) - 1) * w.data.series + golden_number(&g, row, g.column);
        const double expected = table_file_number(&g.t, row, g.value);
        if (strcmp(what, "point") == 0)
            assert_near(x.point[ORIGINS - 1][cell], expected, TOLERANCE);
        else if (strncmp(what, "quantile", 8) == 0)
            assert_near(x.quantile[cell * DEPARTMENT_LEVELS + (size_t)(what[8] - '0')], expected, TOLERANCE);
        else
            continue;
        compared++;
    }
    assert_int_equal(compared, w.data.series * 4 * 4);
    table_file_done(&g.t);
    issues_done(&x);
    world_done(&w);
}

/* Logs of one department, with gaps and spikes; returns how many series. Caller frees. */
static double *department_logs(const struct world *w, size_t department, size_t *out_series)
{
    size_t n = 0;
    double *x = calloc(KNOWN * w->data.series, sizeof *x);
    for (size_t s = 0; s < w->data.series; s++)
        n += w->data.department[s] == department;
    for (size_t t = 0; t < KNOWN; t++)
        for (size_t s = 0, i = 0; s < w->data.series; s++)
            if (w->data.department[s] == department) {
                const double v = w->data.value[t * w->data.series + s];
                x[t * n + i++] = v > 0 ? log(v) : NAN;
            }
    *out_series = n;
    return x;
}

static void fill_gaps(double *x, size_t series)
{
    double *copy = calloc(KNOWN * series, sizeof *copy);
    bool *flag = calloc(KNOWN * series, sizeof *flag);
    memcpy(copy, x, KNOWN * series * sizeof *copy);
    assert_ok(cleaning_fill_pool(copy, KNOWN, series));
    assert_ok(cleaning_flag_outliers(copy, KNOWN, series, 52, flag));
    for (size_t i = 0; i < KNOWN * series; i++)
        x[i] = flag[i] ? NAN : x[i];
    assert_ok(cleaning_fill_pool(x, KNOWN, series));
    free(copy);
    free(flag);
}

static void damped_growth_equals_its_definition(void **state)
{
    (void)state;
    struct world w;
    struct golden g;
    size_t series;
    world_init(&w);
    golden_init(&g);
    double *x = department_logs(&w, 1, &series), *out = calloc(52 * series, sizeof *out);
    fill_gaps(x, series);
    const struct damped_input in = {x, KNOWN, series, w.data.first, w.calendar, 52, false};
    assert_ok(damped_forecast(&in, yoy_averaged, YOY_AVERAGED, out));
    for (size_t row = 0; row < g.t.rows; row++)
        if (strcmp(table_file_text(&g.t, row, g.what), "damped") == 0)
            assert_near(out[(golden_number(&g, row, g.h) - 1) * series + golden_number(&g, row, g.column)],
                        table_file_number(&g.t, row, g.value), TOLERANCE);
    free(x);
    free(out);
    table_file_done(&g.t);
    world_done(&w);
}

static void covariate_panel_equals_its_definition(void **state)
{
    (void)state;
    struct world w;
    struct golden g;
    size_t series;
    world_init(&w);
    golden_init(&g);
    double *x = department_logs(&w, 1, &series), out[8 * 20];
    const size_t rows = KNOWN + 8, holidays = calendar_holiday_count(w.calendar), columns = holidays + 6;
    double *own = calloc(rows * series * 2, sizeof *own), *common = calloc(rows * columns, sizeof *common);
    for (size_t t = 0; t < rows; t++) {
        memcpy(common + t * columns, calendar_holidays(w.calendar, w.data.first + (period_t)t), holidays * sizeof *common);
        memcpy(common + t * columns + holidays, calendar_annual(w.calendar, w.data.first + (period_t)t), 6 * sizeof *common);
    }
    for (size_t row = 0; row < g.t.rows; row++) {
        const char *what = table_file_text(&g.t, row, g.what);
        if (strncmp(what, "own", 3) == 0)
            own[(golden_number(&g, row, g.h) * series + golden_number(&g, row, g.column)) * 2 + (size_t)(what[3] - '0')] =
                table_file_number(&g.t, row, g.value);
    }
    const struct covariate_input in = {x, KNOWN, series, 8, own, 2, common, columns};
    assert_ok(covariate_forecast(&in, &covariate_default, out));
    for (size_t row = 0; row < g.t.rows; row++)
        if (strcmp(table_file_text(&g.t, row, g.what), "covariate") == 0)
            assert_near(out[(golden_number(&g, row, g.h) - 1) * series + golden_number(&g, row, g.column)],
                        table_file_number(&g.t, row, g.value), TOLERANCE);
    free(x);
    free(own);
    free(common);
    table_file_done(&g.t);
    world_done(&w);
}

/* ------------------------------------------------------------------------------------------ protocol fev */

static struct fev_input window_of(const struct world *w)
{
    return (struct fev_input){.panel = &w->panel, .known = KNOWN, .ahead = AHEAD, .threads = 1};
}

static void scores_equal_the_definition(void **state)
{
    (void)state;
    static const char *const names[FEV_METRICS] = {"WAPE", "MASE", "SQL", "WQL"};
    struct world w;
    struct golden g;
    struct fev_sums sums[FEV_MODELS] = {{0}};
    world_init(&w);
    golden_init(&g);
    const struct fev_input in = window_of(&w);
    assert_ok(fev_run(&in, sums));
    for (size_t row = 0; row < g.t.rows; row++)
        for (enum fev_metric m = 0; m < FEV_METRICS; m++)
            if (strcmp(table_file_text(&g.t, row, g.what), names[m]) == 0)
                assert_near(fev_metric_value(FEV_DEPARTMENTS, &sums[FEV_DEPARTMENTS], m), table_file_number(&g.t, row, g.value), TOLERANCE);
    for (enum fev_model m = 0; m < FEV_MODELS; m++) {
        const bool is_point = m == FEV_NAIVE || m == FEV_SEASONAL_NAIVE;
        assert_int_equal(sums[m].n, sums[FEV_NAIVE].n);
        assert_true(is_point ? sums[m].failed == 0 : sums[m].failed > 0 && sums[m].failed <= AHEAD); /* one never sold */
        assert_true(fev_metric_value(m, &sums[m], FEV_WAPE) > 0);
        assert_true(isnan(fev_metric_value(m, &sums[m], FEV_WQL)) == is_point);
    }
    table_file_done(&g.t);
    world_done(&w);
}

static void count_progress(void *user, size_t done, size_t total)
{
    size_t *last = user;
    assert_true(done > *last && done <= total);
    *last = done;
}

static void threads_change_no_byte(void **state)
{
    (void)state;
    struct world w;
    struct fev_sums one[FEV_MODELS] = {{0}}, many[FEV_MODELS] = {{0}};
    world_init(&w);
    struct fev_input in = window_of(&w);
    assert_ok(fev_run(&in, one));
    size_t done = 0;
    in.threads = 3;
    in.user = &done;
    in.on_progress = count_progress;
    assert_ok(fev_run(&in, many));
    assert_int_equal(done, ORIGINS);
    assert_string_equal(fev_model_name(FEV_ENSEMBLE), "ensemble");
    assert_string_equal(fev_model_name(FEV_NAIVE), "naive");
    assert_memory_equal(one, many, sizeof one);
    world_done(&w);
}

/* Everything from the window on by a random factor: forecasts stay the same to the byte; the week before it matters. */
static void nothing_from_the_window_on_is_looked_at(void **state)
{
    (void)state;
    struct world w;
    struct issues before, after, moved;
    world_init(&w);
    issues_init(&before, &w);
    for (size_t i = KNOWN * w.data.series; i < WEEKS * w.data.series; i++)
        w.data.value[i] *= .1 + (double)(i * 7919 % 101) / 10;
    issues_init(&after, &w);
    for (size_t s = 0; s < w.data.series; s++)
        w.data.value[(KNOWN - 1) * w.data.series + s] *= 1.01;
    issues_init(&moved, &w);
    const size_t bytes = AHEAD * w.data.series * DEPARTMENT_LEVELS * sizeof(double);
    assert_memory_equal(before.quantile, after.quantile, bytes);
    assert_memory_not_equal(before.quantile, moved.quantile, bytes);
    issues_done(&before);
    issues_done(&after);
    issues_done(&moved);
    world_done(&w);
}

static void sales_in_another_currency_move_all_quantiles_alike(void **state)
{
    (void)state;
    struct world w;
    struct issues dollars, cents;
    world_init(&w);
    issues_init(&dollars, &w);
    for (size_t i = 0; i < WEEKS * w.data.series; i++)
        w.data.value[i] *= 100;
    issues_init(&cents, &w);
    for (size_t i = 0; i < AHEAD * w.data.series * DEPARTMENT_LEVELS; i++)
        assert_near(cents.quantile[i], dollars.quantile[i] + log(100), 1e-6); /* intercepts have a penalty of 1e-8 */
    issues_done(&dollars);
    issues_done(&cents);
    world_done(&w);
}

static void quantiles_ascend_and_stay_within_the_bounds(void **state)
{
    (void)state;
    struct world w;
    struct issues x;
    world_init(&w);
    issues_init(&x, &w);
    for (size_t cell = 0; cell < AHEAD * w.data.series; cell++) {
        const double *q = x.quantile + cell * DEPARTMENT_LEVELS;
        const struct department_known *known = x.known[ORIGINS - 1];
        const size_t s = cell % w.data.series;
        for (size_t k = 0; k < DEPARTMENT_LEVELS && !isnan(q[0]); k++) {
            assert_true(k == 0 || q[k] >= q[k - 1]);
            assert_true(q[k] >= known->low[s] && q[k] <= known->high[s]);
        }
        assert_true(isnan(q[0]) == (known->observed[s] == 0));
    }
    issues_done(&x);
    world_done(&w);
}

/* ------------------------------------------------------------------------------------------ ugly input */

static void constant_sales_stay_constant(void **state)
{
    (void)state;
    struct world w;
    struct issues x;
    world_init(&w);
    for (size_t i = 0; i < WEEKS * w.data.series; i++)
        w.data.value[i] = 250;
    issues_init(&x, &w);
    assert_ok(x.status);
    for (size_t i = 0; i < AHEAD * w.data.series * DEPARTMENT_LEVELS; i++)
        assert_near(x.quantile[i], log(250), 1e-6);
    issues_done(&x);
    world_done(&w);
}

struct ugly {
    const char *name;
    double (*value)(size_t t);
};

static double all_missing(size_t t)
{
    return t == 0 ? NAN : NAN;
}
static double all_zero(size_t t)
{
    return t == 0 ? 0 : 0;
}
static double one_point(size_t t)
{
    return t == 3 ? 5 : NAN;
}
static double huge(size_t t)
{
    return t % 2 ? 1e300 : 1e299;
}
static double tiny(size_t t)
{
    return t % 2 ? 1e-300 : 1e-299;
}
static double both(size_t t)
{
    return t % 2 ? 1e300 : 1e-300;
}
static double negative(size_t t)
{
    return -1.0 - (double)t;
}
static double infinite(size_t t)
{
    return t % 5 == 0 ? INFINITY : 7 + (double)t;
}
static double late(size_t t)
{
    return t < KNOWN ? NAN : 3;
}
static const struct ugly uglies[] = {{"missing", all_missing}, {"zero", all_zero},     {"one", one_point},
                                     {"huge", huge},           {"tiny", tiny},         {"both", both},
                                     {"negative", negative},   {"infinite", infinite}, {"late", late}};

/* Whatever one series is like: no step of it is infinite, and a series of another store and department keeps its forecast finite. */
static void ugly_series_give_numbers_or_none(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof uglies / sizeof *uglies; k++) {
        struct world w;
        struct issues x;
        world_init(&w);
        const size_t ugly = departments_find(&w.data, 3, 3), other = departments_find(&w.data, 1, 1);
        for (size_t t = 0; t < WEEKS; t++)
            w.data.value[t * w.data.series + ugly] = uglies[k].value(t);
        issues_init(&x, &w);
        assert_ok(x.status);
        for (size_t h = 0; h < AHEAD; h++) {
            const double *q = x.quantile + (h * w.data.series + ugly) * DEPARTMENT_LEVELS;
            for (size_t level = 0; level < DEPARTMENT_LEVELS; level++)
                assert_false(isinf(q[level]));
            assert_true(isfinite(x.quantile[(h * w.data.series + other) * DEPARTMENT_LEVELS]));
        }
        struct fev_sums sums[FEV_MODELS] = {{0}};
        const struct fev_input in = window_of(&w);
        assert_ok(fev_run(&in, sums));
        issues_done(&x);
        world_done(&w);
    }
}

static void whole_pools_of_nothing_have_no_quantiles(void **state)
{
    (void)state;
    struct world w;
    struct issues x;
    world_init(&w);
    for (size_t i = 0; i < WEEKS * w.data.series; i++)
        w.data.value[i] = i % 2 ? 0 : NAN;
    issues_init(&x, &w);
    assert_status(x.status, STATUS_TOO_SHORT);
    struct fev_sums sums[FEV_MODELS] = {{0}};
    const struct fev_input in = window_of(&w);
    assert_ok(fev_run(&in, sums));
    assert_int_equal(sums[FEV_ENSEMBLE].n, sums[FEV_ENSEMBLE].failed);
    assert_true(isnan(fev_metric_value(FEV_ENSEMBLE, &sums[FEV_ENSEMBLE], FEV_WAPE))); /* nothing was sold */
    issues_done(&x);
    world_done(&w);
}

static void too_little_is_said(void **state)
{
    (void)state;
    struct world w;
    struct department_known *k = NULL;
    struct fev_sums sums[FEV_MODELS] = {{0}};
    double out[8];
    world_init(&w);
    assert_status(department_known_new(&w.panel, 53, 8, &k), STATUS_TOO_SHORT);
    struct fev_input in = window_of(&w);
    in.known = FEV_MIN_KNOWN - 1;
    assert_status(fev_run(&in, sums), STATUS_TOO_SHORT);
    in.known = FEV_MIN_KNOWN;
    assert_ok(fev_run(&in, sums));
    const struct damped_input damped = {w.data.value, 53, 1, w.data.first, w.calendar, 8, false};
    assert_status(damped_forecast(&damped, &yoy_single, 1, out), STATUS_TOO_SHORT);
    world_done(&w);
}

/* Wide pools, so that there are fewer common vectors than series. */
static void damped_growth_of_a_wide_pool_moves_with_its_level(void **state)
{
    (void)state;
    enum { SERIES = 30, STEPS = 20 };
    struct world w;
    world_init(&w);
    double *x = calloc(KNOWN * SERIES, sizeof *x), *out = calloc(2 * STEPS * SERIES, sizeof *out), *moved = out + STEPS * SERIES;
    for (size_t i = 0; i < KNOWN * SERIES; i++)
        x[i] = 5 + .3 * sin((double)(i / SERIES) * .12) + .001 * (double)(i * 7919 % 101);
    for (int units = 0; units < 2; units++) {
        const struct damped_input in = {x, KNOWN, SERIES, w.data.first, w.calendar, STEPS, units};
        assert_ok(damped_forecast(&in, yoy_averaged, YOY_AVERAGED, out));
        for (size_t i = 0; i < KNOWN * SERIES; i++)
            x[i] += 2;
        assert_ok(damped_forecast(&in, yoy_averaged, YOY_AVERAGED, moved));
        for (size_t i = 0; i < STEPS * SERIES; i++)
            assert_near(moved[i], out[i] + 2, 1e-6);
    }
    const struct damped_input in = {x, KNOWN, SERIES, w.data.first, w.calendar, STEPS, false};
    x[70] = 1e200; /* no logarithm: its square is not finite */
    assert_status(damped_forecast(&in, yoy_averaged, YOY_AVERAGED, out), STATUS_NO_CONVERGE);
    x[70] = NAN;
    assert_status(damped_forecast(&in, yoy_averaged, YOY_AVERAGED, out), STATUS_NOT_POSITIVE);
    free(x);
    free(out);
    world_done(&w);
}

static void covariates_alone_explain_what_they_made(void **state)
{
    (void)state;
    enum { PERIODS = 40, SERIES = 5, AHEAD_ = 4 };
    double x[PERIODS * SERIES], own[(PERIODS + AHEAD_) * SERIES], out[AHEAD_ * SERIES];
    for (size_t i = 0; i < (PERIODS + AHEAD_) * SERIES; i++)
        own[i] = i * 7 % 11 < 3;
    for (size_t i = 0; i < PERIODS * SERIES; i++)
        x[i] = 4 + (double)(i % SERIES) + .3 * own[i];
    const struct covariate_input in = {x, PERIODS, SERIES, AHEAD_, own, 1, NULL, 0};
    assert_ok(covariate_forecast(&in, &covariate_default, out));
    for (size_t i = 0; i < AHEAD_ * SERIES; i++)
        assert_near(out[i], 4 + (double)(i % SERIES) + .3 * own[PERIODS * SERIES + i], .01);
    for (size_t i = 0; i < PERIODS; i++) /* one series closed all the time: the others' mean */
        x[i * SERIES] = NAN;
    assert_ok(covariate_forecast(&in, &covariate_default, out));
    assert_true(isfinite(out[0]));
    for (size_t i = 0; i < PERIODS * SERIES; i++)
        x[i] = NAN;
    assert_status(covariate_forecast(&in, &covariate_default, out), STATUS_TOO_SHORT);
    const struct covariate_input none = {x, PERIODS, SERIES, AHEAD_, NULL, 0, NULL, 0};
    assert_status(covariate_forecast(&none, &covariate_default, out), STATUS_TOO_SHORT);
    x[0] = x[SERIES] = 1;
    own[0] = INFINITY;
    assert_status(covariate_forecast(&in, &covariate_default, out), STATUS_SINGULAR);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_and_quantiles_equal_the_definition),
        cmocka_unit_test(damped_growth_equals_its_definition),
        cmocka_unit_test(covariate_panel_equals_its_definition),
        cmocka_unit_test(scores_equal_the_definition),
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(nothing_from_the_window_on_is_looked_at),
        cmocka_unit_test(sales_in_another_currency_move_all_quantiles_alike),
        cmocka_unit_test(quantiles_ascend_and_stay_within_the_bounds),
        cmocka_unit_test(constant_sales_stay_constant),
        cmocka_unit_test(ugly_series_give_numbers_or_none),
        cmocka_unit_test(whole_pools_of_nothing_have_no_quantiles),
        cmocka_unit_test(too_little_is_said),
        cmocka_unit_test(damped_growth_of_a_wide_pool_moves_with_its_level),
        cmocka_unit_test(covariates_alone_explain_what_they_made),
    };
    return fixture_run(argc, argv, tests);
}
