#include "forecast/ensemble.h"

#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/yoy.h"
#include "support/fixture.h"

#define ORIGINS 52

static const struct period_grid weeks = {PERIOD_WEEK, FRIDAY};

struct fixture {
    struct calendar *calendar;
    struct pool_fit *fit;
    size_t series;
    double *error[MEMBER_COUNT]; /* NULL = none */
    double *weight;
    bool excluded[MEMBER_COUNT];
};

/* `observed` periods of each series at the end of 80. */
static struct fixture fixture_new(const size_t *observed, size_t series)
{
    struct fixture f = {.series = series};
    double *value = malloc(80 * series * sizeof *value);
    for (size_t t = 0; t < 80; t++)
        for (size_t s = 0; s < series; s++)
            value[t * series + s] =
                t + observed[s] < 80 ? maths_missing() : 1000 + 100 * maths_sin((double)t * .12) + (double)((t * 7 + s * 13) % 11);
    const period_t first = period_of(&weeks, date_of(2010, 2, 5));
    assert_ok(calendar_new(&weeks, &f.calendar));
    assert_ok(calendar_cover(f.calendar, first, first + 80 + POOL_HORIZON_MAX));
    assert_ok(pool_fit(&(struct pool_input){&weeks, f.calendar, first, 80, series, value, true, 0}, &f.fit));
    f.weight = malloc(ENSEMBLE_BANDS * MEMBER_COUNT * series * sizeof *f.weight);
    free(value);
    return f;
}

static void fixture_done(struct fixture *f)
{
    pool_fit_free(f->fit);
    calendar_free(f->calendar);
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        free(f->error[m]);
    free(f->weight);
}

/* Errors of a member: `size`, alternating in sign, at every step whose target is known; first_origin is the oldest one scored. */
static void set_errors(struct fixture *f, enum member m, double size, size_t first_slot)
{
    free(f->error[m]);
    f->error[m] = malloc(ERRORS_STEPS * ORIGINS * f->series * sizeof(double));
    for (size_t k = 0; k < ERRORS_STEPS; k++)
        for (size_t slot = 0; slot < ORIGINS; slot++)
            for (size_t s = 0; s < f->series; s++)
                f->error[m][(k * ORIGINS + slot) * f->series + s] =
                    slot >= first_slot && slot + errors_step[k] <= ORIGINS ? (slot % 2 ? size : -size) : maths_missing();
}

static void weigh(struct fixture *f)
{
    struct rolling_errors errors[MEMBER_COUNT];
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        errors[m] = (struct rolling_errors){f->error[m] ? ORIGINS : 0, f->series, f->error[m]};
    struct ensemble_input input = {.series = f->series, .member = errors, .fit = f->fit};
    memcpy(input.excluded, f->excluded, sizeof input.excluded);
    assert_ok(ensemble_weights(&input, f->weight));
}

static double weight_of(const struct fixture *f, size_t band, enum member m, size_t s)
{
    return f->weight[(band * MEMBER_COUNT + (size_t)m) * f->series + s];
}

static void assert_only(const struct fixture *f, size_t band, enum member m, size_t s)
{
    for (enum member k = 0; k < MEMBER_COUNT; k++)
        assert_near(weight_of(f, band, k, s), k == m ? 1 : 0, 0);
}

static const size_t four_long[] = {80, 80, 80, 80};

static void bands_follow_the_stored_steps(void **state)
{
    (void)state;
    assert_int_equal(ensemble_band(1), 0);
    assert_int_equal(ensemble_band(8), 0);
    assert_int_equal(ensemble_band(9), 1);
    assert_int_equal(ensemble_band(19), 1);
    assert_int_equal(ensemble_band(20), 2);
    assert_int_equal(ensemble_band(150), 2);
}

