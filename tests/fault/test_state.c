/* Stored state that is damaged, cut short or incomplete is refused with a sentence; nothing of it is ever believed. And
 * records that are wrong although their sums are right, which only a program of ours could have made, crash nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/state.h"
#include "support/engine/panel.h"
#include "support/fixture.h"

#define RECORDS_MAX  4096
#define WEEKS        64
#define FIRST_FRIDAY date_of(2010, 2, 5)

struct stored_record {
    struct bytes key, value;
};

static struct driver source;
static struct panel panel;
static struct stored_record records[RECORDS_MAX];
static size_t record_count;

static struct engine_options options(void)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    return o;
}

/* Every kind of record: tills, event ids, products, direct totals, corrections, both pools. */
static int make_state(void **state)
{
    (void)state;
    const struct engine_options o = options();
    panel_sales(&panel, 2, 2, 12, 1);
    panel_add(&panel, driver_total("s00", NULL, date_of(2010, 2, 12), 5, "zzz"));
    for (int i = 0; i < 2 * WEEKS; i++)
        panel_add(&panel, driver_total(panel_text(&panel, "t%d", i % 2), NULL, FIRST_FRIDAY + 7 * (i / 2), 100 + i * i % 17,
                                       panel_text(&panel, "event %d", i)));
    panel_add(&panel, driver_sale("s00", "p0", FIRST_FRIDAY + 7 * (WEEKS - 1), 5, "an event"));
    driver_init(&source, &o, &(struct driver_options){.batch = 50});
    driver_run(&source, panel.updates, panel.count);
    assert_true(source.closes >= 9);
    struct stored_record r;
    bool has_kind[256] = {0};
    for (size_t i = 0; driver_record(&source, i, &r.key, &r.value); i++)
        if (r.value.data) {
            assert_true(record_count < RECORDS_MAX);
            records[record_count++] = r;
            has_kind[r.key.data[0]] = true;
        }
    for (const char *kind = "PTSCRQWDHM"; *kind; kind++)
        if (!has_kind[(uint8_t)*kind])
            fail_msg("the test's state has no record of kind %c", *kind);
    return 0;
}

static int drop_state(void **state)
{
    (void)state;
    driver_done(&source);
    panel_done(&panel);
    return 0;
}

static struct engine *fresh(void)
{
    const struct engine_options o = options();
    struct engine *e;
    assert_ok(engine_new(0, &o, &e));
    return e;
}

static void expect_refused(struct engine *e, struct bytes key, struct bytes value, const char *what, size_t at)
{
    struct error err = {0};
    enum status status = engine_load(e, key, value, &err);
    if (status != STATUS_CORRUPT && status != STATUS_NEWER)
        fail_msg("a record of kind %c with %s at %zu: %s", key.size ? key.data[0] : 63, what, at, status_name(status));
    assert_true(strlen(err.text) > 20);
}

static struct bytes copy_of(struct bytes b, size_t size)
{
    uint8_t *data = malloc(size + 1);
    assert_non_null(data);
    memcpy(data, b.data, size < b.size ? size : b.size);
    return (struct bytes){data, size};
}

static void release(struct bytes b)
{
    free((void *)(uintptr_t)b.data);
}

static uint8_t *mutable(struct bytes b)
{
    return (uint8_t *)(uintptr_t)b.data;
}

/* Copies of exactly the right size, so that the address sanitizer sees every byte read behind them. */
static void every_flipped_byte_of_every_record_is_refused(void **state)
{
    (void)state;
    struct engine *e = fresh();
    size_t flips = 0;
    for (size_t i = 0; i < record_count; i++) {
        struct bytes key = copy_of(records[i].key, records[i].key.size), value = copy_of(records[i].value, records[i].value.size);
        for (size_t at = 0; at < key.size + value.size; at++, flips++) {
            uint8_t *byte = at < key.size ? mutable(key) + at : mutable(value) + (at - key.size);
            const uint8_t change = (uint8_t)(1u << flips % 8), was = *byte;
            *byte ^= change;
            expect_refused(e, key, value, "a flipped byte", at);
            *byte = (uint8_t)~was;
            expect_refused(e, key, value, "an inverted byte", at);
            *byte = was;
        }
        release(key);
        release(value);
    }
    assert_true(flips > 50000);
    assert_int_equal(engine_series_count(e), 0); /* nothing of what was refused has stayed */
    engine_free(e);
}

