/* When a period closes, and who is in the close. */
#include <stdio.h>
#include <string.h>

#include "engine/partition.h"
#include "forecast/calendar.h"
#include "forecast/pool.h"
#include "support/engine/panel.h"
#include "support/fixture.h"

static date_t friday_of(int week)
{
    return date_of(2010, 2, 5) + 7 * week;
}

static void begin_at(struct driver *d, enum weekday week_end)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = (uint8_t)week_end;
    driver_init(d, &o, NULL);
}

static void begin(struct driver *d)
{
    begin_at(d, FRIDAY);
}

static void put(struct driver *d, struct sales_update u)
{
    driver_run(d, &u, 1);
}

static void totals(struct driver *d, int week, const char *stores)
{
    for (const char *s = stores; *s; s++) {
        char id[2] = {*s, '\0'};
        put(d, driver_total(id, NULL, friday_of(week), 1000 + *s, "total"));
    }
}

static void the_watermark_closes_a_week_when_it_is_later_than_its_last_day(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_sale("1", NULL, friday_of(0), 10, "a"));
    put(&d, driver_sale("1", NULL, friday_of(0) + 2, 10, "b"));
    assert_int_equal(d.closes, 0); /* watermark = the Friday itself */
    put(&d, driver_sale("1", NULL, friday_of(0) + 3, 10, "c"));
    assert_int_equal(d.closes, 1);
    assert_int_equal(engine_closed_through(d.engine), period_of(&d.engine_options.grid, friday_of(0)));
    driver_done(&d);
}

static void every_week_end_works(void **state)
{
    (void)state;
    for (enum weekday end = MONDAY; end <= SUNDAY; end++) {
        struct driver d;
        begin_at(&d, end);
        date_t day = date_of(2010, 2, 1);
        while (date_weekday(day) != end)
            day++;
        put(&d, driver_sale("1", NULL, day - 6, 10, "first day"));
        put(&d, driver_sale("1", NULL, day, 10, "last day"));
        put(&d, driver_sale("1", NULL, day + 1, 10, "next week"));
        put(&d, driver_complete(NULL, day));
        assert_int_equal(d.closes, 1);
        struct engine_cell_view cells[4];
        size_t n;
        assert_ok(engine_cells_view(d.engine, 0, 4, cells, &n));
        assert_int_equal(n, 2);
        assert_true(cells[0].value == 20 && cells[1].value == 10);
        assert_int_equal(period_last_day(&d.engine_options.grid, cells[0].period), day);
        driver_done(&d);
    }
}

static void a_week_closes_early_when_the_whole_roster_has_its_total(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    totals(&d, 0, "abc");
    assert_int_equal(d.closes, 0); /* nobody had a total before: an empty roster never closes early */
    totals(&d, 1, "ab");
    assert_int_equal(d.closes, 1); /* week 0, by the watermark */
    totals(&d, 1, "c");
    assert_int_equal(d.closes, 2);
    driver_done(&d);
}

static void a_store_that_misses_a_week_or_joins_later_is_in_every_close_after_the_next(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    totals(&d, 0, "abc");
    totals(&d, 1, "abc");
    totals(&d, 2, "ab"); /* c misses week 2 */
    assert_int_equal(d.closes, 2);
    totals(&d, 3, "ab"); /* closes 2 by the watermark; then the roster of 3 is a and b */
    assert_int_equal(d.closes, 4);
    totals(&d, 3, "c");   /* a correction; c is on the roster of week 4 */
    totals(&d, 4, "abd"); /* d joins */
    assert_int_equal(d.closes, 4);
    totals(&d, 4, "c");
    assert_int_equal(d.closes, 5);
    totals(&d, 5, "abc"); /* d came before the close of 4: it is waited for */
    assert_int_equal(d.closes, 5);
    totals(&d, 5, "d");
    assert_int_equal(d.closes, 6);
    driver_done(&d);
}

static void running_totals_during_the_week_close_nothing(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    totals(&d, 0, "ab");
    totals(&d, 1, "ab");
    assert_int_equal(d.closes, 2);
    for (int day = 1; day < 7; day++)
        for (int store = 0; store < 2; store++) {
            struct sales_update u = driver_total(store ? "a" : "b", NULL, friday_of(2), 100 * day, "running");
            u.issued_at_ms = date_ms(friday_of(1) + day);
            put(&d, u);
        }
    assert_int_equal(d.closes, 2);
    assert_int_equal(engine_watermark(d.engine), friday_of(1) - 2);
    totals(&d, 2, "ab");
    assert_int_equal(d.closes, 3);
    driver_done(&d);
}

static void a_complete_closes_without_waiting(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_complete(NULL, friday_of(3)));
    assert_int_equal(d.closes, 0); /* a partition without series closes nothing */
    put(&d, driver_sale("1", NULL, friday_of(4), 10, "a"));
    put(&d, driver_complete(NULL, friday_of(4) - 1));
    assert_int_equal(d.closes, 0);
    put(&d, driver_complete(NULL, friday_of(4)));
    assert_int_equal(d.closes, 1);
    driver_done(&d);
}

