#include "forecast/intervals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "support/fixture.h"
#include "support/shared.h"
#include "support/table_file.h"

#define SLOTS 40
#define SERIES 5

struct panel {
    double error[ERRORS_STEPS][SLOTS][SERIES];
    double residual_sd[SERIES];
    bool in_pool[SERIES];
};

static struct rolling_errors view(const struct panel *p)
{
    return (struct rolling_errors){.origins = SLOTS, .series = SERIES, .error = &p->error[0][0][0]};
}

static struct panel *golden_panel(void)
{
    struct panel *p = malloc(sizeof *p);
    struct table_file t;
    assert_non_null(p);
    for (size_t i = 0; i < sizeof p->error / sizeof(double); i++)
        (&p->error[0][0][0])[i] = maths_missing();
    table_file_read(&t, source_path("tests/golden/intervals_errors.csv"));
    for (size_t row = 0; row < t.rows; row++)
        p->error[(size_t)table_file_number(&t, row, 0) - 1][(size_t)table_file_number(&t, row, 1)]
                [(size_t)table_file_number(&t, row, 2)] = table_file_number(&t, row, 3);
    table_file_done(&t);
    for (size_t s = 0; s < SERIES; s++) {
        p->residual_sd[s] = .02 * (double)(s + 1);
        p->in_pool[s] = true;
    }
    return p;
}

static struct conformal *fitted(const struct panel *p, const struct conformal_options *options)
{
    const struct rolling_errors errors = view(p);
    struct conformal *c = NULL;
    assert_ok(conformal_new(&errors, p->residual_sd, p->in_pool, options, &c));
    return c;
}

/* The published function: the median is the forecast, and nothing crosses it. */
static double kept_on_its_side(double offset, double level)
{
    return level == .5 || (level < .5) == (offset > 0) ? 0 : offset;
}

static void offsets_equal_the_prototypes(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    struct conformal *c = fitted(p, &conformal_default);
    struct table_file t;
    table_file_read(&t, source_path("tests/golden/intervals_offsets.csv"));
    for (size_t row = 0; row < t.rows; row++) {
        const size_t h = (size_t)table_file_number(&t, row, 0), s = (size_t)table_file_number(&t, row, 1);
        const double level = table_file_number(&t, row, 2);
        assert_near(conformal_offset(c, s, h, level), kept_on_its_side(table_file_number(&t, row, 3), level), 1e-12);
    }
    table_file_done(&t);
    conformal_free(c);
    free(p);
}

static void a_pool_of_one_has_its_own_scores_and_is_widened(void **state)
{
    (void)state;
    struct table_file t;
    table_file_read(&t, source_path("tests/golden/intervals_offsets.csv"));
    for (size_t only = 0; only < SERIES; only++) {
        struct panel *p = golden_panel();
        for (size_t s = 0; s < SERIES; s++)
            p->in_pool[s] = s == only;
        struct conformal *c = fitted(p, &conformal_default);
        for (size_t row = 0; row < t.rows; row++) {
            const size_t h = (size_t)table_file_number(&t, row, 0), s = (size_t)table_file_number(&t, row, 1);
            const double level = table_file_number(&t, row, 2), alone = table_file_number(&t, row, 4);
            if (s == only)
                assert_near(conformal_offset(c, s, h, level), 1.05 * kept_on_its_side(alone, level), 1e-12);
        }
        conformal_free(c);
        free(p);
    }
    table_file_done(&t);
}

static void half_widths_equal_the_prototypes(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    const struct rolling_errors errors = view(p);
    const double levels[2] = {.80, .95};
    double width[2][SERIES];
    struct table_file t;
    table_file_read(&t, source_path("tests/golden/intervals_half_widths.csv"));
    for (size_t row = 0; row < t.rows; row++) {
        const size_t h = (size_t)table_file_number(&t, row, 0), s = (size_t)table_file_number(&t, row, 1);
        assert_ok(conformal_half_widths(&errors, h - 1, levels, 2, .97, .6, &width[0][0]));
        assert_near(width[0][s], table_file_number(&t, row, 2), 1e-12);
        assert_near(width[1][s], table_file_number(&t, row, 3), 1e-12);
    }
    table_file_done(&t);
    free(p);
}

