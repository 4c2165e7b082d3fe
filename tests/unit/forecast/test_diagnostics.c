#include "forecast/diagnostics.h"

#include <math.h>
#include <string.h>

#include "support/fixture.h"

#define N 200

static double noise(unsigned *seed)
{
    double sum = 0;
    for (int k = 0; k < 12; k++) {
        *seed = *seed * 1664525u + 1013904223u;
        sum += (double)(*seed >> 8) / (double)(1u << 24);
    }
    return sum - 6;
}

/* From tables of the distribution. */
static void chances_of_chi_square(void **state)
{
    (void)state;
    const struct {
        size_t degrees;
        double x;
    } five_percent[] = {{1, 3.841458820694124}, {2, 5.991464547107979}, {3, 7.814727903251179}, {10, 18.307038053275146},
                        {21, 32.670573340917315}, {24, 36.41502850180731}};
    for (size_t k = 0; k < sizeof five_percent / sizeof *five_percent; k++)
        assert_near(diagnostics_chi_square(five_percent[k].x, five_percent[k].degrees), .05, 1e-12);
    assert_near(diagnostics_chi_square(1, 1), erfc(sqrt(.5)), 1e-14);
    assert_near(diagnostics_chi_square(0, 3), 1, 0);
    assert_near(diagnostics_chi_square(5, 0), 1, 0);
    assert_true(diagnostics_chi_square(1e4, 7) >= 0 && diagnostics_chi_square(1e4, 7) < 1e-300);
}

static void white_noise_is_white(void **state)
{
    (void)state;
    double e[N];
    unsigned seed = 3;
    struct diagnostics d;
    for (size_t t = 0; t < N; t++)
        e[t] = noise(&seed);
    diagnostics_of(e, N, 2, &d);
    assert_int_equal(d.verdict, RESIDUALS_WHITE);
    assert_int_equal(d.lags, 24);
    assert_near(d.sd, 1, .15);
    assert_near(d.pacf[0], d.acf[0], 1e-15);
}

static void what_is_left_is_named(void **state)
{
    (void)state;
    double e[N];
    unsigned seed = 4;
    struct diagnostics d;
    for (size_t t = 0; t < N; t++)
        e[t] = noise(&seed) + (t > 0 ? .6 * e[t - 1] : 0);
    diagnostics_of(e, N, 0, &d);
    assert_int_equal(d.verdict, RESIDUALS_AUTOCORRELATED);
    assert_near(d.acf[0], .6, .15);
    assert_near(d.pacf[1], 0, .2); /* an autoregression of order one has one partial autocorrelation */
    for (size_t t = 0; t < N; t++)
        e[t] = noise(&seed) + .4;
    diagnostics_of(e, N, 0, &d);
    assert_int_equal(d.verdict, RESIDUALS_BIASED);
    for (size_t t = 0; t < N; t++)
        e[t] = noise(&seed) * (t % 50 == 7 ? 8 : 1);
    diagnostics_of(e, N, 0, &d);
    assert_int_equal(d.verdict, RESIDUALS_NOT_NORMAL);
    assert_string_equal(diagnostics_verdict(d.verdict), "not normal");
}

/* Q and JB by hand for a short series. */
static void statistics_by_their_formulas(void **state)
{
    (void)state;
    const double e[] = {1, -1, 2, 0, -2, 1, 3, -1, -1, 0, 1, -3, 2, -2, 1};
    const double n = 15;
    double mean = 0, c[4] = {0}, third = 0, fourth = 0, q = 0;
    for (size_t t = 0; t < 15; t++)
        mean += e[t] / n;
    for (size_t lag = 0; lag < 4; lag++)
        for (size_t t = lag; t < 15; t++)
            c[lag] += (e[t] - mean) * (e[t - lag] - mean);
    for (size_t t = 0; t < 15; t++) {
        third += pow(e[t] - mean, 3) / n;
        fourth += pow(e[t] - mean, 4) / n;
    }
    for (size_t lag = 1; lag < 4; lag++)
        q += n * (n + 2) * pow(c[lag] / c[0], 2) / (n - (double)lag);
    const double variance = c[0] / n, s = third / pow(variance, 1.5), k = fourth / (variance * variance) - 3;
    struct diagnostics d;
    diagnostics_of(e, 15, 1, &d);
    assert_int_equal(d.lags, 3);
    assert_near(d.ljung_box, q, 1e-12);
    assert_near(d.ljung_box_p, exp(-q / 2), 1e-12);
    assert_near(d.jarque_bera, n / 6 * (s * s + k * k / 4), 1e-12);
}

static void too_little_says_nothing(void **state)
{
    (void)state;
    double e[30];
    struct diagnostics d;
    for (size_t t = 0; t < 30; t++)
        e[t] = .5;
    diagnostics_of(e, 30, 0, &d); /* a constant has no spread */
    assert_int_equal(d.verdict, RESIDUALS_TOO_FEW);
    diagnostics_of(e, 0, 0, &d);
    assert_true(d.verdict == RESIDUALS_TOO_FEW && isnan(d.mean));
    for (size_t t = 0; t < 30; t++)
        e[t] = t % 3 ? NAN : (double)t;
    diagnostics_of(e, 30, 0, &d);
    assert_int_equal(d.n, 10);
    assert_int_equal(d.verdict, RESIDUALS_TOO_FEW);
    for (size_t t = 0; t < 30; t++)
        e[t] = t % 2 ? 1e300 : -1e300;
    diagnostics_of(e, 30, 0, &d);
    assert_int_equal(d.verdict, RESIDUALS_TOO_FEW);
    assert_string_equal(diagnostics_verdict(d.verdict), "too few");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chances_of_chi_square),
        cmocka_unit_test(white_noise_is_white),
        cmocka_unit_test(what_is_left_is_named),
        cmocka_unit_test(statistics_by_their_formulas),
        cmocka_unit_test(too_little_says_nothing),
    };
    return fixture_run(argc, argv, tests);
}
