#include "support/fixture.h"

#include <math.h>

#include "base/status.h"

void fixture_filter(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
}

void fixture_assert_near(double actual, double expected, double tolerance, const char *what, const char *file, int line)
{
    if (isnan(actual) && isnan(expected))
        return;
    double difference = fabs(actual - expected);
    if (actual == expected || difference <= tolerance) /* the first also for two infinities */
        return;
    print_error("%s is %.17g, not %.17g: %.3g apart, allowed %.3g\n", what, actual, expected, difference, tolerance);
    _fail(file, line);
}

void fixture_assert_status(int status, int expected, const char *what, const char *file, int line)
{
    if (status == expected)
        return;
    print_error("%s gave %s, not %s\n", what, status_name((enum status)status), status_name((enum status)expected));
    _fail(file, line);
}
