/* Drift alerts: which cause fires for what happens to a store, and which figures the alert shows. */
#include <stdio.h>
#include <string.h>

#include "forecast/drift.h"
#include "support/engine/panel.h"
#include "support/fixture.h"

#define STORES 5
#define WEEKS  120
#define SINCE  90

/* What store s02 sells from week SINCE on, times this. */
typedef double factor_fn(int week, uint64_t *random);

static struct driver_alert first_drift(factor_fn *factor, double user_mape)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    o.drift_user_mape = user_mape;
    struct driver d;
    struct panel p = {0};
    uint64_t random = 3;
    driver_init(&d, &o, &(struct driver_options){.batch = 100});
    for (int week = 0; week < WEEKS; week++)
        for (int store = 0; store < STORES; store++) {
            double amount = panel_level(store, week, 5);
            if (store == 2 && week >= SINCE)
                amount *= factor(week, &random);
            panel_add(&p, driver_total(panel_text(&p, "s%02d", store), NULL, date_of(2010, 2, 5) + 7 * week, amount, "total"));
        }
    driver_run(&d, p.updates, p.count);
    struct driver_alert alert = {0};
    for (size_t i = 0; i < d.alert_count && !alert.firing; i++)
        if (d.alerts[i].kind == ALERT_DRIFT && strcmp(d.alerts[i].store, "s02") == 0 && d.alerts[i].firing &&
            d.alerts[i].period >= date_of(2010, 2, 5) + 7 * SINCE)
            alert = d.alerts[i];
    panel_done(&p);
    driver_done(&d);
    assert_true(alert.firing);
    assert_true(alert.strength >= 1);
    return alert;
}

static double falls_by_half(int week, uint64_t *random)
{
    (void)week;
    (void)random;
    return 0.5;
}

static double slides(int week, uint64_t *random)
{
    (void)random;
    double factor = 1;
    for (int i = SINCE; i <= week; i++)
        factor *= 0.988;
    return factor;
}

static double up_and_down(int week, uint64_t *random)
{
    (void)random;
    return week % 2 ? 1.3 : 0.75;
}

static double as_before(int week, uint64_t *random)
{
    (void)week;
    (void)random;
    return 1;
}

static void a_sudden_fall_is_a_jump_of_two_weeks(void **state)
{
    (void)state;
    struct driver_alert a = first_drift(falls_by_half, 0);
    assert_non_null(strstr(a.causes, "JUMP"));
    assert_true(a.bias < -0.3);
}

static void a_slow_slide_is_a_bias(void **state)
{
    (void)state;
    struct driver_alert a = first_drift(slides, 0);
    assert_string_equal(a.causes, "BIAS");
    assert_true(a.threshold == DRIFT_CUSUM_LIMIT && a.value > a.threshold);
    assert_true(a.bias < 0);
}

static void errors_that_grow_both_ways_are_a_loss_of_accuracy(void **state)
{
    (void)state;
    struct driver_alert a = first_drift(up_and_down, 0);
    assert_string_equal(a.causes, "ACCURACY");
    assert_true(a.threshold > 0 && a.value > a.threshold);
}

static void the_users_own_limit_fires_when_it_is_passed(void **state)
{
    (void)state;
    struct driver_alert a = first_drift(as_before, 0.5);
    assert_string_equal(a.causes, "USER");
    assert_true(a.threshold == 0.5 && a.value > a.threshold);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sudden_fall_is_a_jump_of_two_weeks),
        cmocka_unit_test(a_slow_slide_is_a_bias),
        cmocka_unit_test(errors_that_grow_both_ways_are_a_loss_of_accuracy),
        cmocka_unit_test(the_users_own_limit_fires_when_it_is_passed),
    };
    return fixture_run(argc, argv, tests);
}
