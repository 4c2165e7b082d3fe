#include "app/fev_window.h"

#include <stdlib.h>

#include "base/maths.h"

struct groups { /* of every series of the panel */
    size_t *store, *department;
    size_t stores, departments;
};

struct run {
    const struct panel *panel;
    const struct fev_window *window;
    struct calendar *calendar;
    struct groups groups;
    size_t done, total; /* pools */
};

/* ------------------------------------------------------------------------------------------ groups */

static int by_product(const void *a, const void *b, void *panel)
{
    const struct panel *p = panel;
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    const int order = text_compare(p->product[x], p->product[y]);
    return order ? order : x < y ? -1 : 1;
}

static enum status find_groups(const struct panel *p, struct groups *g)
{
    g->store = malloc((p->series + 1) * sizeof *g->store);
    g->department = malloc((p->series + 1) * sizeof *g->department);
    size_t *order = malloc((p->series + 1) * sizeof *order);
    if (!g->store || !g->department || !order) {
        free(order);
        return STATUS_NO_MEMORY;
    }
    for (size_t s = 0; s < p->series; s++) { /* stores stand together */
        g->stores += s == 0 || !text_equal(p->store[s], p->store[s - 1]);
        g->store[s] = g->stores - 1;
        order[s] = s;
    }
    struct panel shown = *p;
    qsort_r(order, p->series, sizeof *order, by_product, &shown);
    for (size_t i = 0; i < p->series; i++) {
        g->departments += i == 0 || !text_equal(p->product[order[i]], p->product[order[i - 1]]);
        g->department[order[i]] = g->departments - 1;
    }
    free(order);
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ one pool */

static bool is_in(const struct run *r, const struct backtest_pool *pool, size_t column)
{
    size_t known = 0;
    for (size_t t = 0; t < r->window->known; t++)
        known += maths_finite(pool->value[t * pool->series + column]);
    const size_t last = r->window->known + r->window->ahead - 1;
    return known >= FEV_WINDOW_LEAST && maths_finite(pool->value[last * pool->series + column]);
}

struct cut { /* the series of a pool that are in */
    double *value;
    size_t *store, *department, series;
};

static void cut_done(struct cut *c)
{
    free(c->value);
    free(c->store);
    free(c->department);
}

static enum status cut_init(const struct run *r, const struct backtest_pool *pool, struct cut *c)
{
    const size_t periods = r->panel->periods;
    size_t *columns = malloc((pool->series + 1) * sizeof *columns);
    *c = (struct cut){.value = malloc((periods * pool->series + 1) * sizeof *c->value),
                      .store = malloc((pool->series + 1) * sizeof *c->store),
                      .department = malloc((pool->series + 1) * sizeof *c->department)};
    const bool ok = columns && c->value && c->store && c->department;
    for (size_t column = 0; ok && column < pool->series; column++) {
        if (!is_in(r, pool, column))
            continue;
        c->store[c->series] = r->groups.store[pool->label[column]];
        c->department[c->series] = r->groups.department[pool->label[column]];
        columns[c->series++] = column;
    }
    for (size_t t = 0; ok && t < periods; t++)
        for (size_t s = 0; s < c->series; s++)
            c->value[t * c->series + s] = pool->value[t * pool->series + columns[s]];
    free(columns);
    return ok ? STATUS_OK : STATUS_NO_MEMORY;
}

static void on_progress(void *user, size_t done, size_t total)
{
    const struct run *r = user;
    if (r->window->on_progress)
        r->window->on_progress(r->window->user, r->done * total + done, r->total * total);
}

static enum status run_pool(struct run *r, const struct backtest_pool *pool, struct fev_scores *out)
{
    struct cut cut;
    enum status status = cut_init(r, pool, &cut);
    const struct department_panel panel = {.periods = r->panel->periods,
                                           .series = cut.series,
                                           .value = cut.value,
                                           .store = cut.store,
                                           .department = cut.department,
                                           .stores = r->groups.stores,
                                           .departments = r->groups.departments,
                                           .first = r->panel->first,
                                           .calendar = r->calendar};
    const struct fev_input input = {.panel = &panel,
                                    .known = r->window->known,
                                    .ahead = r->window->ahead,
                                    .threads = r->window->threads,
                                    .user = r,
                                    .on_progress = on_progress};
    if (!status && cut.series > 0)
        status = fev_run(&input, out->sums);
    out->series += cut.series;
    cut_done(&cut);
    return status;
}

enum status fev_window_run(const struct panel *panel, const struct fev_window *window, struct fev_scores *out)
{
    struct run r = {.panel = panel, .window = window};
    struct panel_pools pools = {0};
    struct fev_scores scores = {.partitions = window->partitions};
    enum status status = find_groups(panel, &r.groups);
    if (!status)
        status = calendar_new(&panel->grid, &r.calendar);
    if (!status)
        status = calendar_cover(r.calendar, panel->first, panel->first + (period_t)panel->periods + (period_t)period_season(&panel->grid));
    if (!status)
        status = panel_partition(panel, window->partitions, &pools);
    r.total = pools.count;
    for (size_t i = 0; !status && i < pools.count; i++, r.done++)
        status = run_pool(&r, &pools.pools[i], &scores);
    panel_pools_done(&pools);
    calendar_free(r.calendar);
    free(r.groups.store);
    free(r.groups.department);
    if (!status)
        *out = scores;
    return status;
}
