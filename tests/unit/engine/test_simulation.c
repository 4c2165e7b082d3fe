/* Random seeds drive everything at once through an engine and a plain ledger: what is accepted is summed, what is not is
 * visible, every request is answered once, and batches, rollbacks and restarts leave no trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/engine/panel.h"
#include "support/fixture.h"

#define STORES 6
#define PRODUCTS 3
#define WEEKS 70
#define STEPS 2500

struct ledger_cell {
    int64_t gross, returns;
    bool has_total;
    int64_t total;
};

struct simulation {
    uint64_t random;
    struct panel panel;
    struct ledger_cell ledger[STORES][PRODUCTS + 1][WEEKS + 4];
};

static date_t first_day(void)
{
    return date_of(2010, 1, 30);
}

static int pick(struct simulation *s, int n)
{
    return (int)(panel_random(&s->random) % (uint64_t)n);
}

/* Stores 0, 1 send totals; 2, 3 sell as a whole through tills; 4, 5 by product, one with counters, one with event ids. */
static struct sales_update make(struct simulation *s, int step)
{
    int store = pick(s, STORES), day = step * 7 * WEEKS / STEPS - pick(s, 3);
    if (day < 0)
        day = 0;
    date_t date = first_day() + day;
    const char *id = panel_text(&s->panel, "s%d", store), *event = panel_text(&s->panel, "e%d", step);
    double amount = panel_level(store, day / 7, 3) / 1000 * (pick(s, 12) ? 1 : -0.1);
    if (store < 2) {
        date_t friday = date + (FRIDAY + 7 - (int)date_weekday(date)) % 7;
        struct sales_update u = driver_total(id, NULL, friday - (pick(s, 10) ? 0 : 7 * pick(s, 6)), amount < 0 ? 0 : amount, event);
        u.issued_at_ms = date_ms(date) + step;
        return u;
    }
    if (store < 4)
        return driver_till_sale(id, NULL, date, amount, panel_text(&s->panel, "till%d", pick(s, 2)), step);
    const char *product = pick(s, 30) ? panel_text(&s->panel, "p%d", pick(s, PRODUCTS)) : NULL; /* NULL: refused, mixed level */
    if (store == 4)
        return driver_till_sale(id, product, date, amount, "till", step);
    return driver_sale(id, product, date - (pick(s, 40) ? 0 : 40), amount, event);
}

static void generate(struct simulation *s, uint64_t seed)
{
    s->random = seed * 2654435761u + 1;
    for (int step = 1; step <= STEPS; step++) {
        struct sales_update u = make(s, step);
        if (!pick(s, 60))
            u.business_date = date_of(1970, 1, 1) + pick(s, 60000); /* anywhere */
        if (!pick(s, 50))
            u = driver_complete(pick(s, 2) ? "s4" : "s1", u.business_date);
        panel_add(&s->panel, u);
        if (!pick(s, 15))
            panel_add(&s->panel, u); /* at least once */
        if (!pick(s, 30) && s->panel.count > 300)
            panel_add(&s->panel, s->panel.updates[s->panel.count - 1 - (size_t)pick(s, 300)]);
    }
}

static int index_of(struct text t)
{
    return t.data ? t.data[t.size - 1] - '0' + 1 : 0;
}

static bool ledger_period(const struct driver *d, date_t date, int *out)
{
    *out = period_of(&d->engine_options.grid, date) - period_of(&d->engine_options.grid, first_day());
    return *out >= 0 && *out < WEEKS + 4;
}

static void book(struct simulation *s, const struct driver *d, const struct sales_update *u)
{
    int period;
    if (!ledger_period(d, u->business_date, &period))
        return;
    struct ledger_cell *c = &s->ledger[index_of(u->store) - 1][index_of(u->product)][period];
    if (u->kind == BODY_TOTAL) {
        c->has_total = true;
        c->total = u->body.total.gross.amount;
        return;
    }
    int64_t amount = u->body.sale.sold.amount;
    *(amount < 0 ? &c->returns : &c->gross) += amount < 0 ? -amount : amount;
}

