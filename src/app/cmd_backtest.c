/* cmd_backtest.c: walk-forward evaluation of every model on a file, without the stream. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/evaluation.h"
#include "app/fev_report.h"
#include "app/forecast_file.h"
#include "app/model_list.h"
#include "app/progress.h"
#include "app/report.h"
#include "forecast/backtest.h"

struct run {
    struct command_context *context;
    struct panel panel;
    struct panel_pools pools;
    struct model_list models;
    struct backtest_input input;
    struct backtest_result result;
    struct progress progress;
    FILE *forecasts;
};

#define FEV_KNOWN      "104" /* as the public benchmark has it */
#define FEV_PARTITIONS 6     /* shown beside one */

static bool is_fev(const struct command_context *c)
{
    return strcmp(command_text(c, "--protocol"), "fev") == 0;
}

static const char *protocol_of(const struct run *r)
{
    return r->input.holdout ? "holdout" : "rolling";
}

/* ------------------------------------------------------------------------------------------ what to run */

static enum status choose_training(struct run *r)
{
    const double train = command_number(r->context, "--train");
    const double periods = train < 1 ? train * (double)r->panel.periods : train;
    if (!(periods >= 1) || periods >= (double)r->panel.periods)
        return error_set(&r->context->err, STATUS_BAD_DATA, "--train: %g leaves nothing to train on or to test (the file has %zu periods)",
                         train, r->panel.periods);
    r->input.first_origin = (size_t)periods;
    return STATUS_OK;
}

/* An option of another protocol would go without effect, which nobody would see in the figures. */
static enum status check_protocol(struct command_context *c)
{
    static const struct {
        const char *option, *protocols; /* that use it */
    } rules[] = {{"--origins", "rolling"},
                 {"--train", "holdout fev"},
                 {"--models", "rolling holdout"},
                 {"--by-series", "rolling holdout"},
                 {"--forecasts", "rolling holdout"}};
    const char *protocol = command_text(c, "--protocol");
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!command_given(c, rules[i].option) || strstr(rules[i].protocols, protocol))
            continue;
        return error_set(&c->err, STATUS_BAD_USAGE, "%s: protocol %s does not use it (add --protocol %.*s, or leave it out)",
                         rules[i].option, protocol, (int)strcspn(rules[i].protocols, " "), rules[i].protocols);
    }
    return STATUS_OK;
}

static enum status choose_origins(struct run *r)
{
    const size_t periods = r->panel.periods, origins = (size_t)command_integer(r->context, "--origins");
    if (periods < 2)
        return error_set(&r->context->err, STATUS_BAD_DATA, "%s: one period is too few to forecast the next (give at least two)",
                         r->context->arguments[0]);
    r->input.holdout = strcmp(command_text(r->context, "--protocol"), "holdout") == 0;
    if (r->input.holdout)
        return choose_training(r);
    r->input.first_origin = origins < periods ? periods - origins : 1;
    return STATUS_OK;
}

static void on_progress(void *user, size_t done, size_t total)
{
    struct run *r = user;
    r->progress.total = total;
    progress_update(&r->progress, done);
}

static void on_forecast(void *user, const struct backtest_forecast *f)
{
    const struct run *r = user;
    if (r->models.chosen[f->member])
        forecast_file_row(r->forecasts, f->origin, r->panel.name[f->label], f->h, f->member, f->value);
}

static enum status prepare(struct run *r)
{
    struct command_context *c = r->context;
    enum status status = check_protocol(c);
    if (!status)
        status = model_list_parse(command_text(c, "--models"), false, &r->models, &c->err);
    if (!status)
        status = evaluation_read(c, &r->panel, &r->pools);
    if (!status)
        status = evaluation_excluded(c, &r->input.excluded);
    if (!status)
        status = choose_origins(r);
    return status;
}

static enum status compute(struct run *r)
{
    struct backtest_input *in = &r->input;
    in->grid = &r->panel.grid;
    in->first = r->panel.first;
    in->periods = r->panel.periods;
    in->pools = r->pools.pools;
    in->pool_count = r->pools.count;
    in->labels = r->panel.series;
    in->outliers = r->context->config.cleaning_outliers;
    in->history = (size_t)r->context->config.history_periods;
    in->requested = model_list_requested(&r->models, in->excluded);
    in->horizon = (size_t)command_integer(r->context, "--horizon");
    in->threads = evaluation_threads(r->context);
    in->user = r;
    in->on_progress = on_progress;
    const char *path = command_text(r->context, "--forecasts");
    enum status status = path ? forecast_file_open(path, &r->forecasts, &r->context->err) : STATUS_OK;
    if (status)
        return status;
    in->on_forecast = r->forecasts ? on_forecast : NULL;
    progress_start(&r->progress, "backtest", 0);
    if (backtest_run(in, &r->result) != STATUS_OK)
        status = error_set(&r->context->err, STATUS_NO_MEMORY, "out of memory");
    progress_end(&r->progress);
    const enum status written = path ? forecast_file_close(r->forecasts, path, &r->context->err) : STATUS_OK;
    return status ? status : written;
}