static void a_stores_complete_counts_as_its_total(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    totals(&d, 0, "ab");
    totals(&d, 1, "ab");
    totals(&d, 2, "a");
    assert_int_equal(d.closes, 2);
    put(&d, driver_complete("b", friday_of(2)));
    assert_int_equal(d.closes, 3);
    driver_done(&d);
}

static void a_gap_of_weeks_closes_one_by_one(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    put(&d, driver_sale("1", NULL, friday_of(0), 10, "a"));
    put(&d, driver_sale("1", NULL, friday_of(6), 10, "b"));
    assert_int_equal(d.closes, 6); /* weeks 0..5; the watermark is the Wednesday of week 6 */
    struct engine_cell_view cells[10];
    size_t n;
    assert_ok(engine_cells_view(d.engine, 0, 10, cells, &n));
    assert_int_equal(cells[3].state, 'U');
    driver_done(&d);
}

static void a_silent_store_is_unknown_then_an_alert_then_back(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    for (int week = 0; week < 12; week++) {
        for (int day = -6; day <= 0; day++) {
            char id[16] = {(char)('a' + week), (char)('g' + day), '\0'};
            put(&d, driver_sale("loud", NULL, friday_of(week) + day, 10, id));
            if (week < 4 || week > 7)
                put(&d, driver_sale("quiet", "p", friday_of(week) + day, 10, id));
        }
    }
    put(&d, driver_complete(NULL, friday_of(11)));
    assert_int_equal(d.closes, 12);
    struct engine_cell_view cells[20];
    size_t n;
    assert_ok(engine_cells_view(d.engine, 2, 20, cells, &n)); /* quiet/p */
    assert_int_equal(cells[4].state, 'U');
    assert_int_equal(cells[7].state, 'U');
    assert_int_equal(cells[8].state, 'S');
    assert_int_equal(d.alert_count, 2);
    assert_int_equal(d.alerts[0].kind, ALERT_FEED_SILENT);
    assert_true(d.alerts[0].firing && d.alerts[0].period == friday_of(5));
    assert_true(!d.alerts[1].firing && d.alerts[1].period == friday_of(8) && d.alerts[1].since == friday_of(5));
    assert_string_equal(d.alerts[1].store, "quiet");
    driver_done(&d);
}

static enum result_status last_status;
static double last_median;
static void note_product(void *context, const struct forecast_result *r)
{
    (void)context;
    if (!r->product.data || !text_equal(r->product, text_of("p")))
        return;
    last_status = r->status;
    last_median = r->step_count ? r->steps[0].median : -1;
}

static void a_product_that_stops_selling_is_suspected_and_does_not_become_zero(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    d.on_forecast = note_product;
    for (int week = 0; week < 60; week++) {
        char id[32];
        (void)snprintf(id, sizeof id, "q%d", week);
        put(&d, driver_sale("1", "q", friday_of(week), 100, id));
        (void)snprintf(id, sizeof id, "p%d", week);
        if (week < 30 || week == 59)
            put(&d, driver_sale("1", "p", friday_of(week), 10, id));
        if (week == 58)
            assert_true(last_status == RESULT_SUSPECT_STOCKOUT && last_median > 0.5);
    }
    put(&d, driver_complete(NULL, friday_of(59)));
    assert_int_equal(last_status, RESULT_FALLBACK);
    assert_int_equal(d.alert_count, 2);
    assert_int_equal(d.alerts[0].kind, ALERT_SUSPECT_STOCKOUT);
    assert_true(d.alerts[0].firing && d.alerts[0].period == friday_of(42)); /* weeks 30..42 are thirteen */
    assert_true(!d.alerts[1].firing && d.alerts[1].period == friday_of(59) && d.alerts[1].since == friday_of(42));
    driver_done(&d);
}

/* A till that sends nothing for a product it did not sell says the same as one that sends zeros. */
static void explicit_zeros_after_the_first_sale_change_nothing_published(void **state)
{
    (void)state;
    struct driver sparse, zeros;
    begin(&sparse);
    begin(&zeros);
    uint64_t random = 7;
    for (int day = 0; day < 7 * 30; day++)
        for (int product = 0; product < 4; product++) {
            char id[32];
            (void)snprintf(id, sizeof id, "%d-%d", day, product);
            const char *names[] = {"p0", "p1", "p2", "p3"};
            bool sold = product == 0 || (day / 7 >= 3 * product && panel_uniform(&random) < 0.06);
            double amount = sold ? 5 + product : 0;
            struct sales_update u = driver_sale("1", names[product], friday_of(0) - 6 + day, amount, id);
            if (sold)
                put(&sparse, u);
            if (sold || (product && zeros.counters.sales && day / 7 >= 20))
                put(&zeros, u);
        }
    put(&sparse, driver_complete(NULL, friday_of(29)));
    put(&zeros, driver_complete(NULL, friday_of(29)));
    assert_int_equal(sparse.closes, zeros.closes);
    struct buffer a = driver_last_bytes(&sparse), b = driver_last_bytes(&zeros);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    buffer_done(&a);
    buffer_done(&b);
    driver_done(&sparse);
    driver_done(&zeros);
}

