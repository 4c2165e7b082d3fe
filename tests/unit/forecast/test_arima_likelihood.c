/* The likelihood against its definition (the covariance matrix of all values), R's values, and finite differences. */
#include "forecast/arima_gaps.h"
#include "forecast/arima_likelihood.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/golden_series.h"
#include "support/shared.h"
#include "support/table_file.h"

#define N 60

static double noise(unsigned *seed)
{
    double sum = 0;
    for (int k = 0; k < 12; k++) {
        *seed = *seed * 1664525u + 1013904223u;
        sum += (double)(*seed >> 8) / (double)(1u << 24);
    }
    return sum - 6;
}

static void random_parameters(unsigned *seed, size_t n, double *u)
{
    for (size_t k = 0; k < n; k++)
        u[k] = .5 * noise(seed);
}

/* Autocovariances from the definition: psi weights until they have died out. */
static void autocovariances(const struct arima_polynomials *p, size_t most, double *out)
{
    static double psi[40000];
    const size_t n = sizeof psi / sizeof *psi;
    for (size_t k = 0; k < n; k++) {
        psi[k] = k <= p->states ? p->ma[k] : 0;
        for (size_t j = 1; j <= (k < p->states ? k : p->states); j++)
            psi[k] -= p->ar[j] * psi[k - j];
    }
    for (size_t l = 0; l <= most; l++) {
        out[l] = 0;
        for (size_t k = 0; k + l < n; k++)
            out[l] += psi[k] * psi[k + l];
    }
}

/* Slow and obvious: rows of the Cholesky factor of the covariance matrix, applied to every column. */
static double slow_deviance(const struct arima_order *o, const double *u, const double *rows, size_t n, size_t columns)
{
    struct arima_polynomials p;
    double gamma[N], z[N * 8], l[N * N], logs = 0, gram[64] = {0}, beta[8];
    size_t dropped;
    arima_expand(o, u, &p);
    autocovariances(&p, n - 1, gamma);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = gamma[i - j];
            for (size_t k = 0; k < j; k++)
                sum -= l[i * n + k] * l[j * n + k];
            l[i * n + j] = i == j ? sqrt(sum) : sum / l[j * n + j];
        }
        logs += 2 * log(l[i * n + i]);
        for (size_t c = 0; c < columns; c++) {
            double sum = rows[i * columns + c];
            for (size_t k = 0; k < i; k++)
                sum -= l[i * n + k] * z[k * columns + c];
            z[i * columns + c] = sum / l[i * n + i];
        }
    }
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < columns; i++)
            for (size_t j = 0; j <= i; j++)
                gram[i * columns + j] += z[t * columns + i] * z[t * columns + j];
    const double sse = arima_regress(gram, columns, beta, &dropped);
    return (double)n * (1 + log(2 * M_PI * sse / (double)n)) + logs;
}

static const struct arima_order orders[] = {
    {.period = 1}, {.p = 1, .period = 1}, {.q = 1, .period = 1}, {.p = 2, .q = 1, .period = 1}, {.p = 5, .q = 5, .period = 1},
    {.p = 1, .q = 3, .period = 1}, {.seasonal_p = 1, .seasonal_q = 1, .period = 4}, {.p = 1, .q = 1, .seasonal_p = 2, .period = 4},
    {.q = 2, .seasonal_q = 2, .period = 12}, {.p = 2, .q = 1, .seasonal_p = 1, .seasonal_q = 1, .period = 12}};
#define ORDERS (sizeof orders / sizeof *orders)

static void make_rows(unsigned *seed, size_t columns, double *rows)
{
    for (size_t t = 0; t < N; t++)
        for (size_t c = 0; c < columns; c++)
            rows[t * columns + c] = c == columns - 1 && c > 0 ? 1 : noise(seed) + (c == 0 ? 3 : 0);
}

