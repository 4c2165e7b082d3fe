/* What can be asked of a partition and of its outputs: offsets, cells, keys, names. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "engine/effects.h"
#include "forecast/member.h"
#include "support/engine/panel.h"
#include "support/fixture.h"

static date_t friday_of(int week)
{
    return date_of(2010, 2, 5) + 7 * week;
}

static void begin(struct driver *d, enum measure measure)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    o.measure = measure;
    driver_init(d, &o, NULL);
}

static void put(struct driver *d, struct sales_update u)
{
    driver_run(d, &u, 1);
}

static void flush_and_commit(struct driver *d)
{
    assert_ok(engine_flush(d->engine, ++d->batch, &d->fx));
    for (size_t i = 0; i < d->fx.count; i++)
        assert_int_equal(d->fx.items[i].kind, EFFECT_PUT);
    effects_clear(&d->fx);
    engine_commit(d->engine);
}

static void the_stored_partition_record_tells_its_batch_unloaded(void **state)
{
    (void)state;
    struct driver d;
    struct bytes key, value;
    uint64_t batch;
    begin(&d, MEASURE_AMOUNT);
    put(&d, driver_sale("1", NULL, friday_of(0), 5, "a"));
    put(&d, driver_sale("1", NULL, friday_of(0), 6, "b"));
    const struct bytes own = engine_partition_key();
    size_t told = 0, records = 0;
    for (; driver_record(&d, records, &key, &value); records++) {
        bool is_own = key.size == own.size && memcmp(key.data, own.data, own.size) == 0;
        assert_int_equal(engine_partition_batch(value, &batch), is_own);
        told += is_own;
        if (is_own)
            assert_int_equal(batch, engine_batch(d.engine));
        value.size = 7; /* cut off */
        assert_false(engine_partition_batch(value, &batch));
    }
    assert_true(told == 1 && records > 2 && engine_batch(d.engine) == 2);
    driver_done(&d);
}

static void the_offsets_of_requests_and_batches_are_part_of_the_state(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, MEASURE_AMOUNT);
    assert_int_equal(engine_requests_offset(d.engine), -1);
    assert_ok(engine_set_requests_offset(d.engine, 41));
    put(&d, driver_sale("1", NULL, friday_of(0), 10, "a"));
    assert_ok(engine_set_requests_offset(d.engine, 42));
    engine_rollback(d.engine);
    assert_int_equal(engine_requests_offset(d.engine), 41);
    driver_restart(&d);
    assert_int_equal(engine_requests_offset(d.engine), 41);
    assert_int_equal(engine_batch(d.engine), 1);
    driver_done(&d);
}

static void offsets_of_another_broker_begin_anew_and_sales_are_kept(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, MEASURE_AMOUNT);
    put(&d, driver_sale("1", NULL, friday_of(0), 10, "a"));
    assert_ok(engine_set_requests_offset(d.engine, 7));
    assert_ok(engine_reset_offsets(d.engine));
    assert_int_equal(engine_offset(d.engine), -1);
    assert_int_equal(engine_requests_offset(d.engine), -1);
    flush_and_commit(&d);
    d.next_offset = 0;
    put(&d, driver_sale("1", NULL, friday_of(0), 10, "b"));
    struct engine_cell_view cell;
    size_t n;
    assert_ok(engine_cells_view(d.engine, 0, 1, &cell, &n));
    assert_true(n == 1 && cell.value == 20);
    driver_done(&d);
}

static void the_newest_cells_are_shown_when_there_are_more(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, MEASURE_AMOUNT);
    for (int week = 0; week < 10; week++)
        put(&d, driver_total("1", NULL, friday_of(week), 100 + week, "t"));
    struct engine_cell_view cells[3];
    size_t n;
    assert_ok(engine_cells_view(d.engine, 0, 3, cells, &n));
    assert_int_equal(n, 3);
    assert_true(cells[0].value == 107 && cells[2].value == 109);
    assert_status(engine_cells_view(d.engine, 1, 3, cells, &n), STATUS_NOT_FOUND);
    driver_done(&d);
}

