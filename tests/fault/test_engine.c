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
    panel_totals(p, 3, 58, 5);            /* long enough for the seasonal models */
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

/* ---- alerts and answers */

#define STORES 4
#define WEEKS  100

/* In the last weeks one of the stores falls by half, and another is silent. */
static void fill_troubled(struct panel *p, int falls, int is_silent)
{
    for (int week = 0; week < WEEKS; week++)
        for (int store = 0; store < STORES; store++) {
            double amount = panel_level(store, week, 5) * (store == falls && week >= WEEKS - 3 ? 0.5 : 1);
            if (store != is_silent || week < WEEKS - 3)
                panel_add(p, driver_total(panel_text(p, "s%02d", store), NULL, date_of(2010, 2, 5) + 7 * week, amount, "total"));
        }
    panel_add(p, driver_complete(NULL, date_of(2010, 2, 5) + 7 * (WEEKS - 1)));
}

static bool has_alert(const struct driver *d, enum alert_kind kind)
{
    for (size_t i = 0; i < d->alert_count; i++)
        if (d->alerts[i].kind == kind && d->alerts[i].firing)
            return true;
    return false;
}

/* As try_batch, but the outputs need memory from the first one on. */
static bool try_outputs(void *context)
{
    struct sweep *s = context;
    bool done = try_batch(s);
    effects_done(&s->d->fx);
    return done;
}

static bool try_answer(void *context)
{
    struct driver *d = context;
    static const double levels[] = {0.9, 0.1, 0.5};
    const struct text models[] = {text_of("best"), text_of("naive")};
    const struct forecast_request request = {.request_id = text_of("1"),
                                             .store = text_of("s01"),
                                             .level = LEVEL_STORE,
                                             .horizon = 4,
                                             .models = models,
                                             .model_count = 2,
                                             .quantiles = levels,
                                             .quantile_count = 3,
                                             .explain = true};
    enum status status = engine_answer(d->engine, &request, &d->fx);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    if (status == STATUS_OK)
        assert_true(d->fx.items[d->fx.count - 1].kind == EFFECT_REPLY && d->fx.items[d->fx.count - 1].forecast->ledger_count > 1);
    effects_done(&d->fx); /* so that the next one needs memory for everything again */
    return status == STATUS_OK;
}

/* Whose steps do not fit the block that the answer began in. */
static bool try_long_answer(void *context)
{
    struct driver *d = context;
    double levels[99];
    for (int i = 0; i < 99; i++)
        levels[i] = (i + 1) / 100.0;
    const struct forecast_request request = {.request_id = text_of("2"),
                                             .store = text_of("s01"),
                                             .level = LEVEL_STORE,
                                             .horizon = 150,
                                             .quantiles = levels,
                                             .quantile_count = 99};
    enum status status = engine_answer(d->engine, &request, &d->fx);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    if (status == STATUS_OK)
        assert_int_equal(d->fx.items[d->fx.count - 1].forecast->step_count, 150);
    effects_done(&d->fx);
    return status == STATUS_OK;
}

static void alerts_and_answers_of(int falls, int is_silent)
{
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    struct panel p = {0};
    fill_troubled(&p, falls, is_silent);
    struct driver clean, swept;
    size_t before = p.count - 3 * STORES;
    driver_init(&clean, &o, &(struct driver_options){.batch = BATCH});
    driver_init(&swept, &o, &(struct driver_options){.batch = BATCH});
    driver_run(&clean, p.updates, p.count);
    assert_true(has_alert(&clean, ALERT_DRIFT) && has_alert(&clean, ALERT_FEED_SILENT));
    driver_run(&swept, p.updates, before);
    for (size_t at = before; at < p.count; at++) {
        struct sweep s = {&swept, p.updates + at, 1};
        effects_done(&swept.fx);
        (void)fault_sweep(try_outputs, &s, true);
        driver_run(&swept, p.updates + at, 1);
    }
    effects_done(&swept.fx);
    /* A block of the arena and the list of effects: what it answers from was made at the close. */
    assert_int_equal(fault_sweep(try_answer, &swept, false), 2);
    assert_true(fault_sweep(try_long_answer, &swept, false) > 3);
    assert_int_equal(clean.alert_count, swept.alert_count);
    struct buffer a = driver_last_bytes(&clean), b = driver_last_bytes(&swept);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    buffer_done(&a);
    buffer_done(&b);
    driver_done(&clean);
    driver_done(&swept);
    panel_done(&p);
}

static void every_failing_allocation_of_alerts_and_answers_is_told(void **state)
{
    (void)state;
    alerts_and_answers_of(2, 3);
    alerts_and_answers_of(2, 0); /* the first output of a close */
    alerts_and_answers_of(0, 3);
}

/* ---- what is just full */

static void a_close_whose_last_output_finds_no_memory_is_done_again(void **state)
{
    (void)state;
    enum { FULL = 64 }; /* outputs that effects.c makes room for at first */
    struct engine_options o;
    engine_options_default(&o);
    o.grid.week_end = FRIDAY;
    struct panel p = {0};
    struct driver d;
    panel_totals(&p, FULL, 2, 5);
    driver_init(&d, &o, NULL);
    driver_run(&d, p.updates, p.count - 1);
    assert_int_equal(d.closes, 1);
    struct sweep s = {&d, p.updates + p.count - 1, 1};
    assert_true(fault_sweep(try_outputs, &s, true) > FULL);
    driver_run(&d, p.updates + p.count - 1, 1);
    assert_int_equal(d.closes, 2);
    assert_int_equal(d.forecasts, 2 * FULL);
    driver_done(&d);
    panel_done(&p);
}

static bool make_engine(void *context)
{
    struct engine *e = NULL;
    enum status status = engine_new(0, context, &e);
    assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
    engine_free(e);
    return status == STATUS_OK;
}

static void an_engine_is_made_whole_or_not_at_all(void **state)
{
    (void)state;
    struct engine_options o;
    engine_options_default(&o);
    o.unit = text_of("EUR");
    assert_true(fault_sweep(make_engine, &o, false) >= 3);
}

static void a_key_that_finds_no_memory_is_absent(void **state)
{
    (void)state;
    struct arena arena = {0};
    fault_start(0);
    struct text series = effects_series_key(&arena, text_of("1"), text_of("milk"));
    fault_start(0);
    struct text closed = effects_closed_key(&arena, 3);
    const struct drift_alert alert = {.store = text_of("1")}, whole = {.kind = ALERT_POOL};
    fault_start(0);
    struct text first = effects_alert_key(&arena, &alert);
    fault_start(0);
    struct text second = effects_alert_key(&arena, &whole);
    fault_stop();
    assert_true(!series.data && !closed.data && !first.data && !second.data);
    arena_done(&arena);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_leaves_the_engine_as_it_was),
        cmocka_unit_test(every_failing_allocation_of_alerts_and_answers_is_told),
        cmocka_unit_test(a_close_whose_last_output_finds_no_memory_is_done_again),
        cmocka_unit_test(an_engine_is_made_whole_or_not_at_all),
        cmocka_unit_test(a_key_that_finds_no_memory_is_absent),
    };
    return fixture_run(argc, argv, tests);
}
