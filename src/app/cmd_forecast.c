/* cmd_forecast.c: forecasts of every series of a file, as a worker that had read it would issue them. */
#include <stdlib.h>
#include <string.h>

#include "app/diagnosis.h"
#include "app/evaluation.h"
#include "app/model_list.h"
#include "app/progress.h"
#include "app/report.h"
#include "base/maths.h"
#include "forecast/intervals.h"

#define LEVELS_MAX 99
#define BEST_ORIGINS 52 /* one-step errors that the best model is found by */

struct series_result { /* of one column of the panel */
    enum series_kind kind;
    bool fallback;
    enum member best;
    double *median; /* [member * horizon + h], levels; NaN = none */
    double *mean;   /* [h], of the ensemble */
    double *quantile; /* [h * level_count + k] */
    struct diagnosis *diagnosis; /* [diagnosis_count], of the models shown; NULL unless asked for */
    size_t diagnosis_count;
};

struct run {
    struct command_context *context;
    struct panel panel;
    struct panel_pools pools;
    struct model_list models;
    double levels[LEVELS_MAX];
    size_t level_count, horizon;
    uint32_t excluded; /* from the ensemble */
    const struct backtest_pool *pool; /* at work */
    struct series_result *results;
    struct arena arena;
    struct progress progress;
    size_t done, total;
};

/* ------------------------------------------------------------------------------------------ one origin */

static double level_of(const struct pool_series *info, double v)
{
    if (info->kind != SERIES_LEVEL)
        return maths_exp(v);
    return v < 0 && info->low >= 0 ? 0 : v; /* what never was negative stays so */
}

static enum member best_of(const struct replay_origin *at, size_t s)
{
    enum member best = MEMBER_ENSEMBLE;
    double least = maths_missing();
    for (enum member m = MEMBER_ENSEMBLE + 1; m < MEMBER_COUNT; m++) {
        const struct rolling_errors *e = &at->errors[m];
        double sum = 0, n = 0;
        for (size_t slot = e->origins > BEST_ORIGINS ? e->origins - BEST_ORIGINS : 0; slot < e->origins; slot++) {
            const double error = rolling_errors_at(e, 0, slot)[s];
            if (!maths_finite(error))
                continue;
            sum += error < 0 ? -error : error;
            n += 1;
        }
        if (n > 0 && !(least <= sum / n)) {
            least = sum / n;
            best = m;
        }
    }
    return best;
}

/* Quantiles around a median, never crossing it or each other. */
static void fill_quantiles(const struct run *r, const struct conformal *c, const struct pool_series *info, size_t s, size_t h, double v,
                           double *out)
{
    for (size_t k = 0; k < r->level_count; k++)
        out[k] = level_of(info, v + conformal_offset(c, s, h, r->levels[k]));
    maths_sort(out, r->level_count);
}

static void fill_series(const struct run *r, const struct replay_origin *at, const struct conformal *c, size_t s,
                        struct series_result *out)
{
    const struct pool_series *info = pool_fit_series(at->fit, s);
    out->kind = info->kind;
    out->fallback = at->fallback[s];
    out->best = best_of(at, s);
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        for (size_t h = 0; h < r->horizon; h++) {
            const double v = replay_steps(at, s, m)[h];
            out->median[(size_t)m * r->horizon + h] = maths_finite(v) ? level_of(info, v) : v;
        }
    for (size_t h = 1; h <= r->horizon; h++) {
        const double v = replay_steps(at, s, MEMBER_ENSEMBLE)[h - 1];
        const double ratio = info->kind == SERIES_LEVEL ? 1 : conformal_mean_ratio(c, s, h);
        out->mean[h - 1] = maths_finite(v) ? level_of(info, v) * ratio : v;
        for (size_t k = 0; k < r->level_count; k++)
            out->quantile[(h - 1) * r->level_count + k] = maths_missing();
        if (maths_finite(v))
            fill_quantiles(r, c, info, s, h, v, out->quantile + (h - 1) * r->level_count);
    }
}

static bool is_shown(const struct run *r, const struct series_result *result, enum member m)
{
    return r->models.chosen[m] || (r->models.best && result->best == m);
}

/* Of the models shown that have something to say about this series. */
static enum status diagnose(struct run *r, const struct replay_origin *at, size_t s, struct series_result *out)
{
    out->diagnosis = arena_array(&r->arena, MEMBER_COUNT, sizeof *out->diagnosis);
    enum status status = out->diagnosis ? STATUS_OK : STATUS_NO_MEMORY;
    for (enum member m = 0; !status && m < MEMBER_COUNT; m++)
        if (is_shown(r, out, m) && (m == MEMBER_ENSEMBLE || pool_fit_has(at->fit, m, s)))
            status = diagnosis_of(at, m, s, &out->diagnosis[out->diagnosis_count++]);
    return status;
}

