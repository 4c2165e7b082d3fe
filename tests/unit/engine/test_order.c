/* Order and cuts do not matter: the same records give the same outputs and the same state to the byte. */
#include <stdio.h>
#include <string.h>

#include "support/engine/panel.h"
#include "support/fixture.h"

#define STORES 5
#define WEEKS 75

static struct engine_options friday(void)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    return o;
}

struct outcome {
    struct buffer state, last, published;
    size_t alerts, closes;
};

static struct outcome run_with(const struct panel *p, const struct engine_options *engine, const struct driver_options *options)
{
    struct driver d;
    driver_init(&d, engine, options);
    driver_run(&d, p->updates, p->count);
    struct outcome o = {driver_state_bytes(&d), driver_last_bytes(&d), {0}, d.alert_count, d.closes};
    buffer_put(&o.published, d.published.data, d.published.size);
    assert_int_equal(d.dead_letter_count, 0);
    driver_done(&d);
    return o;
}

static struct outcome run(const struct panel *p, const struct driver_options *options)
{
    struct engine_options engine = friday();
    return run_with(p, &engine, options);
}

static void outcome_done(struct outcome *o)
{
    buffer_done(&o->state);
    buffer_done(&o->last);
    buffer_done(&o->published);
}

static void assert_same_bytes(const struct buffer *a, const struct buffer *b, const char *what)
{
    size_t n = a->size < b->size ? a->size : b->size;
    for (size_t i = 0; i < n; i++)
        if (a->data[i] != b->data[i])
            fail_msg("%s differ at byte %zu of %zu and %zu", what, i, a->size, b->size);
    if (a->size != b->size)
        fail_msg("%s have %zu and %zu bytes", what, a->size, b->size);
}

static void assert_same(const struct outcome *a, const struct outcome *b, bool outputs_too)
{
    assert_same_bytes(&a->last, &b->last, "last forecasts");
    assert_same_bytes(&a->state, &b->state, "states");
    if (outputs_too)
        assert_same_bytes(&a->published, &b->published, "outputs");
}

static void cuts_of_batches_do_not_matter(void **state)
{
    (void)state;
    struct panel p = {0};
    panel_totals(&p, STORES, WEEKS, 1);
    struct outcome whole = run(&p, &(struct driver_options){.batch = 5000});
    assert_true(whole.closes > 60);
    static const struct driver_options others[] = {
        {.batch = 1},
        {.batch = 7},
        {.batch = 7, .rollback_every = 2},
        {.batch = 13, .restart_every = 3},
        {.batch = 11, .chunk = 2},
        {.batch = 9, .chunk = 1, .restart_every = 5},
        {.batch = 97, .chunk = 3, .rollback_every = 3, .restart_every = 4},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct outcome other = run(&p, &others[i]);
        assert_same(&whole, &other, true);
        outcome_done(&other);
    }
    outcome_done(&whole);
    panel_done(&p);
}

static void first_totals_of_a_week_may_come_in_any_order(void **state)
{
    (void)state;
    struct panel clean = {0}, mixed = {0};
    panel_totals(&clean, STORES, WEEKS, 2);
    panel_totals(&mixed, STORES, WEEKS, 2);
    panel_shuffle_weeks(&mixed, 5);
    /* A correction of the same content, sent twice, changes nothing either. */
    panel_duplicate(&mixed, 0.05, 40, 6);
    struct outcome a = run(&clean, &(struct driver_options){.batch = 50});
    struct outcome b = run(&mixed, &(struct driver_options){.batch = 33});
    assert_same_bytes(&a.last, &b.last, "last forecasts");
    assert_int_equal(a.closes, b.closes);
    outcome_done(&a);
    outcome_done(&b);
    panel_done(&clean);
    panel_done(&mixed);
}

static void sales_shuffled_within_the_lateness_and_duplicated_change_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct panel clean = {0}, mixed = {0};
        int products = seed == 2 ? 2 : 0;
        int per_day = STORES * (products ? products : 1);
        panel_sales(&clean, STORES, products, 60, seed);
        panel_sales(&mixed, STORES, products, 60, seed);
        panel_shuffle(&mixed, (size_t)per_day, seed); /* a block is one day */
        panel_duplicate(&mixed, 0.05, (size_t)per_day, seed + 1);
        panel_add(&clean, driver_complete(NULL, date_of(2010, 2, 5) + 7 * 59));
        panel_add(&mixed, driver_complete(NULL, date_of(2010, 2, 5) + 7 * 59));
        struct outcome a = run(&clean, &(struct driver_options){.batch = 500});
        struct outcome b = run(&mixed, &(struct driver_options){.batch = 123, .rollback_every = 7});
        assert_int_equal(a.closes, 60);
        assert_same(&a, &b, true);
        outcome_done(&a);
        outcome_done(&b);
        panel_done(&clean);
        panel_done(&mixed);
    }
}

