/* What one record does, and what is refused. */
#include <stdio.h>
#include <string.h>

#include "base/maths.h"
#include "support/engine/panel.h"
#include "support/fixture.h"

static date_t friday_of(int week)
{
    return date_of(2010, 2, 5) + 7 * week;
}

static void begin(struct driver *d)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    driver_init(d, &o, NULL);
}

static void put(struct driver *d, struct sales_update u)
{
    driver_run(d, &u, 1);
}

static const struct driver_dead_letter *last_refused(const struct driver *d)
{
    assert_true(d->dead_letter_count > 0);
    return &d->dead_letters[d->dead_letter_count - 1];
}

static void refuses(struct driver *d, struct sales_update u, enum dead_letter code)
{
    size_t before = d->dead_letter_count;
    put(d, u);
    if (d->dead_letter_count != before + 1 || last_refused(d)->code != code)
        fail_msg("expected %s, got %s", dead_letter_name(code),
                 d->dead_letter_count == before ? "nothing" : dead_letter_name(last_refused(d)->code));
    assert_int_equal(last_refused(d)->offset, d->next_offset - 1);
    assert_true(strlen(last_refused(d)->sentence) > 10);
}

/* State and value of a series in the period of a date. */
static struct engine_cell_view cell(struct driver *d, const char *store, const char *product, date_t date)
{
    const struct period_grid grid = d->engine_options.grid;
    struct engine_series_view s;
    static struct engine_cell_view cells[400];
    size_t n;
    for (size_t i = 0; engine_series_view(d->engine, i, &s) == STATUS_OK; i++) {
        if (!text_equal(s.store, text_of(store)) || !text_equal(s.product, text_of(product)))
            continue;
        assert_ok(engine_cells_view(d->engine, i, 400, cells, &n));
        for (size_t k = 0; k < n; k++)
            if (cells[k].period == period_of(&grid, date))
                return cells[k];
    }
    return (struct engine_cell_view){.state = 'U', .value = maths_missing()};
}

static void sales_are_summed_and_returns_kept_apart(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_sale("1", NULL, friday_of(0), 10.25, "a"));
    put(&d, driver_sale("1", NULL, friday_of(0) - 3, 5, "b"));
    put(&d, driver_sale("1", NULL, friday_of(0), -2.5, "c"));
    struct engine_cell_view c = cell(&d, "1", NULL, friday_of(0));
    assert_int_equal(c.state, 'S');
    assert_true(c.value == 15.25);
    assert_int_equal(c.gross_amount, 15250000);
    assert_int_equal(c.returns_amount, 2500000);
    assert_int_equal(d.counters.returns, 1);
    driver_done(&d);
}

static void a_return_changes_no_gross_byte_of_the_forecast(void **state)
{
    (void)state;
    struct driver a, b;
    begin(&a);
    begin(&b);
    for (int week = 0; week < 10; week++) {
        put(&a, driver_sale("1", NULL, friday_of(week), 100 + week, week % 2 ? "x" : "y"));
        put(&b, driver_sale("1", NULL, friday_of(week), 100 + week, week % 2 ? "x" : "y"));
        put(&b, driver_sale("1", NULL, friday_of(week), -50, week % 2 ? "rx" : "ry"));
    }
    struct buffer x = driver_last_bytes(&a), y = driver_last_bytes(&b);
    assert_true(x.size > 0);
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    buffer_done(&x);
    buffer_done(&y);
    driver_done(&a);
    driver_done(&b);
}

static void an_event_counts_once(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    for (int i = 0; i < 3; i++)
        put(&d, driver_sale("1", NULL, friday_of(0), 10, "same"));
    for (int i = 0; i < 3; i++)
        put(&d, driver_till_sale("1", NULL, friday_of(0), 7, "till", 5));
    put(&d, driver_till_sale("1", NULL, friday_of(0), 7, "till", 4)); /* out of order, not seen before */
    assert_true(cell(&d, "1", NULL, friday_of(0)).value == 24);
    assert_int_equal(d.counters.duplicates, 4);
    assert_int_equal(d.dead_letter_count, 0);
    driver_done(&d);
}

static void a_till_of_the_same_name_in_another_store_has_its_own_counter(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_till_sale("1", NULL, friday_of(0), 7, "till", 5));
    put(&d, driver_till_sale("2", NULL, friday_of(0), 9, "till", 5));
    assert_true(cell(&d, "2", NULL, friday_of(0)).value == 9);
    driver_done(&d);
}

static void a_restarted_counter_is_refused_not_swallowed(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    for (int i = 1; i <= 5; i++)
        put(&d, driver_till_sale("1", NULL, friday_of(0), 1, "till", i));
    struct sales_update restarted = driver_till_sale("1", NULL, friday_of(0), 1, "till", 1);
    restarted.issued_at_ms += 1000000;
    refuses(&d, restarted, DEAD_LETTER_SEQUENCE_REUSED);
    put(&d, driver_till_sale("1", NULL, friday_of(0), 1, "till", 100000));
    refuses(&d, driver_till_sale("1", NULL, friday_of(0) - 1, 1, "till", 90000), DEAD_LETTER_TOO_LATE);
    assert_true(cell(&d, "1", NULL, friday_of(0)).value == 6);
    driver_done(&d);
}

