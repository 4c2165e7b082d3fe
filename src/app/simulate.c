#include "app/simulate.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/simulate_model.h"

#define DAYS_KEPT (SIMULATE_LATE_DAYS_MAX + 3) /* arrival days that can be pending at once */
#define PRICE_OF_WHOLE_STORES 12.5
#define SHARE_RETURNED_MAX .3

struct sold { /* one record before it becomes a message */
    uint32_t store;
    uint16_t product, till;
    date_t day;
    int64_t sequence;
    int64_t quantity, amount; /* millionths */
};

struct arrivals { /* of one day */
    struct sold *items;
    size_t count, capacity;
};

struct simulate {
    struct simulate_options options;
    date_t first, last, today; /* today: the day whose arrivals are being given out */
    struct arrivals pending[DAYS_KEPT]; /* by day modulo DAYS_KEPT */
    size_t at;                 /* next of today's */
    struct simulate_noise noise;
    int64_t noise_period;
    int64_t *sequence;         /* stores x tills */
    double *factor;            /* stores: shifts in force */
    struct simulate_truth *truth; /* (store, product, period) */
    struct simulate_counts counts;
    char store_id[SIMULATE_ID_BYTES], product_id[SIMULATE_ID_BYTES], source[2 * SIMULATE_ID_BYTES], event_id[4 * SIMULATE_ID_BYTES];
};

void simulate_options_default(struct simulate_options *out)
{
    *out = (struct simulate_options){
        .seed = 1, .stores = 36, .tills = 2, .periods = 156, .grid = {.unit = PERIOD_WEEK, .week_end = SUNDAY},
        .first_date = date_of(2022, 1, 3), .returns = .02, .duplicates = .01, .late = .01,
    };
}

static bool is_share(double v) { return v >= 0 && v <= 1; }

static bool options_valid(const struct simulate_options *o)
{
    for (size_t i = 0; i < o->shift_count; i++)
        if (o->shifts[i].store >= o->stores || !(o->shifts[i].factor > 0 && o->shifts[i].factor <= 1000) || o->shifts[i].period < 0)
            return false;
    return o->stores >= 1 && o->stores <= SIMULATE_STORES_MAX && o->products <= SIMULATE_PRODUCTS_MAX && o->tills >= 1 &&
           o->tills <= 9 && o->periods >= 1 && o->periods <= 10000 && is_share(o->returns) && is_share(o->duplicates) &&
           is_share(o->late);
}

static size_t products_of(const struct simulate *s) { return s->options.products ? s->options.products : 1; }

enum status simulate_new(const struct simulate_options *options, struct simulate **out)
{
    if (!options_valid(options))
        return STATUS_OUT_OF_RANGE;
    struct simulate *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    s->options = *options;
    const period_t first = period_of(&options->grid, options->first_date);
    s->first = period_first_day(&options->grid, first);
    s->last = period_last_day(&options->grid, first + (period_t)options->periods - 1);
    s->today = s->first - 1;
    s->noise_period = -1;
    s->noise.store = calloc(options->stores, sizeof *s->noise.store);
    s->sequence = calloc(options->stores * options->tills, sizeof *s->sequence);
    s->factor = calloc(options->stores, sizeof *s->factor);
    s->truth = calloc(options->stores * products_of(s) * (size_t)options->periods, sizeof *s->truth);
    if (!s->noise.store || !s->sequence || !s->factor || !s->truth) {
        simulate_free(s);
        return STATUS_NO_MEMORY;
    }
    *out = s;
    return STATUS_OK;
}

void simulate_free(struct simulate *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < DAYS_KEPT; i++)
        free(s->pending[i].items);
    free(s->noise.store);
    free(s->sequence);
    free(s->factor);
    free(s->truth);
    free(s);
}

/* ------------------------------------------------------------------------------------------ a day's sales */

static struct arrivals *arrivals_on(struct simulate *s, date_t day) { return &s->pending[(size_t)(day - s->first) % DAYS_KEPT]; }

static enum status arrive(struct simulate *s, date_t day, const struct sold *sold)
{
    struct arrivals *a = arrivals_on(s, day);
    if (a->count == a->capacity) {
        const size_t capacity = a->capacity ? 2 * a->capacity : 256;
        struct sold *items = realloc(a->items, capacity * sizeof *items);
        if (!items)
            return STATUS_NO_MEMORY;
        a->items = items;
        a->capacity = capacity;
    }
    a->items[a->count++] = *sold;
    return STATUS_OK;
}