static void the_filter_agrees_with_the_covariance_matrix(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (size_t k = 0; k < ORDERS; k++)
        for (size_t columns = 1; columns <= 4; columns++) {
            double u[ARIMA_PARAMETERS_MAX], rows[N * 4];
            random_parameters(&seed, arima_parameters(&orders[k]), u);
            make_rows(&seed, columns, rows);
            const struct arima_data data = {N, columns, rows};
            struct arima_work *work;
            struct arima_profile profile;
            assert_ok(arima_work_new(N, columns, arima_states(&orders[k]), &work));
            arima_likelihood(&orders[k], u, &data, work, &profile);
            assert_near(profile.deviance, slow_deviance(&orders[k], u, rows, N, columns), 1e-8);
            arima_work_free(work);
        }
}

static void the_gradient_agrees_with_finite_differences(void **state)
{
    (void)state;
    unsigned seed = 2;
    const double h = 1e-4;
    for (size_t k = 0; k < ORDERS; k++)
        for (size_t columns = 1; columns <= 3; columns++) {
            const struct arima_order *o = &orders[k];
            double u[ARIMA_PARAMETERS_MAX], rows[N * 3], gradient[ARIMA_PARAMETERS_MAX];
            random_parameters(&seed, arima_parameters(o), u);
            make_rows(&seed, columns, rows);
            const struct arima_data data = {N, columns, rows};
            struct arima_work *work;
            struct arima_profile at, up, down;
            assert_ok(arima_work_new(N, columns, arima_states(o), &work));
            arima_likelihood(o, u, &data, work, &at);
            arima_gradient(o, u, &data, &at, work, gradient);
            for (size_t i = 0; i < arima_parameters(o); i++) {
                const double kept = u[i];
                u[i] = kept + h;
                arima_likelihood(o, u, &data, work, &up);
                u[i] = kept - h;
                arima_likelihood(o, u, &data, work, &down);
                u[i] = kept;
                const double numeric = (up.deviance - down.deviance) / (2 * h);
                assert_near(gradient[i], numeric, 1e-6 * (fabs(numeric) + 10));
            }
            arima_work_free(work);
        }
}

static void read_order(const struct table_file *file, size_t row, struct arima_order *o)
{
    *o = (struct arima_order){.p = (size_t)table_file_value(file, row, "p"),
                              .d = (size_t)table_file_value(file, row, "d"),
                              .q = (size_t)table_file_value(file, row, "q"),
                              .seasonal_p = (size_t)table_file_value(file, row, "P"),
                              .seasonal_d = (size_t)table_file_value(file, row, "D"),
                              .seasonal_q = (size_t)table_file_value(file, row, "Q"),
                              .period = (size_t)table_file_value(file, row, "period")};
}

/* R's prior for the levels is ours with gaps; without differences both are exact. */
static void fixed_parameters_give_the_likelihood_that_r_gives(void **state)
{
    (void)state;
    struct table_file file;
    table_file_read(&file, source_path("tests/golden/arima/likelihoods.csv"));
    assert_true(file.rows == 10);
    for (size_t row = 0; row < file.rows; row++) {
        struct golden_series s;
        struct arima_order o;
        double coefficients[ARIMA_PARAMETERS_MAX + 1], u[ARIMA_PARAMETERS_MAX], w[GOLDEN_SERIES_MAX];
        read_order(&file, row, &o);
        golden_series_read(table_file_text(&file, row, 0), table_file_text(&file, row, 1), &s);
        const size_t given = golden_list(table_file_text(&file, row, table_file_column(&file, "parameters")), coefficients,
                                         ARIMA_PARAMETERS_MAX + 1);
        assert_true(arima_parameters_of(&o, coefficients, u));
        bool gaps = false;
        for (size_t t = 0; t < s.n; t++) {
            s.y[t] -= given > arima_parameters(&o) ? coefficients[given - 1] : 0;
            gaps = gaps || isnan(s.y[t]);
        }
        const double expected = table_file_value(&file, row, "loglik"), sigma2 = table_file_value(&file, row, "sigma2");
        struct arima_gaps *with_gaps;
        struct arima_profile profile;
        size_t counted;
        assert_ok(arima_gaps_new(1, arima_states(&o), arima_differencing(&o), &with_gaps));
        const struct arima_data levels = {s.n, 1, s.y};
        arima_gaps_likelihood(&o, u, &levels, with_gaps, &profile, &counted);
        assert_near(-.5 * profile.deviance, expected, 1e-8);
        assert_near(profile.sigma2 / sigma2, 1, 1e-9);
        arima_gaps_free(with_gaps);
        if (gaps)
            continue;
        struct arima_work *work;
        arima_difference(&o, s.y, 1, s.n, w, 1);
        const struct arima_data data = {s.n - arima_differencing(&o), 1, w};
        assert_ok(arima_work_new(data.n, 1, arima_states(&o), &work));
        arima_likelihood(&o, u, &data, work, &profile);
        const bool exact = arima_differencing(&o) == 0;
        assert_near(-.5 * profile.deviance, expected, exact ? 1e-9 * fabs(expected) : 4e-3);
        arima_work_free(work);
    }
    table_file_done(&file);
}

