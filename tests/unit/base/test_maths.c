#include "support/fixture.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/maths.h"

/* Distance from the truth in units of the last place of the double nearest to it. */
static double error_in_ulps(double value, long double truth)
{
    double nearest = fabs((double)truth);
    if (isnan(value) || isinf(nearest))
        return isnan(value) || value != (double)truth ? 1e9 : 0.0;
    double ulp = nearest < DBL_MIN ? DBL_TRUE_MIN : nextafter(nearest, HUGE_VAL) - nearest;
    return (double)(fabsl((long double)value - truth) / (long double)ulp);
}

/* A reproducible number in [0, 1). */
static double uniform(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

struct range {
    double low, high;
};

static void assert_within(const char *name, double (*ours)(double), long double (*truth)(long double), const struct range *ranges,
                          size_t count, double allowed)
{
    double worst = 0.0, at = 0.0;
    uint64_t random = 7;
    for (size_t r = 0; r < count; r++)
        for (int i = 0; i < 200000; i++) {
            double x = ranges[r].low + (ranges[r].high - ranges[r].low) * (i + uniform(&random)) / 200000.0;
            double e = error_in_ulps(ours(x), truth((long double)x));
            if (e > worst) {
                worst = e;
                at = x;
            }
        }
    if (worst > allowed)
        fail_msg("%s(%.17g) = %.17g is wrong by %.3f ulp, allowed %.2f", name, at, ours(at), worst, allowed);
    print_message("  %-6s worst %.3f ulp at %.17g\n", name, worst, at);
}

#define WITHIN(name, allowed, ...)                                                                                                         \
    assert_within(#name, maths_##name, name##l, (const struct range[]){__VA_ARGS__},                                                       \
                  sizeof((const struct range[]){__VA_ARGS__}) / sizeof(struct range), allowed)

static void functions_are_within_one_ulp_of_long_double(void **state)
{
    (void)state;
    WITHIN(exp, 1.0, {-1, 1}, {-20, 20}, {-708, 709}, {-1e-5, 1e-5});
    WITHIN(expm1, 1.0, {-1, 1}, {-50, 50}, {-1e-5, 1e-5}, {0.3, 0.4}, {-0.4, -0.3}, {34, 38}, {0, 709});
    WITHIN(log, 1.0, {0.5, 2}, {0.99, 1.01}, {1e-5, 1}, {1, 1e6}, {1e-300, 1e-290}, {1e300, 1.7e308});
    WITHIN(log1p, 1.0, {-0.3, 0.5}, {-0.9999, 3}, {-1e-5, 1e-5}, {0, 1e6});
    WITHIN(sin, 1.0, {-4, 4}, {-1000, 1000}, {-1e5, 1e5}, {3.1415, 3.1417}, {-1e-5, 1e-5}, {99999, 1e5});
    WITHIN(cos, 1.0, {-4, 4}, {-1000, 1000}, {-1e5, 1e5}, {1.5707, 1.5709}, {-1e-5, 1e-5}, {99999, 1e5});
    WITHIN(tanh, 1.0, {-1, 1}, {-25, 25}, {-1e-5, 1e-5}, {0.15, 0.4});
}

static void tiny_and_subnormal_results_are_right(void **state)
{
    (void)state;
    for (double x = -745.0; x < -707.0; x += 0.0137)
        assert_true(error_in_ulps(maths_exp(x), expl((long double)x)) <= 1.01);
    for (double x = DBL_TRUE_MIN; x < 1e-300; x *= 2.37)
        assert_true(error_in_ulps(maths_log(x), logl((long double)x)) <= 1.0);
    for (double x = DBL_TRUE_MIN; x < 1e-10; x *= 2.73) {
        assert_true(maths_expm1(x) == x || error_in_ulps(maths_expm1(x), expm1l((long double)x)) <= 1.0);
        assert_true(maths_sin(-x) == -x || error_in_ulps(maths_sin(-x), sinl((long double)-x)) <= 1.0);
    }
}

/* The multiples of pi/2 nearest to a double are where an argument reduction shows its errors. */
static void zeros_of_sin_and_cos_keep_their_relative_accuracy(void **state)
{
    (void)state;
    for (int n = 1; n < 63000; n++) {
        double x = (double)(n * 1.57079632679489661923132169163975144L);
        double (*ours)(double) = n % 2 == 0 ? maths_sin : maths_cos;
        long double truth = n % 2 == 0 ? sinl((long double)x) : cosl((long double)x);
        if (error_in_ulps(ours(x), truth) > 1.0)
            fail_msg("near %d pi/2: %.17g, %.3f ulp", n, x, error_in_ulps(ours(x), truth));
    }
}

static void powers_are_within_one_ulp(void **state)
{
    (void)state;
    uint64_t random = 3;
    double worst = 0.0;
    for (int i = 0; i < 1000000; i++) {
        double base = maths_exp(40.0 * uniform(&random) - 20.0), exponent = 70.0 * uniform(&random) - 35.0;
        if (i % 3 == 0)
            base = 0.9 + 0.2 * uniform(&random);
        long double truth = powl((long double)base, (long double)exponent);
        double e = error_in_ulps(maths_pow(base, exponent), truth);
        worst = e > worst ? e : worst;
        if (e > 1.0)
            fail_msg("pow(%.17g, %.17g) is wrong by %.3f ulp", base, exponent, e);
    }
    print_message("  pow    worst %.3f ulp\n", worst);
    assert_true(error_in_ulps(maths_pow(1.0000001, 6e9), powl((long double)1.0000001, 6e9L)) <= 1.0);
    for (int k = 0; k < 60; k++)
        assert_true(maths_pow(2.0, k) == ldexp(1.0, k) && maths_pow(2.0, -k) == ldexp(1.0, -k));
    assert_true(maths_pow(10.0, 22.0) == 1e22);
}

/* x, y, pow(x, y) agree with C's special values, for every pair of the interesting numbers. */
static void special_powers_are_those_of_c(void **state)
{
    (void)state;
    static const double numbers[] = {0.0,  -0.0, 1.0,    -1.0,   2.0,    -2.0,     0.5,
                                     -0.5, 3.0,  -3.0,   1e300,  NAN,    INFINITY, -INFINITY,
                                     2.5,  -2.5, 1e-300, 9.1e18, -1e200, 1e200,    9007199254740993.0};
    size_t n = sizeof numbers / sizeof numbers[0];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double ours = maths_pow(numbers[i], numbers[j]), theirs = pow(numbers[i], numbers[j]);
            if (!(ours == theirs || (isnan(ours) && isnan(theirs)) || fabs(ours - theirs) <= 2.3e-16 * fabs(theirs)) ||
                (!isnan(ours) && signbit(ours) != signbit(theirs)))
                fail_msg("pow(%g, %g) = %g, C says %g", numbers[i], numbers[j], ours, theirs);
        }
}

