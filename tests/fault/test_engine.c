/* Memory may run out at any allocation of any batch: the batch is rolled back, done again, and nothing shows. */
#include <string.h>

#include "support/engine/panel.h"
#include "support/fault.h"
#include "support/fixture.h"

#define BATCH 7

struct sweep {
    struct driver *d;
    const struct sales_update *updates;
    size_t count;
};

static enum status one_batch(struct driver *d, const struct sales_update *updates, size_t n)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < n; i++) {
        struct record record = {.update = &updates[i], .offset = d->next_offset + (int64_t)i, .timestamp_ms = d->timestamp_ms};
        status = engine_apply(d->engine, &record, &d->fx);
        while (status == STATUS_OK && engine_close_due(d->engine)) {
            bool done;
            status = engine_continue(d->engine, 0, &d->fx, &done);
        }
    }
    return status == STATUS_OK ? engine_flush(d->engine, d->batch + 1, &d->fx) : status;
}

static bool try_batch(void *context)
{
    struct sweep *s = context;
    enum status status = one_batch(s->d, s->updates, s->count);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    effects_clear(&s->d->fx);
    engine_rollback(s->d->engine);
    return status == STATUS_OK;
}

static void fill(struct panel *p)
{
    panel_sales(p, 2, 2, 9, 1);
    panel_totals(p, 3, 58, 5); /* long enough for the seasonal models */
    for (size_t i = 0; i < p->count; i++) /* stores of their own for the totals */
        if (p->updates[i].kind == BODY_TOTAL)
            p->updates[i].store = text_of(panel_text(p, "t%c", p->updates[i].store.data[2]));
    panel_add(p, driver_sale("s00", "p0", date_of(2011, 3, 10), 5, "an event"));
    panel_add(p, driver_sale("s00", "p0", date_of(2011, 3, 10), 5, "an event"));
    panel_add(p, driver_total("t0", NULL, date_of(2010, 2, 12), 5, "zzz"));
    panel_add(p, driver_complete(NULL, date_of(2011, 3, 11)));
}

static void every_failing_allocation_leaves_the_engine_as_it_was(void **state)
{
    (void)state;
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    o.dedup_sources = 2;
    struct panel p = {0};
    fill(&p);
    struct driver clean, swept;
    driver_init(&clean, &o, &(struct driver_options){.batch = BATCH});
    driver_init(&swept, &o, &(struct driver_options){.batch = BATCH});
    driver_run(&clean, p.updates, p.count);
    size_t faults = 0;
    for (size_t from = 0; from < p.count; from += BATCH) {
        size_t n = p.count - from < BATCH ? p.count - from : BATCH;
        struct sweep s = {&swept, p.updates + from, n};
        faults += fault_sweep(try_batch, &s, true);
        driver_run(&swept, p.updates + from, n);
    }
    assert_true(faults > 3000);
    assert_true(clean.closes > 50);
    struct buffer a = driver_state_bytes(&clean), b = driver_state_bytes(&swept);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    assert_int_equal(clean.published.size, swept.published.size);
    assert_memory_equal(clean.published.data, swept.published.data, clean.published.size);
    buffer_done(&a);
    buffer_done(&b);
    driver_done(&clean);
    driver_done(&swept);
    panel_done(&p);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_failing_allocation_leaves_the_engine_as_it_was)};
    return fixture_run(argc, argv, tests);
}
