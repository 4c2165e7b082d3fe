/* Orders against R's auto.arima: on its own data sets, and on the growth series of the stores (shared data). */
#include "forecast/arima_search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forecast/arima_forecast.h"
#include "support/fixture.h"
#include "support/golden_series.h"
#include "support/shared.h"
#include "support/table_file.h"

static enum status search(const double *y, size_t n, size_t period, struct arima_fitted *out)
{
    struct arima_fitter *fitter;
    size_t tried;
    const enum status status = arima_search(&(struct arima_input){.y = y, .n = n}, &(struct arima_search){period}, &fitter, out, &tried);
    if (!status)
        arima_fitter_free(fitter);
    return status;
}

static bool has_gap(const struct golden_series *s)
{
    for (size_t t = 0; t < s->n; t++)
        if (isnan(s->y[t]))
            return true;
    return false;
}

/* The criterion is compared where differences agree: else it is of other data. */
static void least_criteria_are_those_of_r_or_less(void **state)
{
    (void)state;
    struct table_file file;
    table_file_read(&file, source_path("tests/golden/arima/fits.csv"));
    size_t plain = 0, plain_good = 0, seasonal = 0, seasonal_good = 0;
    for (size_t row = 0; row < file.rows; row++) {
        struct golden_series s;
        struct arima_fitted best;
        const char *name = table_file_text(&file, row, 0);
        if (strcmp(table_file_text(&file, row, 1), "auto") != 0)
            continue;
        golden_series_read(name, "none", &s);
        const size_t period = (size_t)table_file_value(&file, row, "period");
        if (has_gap(&s))
            continue;
        assert_ok(search(s.y, s.n, period, &best));
        const double r = table_file_value(&file, row, "aicc");
        const bool same_data = (double)best.order.d == table_file_value(&file, row, "d") &&
                               (double)best.order.seasonal_d == table_file_value(&file, row, "D");
        const bool good = same_data && best.aicc <= r + .02; /* .02: R's prior for levels, see test_arima_likelihood */
        if (!good)
            print_message("%s: (%zu,%zu,%zu)(%zu,%zu,%zu)%s %.4f, R has %.4f\n", name, best.order.p, best.order.d, best.order.q,
                          best.order.seasonal_p, best.order.seasonal_d, best.order.seasonal_q, best.order.has_constant ? "c" : "",
                          best.aicc, r);
        plain += period == 1, plain_good += period == 1 && good;
        seasonal += period > 1, seasonal_good += period > 1 && good;
    }
    print_message("%zu of %zu without a period, %zu of %zu with one\n", plain_good, plain, seasonal_good, seasonal);
    assert_true(plain_good + 1 >= plain);
    assert_true(seasonal_good + 1 >= seasonal);
    table_file_done(&file);
}

/* All 630 growth series of the reference: the same order in 95 of 100, a criterion no higher in 98. */
static void growth_of_the_stores_gets_the_orders_that_r_gives(void **state)
{
    (void)state;
    struct table_file series, answers;
    table_file_read(&series, shared_path_or_skip("reference/growth_series.csv"));
    table_file_read(&answers, shared_path_or_skip("reference/growth_auto_arima.csv"));
    assert_true(series.rows == 630 && answers.rows == 630);
    size_t same = 0, low = 0;
    for (size_t row = 0; row < series.rows; row++) {
        double y[200], expected[43], forecast[43];
        struct arima_fitter *fitter;
        struct arima_fitted best;
        struct arima_model model;
        size_t p, d, q, tried;
        assert_string_equal(table_file_text(&series, row, 1), table_file_text(&answers, row, 1));
        const size_t n = golden_list(table_file_text(&series, row, 3), y, 200);
        const struct arima_input input = {.y = y, .n = n};
        assert_ok(arima_search(&input, &(struct arima_search){1}, &fitter, &best, &tried));
        assert_int_equal(sscanf(table_file_text(&answers, row, 3), "%zu %zu %zu", &p, &d, &q), 3);
        const bool constant = table_file_value(&answers, row, "constant") != 0;
        const bool equal = best.order.p == p && best.order.d == d && best.order.q == q && best.order.has_constant == constant;
        const double aicc = table_file_value(&answers, row, "aicc");
        same += equal;
        low += best.aicc <= aicc + 1e-3;
        if (equal && fabs(best.aicc - aicc) < 1e-5) {
            const size_t steps = golden_list(table_file_text(&answers, row, 7), expected, 43);
            arima_fit_model(fitter, &best, &model);
            arima_forecast(&model, NULL, steps, forecast, NULL);
            for (size_t h = 0; h < steps; h++)
                assert_near(forecast[h], expected[h], 1e-3);
        }
        arima_fitter_free(fitter);
    }
    print_message("same order %.1f %%, criterion no higher %.1f %%\n", (double)same / 6.3, (double)low / 6.3);
    assert_true(same * 100 >= 630 * 95);
    assert_true(low * 100 >= 630 * 98);
    table_file_done(&series);
    table_file_done(&answers);
}