static void records_cut_short_or_too_long_are_refused(void **state)
{
    (void)state;
    struct engine *e = fresh();
    for (size_t i = 0; i < record_count; i++) {
        const struct stored_record *r = &records[i];
        for (size_t size = 0; size <= r->value.size + 1; size += 1 + size / 16) {
            struct bytes value = copy_of(r->value, size);
            if (size > r->value.size)
                mutable(value)[r->value.size] = 0;
            if (size != r->value.size)
                expect_refused(e, r->key, value, "another size", size);
            release(value);
        }
        for (size_t size = 0; size < r->key.size; size++) {
            struct bytes key = copy_of(r->key, size);
            expect_refused(e, key, r->value, "another key size", size);
            release(key);
        }
    }
    engine_free(e);
}

static void a_record_of_another_key_or_partition_is_refused(void **state)
{
    (void)state;
    const struct engine_options o = options();
    struct engine *e;
    for (size_t i = 1; i < record_count; i++) {
        e = fresh();
        expect_refused(e, records[i - 1].key, records[i].value, "the key of another", i);
        engine_free(e);
    }
    assert_ok(engine_new(1, &o, &e));
    for (size_t i = 0; i < record_count; i++)
        expect_refused(e, records[i].key, records[i].value, "another partition", i);
    engine_free(e);
}

static void sign(struct bytes key, struct bytes value)
{
    uint32_t length = (uint32_t)(value.size - STATE_HEADER_BYTES);
    for (size_t i = 0; i < 4; i++)
        mutable(value)[STATE_SUM_AT - 4 + i] = (uint8_t)(length >> 8 * i);
    uint32_t sum = state_sum(0, key, value);
    for (size_t i = 0; i < 4; i++)
        mutable(value)[STATE_SUM_AT + i] = (uint8_t)(sum >> 8 * i);
}

static void a_newer_version_or_an_unknown_kind_is_refused_as_newer(void **state)
{
    (void)state;
    struct engine *e = fresh();
    struct error err;
    for (size_t i = 0; i < record_count; i++) {
        struct bytes key = copy_of(records[i].key, records[i].key.size), value = copy_of(records[i].value, records[i].value.size);
        mutable(value)[1]++;
        sign(key, value);
        assert_status(engine_load(e, key, value, &err), STATUS_NEWER);
        assert_non_null(strstr(err.text, "newer"));
        mutable(value)[1]--;
        mutable(value)[0] = mutable(key)[0] = 'N';
        sign(key, value);
        assert_status(engine_load(e, key, value, &err), STATUS_NEWER);
        release(key);
        release(value);
    }
    engine_free(e);
}

/* All records but those that `without` says; STATUS_OK only when everything was taken. */
static enum status load_without(uint8_t kind, size_t nth, struct error *err)
{
    struct engine *e = fresh();
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < record_count; i++)
        if (records[i].key.data[0] != kind || nth-- != 0)
            status = engine_load(e, records[i].key, records[i].value, err);
    if (status == STATUS_OK)
        status = engine_loaded(e, false, err);
    engine_free(e);
    return status;
}

static size_t count_kind(uint8_t kind)
{
    size_t n = 0;
    for (size_t i = 0; i < record_count; i++)
        n += records[i].key.data[0] == kind;
    return n;
}

static void a_missing_partition_store_or_series_is_noticed(void **state)
{
    (void)state;
    struct error err;
    assert_ok(load_without(0, 0, &err));
    for (const char *kind = "PTS"; *kind; kind++)
        for (size_t nth = 0; nth < count_kind((uint8_t)*kind); nth++)
            assert_status(load_without((uint8_t)*kind, nth, &err), STATUS_CORRUPT);
}

