#include "app/bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/simulate.h"
#include "engine/engine.h"

#define STORES 45
#define PERIODS 143
#define CLOSES_TIMED 13
#define REQUESTS 2000

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct run {
    struct engine *engine;
    struct effects fx;
    int64_t offset;
    uint64_t batch;
    double closing_s;
    size_t closes;
};

static enum status begin(struct run *r, const struct config *config, const struct period_grid *grid)
{
    struct engine_options options;
    config_engine_options(config, &options);
    options.grid = *grid;
    return engine_new(0, &options, &r->engine);
}

static void end(struct run *r)
{
    effects_done(&r->fx);
    engine_free(r->engine);
    *r = (struct run){0};
}

static enum status finish_batch(struct run *r)
{
    const enum status status = engine_flush(r->engine, ++r->batch, &r->fx);
    if (status)
        return status;
    engine_commit(r->engine);
    effects_clear(&r->fx);
    return STATUS_OK;
}

static enum status apply(struct run *r, const struct sales_update *u)
{
    const struct record record = {.update = u, .offset = r->offset++, .timestamp_ms = date_ms(u->business_date + 1)};
    enum status status = engine_apply(r->engine, &record, &r->fx);
    while (!status && engine_close_due(r->engine)) {
        const double started = now_s();
        bool done;
        status = engine_continue(r->engine, 0, &r->fx, &done);
        r->closing_s += now_s() - started;
        r->closes++;
        if (!status)
            status = finish_batch(r);
    }
    return status;
}

/* ------------------------------------------------------------------------------------------ closes and requests */

static enum status apply_totals(struct run *r, const struct simulate *s, const struct simulate_options *o, int64_t period)
{
    const period_t p = period_of(&o->grid, simulate_first_day(s)) + (period_t)period;
    const date_t last = period_last_day(&o->grid, p);
    enum status status = STATUS_OK;
    for (size_t store = 0; store < o->stores && !status; store++) {
        char id[SIMULATE_ID_BYTES], event[64];
        simulate_store_id(s, store, id);
        snprintf(event, sizeof event, "%s-%d", id, (int)last);
        const struct simulate_truth *t = simulate_truth(s, store, 0, period);
        const struct sales_update u = {
            .event_id = text_of(event), .store = text_of(id), .business_date = last, .issued_at_ms = date_ms(last + 1), .kind = BODY_TOTAL,
            .body.total.gross = {.quantity = t->gross_quantity, .amount = t->gross_amount, .has_quantity = true, .has_amount = true},
        };
        status = apply(r, &u);
    }
    return status;
}

static enum status answer_requests(struct run *r, struct bench_engine *out)
{
    enum status status = STATUS_OK;
    const double started = now_s();
    for (int i = 0; i < REQUESTS && !status; i++) {
        char store[SIMULATE_ID_BYTES];
        snprintf(store, sizeof store, "s%02d", i % STORES + 1);
        const struct forecast_request request = {.request_id = text_of("bench"), .store = text_of(store), .horizon = 8};
        status = engine_answer(r->engine, &request, &r->fx);
        effects_clear(&r->fx);
    }
    out->request_us = (now_s() - started) / REQUESTS * 1e6;
    return status;
}

static enum status time_closes(const struct config *config, struct bench_engine *out)
{
    struct run r = {0};
    struct simulate_options o;
    struct simulate *s = NULL;
    struct sales_update u;
    simulate_options_default(&o);
    o.stores = STORES;
    o.periods = PERIODS;
    enum status status = simulate_new(&o, &s);
    while (!status && simulate_next(s, &u, &status)) {
    }
    if (!status)
        status = begin(&r, config, &o.grid);
    for (int64_t period = 0; period < PERIODS && !status; period++) {
        if (period == PERIODS - CLOSES_TIMED) {
            r.closing_s = 0;
            r.closes = 0;
        }
        status = apply_totals(&r, s, &o, period);
    }
    out->close_ms = r.closes ? r.closing_s / (double)r.closes * 1e3 : 0;
    if (!status)
        status = answer_requests(&r, out);
    end(&r);
    simulate_free(s);
    return status;
}

/* ------------------------------------------------------------------------------------------ observations */

/* Sales of tills and products within one open period, so that nothing closes. */
static enum status time_observations(const struct config *config, struct bench_engine *out)
{
    struct run r = {0};
    struct simulate_options o;
    struct simulate *s = NULL;
    struct sales_update u;
    simulate_options_default(&o);
    o.stores = STORES;
    o.products = 20;
    o.tills = 3;
    o.periods = 1;
    o.late = 0;
    double applying = 0;
    enum status status = simulate_new(&o, &s);
    if (!status)
        status = begin(&r, config, &o.grid);
    const double started = now_s();
    while (!status && simulate_next(s, &u, &status)) {
        const double before = now_s();
        status = apply(&r, &u);
        applying += now_s() - before;
        if (!status && r.offset % 5000 == 0)
            status = finish_batch(&r);
    }
    if (!status)
        status = finish_batch(&r);
    const double all = now_s() - started, n = r.offset ? (double)r.offset : 1;
    out->observation_us = applying / n * 1e6;
    out->flush_us = (all - applying) / n * 1e6;
    out->series = engine_series_count(r.engine);
    end(&r);
    simulate_free(s);
    return status;
}

enum status bench_engine_run(const struct config *config, struct bench_engine *out)
{
    *out = (struct bench_engine){.stores = STORES, .periods = PERIODS};
    const enum status status = time_observations(config, out);
    return status ? status : time_closes(config, out);
}
