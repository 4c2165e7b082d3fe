#include "engine/result.h"

#include <assert.h>
#include <stdio.h>

#include "base/maths.h"
#include "engine/catalog.h"
#include "engine/issued.h"
#include "engine/pools.h"

void result_head(const struct engine *e, const struct series *s, period_t closed, struct forecast_result *out)
{
    const struct period_grid *grid = &e->options.grid;
    out->store = catalog_store_id(e, s);
    out->product = s->product;
    out->level = s->product.data ? LEVEL_SERIES : LEVEL_STORE;
    out->sales_offset = e->state.sales_offset;
    out->partition = e->partition;
    out->measure = e->options.measure;
    out->unit = e->options.unit;
    if (closed != PERIOD_NONE) {
        out->origin = period_last_day(grid, closed);
        out->valid_until = period_last_day(grid, closed + 1);
    }
}

/* ---- accuracy */

struct error_sums {
    double absolute, square, percentage;
    int32_t n, positive;
};

static void sum_errors(const struct engine *e, const struct pool_work *pool, size_t column, enum member member, size_t periods,
                       struct error_sums *sums)
{
    const struct series *s = e->series[pool->series[column]];
    for (size_t back = 0; back < pool->periods && back < ERRORS_ORIGINS && (size_t)sums->n < periods; back++) {
        size_t row = pool->periods - 1 - back;
        period_t period = pool->first + (period_t)row;
        double actual = pool->value[row * pool->count + column];
        double issued = issued_value(s, period, member, 0);
        if (!maths_finite(actual) || !maths_finite(issued))
            continue;
        double error = (issued_find(s, period)->level ? issued : maths_exp(issued)) - actual;
        double absolute = error < 0 ? -error : error;
        sums->absolute += absolute;
        sums->square += error * error;
        sums->n++;
        if (actual > 0) {
            sums->percentage += absolute / actual;
            sums->positive++;
        }
    }
}

void result_accuracy(const struct engine *e, const struct pool_work *pool, size_t column, size_t periods,
                     struct model_accuracy out[MEMBER_COUNT])
{
    for (int m = 0; m < MEMBER_COUNT; m++) {
        struct error_sums sums = {0};
        sum_errors(e, pool, column, (enum member)m, periods, &sums);
        double n = sums.n;
        out[m] = (struct model_accuracy){
            .model = text_of(member_table[m].name),
            .weight = m == MEMBER_ENSEMBLE ? 1.0 : pool->weight[(size_t)m * pool->count + column],
            .mae = sums.n ? sums.absolute / n : maths_missing(),
            .rmse = sums.n ? maths_sqrt(sums.square / n) : maths_missing(),
            .mape = sums.positive ? 100.0 * sums.percentage / sums.positive : maths_missing(),
            .scored = sums.n,
        };
    }
}

/* Of rows as result_accuracy gives them. */
static enum member least_error(const struct model_accuracy rows[MEMBER_COUNT])
{
    enum member best = MEMBER_ENSEMBLE;
    for (int m = MEMBER_ENSEMBLE + 1; m < MEMBER_COUNT; m++)
        if (rows[m].scored && (best == MEMBER_ENSEMBLE || rows[m].mae < rows[best].mae))
            best = (enum member)m;
    return best;
}

enum member result_best(const struct engine *e, const struct pool_work *pool, size_t column, size_t periods)
{
    struct model_accuracy rows[MEMBER_COUNT];
    result_accuracy(e, pool, column, periods, rows);
    return least_error(rows);
}

/* ---- steps */

struct drafting { /* of one result */
    struct engine *e;
    const struct pool_work *pool;
    size_t column;
    const struct series *series;
    const struct pool_series *about;
    const struct result_wish *wish;
    const double *values; /* MEMBER_COUNT x horizon */
    struct arena *arena;
};

static double level_of(const struct drafting *d, double value)
{
    return d->about->kind == SERIES_LEVEL ? value : maths_exp(value);
}