static size_t truth_index(const struct simulate *s, size_t store, size_t product, int64_t period)
{
    return (store * products_of(s) + product) * (size_t)s->options.periods + (size_t)period;
}

static int64_t period_index(const struct simulate *s, date_t day)
{
    return period_of(&s->options.grid, day) - period_of(&s->options.grid, s->first);
}

static void truth_add(struct simulate *s, const struct sold *sold)
{
    struct simulate_truth *t = &s->truth[truth_index(s, sold->store, sold->product, period_index(s, sold->day))];
    if (sold->amount < 0 || sold->quantity < 0) {
        t->returns_quantity -= sold->quantity;
        t->returns_amount -= sold->amount;
    } else {
        t->gross_quantity += sold->quantity;
        t->gross_amount += sold->amount;
    }
}

/* Sends a new record: now or late, once or twice. */
static enum status ring_up(struct simulate *s, struct sold *sold)
{
    const uint64_t seed = s->options.seed, till = (uint64_t)sold->store * 16 + sold->till;
    const uint64_t n = (uint64_t)(sold->sequence = ++s->sequence[sold->store * s->options.tills + sold->till]);
    date_t day = sold->day;
    truth_add(s, sold);
    if (simulate_draw(seed, DRAW_LATE, till, n) < s->options.late) {
        day += 1 + (date_t)(SIMULATE_LATE_DAYS_MAX * simulate_draw(seed, DRAW_LATE_DELAY, till, n));
        s->counts.late++;
    }
    enum status status = arrive(s, day, sold);
    if (status == STATUS_OK && simulate_draw(seed, DRAW_DUPLICATE, till, n) < s->options.duplicates) {
        s->counts.duplicates++;
        status = arrive(s, day + (simulate_draw(seed, DRAW_DUPLICATE_DELAY, till, n) < .5), sold);
    }
    return status;
}

static int64_t rounded(double v) { return (int64_t)(v + .5); }

/* What one till sold of one product; nothing is sent when nothing was sold. Some of it may come back. */
static enum status sell(struct simulate *s, size_t store, size_t product, size_t till, date_t day, double amount)
{
    const uint64_t seed = s->options.seed, place = ((uint64_t)store * SIMULATE_PRODUCTS_MAX + product) * 16 + till;
    const double price = s->options.products ? simulate_price(seed, product) : PRICE_OF_WHOLE_STORES;
    const int64_t pieces = (int64_t)(amount / price + simulate_draw(seed, DRAW_ROUND, place, (uint64_t)day));
    if (pieces == 0)
        return STATUS_OK;
    struct sold sold = {.store = (uint32_t)store, .product = (uint16_t)product, .till = (uint16_t)till, .day = day,
                        .quantity = pieces * MILLIONTHS, .amount = rounded(100 * price) * pieces * (MILLIONTHS / 100)};
    enum status status = ring_up(s, &sold);
    if (status == STATUS_OK && simulate_draw(seed, DRAW_RETURN, place, (uint64_t)day) < s->options.returns) {
        const double share = SHARE_RETURNED_MAX * simulate_draw(seed, DRAW_RETURN_SIZE, place, (uint64_t)day);
        const int64_t back = 1 + (int64_t)(share * (double)(pieces - 1));
        sold.quantity = -back * MILLIONTHS;
        sold.amount = -rounded(100 * price) * back * (MILLIONTHS / 100);
        s->counts.returns++;
        status = ring_up(s, &sold);
    }
    return status;
}

static double till_share(const struct simulate *s, size_t store, size_t till, date_t day)
{
    double total = 0, own = 0;
    for (size_t t = 0; t < s->options.tills; t++) {
        const double v = (double)(s->options.tills - t) + simulate_draw(s->options.seed, DRAW_TILL, store * 16 + t, (uint64_t)day);
        total += v;
        if (t == till)
            own = v;
    }
    return own / total;
}