static void a_constant_is_forecast_as_it_is(void **state)
{
    (void)state;
    double y[60];
    struct arima_fitted best;
    for (size_t t = 0; t < 60; t++)
        y[t] = 7.25;
    assert_ok(search(y, 60, 12, &best));
    assert_true(arima_order_equal(&best.order, &(struct arima_order){.period = 12, .has_constant = true}));
    assert_near(best.beta[0], 7.25, 1e-12);
    for (size_t t = 0; t < 60; t++)
        y[t] = 3 * (double)t;
    assert_ok(search(y, 60, 1, &best));
    assert_true(arima_order_equal(&best.order, &(struct arima_order){.d = 1, .period = 1, .has_constant = true}));
    assert_near(best.beta[0], 3, 1e-9);
}

static void a_season_of_weeks_is_only_differenced(void **state)
{
    (void)state;
    double y[160];
    struct arima_fitted best;
    for (size_t t = 0; t < 160; t++)
        y[t] = 10 * sin(2 * M_PI * (double)t / 52) + .3 * sin((double)(t * t % 97));
    assert_ok(search(y, 160, 52, &best));
    assert_int_equal(best.order.seasonal_d, 1);
    assert_int_equal(best.order.seasonal_p + best.order.seasonal_q, 0);
}

static void ugly_series_give_an_order_or_a_status(void **state)
{
    (void)state;
    double y[70];
    const double kinds[] = {NAN, 0, 1e300, 1e-300, -5, INFINITY};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t n = 0; n <= 70; n += n < 8 ? 1 : 31) {
            struct arima_fitted best;
            for (size_t t = 0; t < 70; t++)
                y[t] = kinds[k] * (1 + .1 * sin((double)(t * t)));
            if (n > 4)
                y[3] = k % 2 ? NAN : 1;
            const enum status status = search(y, n, 12, &best);
            assert_true(status == STATUS_OK || status == STATUS_TOO_SHORT || status == STATUS_NO_CONVERGE);
            assert_true(status != STATUS_OK || arima_order_valid(&best.order));
        }
}

/* Regressors are found again, and those that others explain do no harm. */
static void regressors_come_first(void **state)
{
    (void)state;
    double y[100], x[300];
    struct arima_fitter *fitter;
    struct arima_fitted best;
    size_t tried;
    for (size_t t = 0; t < 100; t++) {
        x[3 * t] = t % 10 == 0;
        x[3 * t + 1] = 2 * x[3 * t];
        x[3 * t + 2] = cos((double)t);
        y[t] = 4 * x[3 * t] + 2 * x[3 * t + 2] + .1 * sin((double)(t * t));
    }
    const struct arima_input input = {y, 100, x, 3};
    assert_ok(arima_search(&input, &(struct arima_search){1}, &fitter, &best, &tried));
    assert_int_equal(best.dropped, 1);
    assert_near(best.beta[0], 4, .15);
    assert_near(best.beta[2], 2, .1);
    assert_true(tried <= ARIMA_SEARCH_MODELS);
    arima_fitter_free(fitter);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_criteria_are_those_of_r_or_less),
        cmocka_unit_test(growth_of_the_stores_gets_the_orders_that_r_gives),
        cmocka_unit_test(a_constant_is_forecast_as_it_is),
        cmocka_unit_test(a_season_of_weeks_is_only_differenced),
        cmocka_unit_test(ugly_series_give_an_order_or_a_status),
        cmocka_unit_test(regressors_come_first),
    };
    return fixture_run(argc, argv, tests);
}
