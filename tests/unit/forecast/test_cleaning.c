#include "forecast/cleaning.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "support/fixture.h"
#include "support/shared.h"
#include "support/table_file.h"

struct panel {
    size_t periods, series;
    double *x, *gappy, *pool, *alone;
    bool *flagged;
};

static double *column_of(const struct table_file *t, const char *name)
{
    double *out = malloc(t->rows * sizeof *out);
    for (size_t row = 0; row < t->rows; row++)
        out[row] = table_file_value(t, row, name);
    return out;
}

static int panel_setup(void **state)
{
    struct table_file t;
    struct panel *p = calloc(1, sizeof *p);
    table_file_read(&t, source_path("tests/golden/cleaning.csv"));
    p->series = 6;
    p->periods = t.rows / p->series;
    p->x = column_of(&t, "x");
    p->gappy = column_of(&t, "gappy");
    p->pool = column_of(&t, "pool");
    p->alone = column_of(&t, "alone");
    p->flagged = malloc(t.rows * sizeof *p->flagged);
    for (size_t row = 0; row < t.rows; row++)
        p->flagged[row] = table_file_value(&t, row, "flagged") > 0;
    table_file_done(&t);
    *state = p;
    return 0;
}

static int panel_teardown(void **state)
{
    struct panel *p = *state;
    free(p->x);
    free(p->gappy);
    free(p->pool);
    free(p->alone);
    free(p->flagged);
    free(p);
    return 0;
}

static void flags_equal_the_prototype(void **state)
{
    const struct panel *p = *state;
    const size_t cells = p->periods * p->series;
    bool *flag = malloc(cells * sizeof *flag);
    assert_ok(cleaning_flag_outliers(p->x, p->periods, p->series, 52, flag));
    assert_memory_equal(flag, p->flagged, cells * sizeof *flag);
    free(flag);
}

static void a_spike_is_still_found_when_a_tenth_of_the_cells_is_missing(void **state)
{
    const struct panel *p = *state;
    const size_t cells = p->periods * p->series;
    double *x = calloc(cells, sizeof *x);
    bool *flag = malloc(cells * sizeof *flag);
    for (size_t i = 0; i < cells; i++) /* the golden spikes stay, every tenth other cell goes */
        x[i] = i % 10 == 3 && !p->flagged[i] ? maths_missing() : p->x[i];
    assert_ok(cleaning_flag_outliers(x, p->periods, p->series, 52, flag));
    for (size_t i = 0; i < cells; i++) {
        if (p->flagged[i])
            assert_true(flag[i]);
        if (x[i] != x[i])
            assert_false(flag[i]);
    }
    free(flag);
    free(x);
}

static void filling_from_the_pool_equals_the_prototype(void **state)
{
    const struct panel *p = *state;
    const size_t cells = p->periods * p->series;
    double *x = malloc(cells * sizeof *x);
    memcpy(x, p->gappy, cells * sizeof *x);
    assert_ok(cleaning_fill_pool(x, p->periods, p->series));
    for (size_t i = 0; i < cells; i++)
        assert_near(x[i], p->pool[i], 1e-10);
    free(x);
}

static void filling_alone_equals_the_prototype(void **state)
{
    const struct panel *p = *state;
    double *x = malloc(p->periods * sizeof *x);
    for (size_t s = 0; s < p->series; s++) {
        for (size_t t = 0; t < p->periods; t++)
            x[t] = p->gappy[t * p->series + s];
        assert_ok(cleaning_fill_alone(x, p->periods, 52));
        for (size_t t = 0; t < p->periods; t++)
            assert_near(x[t], p->alone[t * p->series + s], 1e-10);
    }
    free(x);
}

static void filling_changes_no_observed_cell(void **state)
{
    const struct panel *p = *state;
    const size_t cells = p->periods * p->series;
    double *x = malloc(cells * sizeof *x);
    memcpy(x, p->gappy, cells * sizeof *x);
    assert_ok(cleaning_fill_pool(x, p->periods, p->series));
    for (size_t i = 0; i < cells; i++)
        if (p->gappy[i] == p->gappy[i])
            assert_memory_equal(&x[i], &p->gappy[i], sizeof *x);
    free(x);
}

static void one_observed_cell_fills_its_series_alone(void **state)
{
    (void)state;
    double x[60];
    for (size_t t = 0; t < 60; t++)
        x[t] = t == 17 ? 3.25 : maths_missing();
    assert_ok(cleaning_fill_alone(x, 60, 52));
    for (size_t t = 0; t < 60; t++)
        assert_near(x[t], 3.25, 0);
}

static void a_constant_panel_has_no_outlier_and_one_far_cell_is_one(void **state)
{
    (void)state;
    double x[60 * 3];
    bool flag[60 * 3];
    for (size_t i = 0; i < 180; i++)
        x[i] = 2;
    assert_ok(cleaning_flag_outliers(x, 60, 3, 52, flag));
    for (size_t i = 0; i < 180; i++)
        assert_false(flag[i]);
    x[30 * 3 + 1] += 0.4; /* within a factor 1.5 */
    x[31 * 3 + 1] += 0.41;
    assert_ok(cleaning_flag_outliers(x, 60, 3, 52, flag));
    for (size_t i = 0; i < 180; i++)
        assert_int_equal(flag[i], i == 31 * 3 + 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(flags_equal_the_prototype, panel_setup, panel_teardown),
        cmocka_unit_test_setup_teardown(a_spike_is_still_found_when_a_tenth_of_the_cells_is_missing, panel_setup, panel_teardown),
        cmocka_unit_test_setup_teardown(filling_from_the_pool_equals_the_prototype, panel_setup, panel_teardown),
        cmocka_unit_test_setup_teardown(filling_alone_equals_the_prototype, panel_setup, panel_teardown),
        cmocka_unit_test_setup_teardown(filling_changes_no_observed_cell, panel_setup, panel_teardown),
        cmocka_unit_test(one_observed_cell_fills_its_series_alone),
        cmocka_unit_test(a_constant_panel_has_no_outlier_and_one_far_cell_is_one),
    };
    return fixture_run(argc, argv, tests);
}