static size_t cell_pages(const struct driver *d)
{
    size_t pages = 0;
    for (size_t i = 0; i < d->engine->series_count; i++)
        pages += d->engine->series[i]->page_count;
    return pages;
}

/* History is 16 periods: two pages of cells a series at most, and a third while a page begins. */
static void periods_that_are_forgotten_leave_no_memory(void **state)
{
    (void)state;
    struct driver d;
    struct engine_options o;
    const struct driver_options batches = {.batch = 7, .rollback_every = 3};
    engine_options_default(&o);
    o.history_periods = 16;
    driver_init(&d, &o, &batches);
    struct sales_update updates[3 * 40];
    char ids[3 * 40][16];
    for (int turn = 0; turn < 10; turn++) {
        size_t n = 0;
        for (int week = 40 * turn; week < 40 * (turn + 1); week++)
            for (int product = 0; product < 3; product++, n++) {
                (void)snprintf(ids[n], sizeof ids[n], "%d-%d", week, product);
                updates[n] = driver_sale("1", product ? "p1" : "p0", friday_of(week), 10 + product, ids[n]);
            }
        driver_run(&d, updates, n);
        assert_in_range(cell_pages(&d), 3, 3 * 3);
        assert_in_range(calendar_rows(d.engine->calendar), 1, 16 + POOL_HORIZON_MAX + 3 * 64);
    }
    assert_int_equal(d.closes, 399);
    struct engine_cell_view cells[40];
    size_t n;
    assert_ok(engine_cells_view(d.engine, 1, 40, cells, &n));
    assert_int_equal(n, 17); /* the open one too */
    assert_int_equal(cells[0].gross_amount, 10 * MILLIONTHS);
    driver_done(&d);
}

/* ---- rollbacks: what answers are given from is not fitted again, which would hold up those who ask */

static void apply(struct driver *d, struct sales_update u, struct effects *fx)
{
    const struct record record = {.update = &u, .offset = d->next_offset, .timestamp_ms = d->timestamp_ms};
    bool done;
    assert_ok(engine_apply(d->engine, &record, fx));
    while (engine_close_due(d->engine))
        assert_ok(engine_continue(d->engine, 0, fx, &done));
}

/* One batch with u in it, which does not happen. */
static void try_in_vain(struct driver *d, struct sales_update u)
{
    const struct pool_work *before = d->engine->standing;
    struct effects fx = {0};
    assert_non_null(before);
    apply(d, u, &fx);
    assert_ok(engine_flush(d->engine, d->batch + 1, &fx));
    engine_rollback(d->engine);
    assert_ptr_equal(d->engine->standing, before);
    assert_null(d->engine->work);
    effects_done(&fx);
}

static void a_rolled_back_batch_costs_no_fit(void **state)
{
    (void)state;
    struct driver d;
    begin(&d);
    for (int week = 0; week < 6; week++)
        totals(&d, week, "abc");
    size_t closes = d.closes;
    assert_true(closes > 0);
    for (int again = 0; again < 2; again++) {
        try_in_vain(&d, driver_sale("a", NULL, friday_of(5) + 1, 10, "in the open week"));
        try_in_vain(&d, driver_sale("a", NULL, friday_of(9), 10, "closes three weeks"));
        driver_restart(&d);
    }
    totals(&d, 6, "abc");
    assert_true(d.closes > closes);
    driver_done(&d);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_watermark_closes_a_week_when_it_is_later_than_its_last_day),
        cmocka_unit_test(every_week_end_works),
        cmocka_unit_test(a_week_closes_early_when_the_whole_roster_has_its_total),
        cmocka_unit_test(a_store_that_misses_a_week_or_joins_later_is_in_every_close_after_the_next),
        cmocka_unit_test(running_totals_during_the_week_close_nothing),
        cmocka_unit_test(a_complete_closes_without_waiting),
        cmocka_unit_test(a_stores_complete_counts_as_its_total),
        cmocka_unit_test(a_gap_of_weeks_closes_one_by_one),
        cmocka_unit_test(a_silent_store_is_unknown_then_an_alert_then_back),
        cmocka_unit_test(a_product_that_stops_selling_is_suspected_and_does_not_become_zero),
        cmocka_unit_test(explicit_zeros_after_the_first_sale_change_nothing_published),
        cmocka_unit_test(periods_that_are_forgotten_leave_no_memory),
        cmocka_unit_test(a_rolled_back_batch_costs_no_fit),
    };
    return fixture_run(argc, argv, tests);
}