/* A correction sent between two closes equals a run that never had the wrong value there: from the next close on. */
static void a_corrected_week_equals_the_clean_run_with_the_correction_at_the_same_place(void **state)
{
    (void)state;
    struct panel late = {0}, twice = {0};
    panel_totals(&late, STORES, WEEKS, 3);
    panel_totals(&twice, STORES, WEEKS, 3);
    size_t at = STORES * 70 + 2; /* in week 70: week 69 is closed, 70 is open */
    struct sales_update corrected = driver_total("s01", NULL, date_of(2010, 2, 5) + 7 * 60, 123456, "correction");
    corrected.issued_at_ms += 1000;
    struct sales_update wrong = corrected;
    wrong.event_id = text_of("a wrong one");
    wrong.body.total.gross.amount += 5000000;
    wrong.issued_at_ms -= 500;
    struct panel a = {0}, b = {0};
    for (size_t i = 0; i < late.count; i++) {
        if (i == at) {
            panel_add(&a, corrected);
            panel_add(&b, wrong);
            panel_add(&b, corrected);
        }
        panel_add(&a, late.updates[i]);
        panel_add(&b, twice.updates[i]);
    }
    struct outcome x = run(&a, &(struct driver_options){.batch = 10});
    struct outcome y = run(&b, &(struct driver_options){.batch = 10, .restart_every = 2});
    assert_same_bytes(&x.last, &y.last, "last forecasts");
    outcome_done(&x);
    outcome_done(&y);
    panel_done(&late);
    panel_done(&twice);
    panel_done(&a);
    panel_done(&b);
}

/* An answer is a function of the sales before it, also after a restart between a close and the answer, with a correction
 * in between that only the next close may use. */
static void an_answer_is_the_same_after_a_restart(void **state)
{
    (void)state;
    struct panel p = {0};
    panel_sales(&p, STORES, 2, 60, 9);
    panel_add(&p, driver_complete(NULL, date_of(2010, 2, 5) + 7 * 59));
    struct sales_update late[] = {
        driver_till_sale("s01", "p1", date_of(2010, 5, 5), 777, "till-1", 100000),
        driver_till_sale("s99", "p1", date_of(2010, 5, 5), 777, "till-9", 1),
        driver_till_sale("s02", "p9", date_of(2010, 6, 5), 777, "till-2", 100000),
    };
    struct engine_options engine = friday();
    struct driver a, b;
    driver_init(&a, &engine, &(struct driver_options){.batch = 100});
    driver_init(&b, &engine, &(struct driver_options){.batch = 100});
    driver_run(&a, p.updates, p.count);
    driver_run(&b, p.updates, p.count);
    driver_run(&a, late, 3);
    driver_run(&b, late, 3);
    assert_int_equal(a.counters.late, 3);
    assert_true(a.counters.backfilled > 40); /* p9 was silent in weeks in which its store reported */
    driver_restart(&b);
    for (int h = 1; h <= 150; h += 49) {
        static const char *const products[] = {NULL, "p0", "p1"};
        for (int i = 0; i < 3; i++) {
            struct forecast_request r = {.request_id = text_of("r"), .store = text_of("s01"), .product = text_of(products[i]), .horizon = h};
            a.published.size = b.published.size = 0;
            driver_request(&a, &r);
            driver_request(&b, &r);
            assert_true(a.published.size > 100);
            assert_same_bytes(&a.published, &b.published, "answers");
        }
    }
    driver_done(&a);
    driver_done(&b);
    panel_done(&p);
}

static void alerts_come_once_whatever_is_cut_rolled_back_or_restarted(void **state)
{
    (void)state;
    struct panel p = {0};
    panel_totals(&p, STORES, 125, 4);
    for (size_t i = STORES * 95 + 2; i < p.count; i += STORES)
        p.updates[i].body.total.gross.amount /= 2;
    struct outcome whole = run(&p, &(struct driver_options){.batch = 5000});
    assert_true(whole.alerts >= 2);
    struct outcome cut = run(&p, &(struct driver_options){.batch = 6, .rollback_every = 5, .restart_every = 4});
    assert_int_equal(cut.alerts, whole.alerts);
    assert_same(&whole, &cut, true);
    outcome_done(&whole);
    outcome_done(&cut);
    panel_done(&p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_of_batches_do_not_matter),
        cmocka_unit_test(first_totals_of_a_week_may_come_in_any_order),
        cmocka_unit_test(sales_shuffled_within_the_lateness_and_duplicated_change_nothing),
        cmocka_unit_test(a_corrected_week_equals_the_clean_run_with_the_correction_at_the_same_place),
        cmocka_unit_test(an_answer_is_the_same_after_a_restart),
        cmocka_unit_test(alerts_come_once_whatever_is_cut_rolled_back_or_restarted),
    };
    return fixture_run(argc, argv, tests);
}