/* One record, then: exactly one counter says what became of it. */
static void step(struct simulation *s, struct driver *d, const struct sales_update *u)
{
    struct engine_counters before = d->counters;
    driver_run(d, u, 1);
    const struct engine_counters *after = &d->counters;
    uint64_t told = (after->sales - before.sales) + (after->totals - before.totals) + (after->completes - before.completes) +
                    (after->duplicates - before.duplicates) + (after->superseded - before.superseded) +
                    (after->dead_letters - before.dead_letters);
    assert_int_equal(told, 1);
    if (after->sales != before.sales || after->totals != before.totals)
        book(s, d, u);
}

static void check_ledger(struct simulation *s, struct driver *d)
{
    struct engine_series_view v;
    static struct engine_cell_view cells[ENGINE_HISTORY_MAX * 4];
    for (size_t i = 0; engine_series_view(d->engine, i, &v) == STATUS_OK; i++) {
        size_t n;
        assert_ok(engine_cells_view(d->engine, i, sizeof cells / sizeof cells[0], cells, &n));
        for (size_t k = 0; k < n; k++) {
            int period;
            if (!ledger_period(d, period_last_day(&d->engine_options.grid, cells[k].period), &period))
                continue;
            int store = index_of(v.store) - 1, product = index_of(v.product);
            struct ledger_cell sum = s->ledger[store][product][period];
            for (int p = 1; v.derived && p <= PRODUCTS; p++) {
                sum.gross += s->ledger[store][p][period].gross;
                sum.returns += s->ledger[store][p][period].returns;
            }
            assert_int_equal(cells[k].gross_amount, sum.has_total ? sum.total : sum.gross);
            assert_int_equal(cells[k].returns_amount, sum.has_total ? 0 : sum.returns);
        }
    }
}

static size_t replies;
static void count_reply(void *context, const struct forecast_result *r)
{
    (void)context;
    replies += r->request_id.data != NULL;
}

static void request_something(struct simulation *s, struct driver *d)
{
    static const char *const stores[] = {"s0", "s2", "s4", "s5", "nobody"};
    struct forecast_request r = {.request_id = text_of("r"), .store = text_of(stores[pick(s, 5)]), .horizon = pick(s, 153) - 1};
    if (pick(s, 2))
        r.product = text_of("p1");
    size_t before = replies;
    driver_request(d, &r);
    assert_int_equal(replies, before + 1);
}

static void every_seed_keeps_the_books(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        struct simulation *s = calloc(1, sizeof *s);
        assert_non_null(s);
        generate(s, seed);
        struct engine_options o;
        engine_options_default(&o);
        o.grid.week_end = FRIDAY;
        o.series_max = 12;
        struct driver plain, cut;
        driver_init(&plain, &o, NULL);
        plain.on_forecast = count_reply;
        /* Dates beyond the year's end are refused by this timestamp; earlier ones far away close what they must. */
        plain.timestamp_ms = date_ms(first_day() + 7 * WEEKS);
        for (size_t i = 0; i < s->panel.count; i++) {
            step(s, &plain, &s->panel.updates[i]);
            if (i % 200 == 0) {
                check_ledger(s, &plain);
                request_something(s, &plain);
            }
        }
        check_ledger(s, &plain);
        assert_true(plain.counters.dead_letters > 20 && plain.counters.duplicates > 20 && plain.closes > 60);
        driver_init(&cut, &o, &(struct driver_options){.batch = 1 + seed * 3, .chunk = seed % 3, .rollback_every = 4, .restart_every = 9});
        cut.timestamp_ms = plain.timestamp_ms;
        driver_run(&cut, s->panel.updates, s->panel.count);
        struct buffer a = driver_state_bytes(&plain), b = driver_state_bytes(&cut);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        assert_int_equal(plain.dead_letter_count, cut.dead_letter_count);
        buffer_done(&a);
        buffer_done(&b);
        driver_done(&plain);
        driver_done(&cut);
        panel_done(&s->panel);
        free(s);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_seed_keeps_the_books)};
    return fixture_run(argc, argv, tests);
}