static enum status sell_store(struct simulate *s, size_t store, date_t day)
{
    const double amount = s->factor[store] * simulate_store_day(s->options.seed, &s->noise, store, day);
    enum status status = STATUS_OK;
    for (size_t till = 0; till < s->options.tills && !status; till++) {
        const double here = amount * till_share(s, store, till, day);
        for (size_t p = 0; p < products_of(s) && !status; p++) {
            const double share = s->options.products ? simulate_product_share(s->options.seed, s->options.products, store, p, day) : 1;
            status = sell(s, store, p, till, day, here * share);
        }
    }
    return status;
}

static void begin_period(struct simulate *s, int64_t period)
{
    s->noise_period = period;
    simulate_noise_move(&s->noise, s->options.seed, s->options.stores, period);
    for (size_t i = 0; i < s->options.stores; i++)
        s->factor[i] = 1;
    for (size_t i = 0; i < s->options.shift_count; i++)
        if (s->options.shifts[i].period <= period)
            s->factor[s->options.shifts[i].store] *= s->options.shifts[i].factor;
}

static enum status sell_day(struct simulate *s, date_t day)
{
    const int64_t period = period_index(s, day);
    if (period != s->noise_period)
        begin_period(s, period);
    enum status status = STATUS_OK;
    for (size_t store = 0; store < s->options.stores && !status; store++)
        status = sell_store(s, store, day);
    return status;
}

/* ------------------------------------------------------------------------------------------ giving them out */

char *simulate_store_id(const struct simulate *s, size_t store, char out[SIMULATE_ID_BYTES])
{
    (void)s;
    snprintf(out, SIMULATE_ID_BYTES, "s%02zu", store + 1);
    return out;
}

char *simulate_product_id(const struct simulate *s, size_t product, char out[SIMULATE_ID_BYTES])
{
    (void)s;
    snprintf(out, SIMULATE_ID_BYTES, "p%03zu", product + 1);
    return out;
}

static void update_of(struct simulate *s, const struct sold *sold, struct sales_update *out)
{
    simulate_store_id(s, sold->store, s->store_id);
    simulate_product_id(s, sold->product, s->product_id);
    snprintf(s->source, sizeof s->source, "%s-till%d", s->store_id, sold->till + 1);
    snprintf(s->event_id, sizeof s->event_id, "%s-%lld", s->source, (long long)sold->sequence);
    const int64_t closing = date_ms(sold->day) + INT64_C(20) * 3600 * 1000;
    *out = (struct sales_update){
        .event_id = text_of(s->event_id), .source = text_of(s->source), .has_sequence = true, .sequence = sold->sequence,
        .store = text_of(s->store_id), .product = text_of(s->options.products ? s->product_id : NULL),
        .business_date = sold->day, .has_event_time = true, .event_time_ms = closing, .issued_at_ms = closing,
        .kind = BODY_SALE,
        .body.sale.sold = {.quantity = sold->quantity, .amount = sold->amount, .has_quantity = true, .has_amount = true},
    };
}

/* The next day with arrivals; false after the last. */
static bool next_day(struct simulate *s, enum status *out_status)
{
    while (s->today < s->last + DAYS_KEPT) {
        if (s->today >= s->first)
            arrivals_on(s, s->today)->count = 0;
        s->today++;
        s->at = 0;
        if (s->today <= s->last && (*out_status = sell_day(s, s->today)) != STATUS_OK)
            return false;
        if (arrivals_on(s, s->today)->count > 0)
            return true;
    }
    return false;
}

bool simulate_next(struct simulate *s, struct sales_update *out, enum status *out_status)
{
    enum status status = STATUS_OK;
    bool more = true;
    if (s->today < s->first || s->at >= arrivals_on(s, s->today)->count)
        more = next_day(s, &status);
    if (out_status)
        *out_status = status;
    if (!more)
        return false;
    s->counts.records++;
    update_of(s, &arrivals_on(s, s->today)->items[s->at++], out);
    return true;
}

date_t simulate_first_day(const struct simulate *s) { return s->first; }
date_t simulate_last_day(const struct simulate *s) { return s->last; }
date_t simulate_today(const struct simulate *s) { return s->today; }
struct simulate_counts simulate_counts(const struct simulate *s) { return s->counts; }

const struct simulate_truth *simulate_truth(const struct simulate *s, size_t store, size_t product, int64_t period)
{
    assert(store < s->options.stores && period >= 0 && period < s->options.periods);
    assert(s->options.products == 0 || product < s->options.products);
    return &s->truth[truth_index(s, store, s->options.products ? product : 0, period)];
}