static void mean_ratio_is_shrunk_like_the_scale(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    struct conformal *c = fitted(p, &conformal_default);
    struct table_file t;
    table_file_read(&t, source_path("tests/golden/intervals_ratios.csv"));
    for (size_t row = 0; row < t.rows; row++)
        assert_near(conformal_mean_ratio(c, (size_t)table_file_number(&t, row, 1), (size_t)table_file_number(&t, row, 0)),
                    table_file_number(&t, row, 2), 1e-12);
    table_file_done(&t);
    conformal_free(c);
    free(p);
}

static void offsets_never_decrease_with_the_level(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    for (size_t s = 0; s < SERIES; s++) /* a bias that moves the middle of the scores away from 0 */
        for (size_t q = 0; q < SLOTS; q++)
            p->error[3][q][s] += .2;
    struct conformal *c = fitted(p, &conformal_default);
    for (size_t h = 1; h <= 12; h++)
        for (size_t s = 0; s < SERIES; s++) {
            double before = -INFINITY;
            for (int k = 1; k < 1000; k++) {
                const double offset = conformal_offset(c, s, h, k == 500 ? .5 : k / 1000.0);
                assert_true(offset >= before);
                assert_true(k != 500 || offset == 0);
                before = offset;
            }
        }
    conformal_free(c);
    free(p);
}

static void steps_past_the_last_take_its_offsets(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    struct conformal *c = fitted(p, &conformal_default);
    for (size_t k = 0; k < QUANTILE_LEVELS; k++)
        assert_true(conformal_offset(c, 1, 150, quantile_levels[k]) == conformal_offset(c, 1, 8, quantile_levels[k]));
    assert_true(conformal_mean_ratio(c, 1, 9) == conformal_mean_ratio(c, 1, 8));
    conformal_free(c);
    free(p);
}

static void too_few_errors_give_a_symmetric_start(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    for (size_t q = 0; q < SLOTS; q++)
        if (q < SLOTS - 11)
            p->error[0][q][2] = maths_missing(); /* eleven left */
    p->in_pool[4] = false;
    struct conformal *c = fitted(p, &conformal_default);
    assert_near(conformal_offset(c, 2, 1, .975), 1.95996398454005 * 1.3 * .06, 1e-12);
    assert_near(conformal_offset(c, 2, 1, .025), -1.95996398454005 * 1.3 * .06, 1e-12);
    assert_near(conformal_offset(c, 4, 4, .9), 1.2815515655446 * 1.3 * .10 * 2, 1e-12);
    assert_true(conformal_mean_ratio(c, 2, 1) == 1);
    assert_true(conformal_offset(c, 2, 1, .5) == 0);
    conformal_free(c);
    free(p);
}

static void a_missing_error_has_no_weight(void **state)
{
    (void)state;
    /* One series whose errors are missing at every other origin, against the same errors alone with the same ages. */
    struct panel *p = golden_panel();
    for (size_t s = 0; s < SERIES; s++)
        p->in_pool[s] = s == 0;
    for (size_t q = 0; q < SLOTS; q += 2)
        p->error[0][q][0] = maths_missing();
    struct conformal *c = fitted(p, &conformal_default);
    double weight = 0, square = 0;
    for (size_t q = 0; q < SLOTS; q++)
        if (!isnan(p->error[0][q][0])) {
            const double w = pow(.97, (double)(SLOTS - 1 - q));
            weight += w;
            square += w * p->error[0][q][0] * p->error[0][q][0];
        }
    assert_near(conformal_scale(c, 0, 1), sqrt(square / weight), 1e-14);
    conformal_free(c);
    free(p);
}