static void special_values_are_those_of_c(void **state)
{
    (void)state;
    assert_true(maths_exp(INFINITY) == INFINITY && maths_exp(-INFINITY) == 0.0 && maths_exp(0.0) == 1.0);
    assert_true(maths_exp(710.0) == INFINITY && maths_exp(-746.0) == 0.0 && maths_exp(-745.13) > 0.0);
    assert_true(maths_exp(709.78271289338397) < INFINITY);
    assert_true(maths_log(0.0) == -INFINITY && maths_log(-0.0) == -INFINITY && maths_log(1.0) == 0.0);
    assert_true(isnan(maths_log(-1.0)) && isnan(maths_log(-INFINITY)) && maths_log(INFINITY) == INFINITY);
    assert_true(maths_expm1(-INFINITY) == -1.0 && maths_expm1(INFINITY) == INFINITY && maths_expm1(800.0) == INFINITY);
    assert_true(signbit(maths_expm1(-0.0)) && maths_expm1(0.0) == 0.0);
    assert_true(maths_log1p(-1.0) == -INFINITY && isnan(maths_log1p(-1.5)) && signbit(maths_log1p(-0.0)));
    assert_true(maths_tanh(INFINITY) == 1.0 && maths_tanh(-INFINITY) == -1.0 && signbit(maths_tanh(-0.0)));
    assert_true(maths_sin(0.0) == 0.0 && signbit(maths_sin(-0.0)) && maths_cos(0.0) == 1.0);
    assert_true(isnan(maths_sin(1.01e5)) && isnan(maths_cos(-1.01e5)) && isnan(maths_cos(INFINITY)));
    double (*const all[])(double) = {maths_exp, maths_log, maths_expm1, maths_log1p,
                                     maths_sin, maths_cos, maths_tanh,  maths_normal_quantile};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_true(isnan(all[i](NAN)));
    assert_true(maths_finite(1e308) && maths_finite(-0.0) && !maths_finite(INFINITY) && !maths_finite(maths_missing()));
}

