/* fixture.h: includes cmocka with what it needs, and the main of every test program.
 *
 *     int main(int argc, char **argv)
 *     {
 *         const struct CMUnitTest tests[] = {cmocka_unit_test(a_fact), cmocka_unit_test(another_fact)};
 *         return fixture_run(argc, argv, tests);
 *     }
 *
 * `test_x 'seasonal_*'` runs only the matching cases. */
#ifndef STORECAST_TESTS_SUPPORT_FIXTURE_H
#define STORECAST_TESTS_SUPPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Takes argv[1] as cmocka's test filter. */
void fixture_filter(int argc, char **argv);

#define fixture_run(argc, argv, tests) (fixture_filter(argc, argv), cmocka_run_group_tests(tests, NULL, NULL))

/* Fails unless |actual - expected| <= tolerance; names both numbers. Two NaN are near. */
#define assert_near(actual, expected, tolerance) fixture_assert_near(actual, expected, tolerance, #actual, __FILE__, __LINE__)
void fixture_assert_near(double actual, double expected, double tolerance, const char *what, const char *file, int line);

/* A status that is not STATUS_OK fails with its name. */
#define assert_ok(call) fixture_assert_status((int)(call), 0, #call, __FILE__, __LINE__)
#define assert_status(call, expected) fixture_assert_status((int)(call), (int)(expected), #call, __FILE__, __LINE__)
void fixture_assert_status(int status, int expected, const char *what, const char *file, int line);

#endif