/* ------------------------------------------------------------------------------------------ what came out */

static void print_rows(struct run *r, struct report *report, size_t label, bool pooled)
{
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        for (size_t g = 0; r->models.chosen[m] && g < r->result.groups; g++) {
            const struct accuracy_sums sums = pooled ? backtest_pooled(&r->result, m, g) : *backtest_sums(&r->result, label, m, g);
            report_accuracy(report, &(struct report_accuracy){.model = member_table[m].name,
                                                              .protocol = protocol_of(r),
                                                              .level = evaluation_level(r->context),
                                                              .series = pooled ? text_of("all") : r->panel.name[label],
                                                              .limit = r->result.limit[g],
                                                              .sums = &sums});
        }
}

static void print_heading(const struct run *r)
{
    const struct panel *p = &r->panel;
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    date_format(period_last_day(&p->grid, p->first), first);
    date_format(period_last_day(&p->grid, p->first + (period_t)p->periods - 1), last);
    printf("%zu series, %zu %ss from %s to %s; ", p->series, p->periods, period_unit_name(p->grid.unit), first, last);
    if (r->input.holdout)
        printf("trained on %zu, tested on the rest", r->input.first_origin);
    else
        printf("origins %zu..%zu", r->input.first_origin, p->periods - 1);
    printf("; %zu pool%s; outliers %s\n\n", r->pools.count, r->pools.count == 1 ? "" : "s",
           r->input.outliers ? "left out of the fits" : "believed");
}

static void print_result(struct run *r)
{
    struct report report;
    const enum report_format format = report_format_of(command_text(r->context, "--format"));
    if (format == REPORT_TABLE)
        print_heading(r);
    report_accuracy_begin(&report, stdout, format);
    print_rows(r, &report, 0, true);
    for (size_t label = 0; command_flag(r->context, "--by-series") && label < r->panel.series; label++)
        print_rows(r, &report, label, false);
    report_end(&report);
    if (format == REPORT_TABLE && report.rows == 0)
        puts("Nothing could be scored: no model gave a number for a period with a value.");
}

/* ------------------------------------------------------------------------------------------ protocol fev */

struct fev_run {
    struct command_context *context;
    struct panel panel;
    struct panel_pools pools;
    struct fev_window window;
    struct fev_scores scores[2]; /* as asked for; else with one partition and with FEV_PARTITIONS */
    size_t count;
    double seconds; /* of the first */
    struct progress progress;
};

static void on_fev_progress(void *user, size_t done, size_t total)
{
    struct fev_run *r = user;
    r->progress.total = total;
    progress_update(&r->progress, done);
}

static enum status choose_window(struct fev_run *r)
{
    struct command_context *c = r->context;
    const double train = command_given(c, "--train") ? command_number(c, "--train") : strtod(FEV_KNOWN, NULL);
    const double known = train < 1 ? train * (double)r->panel.periods : train;
    const size_t season = period_season(&r->panel.grid);
    if (strcmp(evaluation_level(c), "store") == 0)
        return error_set(&c->err, STATUS_BAD_USAGE, "--protocol fev: it pools the departments of stores (add --level department)");
    if (!(known >= FEV_MIN_KNOWN) || known >= (double)r->panel.periods)
        return error_set(&c->err, STATUS_BAD_DATA, "--train: %g of %zu periods (protocol fev needs %d known ones, and one more to test on)",
                         known, r->panel.periods, FEV_MIN_KNOWN);
    r->window = (struct fev_window){.known = (size_t)known, .threads = evaluation_threads(c), .user = r, .on_progress = on_fev_progress};
    const size_t left = r->panel.periods - r->window.known;
    r->window.ahead = command_given(c, "--horizon") ? (size_t)command_integer(c, "--horizon") : left;
    if (r->window.ahead > left || r->window.ahead > season)
        r->window.ahead = left < season ? left : season;
    return STATUS_OK;
}

static enum status run_window(struct fev_run *r, int32_t partitions)
{
    const clock_t start = clock();
    r->window.partitions = partitions;
    progress_start(&r->progress, "backtest", 0);
    const enum status status = fev_window_run(&r->panel, &r->window, &r->scores[r->count]);
    progress_end(&r->progress);
    if (r->count++ == 0)
        r->seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    return status ? error_set(&r->context->err, status, "%s: %s", r->context->arguments[0], status_text(status)) : STATUS_OK;
}