static enum status on_origin(void *user, const struct replay_origin *at)
{
    struct run *r = user;
    struct conformal *conformal = NULL;
    enum status status = backtest_conformal(at, MEMBER_ENSEMBLE, &conformal);
    for (size_t s = 0; !status && s < at->series; s++) {
        struct series_result *result = &r->results[r->pool->label[s]];
        result->median = arena_array(&r->arena, MEMBER_COUNT * r->horizon, sizeof(double));
        result->mean = arena_array(&r->arena, r->horizon, sizeof(double));
        result->quantile = arena_array(&r->arena, r->horizon * r->level_count + 1, sizeof(double));
        if (!result->median || !result->mean || !result->quantile)
            status = STATUS_NO_MEMORY;
        else
            fill_series(r, at, conformal, s, result);
        if (!status && command_flag(r->context, "--diagnose"))
            status = diagnose(r, at, s, result);
    }
    conformal_free(conformal);
    return status;
}

static void on_progress(void *user, size_t done, size_t total)
{
    struct run *r = user;
    (void)total;
    r->progress.total = r->total;
    progress_update(&r->progress, r->done + done);
}

/* ------------------------------------------------------------------------------------------ the run */

static enum status parse_levels(struct run *r)
{
    const char *text = command_text(r->context, "--quantiles");
    for (const char *at = text; *at;) {
        char *end;
        const double level = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || !(level > 0 && level < 1) || r->level_count == LEVELS_MAX)
            return error_set(&r->context->err, STATUS_BAD_USAGE,
                             "--quantiles: '%s' is no list of levels (at most %d numbers between 0 and 1, with commas: .1,.9)", text,
                             LEVELS_MAX);
        r->levels[r->level_count++] = level;
        at = *end == ',' ? end + 1 : end;
    }
    maths_sort(r->levels, r->level_count);
    return STATUS_OK;
}

static enum status check_store(const struct run *r)
{
    const char *store = command_text(r->context, "--store");
    for (size_t s = 0; store && s < r->panel.series; s++)
        if (text_equal(r->panel.store[s], text_of(store)))
            return STATUS_OK;
    return store ? error_set(&r->context->err, STATUS_BAD_DATA, "--store: %s has no sales in %s (stores are named as in the file)", store,
                             r->context->arguments[0])
                 : STATUS_OK;
}

static enum status prepare(struct run *r)
{
    struct command_context *c = r->context;
    r->horizon = (size_t)command_integer(c, "--horizon");
    enum status status = model_list_parse(command_text(c, "--models"), true, &r->models, &c->err);
    if (!status)
        status = parse_levels(r);
    if (!status)
        status = evaluation_read(c, &r->panel, &r->pools);
    if (!status)
        status = evaluation_excluded(c, &r->excluded);
    if (!status)
        status = check_store(r);
    return status;
}

static struct replay_input replay_of(const struct run *r, struct calendar *calendar, const struct backtest_pool *pool)
{
    return (struct replay_input){.grid = &r->panel.grid,
                                 .calendar = calendar,
                                 .first = r->panel.first,
                                 .series = pool->series,
                                 .value = pool->value,
                                 .outliers = r->context->config.cleaning_outliers,
                                 .excluded = r->excluded,
                                 .requested = model_list_requested(&r->models, r->excluded),
                                 .history = (size_t)r->context->config.history_periods,
                                 .first_origin = r->panel.periods,
                                 .last_origin = r->panel.periods,
                                 .horizon = r->horizon,
                                 .threads = evaluation_threads(r->context)};
}

static enum status walk(struct run *r, struct calendar *calendar)
{
    for (size_t i = 0; i < r->pools.count; i++) {
        const struct replay_input input = replay_of(r, calendar, &r->pools.pools[i]);
        r->total += replay_origin_count(&input);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < r->pools.count; i++) {
        const struct replay_input input = replay_of(r, calendar, &r->pools.pools[i]);
        r->pool = &r->pools.pools[i];
        status = replay_run(&input, &(struct replay_hooks){.user = r, .on_progress = on_progress, .on_origin = on_origin});
        r->done += replay_origin_count(&input);
    }
    return status;
}