static void without_errors_the_averaged_model_stands_for_its_family(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    weigh(&f);
    for (size_t band = 0; band < ENSEMBLE_BANDS; band++)
        for (size_t s = 0; s < 4; s++)
            assert_only(&f, band, MEMBER_SEASONAL_YOY, s);
    fixture_done(&f);
}

static void one_of_a_family_enters_and_it_is_the_best(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_SINGLE, .029, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_ALONE, .04, 0);
    set_errors(&f, MEMBER_SEASONAL_NAIVE, .001, 0); /* a baseline stays outside however lucky */
    weigh(&f);
    for (size_t s = 0; s < 4; s++)
        assert_only(&f, 0, MEMBER_SEASONAL_YOY_SINGLE, s);
    fixture_done(&f);
}

static void a_lead_within_noise_keeps_the_first_of_the_family(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_SINGLE, .0295, 0); /* squared 3.3 % less */
    weigh(&f);
    assert_only(&f, 0, MEMBER_SEASONAL_YOY, 0);
    fixture_done(&f);
}

static void who_is_excluded_stays_out_and_baselines_only_step_in(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_ALONE, .05, 0);
    f.excluded[MEMBER_SEASONAL_YOY] = f.excluded[MEMBER_SEASONAL_YOY_SINGLE] = true;
    weigh(&f);
    assert_only(&f, 0, MEMBER_SEASONAL_YOY_ALONE, 3);
    fixture_done(&f);
}

static void equal_errors_keep_the_order_of_the_table(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_SINGLE, .03, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_ALONE, .03, 0);
    weigh(&f);
    assert_only(&f, 0, MEMBER_SEASONAL_YOY, 2);
    fixture_done(&f);
}

static void fewer_than_eight_scored_targets_keep_the_prior(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, ORIGINS - 7);
    set_errors(&f, MEMBER_SEASONAL_YOY_SINGLE, .01, ORIGINS - 7);
    weigh(&f);
    assert_only(&f, 0, MEMBER_SEASONAL_YOY, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, ORIGINS - 8);
    set_errors(&f, MEMBER_SEASONAL_YOY_SINGLE, .01, ORIGINS - 8);
    weigh(&f);
    assert_only(&f, 0, MEMBER_SEASONAL_YOY_SINGLE, 0);
    fixture_done(&f);
}

static void only_the_last_26_scored_origins_count(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_SINGLE, .02, 0);
    for (size_t k = 0; k < 8; k++) /* dreadful, but long ago */
        for (size_t slot = 0; slot + 26 + k < ORIGINS; slot++)
            for (size_t s = 0; s < 4; s++)
                f.error[MEMBER_SEASONAL_YOY_SINGLE][(k * ORIGINS + slot) * 4 + s] = 5;
    weigh(&f);
    assert_only(&f, 0, MEMBER_SEASONAL_YOY_SINGLE, 1);
    fixture_done(&f);
}

static void far_bands_use_their_own_steps_and_before_those_steps_5_to_8(void **state)
{
    (void)state;
    struct fixture f = fixture_new(four_long, 4);
    set_errors(&f, MEMBER_SEASONAL_YOY, .03, 0);
    set_errors(&f, MEMBER_SEASONAL_YOY_SINGLE, .031, 0);
    const size_t row = ORIGINS * 4;
    for (size_t slot = 0; slot < row; slot++) {
        f.error[MEMBER_SEASONAL_YOY_SINGLE][8 * row + slot] *= .5; /* better at 13 */
        f.error[MEMBER_SEASONAL_YOY][9 * row + slot] = f.error[MEMBER_SEASONAL_YOY_SINGLE][9 * row + slot] = maths_missing();
        for (size_t k = 4; k < 8; k++)
            f.error[MEMBER_SEASONAL_YOY_SINGLE][k * row + slot] *= .9; /* and at 5..8 */
        for (size_t k = 0; k < 4; k++)
            f.error[MEMBER_SEASONAL_YOY_SINGLE][k * row + slot] *= 2;
    }
    weigh(&f);
    assert_only(&f, 0, MEMBER_SEASONAL_YOY, 0);
    assert_only(&f, 1, MEMBER_SEASONAL_YOY_SINGLE, 0);
    assert_only(&f, 2, MEMBER_SEASONAL_YOY_SINGLE, 0);
    fixture_done(&f);
}