static void print_window(const struct fev_run *r)
{
    const enum report_format format = report_format_of(command_text(r->context, "--format"));
    if (format != REPORT_TABLE) {
        fev_report_rows(stdout, format, r->scores, r->count, evaluation_level(r->context), r->window.ahead);
        return;
    }
    printf("%zu series; %zu %ss known, %zu ahead, nine quantiles\n\n", r->scores[0].series, r->window.known,
           period_unit_name(r->panel.grid.unit), r->window.ahead);
    fev_report_table(stdout, r->scores, r->count, r->seconds, fev_report_is_public(&r->scores[0], &r->window));
}

static enum status run_fev(struct fev_run *r)
{
    struct command_context *c = r->context;
    enum status status = check_protocol(c);
    if (!status)
        status = evaluation_read(c, &r->panel, &r->pools);
    if (!status)
        status = choose_window(r);
    if (!status)
        status = run_window(r, (int32_t)command_integer(c, "--partitions"));
    if (!status && !command_given(c, "--partitions"))
        status = run_window(r, FEV_PARTITIONS);
    if (!status)
        print_window(r);
    return status;
}

static int run_protocol_fev(struct command_context *context)
{
    struct fev_run r = {.context = context};
    const enum status status = run_fev(&r);
    panel_pools_done(&r.pools);
    panel_done(&r.panel);
    return status ? command_fail(context) : EXIT_CODE_OK;
}

static int run(struct command_context *context)
{
    if (is_fev(context))
        return run_protocol_fev(context);
    struct run r = {.context = context};
    enum status status = prepare(&r);
    if (!status)
        status = compute(&r);
    if (!status)
        print_result(&r);
    backtest_result_done(&r.result);
    panel_pools_done(&r.pools);
    panel_done(&r.panel);
    return status ? command_fail(context) : EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {.name = "--protocol",
     .kind = OPTION_CHOICE,
     .argument = "NAME",
     .fallback = "rolling",
     .choices = "rolling|holdout|fev",
     .help = "refit at every origin; train once and forecast all that follows; the public benchmark's window with quantiles"},
    {.name = "--origins",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "52",
     .min = 1,
     .max = 10000,
     .help = "rolling: how many of the last origins are scored"},
    {.name = "--horizon",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "8",
     .min = 1,
     .max = POOL_HORIZON_MAX,
     .help = "rolling, fev: steps ahead; fev: all that follow when not given"},
    {.name = "--train",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .fallback = "0.7",
     .min = 0,
     .max = 100000,
     .help = "holdout, fev: periods to train on, or below 1 their share; fev: 104 when not given"},
    {.name = "--models",
     .kind = OPTION_TEXT,
     .argument = "LIST",
     .fallback = "all",
     .help = "models to show, with commas; all = all but those on request (damped_growth, arima_growth, arima_regression)"},
    {.name = "--by-series", .kind = OPTION_FLAG, .help = "a row for every series too"},
    {.name = "--forecasts", .kind = OPTION_TEXT, .argument = "FILE", .help = "write every forecast to FILE (origin,series,h,model,value)"},
    {.name = "--format",
     .kind = OPTION_CHOICE,
     .argument = "FORMAT",
     .fallback = "table",
     .choices = REPORT_FORMATS,
     .help = "how to print the result"},
    EVALUATION_OPTIONS,
};

const struct command command_backtest = {
    .name = "backtest",
    .arguments = "FILE",
    .summary = "how good every model would have been on a file of sales",
    .text = "An origin is a number of known periods; everything is refitted at every origin and sees nothing later.\n"
            "MASE divides by the mean change from one season to the next in the training part; 'in 80%' is the share of\n"
            "values inside the 80 % interval. A sound model beats seasonal_naive.\n\n" SALES_FILES_TEXT "\n"
            "Protocol fev forecasts departments or products over one long window with nine quantiles, as the public benchmark\n"
            "fev-bench does: WAPE, MASE, SQL (scaled quantile loss) and WQL, divided by the mean change of a period; on its task\n"
            "`walmart` the published models stand beside ours. Weights and quantiles come from earlier origins only.\n\n"
            "  storecast backtest sales.csv --partitions 6\n"
            "  storecast backtest departments.csv --level department --protocol fev\n"
            "  storecast backtest sales.csv --protocol holdout --train 0.7 --models ensemble,seasonal_naive --format csv",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .min_arguments = 1,
    .max_arguments = 1,
    .takes_config = true,
    .run = run,
};