static enum status compute(struct run *r)
{
    struct calendar *calendar = NULL;
    r->results = calloc(r->panel.series + 1, sizeof *r->results);
    enum status status = r->results ? calendar_new(&r->panel.grid, &calendar) : STATUS_NO_MEMORY;
    if (!status)
        status = calendar_cover(calendar, r->panel.first, r->panel.first + (period_t)(r->panel.periods + POOL_HORIZON_MAX));
    progress_start(&r->progress, "forecast", 0);
    if (!status)
        status = walk(r, calendar);
    progress_end(&r->progress);
    calendar_free(calendar);
    return status ? error_set(&r->context->err, status, "%s", status_text(status)) : STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ what came out */

static const char *status_of(const struct run *r, const struct series_result *result)
{
    static const char *const names[] = {
        [SERIES_NONE] = "NO_HISTORY", [SERIES_SHORT] = "SHORT_HISTORY", [SERIES_LONG] = "OK", [SERIES_LEVEL] = "FALLBACK"};
    bool all = true;
    for (size_t h = 0; h < r->horizon; h++)
        all = all && maths_finite(result->median[MEMBER_ENSEMBLE * r->horizon + h]);
    if (result->kind == SERIES_LONG && (result->fallback || !all))
        return "FALLBACK";
    return names[result->kind];
}

static void print_member(const struct run *r, struct report *report, size_t s, enum member m, const char *model)
{
    const struct series_result *result = &r->results[s];
    for (size_t h = 0; h < r->horizon; h++) {
        const period_t period = r->panel.first + (period_t)(r->panel.periods + h);
        const bool full = m == MEMBER_ENSEMBLE; /* the others have no intervals of their own */
        const double median = result->median[(size_t)m * r->horizon + h];
        if (!maths_finite(median))
            continue;
        report_forecast(report, &(struct report_forecast){.series = r->panel.name[s],
                                                          .status = status_of(r, result),
                                                          .model = model,
                                                          .h = h + 1,
                                                          .first_date = period_first_day(&r->panel.grid, period),
                                                          .last_date = period_last_day(&r->panel.grid, period),
                                                          .median = median,
                                                          .mean = full ? result->mean[h] : maths_missing(),
                                                          .quantiles = full ? result->quantile + h * r->level_count : NULL});
    }
}

static void print_result(const struct run *r)
{
    struct report report;
    const char *store = command_text(r->context, "--store");
    const enum report_format format = report_format_of(command_text(r->context, "--format"));
    const bool diagnoses = command_flag(r->context, "--diagnose");
    if (diagnoses)
        diagnosis_begin(&report, stdout, format);
    else
        report_forecast_begin(&report, stdout, format, r->levels, r->level_count);
    for (size_t s = 0; s < r->panel.series; s++) {
        if (store && !text_equal(r->panel.store[s], text_of(store)))
            continue;
        for (size_t k = 0; k < r->results[s].diagnosis_count; k++)
            diagnosis_row(&report, r->panel.name[s], &r->results[s].diagnosis[k]);
        for (enum member m = 0; !diagnoses && m < MEMBER_COUNT; m++)
            if (is_shown(r, &r->results[s], m))
                print_member(r, &report, s, m, member_table[m].name);
    }
    report_end(&report);
}

static int run(struct command_context *context)
{
    struct run r = {.context = context};
    enum status status = prepare(&r);
    if (!status)
        status = compute(&r);
    if (!status)
        print_result(&r);
    free(r.results);
    arena_done(&r.arena);
    panel_pools_done(&r.pools);
    panel_done(&r.panel);
    return status ? command_fail(context) : EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {.name = "--horizon", .kind = OPTION_INTEGER, .argument = "N", .fallback = "8", .min = 1, .max = POOL_HORIZON_MAX,
     .help = "steps ahead"},
    {.name = "--store", .kind = OPTION_TEXT, .argument = "ID", .help = "print this store only (all are fitted)"},
    {.name = "--models", .kind = OPTION_TEXT, .argument = "LIST", .fallback = "ensemble",
     .help = "models to show, with commas; all (but those on request), or best: the one with the least recent error"},
    {.name = "--quantiles", .kind = OPTION_TEXT, .argument = "LIST", .fallback = "0.025,0.1,0.9,0.975", .help = "levels, with commas"},
    {.name = "--diagnose", .kind = OPTION_FLAG,
     .help = "instead of forecasts: tests of the residuals of the models shown, and a verdict"},
    {.name = "--format", .kind = OPTION_CHOICE, .argument = "FORMAT", .fallback = "table", .choices = REPORT_FORMATS,
     .help = "how to print the result"},
    EVALUATION_OPTIONS,
};

const struct command command_forecast = {
    .name = "forecast",
    .arguments = "FILE",
    .summary = "forecast every series of a file of sales",
    .text = "The median is the forecast that is right as often below as above; the mean is what sums are made of.\n"
            "Only the ensemble has a mean and quantiles. Statuses: OK; SHORT_HISTORY: fewer periods than the seasonal\n"
            "models need; FALLBACK: simpler models had to do.\n"
            "Models on request (damped_growth, arima_growth, arima_regression) are fitted when named. --diagnose tests what a\n"
            "model leaves: Ljung-Box (LB) for autocorrelation, Jarque-Bera (JB) for normality; a verdict is given at 1 %.\n\n" SALES_FILES_TEXT "\n"
            "  storecast forecast sales.csv --horizon 8 --store 1 --models ensemble,seasonal_naive\n"
            "  storecast forecast transactions.csv --product-from category,price --horizon 4",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .min_arguments = 1,
    .max_arguments = 1,
    .takes_config = true,
    .run = run,
};