/* The published point in the series' own scale: the ensemble, or the mean of the models asked for. */
static double point(const struct drafting *d, size_t h)
{
    const size_t horizon = d->wish->horizon;
    double sum = 0;
    size_t n = 0;
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        if (d->wish->chosen[m] && maths_finite(d->values[m * horizon + h])) {
            sum += d->values[m * horizon + h];
            n++;
        }
    if (n)
        return sum / (double)n;
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        if (d->wish->chosen[m])
            return maths_missing();
    return d->values[MEMBER_ENSEMBLE * horizon + h];
}

static double quantile(const struct drafting *d, double value, size_t h, double level)
{
    double offset = conformal_offset(d->pool->conformal, d->column, h + 1, level);
    if (d->about->kind != SERIES_LEVEL)
        return maths_exp(value + offset);
    double q = value + offset;
    return q < 0 && d->about->low >= 0 ? 0 : q; /* what was never negative stays so */
}

static enum status fill_quantiles(const struct drafting *d, double value, size_t h, struct forecast_step *step)
{
    size_t n = d->wish->level_count;
    struct quantile_value *quantiles = arena_array(d->arena, n ? n : 1, sizeof *quantiles);
    double *sorted = arena_array(d->arena, n ? n : 1, sizeof *sorted);
    if (!quantiles || !sorted)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        sorted[i] = d->wish->levels[i] == 0.5 ? level_of(d, value) : quantile(d, value, h, d->wish->levels[i]);
    maths_sort(sorted, n); /* the median is the point itself: neighbours may not cross it */
    for (size_t i = 0; i < n; i++)
        quantiles[i] = (struct quantile_value){d->wish->levels[i], sorted[i]};
    step->quantiles = quantiles;
    step->quantile_count = n;
    return STATUS_OK;
}

static enum status fill_models(const struct drafting *d, size_t h, struct forecast_step *step)
{
    struct model_value *models = arena_array(d->arena, MEMBER_COUNT, sizeof *models);
    if (!models)
        return STATUS_NO_MEMORY;
    for (size_t m = 0; m < MEMBER_COUNT; m++) {
        double value = d->values[m * d->wish->horizon + h];
        if (maths_finite(value))
            models[step->model_count++] = (struct model_value){text_of(member_table[m].name), level_of(d, value)};
    }
    step->models = models;
    return STATUS_OK;
}

static enum status fill_step(const struct drafting *d, period_t closed, size_t h, struct forecast_step *step)
{
    double value = point(d, h);
    period_t period = closed + 1 + (period_t)h;
    step->first_date = period_first_day(&d->e->options.grid, period);
    step->last_date = period_last_day(&d->e->options.grid, period);
    step->median = level_of(d, value);
    step->mean = d->about->kind == SERIES_LEVEL ? step->median
                                                : step->median * conformal_mean_ratio(d->pool->conformal, d->column, h + 1);
    enum status status = fill_quantiles(d, value, h, step);
    return status == STATUS_OK ? fill_models(d, h, step) : status;
}

static enum status fill_steps(const struct drafting *d, period_t closed, struct forecast_result *out)
{
    struct forecast_step *steps = arena_array(d->arena, d->wish->steps, sizeof *steps);
    if (!steps)
        return STATUS_NO_MEMORY;
    size_t n = 0;
    for (size_t h = 0; h < d->wish->steps; h++) {
        if (!maths_finite(point(d, h)))
            break; /* no number from here on: none is made up */
        enum status status = fill_step(d, closed, h, &steps[n++]);
        if (status != STATUS_OK)
            return status;
    }
    out->steps = steps;
    out->step_count = n;
    return STATUS_OK;
}

/* ---- the rest */

static enum status fill_accuracy(const struct drafting *d, struct forecast_result *out)
{
    struct model_accuracy all[MEMBER_COUNT];
    result_accuracy(d->e, d->pool, d->column, RESULT_ACCURACY_PERIODS, all);
    struct model_accuracy *kept = arena_array(d->arena, MEMBER_COUNT, sizeof *kept);
    if (!kept)
        return STATUS_NO_MEMORY;
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        if (maths_finite(d->values[m * d->wish->horizon]) || all[m].scored)
            kept[out->accuracy_count++] = all[m];
    out->accuracy = kept;
    out->best_model = text_of(member_table[least_error(all)].name);
    return STATUS_OK;
}

