/* More tills than dedup.sources: the one that was silent for longest is forgotten, the same in every replay. */
#include <stdio.h>

#include "engine/effects.h"
#include "support/engine/panel.h"
#include "support/fixture.h"

static void begin(struct driver *d, const struct driver_options *options, uint32_t sources)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    o.dedup_sources = sources;
    driver_init(d, &o, options);
}

static struct sales_update sale(const char *till, int64_t sequence)
{
    return driver_till_sale("1", NULL, date_of(2010, 2, 5), 10, till, sequence);
}

static void put(struct driver *d, const char *till, int64_t sequence)
{
    const struct sales_update u = sale(till, sequence);
    driver_run(d, &u, 1);
}

static double sold(struct driver *d)
{
    struct engine_cell_view cell;
    size_t n;
    assert_ok(engine_cells_view(d->engine, 0, 1, &cell, &n));
    assert_int_equal(n, 1);
    return cell.value;
}

static void the_till_that_was_silent_for_longest_is_forgotten(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, NULL, 2);
    put(&d, "a", 1);
    put(&d, "b", 1);
    put(&d, "a", 2);
    put(&d, "c", 1); /* b goes */
    assert_int_equal(d.counters.sources_dropped, 1);
    put(&d, "a", 2); /* still known */
    assert_int_equal(d.counters.duplicates, 1);
    put(&d, "b", 1); /* was forgotten, so it counts; a goes, which said nothing new since */
    assert_int_equal(d.counters.duplicates, 1);
    assert_int_equal(d.counters.sources_dropped, 2);
    put(&d, "c", 1);
    assert_int_equal(d.counters.duplicates, 2);
    assert_true(sold(&d) == 50);
    driver_done(&d);
}

/* Rolled back, cut otherwise and restarted: the same tills are known. */
static void what_is_forgotten_does_not_depend_on_batches(void **state)
{
    (void)state;
    static const struct driver_options ways[] = {
        {.batch = 1},
        {.batch = 7},
        {.batch = 5, .rollback_every = 1},
        {.batch = 4, .restart_every = 3},
        {.batch = 3, .rollback_every = 2, .restart_every = 2},
    };
    struct buffer first = {0};
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        struct driver d;
        struct panel p = {0};
        uint64_t random = 11;
        begin(&d, &ways[way], 5);
        for (int i = 0; i < 400; i++) {
            int till = (int)(panel_random(&random) % 9);
            struct sales_update u = driver_till_sale("1", NULL, date_of(2010, 2, 5), 10, panel_text(&p, "till-%d", till),
                                                     1 + (int64_t)(panel_random(&random) % 12));
            u.issued_at_ms = date_ms(date_of(2010, 2, 5));
            panel_add(&p, u);
        }
        driver_run(&d, p.updates, p.count);
        assert_true(d.counters.sources_dropped > 50);
        assert_true(d.counters.duplicates > 20);
        struct buffer bytes = driver_state_bytes(&d);
        if (way == 0) {
            first = bytes;
        } else {
            assert_int_equal(bytes.size, first.size);
            assert_memory_equal(bytes.data, first.data, first.size);
            buffer_done(&bytes);
        }
        panel_done(&p);
        driver_done(&d);
    }
    buffer_done(&first);
}

static void a_rolled_back_batch_forgets_its_new_tills_only(void **state)
{
    (void)state;
    struct driver d;
    begin(&d, NULL, 100);
    put(&d, "a", 1);
    const char *const fresh[] = {"b", "c", "d"};
    for (int i = 0; i < 3; i++) {
        const struct sales_update u = sale(fresh[i], 1);
        const struct record record = {.update = &u, .offset = d.next_offset + i, .timestamp_ms = d.timestamp_ms};
        assert_ok(engine_apply(d.engine, &record, &d.fx));
    }
    effects_clear(&d.fx);
    engine_rollback(d.engine);
    put(&d, "a", 1);
    assert_int_equal(d.counters.duplicates, 1);
    for (int i = 0; i < 3; i++)
        put(&d, fresh[i], 1);
    assert_int_equal(d.counters.duplicates, 1);
    assert_true(sold(&d) == 40);
    driver_done(&d);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_till_that_was_silent_for_longest_is_forgotten),
        cmocka_unit_test(what_is_forgotten_does_not_depend_on_batches),
        cmocka_unit_test(a_rolled_back_batch_forgets_its_new_tills_only),
    };
    return fixture_run(argc, argv, tests);
}