/* A mean over what is there: with white noise a gap only takes its own value away. */
static void a_gap_costs_one_observation(void **state)
{
    (void)state;
    unsigned seed = 3;
    const struct arima_order white = {.period = 1};
    double rows[N * 2], kept[N * 2];
    make_rows(&seed, 2, rows);
    size_t count = 0;
    for (size_t t = 0; t < N; t++) {
        if (t % 7 == 3) {
            rows[2 * t] = NAN;
            continue;
        }
        memcpy(kept + 2 * count++, rows + 2 * t, 2 * sizeof *kept);
    }
    struct arima_gaps *gaps;
    struct arima_work *work;
    struct arima_profile a, b;
    size_t counted;
    assert_ok(arima_gaps_new(2, 1, 0, &gaps));
    assert_ok(arima_work_new(N, 2, 1, &work));
    arima_gaps_likelihood(&white, NULL, &(struct arima_data){N, 2, rows}, gaps, &a, &counted);
    arima_likelihood(&white, NULL, &(struct arima_data){count, 2, kept}, work, &b);
    assert_int_equal(counted, count);
    assert_near(a.deviance, b.deviance, 1e-10);
    assert_near(a.beta[0], b.beta[0], 1e-12);
    arima_gaps_free(gaps);
    arima_work_free(work);
}

static void columns_that_others_explain_are_dropped(void **state)
{
    (void)state;
    unsigned seed = 4;
    double rows[N * 3];
    for (size_t t = 0; t < N; t++) {
        rows[3 * t] = noise(&seed);
        rows[3 * t + 1] = (double)t;
        rows[3 * t + 2] = 2 * (double)t;
    }
    struct arima_work *work;
    struct arima_profile profile;
    assert_ok(arima_work_new(N, 3, 1, &work));
    arima_likelihood(&(struct arima_order){.period = 1}, NULL, &(struct arima_data){N, 3, rows}, work, &profile);
    assert_int_equal(profile.dropped, 1);
    assert_near(profile.beta[1], 0, 0);
    assert_true(isfinite(profile.deviance));
    arima_work_free(work);
}

static void nothing_left_has_no_likelihood(void **state)
{
    (void)state;
    const double rows[4] = {0};
    struct arima_work *work;
    struct arima_profile profile;
    assert_ok(arima_work_new(4, 1, 1, &work));
    arima_likelihood(&(struct arima_order){.period = 1}, NULL, &(struct arima_data){4, 1, rows}, work, &profile);
    assert_true(isnan(profile.deviance));
    assert_near(profile.sse, 0, 0);
    arima_work_free(work);
    arima_work_free(NULL);
    arima_gaps_free(NULL);
}