static void a_series_whose_sales_are_forgotten_has_no_periods(void **state)
{
    (void)state;
    struct engine_options o;
    struct driver d;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    o.history_periods = 8;
    driver_init(&d, &o, NULL);
    put(&d, driver_sale("1", "once", friday_of(0), 10, "a"));
    for (int week = 0; week < 60; week++)
        put(&d, driver_sale("2", "always", friday_of(week), 10, "b"));
    struct engine_series_view series;
    for (size_t i = 0; engine_series_view(d.engine, i, &series) == STATUS_OK; i++)
        if (text_equal(series.product, text_of("once"))) {
            assert_int_equal(series.observed, 0);
            assert_int_equal(series.first_period, PERIOD_NONE);
            assert_int_equal(series.last_period, PERIOD_NONE);
        }
    driver_done(&d);
}

static struct sales_update quantity_of(struct sales_update u, double quantity)
{
    struct measures *m = u.kind == BODY_SALE ? &u.body.sale.sold : &u.body.total.gross;
    *m = (struct measures){.quantity = (int64_t)(quantity * 1e6), .has_quantity = true};
    return u;
}

static void pieces_are_counted_where_pieces_are_asked_for(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, MEASURE_QUANTITY);
    put(&d, quantity_of(driver_sale("1", NULL, friday_of(0), 0, "a"), 3));
    put(&d, quantity_of(driver_sale("1", NULL, friday_of(0), 0, "b"), -1));
    put(&d, driver_sale("1", NULL, friday_of(0), 99, "money"));
    put(&d, driver_sale("1", NULL, friday_of(1), 99, "only money"));
    put(&d, driver_complete(NULL, friday_of(1)));
    struct engine_cell_view cells[4];
    size_t n;
    assert_ok(engine_cells_view(d.engine, 0, 4, cells, &n));
    assert_int_equal(n, 2);
    assert_true(cells[0].state == 'S' && cells[0].value == 3);
    assert_int_equal(cells[0].returns_quantity, MILLIONTHS);
    assert_int_equal(cells[1].state, 'U'); /* how many pieces is not known */
    driver_done(&d);
}

static void a_total_that_differs_from_its_products_in_pieces_is_counted(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, MEASURE_QUANTITY);
    for (int week = 0; week < 2; week++) {
        put(&d, quantity_of(driver_sale("1", "p", friday_of(week), 0, week ? "a" : "b"), 3));
        put(&d, quantity_of(driver_total("1", NULL, friday_of(week), 0, week ? "c" : "d"), week ? 4 : 3));
    }
    put(&d, driver_complete(NULL, friday_of(1)));
    assert_int_equal(d.closes, 2);
    assert_int_equal(d.counters.check_differences, 1);
    driver_done(&d);
}

static void a_record_refused_before_the_engine_is_a_dead_letter_once(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, MEASURE_AMOUNT);
    driver_refuse(&d, DEAD_LETTER_MALFORMED);
    assert_int_equal(d.dead_letter_count, 1);
    assert_int_equal(d.dead_letters[0].code, DEAD_LETTER_MALFORMED);
    assert_int_equal(engine_offset(d.engine), 0);
    assert_ok(engine_refuse(d.engine, 0, DEAD_LETTER_MALFORMED, text_of("again"), &d.fx)); /* applied already */
    assert_int_equal(d.fx.count, 0);
    driver_done(&d);
}

static void state_without_its_partition_record_is_damaged(void **state)
{
    (void)state;
    struct driver d;
    struct engine *other;
    struct error err = {0};
    begin(&d, MEASURE_AMOUNT);
    put(&d, driver_sale("1", "p", friday_of(0), 10, "a"));
    assert_ok(engine_new(0, &d.engine_options, &other));
    struct bytes key, value;
    for (size_t i = 0; driver_record(&d, i, &key, &value); i++)
        if (key.data[0] != 'P')
            assert_ok(engine_load(other, key, value, &err));
    assert_status(engine_loaded(other, false, &err), STATUS_CORRUPT);
    assert_non_null(strstr(err.text, "no partition record"));
    engine_free(other);
    driver_done(&d);
}

static void options_that_change_numbers_have_another_hash(void **state)
{
    (void)state;
    struct engine_options o, other;
    engine_options_default(&o);
    other = o;
    other.unit = text_of("EUR"); /* a name, not a number */
    assert_true(engine_options_hash(&o) == engine_options_hash(&other));
    other = o;
    other.members &= ~2u;
    assert_true(engine_options_hash(&o) != engine_options_hash(&other));
    other = o;
    other.members |= member_on_request();
    assert_true(engine_options_hash(&o) != engine_options_hash(&other));
    other = o;
    other.net = !other.net;
    assert_true(engine_options_hash(&o) != engine_options_hash(&other));
}