static void short_series_follow_the_table(void **state)
{
    (void)state;
    const size_t with_sisters[] = {80, 80, 80, 5, 30, 0}, alone[] = {5, 30, 0};
    struct fixture f = fixture_new(with_sisters, 6);
    weigh(&f);
    assert_only(&f, 0, MEMBER_SISTERS, 3);
    assert_only(&f, 0, MEMBER_SISTERS, 4);
    assert_only(&f, 0, MEMBER_COUNT, 5); /* nobody */
    fixture_done(&f);
    f = fixture_new(alone, 3);
    weigh(&f);
    assert_only(&f, 0, MEMBER_MEAN, 0);
    const enum member net[] = {MEMBER_SES, MEMBER_DAMPED_DRIFT, MEMBER_NAIVE};
    for (size_t k = 0; k < 3; k++)
        assert_near(weight_of(&f, 0, net[k], 1), 1. / 3, 1e-15);
    assert_only(&f, 0, MEMBER_COUNT, 2);
    fixture_done(&f);
}

static void a_failed_member_leaves_its_weight_to_the_others_and_then_to_naive(void **state)
{
    (void)state;
    const size_t horizon = 3;
    double weight[ENSEMBLE_BANDS * MEMBER_COUNT] = {0}, value[MEMBER_COUNT * 3], out[3];
    bool fallback;
    for (size_t i = 0; i < MEMBER_COUNT * horizon; i++)
        value[i] = maths_missing();
    weight[MEMBER_SES] = .25;
    weight[MEMBER_MEAN] = .75;
    for (size_t h = 0; h < horizon; h++) {
        value[MEMBER_SES * horizon + h] = 2;
        value[MEMBER_MEAN * horizon + h] = 4;
        value[MEMBER_NAIVE * horizon + h] = 9;
    }
    ensemble_forecast(weight, 1, 0, value, horizon, out, &fallback);
    assert_near(out[1], 3.5, 0);
    assert_false(fallback);
    value[MEMBER_MEAN * horizon + 1] = maths_missing();
    ensemble_forecast(weight, 1, 0, value, horizon, out, &fallback);
    assert_near(out[0], 3.5, 0);
    assert_near(out[1], 2, 0);
    assert_false(fallback);
    value[MEMBER_SES * horizon + 1] = maths_missing();
    ensemble_forecast(weight, 1, 0, value, horizon, out, &fallback);
    assert_near(out[1], 9, 0);
    assert_true(fallback);
    value[MEMBER_NAIVE * horizon + 1] = maths_missing();
    ensemble_forecast(weight, 1, 0, value, horizon, out, &fallback);
    assert_false(maths_finite(out[1]));
    assert_false(fallback);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_follow_the_stored_steps),
        cmocka_unit_test(without_errors_the_averaged_model_stands_for_its_family),
        cmocka_unit_test(one_of_a_family_enters_and_it_is_the_best),
        cmocka_unit_test(a_lead_within_noise_keeps_the_first_of_the_family),
        cmocka_unit_test(who_is_excluded_stays_out_and_baselines_only_step_in),
        cmocka_unit_test(equal_errors_keep_the_order_of_the_table),
        cmocka_unit_test(fewer_than_eight_scored_targets_keep_the_prior),
        cmocka_unit_test(only_the_last_26_scored_origins_count),
        cmocka_unit_test(far_bands_use_their_own_steps_and_before_those_steps_5_to_8),
        cmocka_unit_test(short_series_follow_the_table),
        cmocka_unit_test(a_failed_member_leaves_its_weight_to_the_others_and_then_to_naive),
    };
    return fixture_run(argc, argv, tests);
}