static void the_greater_total_wins_however_often_it_is_sent(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    struct sales_update first = driver_total("1", NULL, friday_of(0), 100, "a"), second = driver_total("1", NULL, friday_of(0), 90, "b");
    put(&d, driver_sale("1", NULL, friday_of(0), 55, "sale"));
    put(&d, second);
    put(&d, first);
    put(&d, second);
    assert_true(cell(&d, "1", NULL, friday_of(0)).value == 90); /* same instant: the greater event id */
    first.issued_at_ms++;
    put(&d, first);
    assert_true(cell(&d, "1", NULL, friday_of(0)).value == 100);
    assert_int_equal(d.counters.superseded, 1);
    assert_int_equal(d.counters.duplicates, 1);
    driver_done(&d);
}

static void dates_out_of_range_are_refused(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    d.timestamp_ms = date_ms(friday_of(0)) + 1;
    refuses(&d, driver_sale("1", NULL, date_of(1901, 1, 1), 1, "a"), DEAD_LETTER_DATE_RANGE);
    refuses(&d, driver_sale("1", NULL, date_of(9999, 12, 31), 1, "b"), DEAD_LETTER_TOO_FAR_AHEAD);
    refuses(&d, driver_sale("1", NULL, friday_of(0) + 9, 1, "c"), DEAD_LETTER_TOO_FAR_AHEAD);
    refuses(&d, driver_complete(NULL, friday_of(0) + 9), DEAD_LETTER_TOO_FAR_AHEAD);
    put(&d, driver_sale("1", NULL, friday_of(0) + 8, 1, "d"));
    assert_int_equal(d.counters.sales, 1);
    assert_int_equal(engine_series_count(d.engine), 1);
    driver_done(&d);
}

static void levels_do_not_mix(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_sale("whole", NULL, friday_of(0), 1, "a"));
    refuses(&d, driver_sale("whole", "p", friday_of(0), 1, "b"), DEAD_LETTER_MIXED_LEVEL);
    put(&d, driver_sale("parts", "p", friday_of(0), 3, "c"));
    put(&d, driver_sale("parts", "q", friday_of(0), 4, "d"));
    refuses(&d, driver_sale("parts", NULL, friday_of(0), 1, "e"), DEAD_LETTER_MIXED_LEVEL);
    put(&d, driver_total("parts", NULL, friday_of(0), 99, "check"));
    assert_true(cell(&d, "parts", NULL, friday_of(0)).value == 7); /* the check figure does not replace the sum */
    put(&d, driver_complete(NULL, friday_of(0)));
    assert_int_equal(d.closes, 1);
    assert_int_equal(d.counters.check_differences, 1);
    driver_done(&d);
}

static void a_total_of_a_product_moves_its_store(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_sale("1", "p", friday_of(0), 3, "a"));
    put(&d, driver_sale("1", "q", friday_of(0), 4, "b"));
    put(&d, driver_total("1", "p", friday_of(0), 10, "c"));
    put(&d, driver_sale("1", "p", friday_of(0), 5, "d")); /* summed, but the Total stands */
    assert_true(cell(&d, "1", "p", friday_of(0)).value == 10);
    assert_true(cell(&d, "1", NULL, friday_of(0)).value == 14);
    driver_done(&d);
}

static void one_series_too_many_is_refused_and_said_once(void **state)
{
    (void)state;
    struct engine_options o;
    engine_options_default(&o);
    o.series_max = 3;
    struct driver d;
    driver_init(&d, &o, NULL);
    put(&d, driver_sale("1", "p", friday_of(0), 3, "a"));
    put(&d, driver_sale("1", "q", friday_of(0), 3, "b"));
    refuses(&d, driver_sale("1", "r", friday_of(0), 3, "c"), DEAD_LETTER_SERIES_LIMIT);
    refuses(&d, driver_sale("2", NULL, friday_of(0), 3, "d"), DEAD_LETTER_SERIES_LIMIT);
    put(&d, driver_sale("1", "p", friday_of(0), 3, "e"));
    assert_int_equal(d.alert_count, 1);
    assert_int_equal(d.alerts[0].kind, ALERT_SERIES_LIMIT);
    driver_done(&d);
}

static void other_bodies_are_visible_dead_letters(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    static const enum body_kind kinds[] = {BODY_PLAN, BODY_AVAILABILITY, BODY_STORE, BODY_SERIES, BODY_OVERRIDE, BODY_MODEL};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct sales_update u = driver_sale("1", NULL, friday_of(0), 1, "a");
        u.kind = kinds[i];
        refuses(&d, u, DEAD_LETTER_NOT_SUPPORTED_YET);
    }
    assert_int_equal(d.counters.dead_letters, 6);
    driver_done(&d);
}

