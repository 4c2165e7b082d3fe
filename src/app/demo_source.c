#include "app/demo.h"

#include <string.h>

#include "app/sales_options.h"

#define WINDOW_TOTALS (UINT64_C(64) << 10)  /* a few hundred periods of totals: each makes 20 times as many bytes of forecasts */
#define WINDOW_SALES (UINT64_C(512) << 10)  /* sales of days: most of them make none */
#define LEAST_PERIODS_WITH_SHIFTS 120
#define LEAST_STORES_WITH_SHIFTS 8

static enum status open_file(struct demo_source *s, struct command_context *c, const struct period_grid *configured, struct error *err)
{
    enum status status = sales_options_read(c, s->path, "--stores-file", &s->sales, err);
    if (status)
        return status;
    s->grid = feed_file_grid(&s->sales, configured);
    s->has_products = s->sales.summary.has_product;
    status = feed_file_init(&s->file, &s->sales, s->path, &s->grid, err);
    if (!status)
        status = panel_of(&s->sales, s->has_products ? PANEL_PRODUCT : PANEL_STORE, &c->config, &s->panel, err);
    if (status)
        return status;
    s->first = s->panel.first;
    s->periods = s->panel.periods;
    return STATUS_OK;
}

/* Something for the drift machines to find, unless the user has ideas. */
static void add_shifts(struct demo_source *s)
{
    if (s->options.shift_count > 0 || s->options.periods < LEAST_PERIODS_WITH_SHIFTS || s->options.stores < LEAST_STORES_WITH_SHIFTS)
        return;
    s->shifts[0] = (struct simulate_shift){.store = 2, .period = s->options.periods * 7 / 10, .factor = .7};
    s->shifts[1] = (struct simulate_shift){.store = 7, .period = s->options.periods * 8 / 10, .factor = 1.35};
    s->options.shifts = s->shifts;
    s->options.shift_count = 2;
}

static enum status open_simulation(struct demo_source *s, struct command_context *c, struct error *err)
{
    enum status status = simulate_options_read(c, &s->options, s->shifts, err);
    if (status)
        return status;
    add_shifts(s);
    s->grid = s->options.grid;
    s->has_products = s->options.products > 0;
    status = simulate_new(&s->options, &s->simulate);
    if (status)
        return error_set(err, status, "simulation: %s", status_text(status));
    s->first = period_of(&s->grid, simulate_first_day(s->simulate));
    s->periods = (size_t)s->options.periods;
    return STATUS_OK;
}

enum status demo_source_open(struct demo_source *s, struct command_context *c, struct error *err)
{
    struct engine_options engine;
    config_engine_options(&c->config, &engine);
    *s = (struct demo_source){.config = &c->config, .path = command_text(c, "--sales")};
    return s->path ? open_file(s, c, &engine.grid, err) : open_simulation(s, c, err);
}

void demo_source_done(struct demo_source *s)
{
    feed_file_done(&s->file);
    panel_done(&s->panel);
    sales_table_done(&s->sales);
    simulate_free(s->simulate);
}

bool demo_source_next(struct demo_source *s, struct sales_update *out, enum status *out_status)
{
    return s->path ? feed_file_next(&s->file, out, out_status) : simulate_next(s->simulate, out, out_status);
}

date_t demo_source_last_date(const struct demo_source *s)
{
    return s->path ? feed_file_last_date(&s->file) : simulate_last_day(s->simulate);
}

uint64_t demo_source_progress(const struct demo_source *s, uint64_t sent, uint64_t *out_total)
{
    if (s->path) {
        *out_total = feed_file_count(&s->file);
        return sent < *out_total ? sent : *out_total;
    }
    const date_t first = simulate_first_day(s->simulate), last = simulate_last_day(s->simulate), today = simulate_today(s->simulate);
    *out_total = (uint64_t)(last - first) + 1;
    return today < first ? 0 : today > last ? *out_total : (uint64_t)(today - first);
}

uint64_t demo_source_window(const struct demo_source *s)
{
    return s->path && s->sales.summary.is_totals ? WINDOW_TOTALS : WINDOW_SALES;
}

/* ------------------------------------------------------------------------------------------ what was sold */

static enum status panel_actuals(const struct panel *p, struct scores *scores)
{
    enum status status = STATUS_OK;
    for (size_t s = 0; s < p->series && !status; s++)
        for (size_t t = 0; t < p->periods && !status; t++)
            status = scores_actual(scores, p->store[s], p->product ? p->product[s] : (struct text){0}, p->first + (period_t)t,
                                   p->value[t * p->series + s]);
    return status;
}

static double value_of(const struct demo_source *s, const struct simulate_truth *t)
{
    const bool amount = s->config->measure == MEASURE_AMOUNT, net = s->config->demand_basis == DEMAND_NET;
    const int64_t gross = amount ? t->gross_amount : t->gross_quantity, back = amount ? t->returns_amount : t->returns_quantity;
    return (double)(net ? gross - back : gross) / (double)MILLIONTHS;
}

static enum status simulated_actuals(const struct demo_source *s, struct scores *scores)
{
    char store[SIMULATE_ID_BYTES], product[SIMULATE_ID_BYTES];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < s->options.stores; i++)
        for (size_t k = 0; k < (s->has_products ? s->options.products : 1); k++)
            for (int64_t p = 0; p < s->options.periods && !status; p++)
                status = scores_actual(scores, text_of(simulate_store_id(s->simulate, i, store)),
                                       text_of(s->has_products ? simulate_product_id(s->simulate, k, product) : NULL),
                                       s->first + (period_t)p, value_of(s, simulate_truth(s->simulate, i, k, p)));
    return status;
}

enum status demo_source_actuals(const struct demo_source *s, struct scores *scores)
{
    return s->path ? panel_actuals(&s->panel, scores) : simulated_actuals(s, scores);
}