static bool keys_equal(struct arena *arena, const char *store, const char *product, const char *key)
{
    return text_equal(effects_series_key(arena, text_of(store), text_of(product)), text_of(key));
}

static void a_store_and_a_product_give_a_key_that_no_other_pair_has(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_true(keys_equal(&arena, "1", NULL, "1"));
    assert_true(keys_equal(&arena, "1", "milk", "1/milk"));
    assert_true(keys_equal(&arena, "1/milk", NULL, "1%2Fmilk"));
    assert_true(keys_equal(&arena, "1%2Fmilk", NULL, "1%252Fmilk"));
    assert_true(keys_equal(&arena, "a/b", "c/d%", "a%2Fb/c%2Fd%25"));
    struct text closed = effects_closed_key(&arena, 12);
    assert_int_equal(closed.size, 10);
    assert_memory_equal(closed.data, "\0closed/12", 10); /* no store id begins with NUL */
    arena_done(&arena);
}

static bool alert_key_is(struct arena *arena, const char *store, const char *product, enum alert_kind kind, struct bytes key)
{
    const struct drift_alert alert = {.store = text_of(store), .product = text_of(product), .kind = kind, .partition = 3};
    struct text made = effects_alert_key(arena, &alert);
    return made.size == key.size && memcmp(made.data, key.data, key.size) == 0;
}

static struct bytes literal(const char *bytes, size_t size)
{
    return (struct bytes){(const uint8_t *)bytes, size};
}

/* The topic is compacted: the end of an alert must find the key of its beginning, and nothing else may have it. */
static void an_alert_has_a_key_of_its_series_and_kind(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_true(alert_key_is(&arena, "1", NULL, ALERT_DRIFT, literal("1/DRIFT", 7)));
    assert_true(alert_key_is(&arena, "1", NULL, ALERT_FEED_SILENT, literal("1/FEED_SILENT", 13)));
    assert_true(alert_key_is(&arena, "1", "DRIFT", ALERT_SUSPECT_STOCKOUT, literal("1/DRIFT/SUSPECT_STOCKOUT", 24)));
    assert_true(alert_key_is(&arena, "1/DRIFT", NULL, ALERT_DRIFT, literal("1%2FDRIFT/DRIFT", 15)));
    assert_true(alert_key_is(&arena, "1", "milk", ALERT_SERIES_LIMIT, literal("\0SERIES_LIMIT/3", 15)));
    assert_true(alert_key_is(&arena, NULL, NULL, ALERT_POOL, literal("\0POOL/3", 7)));
    arena_done(&arena);
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < RESULT_STATUS_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(result_status_name((enum result_status)a), result_status_name((enum result_status)b));
    for (int a = 0; a < ALERT_KIND_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(alert_kind_name((enum alert_kind)a), alert_kind_name((enum alert_kind)b));
    for (int a = 0; a < DEAD_LETTER_COUNT; a++)
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(dead_letter_name((enum dead_letter)a), dead_letter_name((enum dead_letter)b));
            assert_string_not_equal(dead_letter_text((enum dead_letter)a), dead_letter_text((enum dead_letter)b));
        }
    assert_string_equal(measure_name(MEASURE_AMOUNT), "amount");
    assert_string_equal(measure_name(MEASURE_QUANTITY), "quantity");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stored_partition_record_tells_its_batch_unloaded),
        cmocka_unit_test(the_offsets_of_requests_and_batches_are_part_of_the_state),
        cmocka_unit_test(offsets_of_another_broker_begin_anew_and_sales_are_kept),
        cmocka_unit_test(the_newest_cells_are_shown_when_there_are_more),
        cmocka_unit_test(a_series_whose_sales_are_forgotten_has_no_periods),
        cmocka_unit_test(pieces_are_counted_where_pieces_are_asked_for),
        cmocka_unit_test(a_total_that_differs_from_its_products_in_pieces_is_counted),
        cmocka_unit_test(a_record_refused_before_the_engine_is_a_dead_letter_once),
        cmocka_unit_test(state_without_its_partition_record_is_damaged),
        cmocka_unit_test(options_that_change_numbers_have_another_hash),
        cmocka_unit_test(a_store_and_a_product_give_a_key_that_no_other_pair_has),
        cmocka_unit_test(an_alert_has_a_key_of_its_series_and_kind),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
    };
    return fixture_run(argc, argv, tests);
}
