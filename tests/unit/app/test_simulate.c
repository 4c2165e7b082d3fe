#include "app/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/table.h"
#include "support/fixture.h"

static struct simulate_options small(void)
{
    struct simulate_options o;
    simulate_options_default(&o);
    o.stores = 5;
    o.periods = 20;
    return o;
}

static struct simulate *started(const struct simulate_options *o)
{
    struct simulate *s = NULL;
    assert_ok(simulate_new(o, &s));
    return s;
}

/* A number that any change to any record changes; only of stores below `stores`. */
static uint64_t fingerprint(const struct simulate_options *o, size_t stores)
{
    struct simulate *s = started(o);
    struct sales_update u;
    uint64_t sum = 0;
    enum status status;
    while (simulate_next(s, &u, &status)) {
        if (strtoul(u.store.data + 1, NULL, 10) > stores)
            continue;
        char line[256];
        const int n = snprintf(line, sizeof line, "%s %s %lld %d %lld %lld %lld", u.event_id.data, u.product.data ? u.product.data : "-",
                               (long long)u.sequence, u.business_date, (long long)u.body.sale.sold.quantity,
                               (long long)u.body.sale.sold.amount, (long long)u.issued_at_ms);
        sum = sum * 31 + hash_sip(line, (size_t)n);
    }
    assert_ok(status);
    simulate_free(s);
    return sum;
}

static void the_same_seed_gives_the_same_records(void **state)
{
    (void)state;
    struct simulate_options o = small();
    const uint64_t first = fingerprint(&o, 5);
    assert_true(first == fingerprint(&o, 5));
    o.seed = 2;
    assert_true(first != fingerprint(&o, 5));
}

static void more_stores_leave_the_others_as_they_were(void **state)
{
    (void)state;
    struct simulate_options o = small();
    o.products = 3;
    const uint64_t before = fingerprint(&o, 5);
    o.stores = 120;
    assert_true(before == fingerprint(&o, 5));
}

static void truth_is_the_sum_of_every_record_once(void **state)
{
    (void)state;
    struct simulate_options o = small();
    o.products = 4;
    o.returns = o.duplicates = o.late = .1;
    struct simulate *s = started(&o);
    struct simulate_truth *sum = calloc(5 * 4 * 20, sizeof *sum);
    struct table seen = {0};
    struct sales_update u;
    uint64_t duplicates = 0, returns = 0;
    while (simulate_next(s, &u, NULL)) {
        const struct bytes id = {(const uint8_t *)u.event_id.data, u.event_id.size};
        if (table_get(&seen, id) != TABLE_NONE) {
            duplicates++;
            continue;
        }
        assert_ok(table_put(&seen, id, 1));
        const size_t store = strtoul(u.store.data + 1, NULL, 10) - 1, product = strtoul(u.product.data + 1, NULL, 10) - 1;
        const period_t period = period_of(&o.grid, u.business_date) - period_of(&o.grid, simulate_first_day(s));
        struct simulate_truth *t = &sum[(store * 4 + product) * 20 + (size_t)period];
        const struct measures *m = &u.body.sale.sold;
        if (m->amount < 0) {
            t->returns_amount -= m->amount;
            t->returns_quantity -= m->quantity;
            returns++;
        } else {
            t->gross_amount += m->amount;
            t->gross_quantity += m->quantity;
        }
    }
    const struct simulate_counts counts = simulate_counts(s);
    assert_true(duplicates > 100 && counts.duplicates == duplicates);
    assert_true(returns > 100 && counts.returns == returns);
    assert_true(counts.late > 100);
    for (size_t store = 0; store < 5; store++)
        for (size_t product = 0; product < 4; product++)
            for (size_t p = 0; p < 20; p++)
                assert_memory_equal(simulate_truth(s, store, product, (int64_t)p), &sum[(store * 4 + product) * 20 + p], sizeof *sum);
    table_done(&seen);
    free(sum);
    simulate_free(s);
}

static void arrivals_are_late_by_days_and_never_early(void **state)
{
    (void)state;
    struct simulate_options o = small();
    o.late = .2;
    o.duplicates = 0;
    struct simulate *s = started(&o);
    struct sales_update u;
    int latest = 0;
    uint64_t late = 0;
    while (simulate_next(s, &u, NULL)) {
        const int delay = simulate_today(s) - u.business_date;
        assert_true(delay >= 0 && delay <= SIMULATE_LATE_DAYS_MAX);
        late += delay > 0;
        latest = delay > latest ? delay : latest;
    }
    assert_int_equal(latest, SIMULATE_LATE_DAYS_MAX);
    assert_true(late == simulate_counts(s).late);
    simulate_free(s);
}

static void a_shift_moves_one_store_from_its_period_on(void **state)
{
    (void)state;
    struct simulate_options o = small();
    struct simulate *plain = started(&o);
    const struct simulate_shift shift = {.store = 2, .period = 10, .factor = .5};
    o.shifts = &shift;
    o.shift_count = 1;
    struct simulate *shifted = started(&o);
    struct sales_update u;
    while (simulate_next(plain, &u, NULL)) {
    }
    while (simulate_next(shifted, &u, NULL)) {
    }
    for (size_t store = 0; store < 5; store++)
        for (int64_t p = 0; p < 20; p++) {
            const double ratio = (double)simulate_truth(shifted, store, 0, p)->gross_amount /
                                 (double)simulate_truth(plain, store, 0, p)->gross_amount;
            assert_near(ratio, store == 2 && p >= 10 ? .5 : 1, .002);
        }
    simulate_free(plain);
    simulate_free(shifted);
}

static void periods_are_whole_whatever_the_first_date(void **state)
{
    (void)state;
    struct simulate_options o = small();
    o.grid.week_end = FRIDAY;
    o.first_date = date_of(2022, 1, 5); /* a Wednesday */
    struct simulate *s = started(&o);
    assert_int_equal(date_weekday(simulate_first_day(s)), SATURDAY);
    assert_int_equal(date_weekday(simulate_last_day(s)), FRIDAY);
    assert_int_equal(simulate_last_day(s) - simulate_first_day(s) + 1, 140);
    simulate_free(s);
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    struct simulate *s = NULL;
    struct simulate_options o = small();
    o.stores = 0;
    assert_status(simulate_new(&o, &s), STATUS_OUT_OF_RANGE);
    o = small();
    o.late = 1.5;
    assert_status(simulate_new(&o, &s), STATUS_OUT_OF_RANGE);
    const struct simulate_shift beyond = {.store = 5, .factor = 1};
    o = small();
    o.shifts = &beyond;
    o.shift_count = 1;
    assert_status(simulate_new(&o, &s), STATUS_OUT_OF_RANGE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_records),
        cmocka_unit_test(more_stores_leave_the_others_as_they_were),
        cmocka_unit_test(truth_is_the_sum_of_every_record_once),
        cmocka_unit_test(arrivals_are_late_by_days_and_never_early),
        cmocka_unit_test(a_shift_moves_one_store_from_its_period_on),
        cmocka_unit_test(periods_are_whole_whatever_the_first_date),
        cmocka_unit_test(impossible_options_are_refused),
    };
    return fixture_run(argc, argv, tests);
}
