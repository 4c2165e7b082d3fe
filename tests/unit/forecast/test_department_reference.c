/* The department model at origin 104 of the Walmart departments against the values of its executable definition. Ten seconds;
 * skipped where the shared data are absent. */
#include "support/fixture.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"
#include "forecast/department_errors.h"
#include "support/departments.h"
#include "support/shared.h"
#include "support/table_file.h"

#define WEEKS   143
#define KNOWN   104
#define AHEAD   39
#define ORIGINS 13
#define SERIES  2936

static void points_and_quantiles_equal_the_reference(void **state)
{
    (void)state;
    static const char *const columns[] = {"Store", "Dept", "Date", "Weekly_Sales"};
    static const struct {
        const char *name;
        size_t level;
    } quantiles[] = {{"log_q10", 0}, {"log_q50", 4}, {"log_q90", 8}};
    struct table_file t;
    struct departments d;
    struct calendar *calendar;
    struct department_known *known[ORIGINS];
    struct department_signs signs[ORIGINS];
    struct department_issued issued[ORIGINS];
    double *point[ORIGINS], worst = 0;
    table_file_read(&t, shared_path_or_skip("reference/departments_origin104.csv"));
    departments_read(&d, shared_path_or_skip("data/walmart/train.csv"), columns, WEEKS, date_of(2010, 2, 5));
    departments_keep(&d, KNOWN, 13);
    assert_int_equal(d.series, SERIES);
    assert_ok(calendar_new(&d.grid, &calendar));
    assert_ok(calendar_cover(calendar, d.first, d.first + WEEKS + 52));
    const struct department_panel panel = {WEEKS,           d.series,        d.value, d.store, d.department,
                                           DEPARTMENTS_IDS, DEPARTMENTS_IDS, d.first, calendar};
    for (size_t i = 0; i < ORIGINS; i++) {
        const size_t origin = 56 + 4 * i, horizon = origin == KNOWN || KNOWN - origin > AHEAD ? AHEAD : KNOWN - origin;
        assert_ok(department_known_new(&panel, origin, horizon, &known[i]));
        assert_ok(department_signs_init(&signs[i], known[i]));
        point[i] = calloc(horizon * d.series, sizeof(double));
        assert_ok(department_forecast_full(known[i], point[i], &signs[i]));
        issued[i] = (struct department_issued){known[i], &signs[i], point[i]};
    }
    double *quantile = calloc(AHEAD * d.series * DEPARTMENT_LEVELS, sizeof *quantile);
    assert_ok(department_quantiles(issued, ORIGINS, quantile));
    for (size_t row = 0; row < t.rows; row++) {
        const size_t s = departments_find(&d, (size_t)table_file_value(&t, row, "store"), (size_t)table_file_value(&t, row, "department"));
        const size_t cell = ((size_t)table_file_value(&t, row, "h") - 1) * d.series + s;
        assert_near(point[ORIGINS - 1][cell], table_file_value(&t, row, "log_point"), 1e-8);
        for (size_t k = 0; k < 3; k++) {
            const double expected = table_file_value(&t, row, quantiles[k].name),
                         ours = quantile[cell * DEPARTMENT_LEVELS + quantiles[k].level];
            worst = fabs(ours - expected) > worst ? fabs(ours - expected) : worst;
            assert_near(ours, expected, 1e-8);
        }
    }
    print_message("  %zu rows, worst %.2g\n", t.rows, worst);
    for (size_t i = 0; i < ORIGINS; i++) {
        department_known_free(known[i]);
        department_signs_done(&signs[i]);
        free(point[i]);
    }
    free(quantile);
    calendar_free(calendar);
    departments_done(&d);
    table_file_done(&t);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(points_and_quantiles_equal_the_reference)};
    return fixture_run(argc, argv, tests);
}