static void records_already_applied_are_skipped(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_sale("1", NULL, friday_of(0), 3, "a"));
    d.next_offset = 0;
    put(&d, driver_sale("1", NULL, friday_of(0), 4, "b"));
    assert_true(cell(&d, "1", NULL, friday_of(0)).value == 3);
    driver_done(&d);
}

static void an_old_sale_without_a_counter_is_too_late_and_a_total_is_a_correction(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    struct panel p = {0};
    panel_totals(&p, 3, 20, 1);
    driver_run(&d, p.updates, p.count);
    date_t old = friday_of(10);
    refuses(&d, driver_sale("s00", NULL, old, 5, "late"), DEAD_LETTER_TOO_LATE);
    put(&d, driver_till_sale("s00", NULL, old, 5, "till", 1)); /* told from a duplicate by its counter; the Total stands */
    struct sales_update correction = driver_total("s00", NULL, old, 4242, "late-total");
    correction.issued_at_ms++;
    put(&d, correction);
    assert_true(cell(&d, "s00", NULL, old).value == 4242);
    assert_int_equal(d.counters.late, 2);
    assert_int_equal(d.counters.corrections, 1);
    panel_done(&p);
    driver_done(&d);
}

static void three_years_may_be_backfilled_after_a_live_start(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    struct panel p = {0};
    panel_totals(&p, 3, 161, 1);
    driver_run(&d, p.updates + 3 * 157, 9); /* live: three weeks; the first closes by the watermark, the others by the roster */
    assert_int_equal(d.closes, 3);
    driver_run(&d, p.updates, 3 * 157);
    assert_int_equal(d.counters.backfilled, 3 * 157);
    assert_int_equal(d.dead_letter_count, 0);
    assert_int_equal(d.closes, 3);
    driver_run(&d, p.updates + 3 * 160, 3); /* what was backfilled is used from the next close on */
    assert_int_equal(d.closes, 4);
    struct engine_series_view s;
    assert_ok(engine_series_view(d.engine, 0, &s));
    assert_int_equal(s.observed, 161);
    panel_done(&p);
    driver_done(&d);
}

/* Each of these is a number a till may send; together they are more than 64 bits hold. */
static void sums_beyond_all_measure_are_refused_and_stay_exact(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    for (int i = 0; i < 2305; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        put(&d, driver_sale("s", "p", friday_of(0), 1e9, id));
    }
    assert_int_equal(d.dead_letter_count, 0);
    refuses(&d, driver_sale("s", "p", friday_of(0), 1e9, "one more"), DEAD_LETTER_VALUE_RANGE);
    refuses(&d, driver_sale("s", "p", friday_of(0), 1e9, "one more"), DEAD_LETTER_VALUE_RANGE); /* nor remembered as seen */
    refuses(&d, driver_sale("s", "another", friday_of(0), 1e9, "again"), DEAD_LETTER_VALUE_RANGE); /* the store's sum */
    refuses(&d, driver_total("s", "a third", friday_of(0), 1e9, "total"), DEAD_LETTER_VALUE_RANGE);
    put(&d, driver_sale("s", "p", friday_of(0), -1e9, "a return is summed apart"));
    struct engine_cell_view cell;
    size_t count;
    assert_ok(engine_cells_view(d.engine, 0, 1, &cell, &count));
    assert_int_equal(cell.gross_amount, INT64_C(2305000000000000000));
    assert_int_equal(cell.returns_amount, INT64_C(1000000000000000));
    driver_done(&d);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sales_are_summed_and_returns_kept_apart),
        cmocka_unit_test(a_return_changes_no_gross_byte_of_the_forecast),
        cmocka_unit_test(an_event_counts_once),
        cmocka_unit_test(a_till_of_the_same_name_in_another_store_has_its_own_counter),
        cmocka_unit_test(a_restarted_counter_is_refused_not_swallowed),
        cmocka_unit_test(the_greater_total_wins_however_often_it_is_sent),
        cmocka_unit_test(dates_out_of_range_are_refused),
        cmocka_unit_test(sums_beyond_all_measure_are_refused_and_stay_exact),
        cmocka_unit_test(levels_do_not_mix),
        cmocka_unit_test(a_total_of_a_product_moves_its_store),
        cmocka_unit_test(one_series_too_many_is_refused_and_said_once),
        cmocka_unit_test(other_bodies_are_visible_dead_letters),
        cmocka_unit_test(records_already_applied_are_skipped),
        cmocka_unit_test(an_old_sale_without_a_counter_is_too_late_and_a_total_is_a_correction),
        cmocka_unit_test(three_years_may_be_backfilled_after_a_live_start),
    };
    return fixture_run(argc, argv, tests);
}