static void judge(const struct drafting *d, bool fallback, struct forecast_result *out)
{
    static const char *const sentences[] = {
        [SERIES_NONE] = "no period has a value yet",
        [SERIES_SHORT] = "fewer periods are known than the seasonal models need; short-history models are used",
        [SERIES_LONG] = "all is well",
        [SERIES_LEVEL] = "many periods are zero or negative; the forecast is made in levels, without a season",
    };
    static const enum result_status statuses[] = {[SERIES_NONE] = RESULT_NO_HISTORY, [SERIES_SHORT] = RESULT_SHORT_HISTORY,
                                                  [SERIES_LONG] = RESULT_OK, [SERIES_LEVEL] = RESULT_FALLBACK};
    out->status = statuses[d->about->kind];
    out->sentence = text_of(sentences[d->about->kind]);
    if (out->status == RESULT_OK && fallback) {
        out->status = RESULT_FALLBACK;
        out->sentence = text_of("no model of the ensemble gave a sound number for some step; the last value is repeated there");
    }
    if (d->series->state.stockout_firing) {
        out->status = RESULT_SUSPECT_STOCKOUT;
        out->sentence = text_of("nothing was sold for a quarter after it had sold; the forecast fades slowly (is it in stock?)");
    }
    if (out->step_count < d->wish->steps && out->status != RESULT_NO_HISTORY) {
        out->status = out->step_count ? RESULT_FALLBACK : RESULT_NO_HISTORY;
        out->sentence = text_of("no model asked for gave a sound number for every step; the steps stop where the numbers do");
    }
}

static enum status explain(const struct drafting *d, struct forecast_result *out)
{
    struct text *lines = arena_array(d->arena, MEMBER_COUNT + 2, sizeof *lines);
    if (!lines)
        return STATUS_NO_MEMORY;
    size_t n = 0;
    char line[200];
    (void)snprintf(line, sizeof line, "%zu periods with a value, %zu left out as outliers; the pool has %zu series, %zu of them long",
                   d->about->observed, d->about->outliers, d->pool->count, pool_fit_long_count(d->pool->fit));
    lines[n++] = arena_text(d->arena, text_of(line));
    for (size_t m = MEMBER_ENSEMBLE + 1; m < MEMBER_COUNT; m++) {
        double weight = d->pool->weight[m * d->pool->count + d->column];
        if (weight <= 0)
            continue;
        (void)snprintf(line, sizeof line, "%s has weight %.4f", member_table[m].name, weight);
        lines[n++] = arena_text(d->arena, text_of(line));
    }
    out->ledger = lines;
    out->ledger_count = n;
    return STATUS_OK;
}

enum status result_fill(struct engine *e, const struct pool_work *pool, const struct series *s, period_t closed,
                        const struct result_wish *wish, struct arena *arena, struct forecast_result *out, double *values)
{
    result_head(e, s, closed, out);
    size_t column = pools_column(pool, e, s);
    if (column == SIZE_MAX) {
        out->status = RESULT_NO_HISTORY;
        out->sentence = text_of("no period of the series was closed with a value yet");
        return STATUS_OK;
    }
    double *all = values ? values : arena_array(arena, MEMBER_COUNT * wish->horizon, sizeof *all);
    if (!all)
        return STATUS_NO_MEMORY;
    bool fallback = false;
    enum status status = pools_forecast(pool, column, wish->horizon, all, &fallback);
    struct result_wish resolved = *wish;
    if (wish->best)
        resolved.chosen[result_best(e, pool, column, RESULT_ACCURACY_PERIODS)] = true;
    struct drafting d = {e, pool, column, s, pool_fit_series(pool->fit, column), &resolved, all, arena};
    if (status == STATUS_OK)
        status = fill_steps(&d, closed, out);
    if (status == STATUS_OK)
        status = fill_accuracy(&d, out);
    if (status != STATUS_OK)
        return status;
    judge(&d, fallback, out);
    return wish->explain ? explain(&d, out) : STATUS_OK;
}