/* ---- right sums, wrong contents */

static enum status close_some(struct engine *e, struct effects *fx)
{
    bool done;
    enum status status = STATUS_OK;
    for (int n = 0; status == STATUS_OK && engine_close_due(e) && n < 20; n++)
        status = engine_continue(e, 0, fx, &done);
    return status;
}

/* Goes on as a worker would: sales, a close, a request. Numbers mean nothing; it must end. */
static void go_on(struct engine *e)
{
    static const char *const stores[] = {"s00", "s01", "t0"};
    struct effects fx = {0};
    enum status status = close_some(e, &fx);
    for (int i = 0; status == STATUS_OK && i < 9 && !engine_close_due(e); i++) {
        struct sales_update u = driver_sale(stores[i % 3], i % 3 < 2 ? "p0" : NULL, FIRST_FRIDAY + 7 * (WEEKS + i / 3), 3, "later");
        struct record record = {&u, engine_offset(e) < INT64_MAX ? engine_offset(e) + 1 : 0, source.timestamp_ms};
        status = engine_apply(e, &record, &fx);
        if (status == STATUS_OK)
            status = close_some(e, &fx);
    }
    const struct forecast_request request = {.request_id = text_of("r"), .store = text_of("s00"), .horizon = 8};
    if (!engine_close_due(e) && status == STATUS_OK)
        status = engine_answer(e, &request, &fx);
    if (status == STATUS_OK)
        status = engine_flush(e, 1, &fx);
    assert_ok(status);
    effects_done(&fx);
}

static bool try_forged(size_t which, struct bytes key, struct bytes value)
{
    struct engine *e = fresh();
    struct error err = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < record_count; i++)
        status = i == which ? engine_load(e, key, value, &err) : engine_load(e, records[i].key, records[i].value, &err);
    if (status == STATUS_OK)
        status = engine_loaded(e, false, &err);
    if (status == STATUS_OK)
        go_on(e);
    else if (err.text[0] == '\0')
        fail_msg("%s without a sentence", status_name(status));
    engine_free(e);
    return status == STATUS_OK;
}

static void forged_records_crash_nothing(void **state)
{
    (void)state;
    static const uint8_t patterns[] = {0x01, 0x80, 0xff};
    size_t tried[256] = {0}, taken = 0, total = 0;
    for (size_t i = 0; i < record_count; i++) {
        const uint8_t kind = records[i].key.data[0];
        if (tried[kind]++ % (kind == 'C' || kind == 'R' || kind == 'Q' ? 120 : kind == 'D' || kind == 'W' ? 2 : 1) || tried[kind] > 400)
            continue;
        struct bytes key = copy_of(records[i].key, records[i].key.size), value = copy_of(records[i].value, records[i].value.size);
        const size_t last = key.size + value.size;
        for (size_t at = 1; at<last; at += at> key.size + STATE_HEADER_BYTES + 100 ? 62u : 1u) {
            if (at == key.size)
                at += STATE_HEADER_BYTES - 16;
            uint8_t *byte = at < key.size ? mutable(key) + at : mutable(value) + (at - key.size);
            const uint8_t was = *byte;
            *byte ^= patterns[at % 3];
            sign(key, value);
            taken += try_forged(i, key, value);
            total++;
            *byte = was;
        }
        release(key);
        release(value);
    }
    print_message("%zu forged records, %zu believed\n", total, taken);
    assert_true(total > 500);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_of_every_record_is_refused),
        cmocka_unit_test(records_cut_short_or_too_long_are_refused),
        cmocka_unit_test(a_record_of_another_key_or_partition_is_refused),
        cmocka_unit_test(a_newer_version_or_an_unknown_kind_is_refused_as_newer),
        cmocka_unit_test(a_missing_partition_store_or_series_is_noticed),
        cmocka_unit_test(forged_records_crash_nothing),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, make_state, drop_state);
}