static void scaling_the_errors_scales_the_offsets(void **state)
{
    (void)state;
    struct panel *p = golden_panel(), *double_ = golden_panel();
    for (size_t i = 0; i < sizeof p->error / sizeof(double); i++)
        (&double_->error[0][0][0])[i] *= 2;
    struct conformal *a = fitted(p, &conformal_default), *b = fitted(double_, &conformal_default);
    for (size_t h = 1; h <= 8; h++)
        for (size_t k = 0; k < QUANTILE_LEVELS; k++)
            assert_true(2 * conformal_offset(a, 3, h, quantile_levels[k]) == conformal_offset(b, 3, h, quantile_levels[k]));
    conformal_free(a);
    conformal_free(b);
    free(p);
    free(double_);
}

/* Slow and obvious: how many scores are at most the offset's, by weight. */
static double weight_at_most(const struct panel *p, const struct conformal *c, double score)
{
    double below = 0, all = 0;
    for (size_t q = 0; q < SLOTS; q++)
        for (size_t s = 0; s < SERIES; s++) {
            const double w = pow(.97, (double)(SLOTS - 1 - q));
            all += w;
            if (p->error[0][q][s] / conformal_scale(c, s, 1) <= score)
                below += w;
        }
    return below / all;
}

static void scores_that_differ_in_their_last_bits_are_sorted_too(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    double up = .01;
    for (size_t q = SLOTS; q-- > 0; up = nextafter(up, 1)) /* growing with age: the worst order there is */
        for (size_t s = 0; s < SERIES; s++)
            p->error[0][q][s] = s % 2 ? up : -up;
    const struct conformal_options plain = {.decay = .97, .own_share = .6, .recentre = 0, .alone_widening = 1};
    struct conformal *c = fitted(p, &plain);
    for (int k = 1; k < 100; k++) {
        const double level = k / 100.0, offset = conformal_offset(c, 0, 1, level);
        if (level != .5 && offset != 0) {
            const double score = offset / conformal_scale(c, 0, 1);
            assert_true(weight_at_most(p, c, score + 1e-15) >= level - 1e-9);
            assert_true(weight_at_most(p, c, score - 2e-15) < level);
        }
    }
    conformal_free(c);
    free(p);
}

static void ugly_input_gives_finite_numbers(void **state)
{
    (void)state;
    struct panel *p = golden_panel();
    memset(p->error, 0, sizeof p->error); /* perfect forecasts */
    p->residual_sd[0] = NAN;
    struct conformal *c = fitted(p, &conformal_default);
    assert_true(conformal_offset(c, 0, 3, .9) == 0);
    assert_true(conformal_mean_ratio(c, 0, 3) == 1);
    conformal_free(c);
    p->error[0][39][1] = 700; /* exp overflows nearly: the ratio stays within its bounds */
    p->error[0][38][1] = -700;
    c = fitted(p, &conformal_default);
    assert_true(conformal_mean_ratio(c, 1, 1) == 1.5);
    assert_true(isfinite(conformal_offset(c, 0, 1, .99)));
    conformal_free(c);
    const struct rolling_errors none = {.origins = 0, .series = SERIES, .error = NULL};
    assert_ok(conformal_new(&none, p->residual_sd, p->in_pool, &conformal_default, &c));
    assert_true(conformal_offset(c, 0, 1, .9) == 0);
    assert_near(conformal_offset(c, 1, 1, .9), 1.2815515655446 * 1.3 * .04, 1e-12);
    conformal_free(c);
    free(p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_equal_the_prototypes),
        cmocka_unit_test(a_pool_of_one_has_its_own_scores_and_is_widened),
        cmocka_unit_test(half_widths_equal_the_prototypes),
        cmocka_unit_test(mean_ratio_is_shrunk_like_the_scale),
        cmocka_unit_test(offsets_never_decrease_with_the_level),
        cmocka_unit_test(steps_past_the_last_take_its_offsets),
        cmocka_unit_test(too_few_errors_give_a_symmetric_start),
        cmocka_unit_test(a_missing_error_has_no_weight),
        cmocka_unit_test(scaling_the_errors_scales_the_offsets),
        cmocka_unit_test(scores_that_differ_in_their_last_bits_are_sorted_too),
        cmocka_unit_test(ugly_input_gives_finite_numbers),
    };
    return fixture_run(argc, argv, tests);
}