static void coefficients_and_parameters_are_inverse(void **state)
{
    (void)state;
    unsigned seed = 5;
    for (size_t k = 0; k < ORDERS; k++) {
        double u[ARIMA_PARAMETERS_MAX], c[ARIMA_PARAMETERS_MAX], back[ARIMA_PARAMETERS_MAX];
        random_parameters(&seed, arima_parameters(&orders[k]), u);
        arima_coefficients(&orders[k], u, c);
        assert_true(arima_parameters_of(&orders[k], c, back));
        for (size_t i = 0; i < arima_parameters(&orders[k]); i++)
            assert_near(back[i], u[i], 1e-9);
    }
    const double walk[] = {1}, explosive[] = {1.2, .5};
    double u[2];
    assert_false(arima_parameters_of(&orders[1], walk, u));
    assert_false(arima_parameters_of(&(struct arima_order){.p = 2, .period = 1}, explosive, u));
}

static void roots_near_the_unit_circle_are_seen(void **state)
{
    (void)state;
    const struct arima_order ar = {.p = 1, .period = 1}, seasonal = {.seasonal_q = 1, .period = 12};
    const double clear = .98, near = .995, far_seasonal = .88, near_seasonal = .89; /* 1.01^-12 = .8874 */
    double u[1];
    assert_true(arima_parameters_of(&ar, &clear, u) && arima_roots_clear(&ar, u, 1.01));
    assert_true(arima_parameters_of(&ar, &near, u) && !arima_roots_clear(&ar, u, 1.01));
    assert_true(arima_parameters_of(&seasonal, &far_seasonal, u) && arima_roots_clear(&seasonal, u, 1.01));
    assert_true(arima_parameters_of(&seasonal, &near_seasonal, u) && !arima_roots_clear(&seasonal, u, 1.01));
}

static void impossible_orders_are_refused(void **state)
{
    (void)state;
    assert_true(arima_order_valid(&(struct arima_order){.p = 2, .d = 1, .q = 1, .seasonal_p = 1, .seasonal_d = 1, .period = 12}));
    assert_true(arima_order_valid(&(struct arima_order){.p = 2, .seasonal_d = 1, .period = 52}));
    assert_false(arima_order_valid(&(struct arima_order){.p = 13, .period = 1}));
    assert_false(arima_order_valid(&(struct arima_order){.d = 3, .period = 1}));
    assert_false(arima_order_valid(&(struct arima_order){.seasonal_p = 1, .period = 1}));
    assert_false(arima_order_valid(&(struct arima_order){.seasonal_p = 1, .period = 52}));
    assert_false(arima_order_valid(&(struct arima_order){.p = 1}));
    assert_false(arima_order_valid(&(struct arima_order){.d = 1, .seasonal_d = 1, .period = 4, .has_constant = true}));
}

static void differences_agree_with_their_polynomial(void **state)
{
    (void)state;
    unsigned seed = 6;
    const struct arima_order all[] = {{.period = 1}, {.d = 1, .period = 1}, {.d = 2, .period = 1},
                                      {.seasonal_d = 1, .period = 12}, {.d = 2, .seasonal_d = 1, .period = 4}};
    double y[N], w[N], polynomial[16];
    for (size_t t = 0; t < N; t++)
        y[t] = noise(&seed);
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        const size_t lost = arima_differencing(&all[k]);
        arima_difference(&all[k], y, 1, N, w, 1);
        arima_difference_polynomial(&all[k], polynomial);
        for (size_t t = lost; t < N; t++) {
            double sum = 0;
            for (size_t j = 0; j <= lost; j++)
                sum += polynomial[j] * y[t - j];
            assert_near(w[t - lost], sum, 1e-12);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_filter_agrees_with_the_covariance_matrix),
        cmocka_unit_test(the_gradient_agrees_with_finite_differences),
        cmocka_unit_test(fixed_parameters_give_the_likelihood_that_r_gives),
        cmocka_unit_test(a_gap_costs_one_observation),
        cmocka_unit_test(columns_that_others_explain_are_dropped),
        cmocka_unit_test(nothing_left_has_no_likelihood),
        cmocka_unit_test(coefficients_and_parameters_are_inverse),
        cmocka_unit_test(roots_near_the_unit_circle_are_seen),
        cmocka_unit_test(impossible_orders_are_refused),
        cmocka_unit_test(differences_agree_with_their_polynomial),
    };
    return fixture_run(argc, argv, tests);
}