static void normal_quantile_inverts_the_distribution(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (int i = 0; i < 100000; i++) {
        double p = i % 2 ? uniform(&random) : maths_exp(-600.0 * uniform(&random));
        if (p <= 0.0)
            continue;
        long double x = maths_normal_quantile(p);
        long double back = p < 0.5 ? 0.5L * erfcl(-x / sqrtl(2.0L)) - p : (1.0L - p) - 0.5L * erfcl(x / sqrtl(2.0L));
        long double density = expl(-0.5L * x * x) / sqrtl(2.0L * acosl(-1.0L));
        long double error = back / density; /* of x */
        assert_true(fabsl(error) <= 1e-15L * fabsl(x) + 1e-17L);
    }
    assert_near(maths_normal_quantile(0.975), 1.959963984540054, 1e-15);
    assert_true(maths_normal_quantile(0.5) == 0.0);
    assert_true(maths_normal_quantile(0.1) == -maths_normal_quantile(0.9) ||
                fabs(maths_normal_quantile(0.1) + maths_normal_quantile(0.9)) < 1e-15);
    assert_true(maths_normal_quantile(0.0) == -INFINITY && maths_normal_quantile(1.0) == INFINITY);
    assert_true(isnan(maths_normal_quantile(-0.1)) && isnan(maths_normal_quantile(1.1)));
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void sort_equals_the_libraries_for_every_size(void **state)
{
    (void)state;
    uint64_t random = 11;
    static const size_t sizes[] = {0, 1, 2, 3, 5, 8, 45, 100, 701, 2103, 2104, 5000, 60000};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (int kind = 0; kind < 3; kind++) {
            size_t n = sizes[k];
            double *a = calloc(n + 1, sizeof *a), *b = calloc(n + 1, sizeof *b);
            for (size_t i = 0; i < n; i++)
                a[i] = kind == 0 ? uniform(&random) : kind == 1 ? (double)(n - i) : floor(10.0 * uniform(&random));
            if (n > 0)
                memcpy(b, a, n * sizeof *a);
            maths_sort(a, n);
            qsort(b, n, sizeof *b, by_value);
            assert_memory_equal(a, b, (n + 1) * sizeof *a);
            free(a);
            free(b);
        }
}

static void sorted_bytes_do_not_depend_on_the_order_of_zeros(void **state)
{
    (void)state;
    double a[] = {0.0, -0.0, 1.0, -0.0}, b[] = {-0.0, 1.0, -0.0, 0.0};
    maths_sort(a, 4);
    maths_sort(b, 4);
    assert_memory_equal(a, b, sizeof a);
}

static void median_is_the_middle_or_the_mean_of_the_two(void **state)
{
    (void)state;
    double odd[] = {5, 1, 3}, even[] = {4, 1, 3, 2}, hole[] = {1, NAN, 2}, huge[] = {1.5e308, 1.7e308};
    assert_true(maths_median(odd, 3) == 3.0);
    assert_true(maths_median(even, 4) == 2.5);
    assert_true(isnan(maths_median(hole, 3)) && isnan(maths_median(odd, 0)));
    assert_true(maths_median(huge, 2) == 1.6e308);
}

/* FNV-1a over the bytes of a million results. */
static uint64_t hash_of_results(void)
{
    uint64_t hash = UINT64_C(14695981039346656037), random = 1;
    for (int i = 0; i < 100000; i++) {
        double u = uniform(&random), x = 200.0 * u - 100.0;
        double results[] = {maths_exp(x),         maths_log(u),        maths_expm1(x / 50.0), maths_log1p(u - 0.5),     maths_pow(u, x),
                            maths_sin(x * 100.0), maths_cos(x * 10.0), maths_tanh(x / 30.0),  maths_normal_quantile(u), maths_sqrt(u)};
        unsigned char bytes[sizeof results];
        memcpy(bytes, results, sizeof results);
        for (size_t k = 0; k < sizeof bytes; k++)
            hash = (hash ^ bytes[k]) * UINT64_C(1099511628211);
    }
    return hash;
}

/* What this test program prints when run with the word `hash`, under another set of CPU features. */
static void bytes_do_not_depend_on_the_cpu(void **state)
{
    (void)state;
    char self[4096], command[4400], line[64] = "", expected[64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    snprintf(expected, sizeof expected, "%016llx\n", (unsigned long long)hash_of_results());
    snprintf(command, sizeof command, "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-AVX2_Usable,-FMA_Usable,-AVX512F '%s' hash", self);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(line, expected);
    assert_string_equal(line, "8e8c678d6a43db45\n"); /* and the same everywhere, for ever */
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "hash") == 0) {
        printf("%016llx\n", (unsigned long long)hash_of_results());
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_within_one_ulp_of_long_double),
        cmocka_unit_test(tiny_and_subnormal_results_are_right),
        cmocka_unit_test(zeros_of_sin_and_cos_keep_their_relative_accuracy),
        cmocka_unit_test(powers_are_within_one_ulp),
        cmocka_unit_test(special_powers_are_those_of_c),
        cmocka_unit_test(special_values_are_those_of_c),
        cmocka_unit_test(normal_quantile_inverts_the_distribution),
        cmocka_unit_test(sort_equals_the_libraries_for_every_size),
        cmocka_unit_test(sorted_bytes_do_not_depend_on_the_order_of_zeros),
        cmocka_unit_test(median_is_the_middle_or_the_mean_of_the_two),
        cmocka_unit_test(bytes_do_not_depend_on_the_cpu),
    };
    return fixture_run(argc, argv, tests);
}
