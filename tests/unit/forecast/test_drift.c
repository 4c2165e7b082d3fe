#include "forecast/drift.h"

#include <math.h>
#include <stdlib.h>

#include "support/fixture.h"
#include "support/shared.h"
#include "support/table_file.h"

static struct drift_event fed(struct drift_state *d, double r)
{
    struct drift_event event;
    drift_step(d, r, r, 0, &event);
    return event;
}

/* Small errors without lag-1 correlation; their scale over a baseline is 1.4826 * .02. */
static double quiet(int t)
{
    static const double cycle[4] = {.02, .04, -.02, -.04};
    return cycle[t % 4];
}

static void feed_quiet(struct drift_state *d, int periods)
{
    for (int t = 0; t < periods; t++)
        fed(d, quiet(t));
}

static void step_by_step_equals_the_matrix_rule(void **state)
{
    (void)state;
    struct table_file errors, outcomes;
    table_file_read(&errors, source_path("tests/golden/drift_errors.csv"));
    table_file_read(&outcomes, source_path("tests/golden/drift_outcomes.csv"));
    struct drift_state *machines = calloc(errors.columns, sizeof *machines);
    assert_non_null(machines);
    for (size_t s = 0; s < errors.columns; s++)
        drift_init(&machines[s]);
    size_t row = 0, fired = 0;
    for (size_t t = 0; t < errors.rows; t++)
        for (size_t s = 0; s < errors.columns; s++) {
            const struct drift_event event = fed(&machines[s], table_file_number(&errors, t, s));
            if (t < DRIFT_BASE)
                continue;
            assert_int_equal(table_file_value(&outcomes, row, "period"), t);
            assert_int_equal(event.fired, table_file_value(&outcomes, row, "fired"));
            assert_int_equal(event.resolved, table_file_value(&outcomes, row, "resolved"));
            assert_near(event.strength, table_file_value(&outcomes, row, "strength"), 1e-9);
            assert_near(event.bias, table_file_value(&outcomes, row, "bias"), 1e-9);
            fired += event.fired != 0;
            row++;
        }
    assert_int_equal(row, outcomes.rows);
    assert_true(fired > 30);
    free(machines);
    table_file_done(&errors);
    table_file_done(&outcomes);
}

static void nothing_fires_before_the_baseline_is_full(void **state)
{
    (void)state;
    struct drift_state d;
    drift_init(&d);
    for (int t = 0; t < DRIFT_BASE; t++) {
        const struct drift_event event = fed(&d, t < 10 ? .01 : 5);
        assert_int_equal(event.fired, 0);
        assert_true(event.strength == 0);
    }
}

static void a_lasting_shift_fires_once_and_resolves_once(void **state)
{
    (void)state;
    struct drift_state d;
    drift_init(&d);
    feed_quiet(&d, 40);
    int fired = 0, resolved = 0;
    for (int t = 40; t < 80; t++) {
        const struct drift_event event = fed(&d, quiet(t) + (t < 50 ? -.36 : 0));
        fired += event.fired != 0;
        resolved += event.resolved != 0;
        if (event.fired) {
            assert_true(t <= 42);
            assert_true(event.bias < -.15);
            assert_true(event.strength >= 1);
            assert_true(drift_stake(&d, &event, 1000) > 100);
        }
        if (event.resolved)
            assert_int_equal(event.resolved, DRIFT_RECOVERED);
    }
    assert_int_equal(fired, 1);
    assert_int_equal(resolved, 1);
    assert_true(!d.firing);
}

static void a_shift_that_stays_becomes_the_new_normal(void **state)
{
    (void)state;
    struct drift_state d;
    drift_init(&d);
    feed_quiet(&d, 40);
    int fired_at = -1, resolved_at = -1;
    for (int t = 40; t < 140; t++) {
        const struct drift_event event = fed(&d, quiet(t) + .5 + (t % 3 ? .1 : -.1));
        if (event.fired) {
            assert_int_equal(fired_at, -1);
            fired_at = t;
        }
        if (event.resolved) {
            assert_int_equal(event.resolved, DRIFT_REBASED);
            resolved_at = t;
            break;
        }
    }
    assert_int_equal(resolved_at - fired_at, 26);
    assert_true(d.mean_error > .3);
}

static void a_users_limit_fires_after_two_periods_above_it(void **state)
{
    (void)state;
    struct drift_state d;
    struct drift_event event;
    drift_init(&d);
    /* The whole pool is off by 30 %: nothing relative shows, the user's own limit does. */
    for (int t = 0; t < 40; t++) {
        drift_step(&d, quiet(t), quiet(t), 10, &event);
        assert_int_equal(event.fired, 0);
    }
    int above = 0, fired = 0, t = 40;
    for (; !fired && t < 60; t++) {
        drift_step(&d, quiet(t), quiet(t) + .3, 10, &event);
        above += event.user_mape > 10;
        fired = event.fired;
    }
    assert_int_equal(fired, DRIFT_USER);
    assert_int_equal(above, 2);
    assert_true(event.strength >= 1);
    for (; !event.resolved && t < 90; t++) { /* the relative errors are calm all the time: the limit holds it */
        drift_step(&d, quiet(t), quiet(t), 10, &event);
        if (!event.resolved)
            assert_true(d.firing);
    }
    assert_int_equal(event.resolved, DRIFT_RECOVERED);
    assert_true(event.user_mape < 9);
}

static void user_mape_is_that_of_sales(void **state)
{
    (void)state;
    struct drift_state d;
    struct drift_event event;
    drift_init(&d);
    double expected = 0;
    for (int t = 0; t < 30; t++) {
        const double actual = 100 + 7 * (t % 5), predicted = 110 - 3 * (t % 7);
        const double e = log(actual) - log(predicted);
        drift_step(&d, e, e, 0, &event);
        if (t >= 30 - DRIFT_WINDOW)
            expected += 100 * fabs(predicted - actual) / actual / DRIFT_WINDOW;
    }
    assert_near(event.user_mape, expected, 1e-9);
}

static void scaling_all_errors_changes_no_decision(void **state)
{
    (void)state;
    struct drift_state one, two;
    drift_init(&one);
    drift_init(&two);
    for (int t = 0; t < 120; t++) {
        const double r = .08 * sin(t * 1.7) + (t > 60 && t < 75 ? .4 : 0);
        const struct drift_event a = fed(&one, r), b = fed(&two, 2 * r);
        assert_int_equal(a.fired & DRIFT_BIAS, b.fired & DRIFT_BIAS);
        assert_near(2 * a.bias, b.bias, 1e-12);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(step_by_step_equals_the_matrix_rule),
        cmocka_unit_test(nothing_fires_before_the_baseline_is_full),
        cmocka_unit_test(a_lasting_shift_fires_once_and_resolves_once),
        cmocka_unit_test(a_shift_that_stays_becomes_the_new_normal),
        cmocka_unit_test(a_users_limit_fires_after_two_periods_above_it),
        cmocka_unit_test(user_mape_is_that_of_sales),
        cmocka_unit_test(scaling_all_errors_changes_no_decision),
    };
    return fixture_run(argc, argv, tests);
}
