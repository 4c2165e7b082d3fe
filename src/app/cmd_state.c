/* cmd_state.c: what the local state knows, read beside a running worker. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/config.h"
#include "app/state_key.h"
#include "engine/engine.h"
#include "io/kv.h"

#define CELLS_SHOWN          60
#define CELLS_BEYOND_HISTORY 128 /* open periods, and closed ones that the next close drops */

struct show {
    struct command_context *context;
    struct kv *kv;
    const char *wanted; /* "store" or "store/product", as in the keys of the forecasts topic; NULL = all */
    bool as_cells;
    size_t found;
};

/* ---- reading */

static enum status load_record(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    return engine_load(arg, state_key_inner(key), value, err);
}

static enum status load_engine(struct show *s, int32_t partition, struct engine **out)
{
    struct command_context *c = s->context;
    struct engine_options options;
    uint8_t prefix[STATE_PREFIX_BYTES];
    config_engine_options(&c->config, &options);
    state_prefix(partition, prefix);
    struct engine *e;
    enum status status = engine_new(partition, &options, &e);
    if (status)
        return error_set(&c->err, status, "state: out of memory");
    status = kv_each(s->kv, (struct bytes){prefix, sizeof prefix}, load_record, e, &c->err);
    if (!status)
        status = engine_loaded(e, true, &c->err); /* looking changes nothing, whatever the options are */
    if (status)
        engine_free(e);
    else
        *out = e;
    return status;
}

/* ---- printing */

static const char *last_day(const struct command_context *c, period_t p, char out[DATE_TEXT_BYTES])
{
    const struct period_grid grid = {(enum period_unit)c->config.period_unit, (uint8_t)c->config.period_week_end};
    if (p == PERIOD_NONE)
        return "-";
    return date_format(period_last_day(&grid, p), out);
}

static void print_partition(const struct show *s, const struct engine *e, int32_t partition)
{
    char closed[DATE_TEXT_BYTES], watermark[DATE_TEXT_BYTES];
    bool has_watermark = engine_watermark(e) != INT32_MIN;
    printf("partition %d: %zu series, sales read up to offset %" PRId64 ", closed through %s, watermark %s, batch %" PRIu64 "\n",
           (int)partition, engine_series_count(e), engine_offset(e), last_day(s->context, engine_closed_through(e), closed),
           has_watermark ? date_format(engine_watermark(e), watermark) : "-", engine_batch(e));
}

static void print_error(double value)
{
    if (isfinite(value))
        printf("  %8.2f", value);
    else
        printf("  %8s", "-");
}

static void print_series(const struct show *s, struct text key, const struct engine_series_view *v)
{
    char first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    printf("  %-24.*s %s %6zu  %s .. %s  issue %-5" PRId64, (int)key.size, key.data, v->derived ? "sum  " : "given", v->observed,
           last_day(s->context, v->first_period, first), last_day(s->context, v->last_period, last), v->issue);
    print_error(v->accuracy_count > 0 ? v->accuracy[0].mape : NAN);
    printf("%s\n", v->drift_firing ? "  DRIFT" : "");
}

static void print_models(const struct engine_series_view *v)
{
    printf("\n  %-20s %8s  %8s  %8s  %8s  %6s\n", "model", "weight", "mae", "rmse", "mape %", "scored");
    for (size_t i = 0; i < v->accuracy_count; i++) {
        const struct model_accuracy *a = &v->accuracy[i];
        printf("  %-20.*s", (int)a->model.size, a->model.data);
        print_error(a->weight);
        print_error(a->mae);
        print_error(a->rmse);
        print_error(a->mape);
        printf("  %6d\n", (int)a->scored);
    }
}

static const char *state_name(char state)
{
    return state == 'S' ? "sold" : state == 'Z' ? "zero" : "unknown";
}

static enum status print_cells(struct show *s, struct engine *e, size_t index)
{
    struct engine_cell_view cells[CELLS_SHOWN];
    size_t count;
    char day[DATE_TEXT_BYTES];
    enum status status = engine_cells_view(e, index, CELLS_SHOWN, cells, &count);
    if (status)
        return error_set(&s->context->err, status, "state: the periods of a series could not be read");
    printf("\n  %-12s %-8s %16s %16s %8s\n", "period to", "state", "value", "returns", "records");
    for (size_t i = 0; i < count; i++) {
        const struct engine_cell_view *cell = &cells[i];
        printf("  %-12s %-8s %16.2f %16.2f %8" PRIu64 "%s\n", last_day(s->context, cell->period, day), state_name(cell->state), cell->value,
               (double)cell->returns_amount / (double)MILLIONTHS, cell->count, cell->has_total ? "  total" : "");
    }
    return STATUS_OK;
}

static enum status print_engine(struct show *s, struct engine *e, int32_t partition)
{
    struct engine_series_view view;
    struct arena arena = {0};
    enum status status = STATUS_OK;
    if (!s->wanted)
        print_partition(s, e, partition);
    for (size_t i = 0; !status && engine_series_view(e, i, &view) == STATUS_OK; i++) {
        arena_clear(&arena);
        struct text key = effects_series_key(&arena, view.store, view.product);
        if (s->wanted && !text_equal(key, text_of(s->wanted)))
            continue;
        s->found++;
        print_series(s, key, &view);
        if (s->wanted) {
            print_models(&view);
            status = print_cells(s, e, i);
        }
    }
    arena_done(&arena);
    return status;
}

/* ---- cells: the same columns as simulate's truth, and a few more */

static void put_field(struct text t)
{
    bool quote = false;
    for (size_t i = 0; i < t.size; i++)
        quote = quote || strchr(",\"\r\n", t.data[i]) != NULL; /* no id has a NUL */
    if (!quote) {
        printf("%.*s,", (int)t.size, t.size ? t.data : "");
        return;
    }
    putchar('"');
    for (size_t i = 0; i < t.size; i++)
        printf(t.data[i] == '"' ? "\"\"" : "%c", t.data[i]);
    printf("\",");
}

static void put_cell(const struct show *s, const struct engine_series_view *v, const struct engine_cell_view *cell)
{
    char day[DATE_TEXT_BYTES];
    put_field(v->store);
    put_field(v->product);
    printf("%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRIu64 ",%s\n", last_day(s->context, cell->period, day),
           cell->gross_quantity, cell->returns_quantity, cell->gross_amount, cell->returns_amount, cell->count, state_name(cell->state));
}

static enum status put_engine(struct show *s, struct engine *e)
{
    const size_t capacity = (size_t)s->context->config.history_periods + CELLS_BEYOND_HISTORY;
    struct engine_cell_view *cells = calloc(capacity, sizeof *cells);
    struct engine_series_view view;
    struct arena arena = {0};
    size_t count;
    enum status status = cells ? STATUS_OK : error_set(&s->context->err, STATUS_NO_MEMORY, "state: out of memory");
    for (size_t i = 0; !status && engine_series_view(e, i, &view) == STATUS_OK; i++) {
        arena_clear(&arena);
        if (s->wanted && !text_equal(effects_series_key(&arena, view.store, view.product), text_of(s->wanted)))
            continue;
        s->found++;
        status = engine_cells_view(e, i, capacity, cells, &count);
        if (status)
            error_set(&s->context->err, status, "state: the periods of a series could not be read");
        for (size_t n = 0; !status && n < count; n++)
            put_cell(s, &view, &cells[n]);
    }
    arena_done(&arena);
    free(cells);
    return status;
}

/* ---- the command */

static enum status show(struct show *s)
{
    struct command_context *c = s->context;
    struct buffer about_bytes = {0};
    struct state_about about;
    enum status status = kv_get(s->kv, state_about_key(), &about_bytes, &c->err);
    if (status == STATUS_NOT_FOUND)
        error_set(&c->err, status, "state directory %s: no worker has written to it yet", c->config.state_dir);
    if (!status)
        status = state_about_read(buffer_bytes(&about_bytes), &about, &c->err);
    for (int32_t p = 0; !status && p < (int32_t)about.partitions; p++) {
        struct engine *e = NULL;
        status = load_engine(s, p, &e);
        if (status)
            break;
        status = s->as_cells ? put_engine(s, e) : print_engine(s, e, p);
        engine_free(e);
    }
    buffer_done(&about_bytes);
    if (!status && s->wanted && s->found == 0)
        status = error_set(&c->err, STATUS_NOT_FOUND, "state: there is no series '%s' (storecast state show lists them)", s->wanted);
    return status;
}

static int run(struct command_context *c)
{
    struct show s = {.context = c, .wanted = c->argument_count > 1 ? c->arguments[1] : NULL};
    enum status status = STATUS_OK;
    s.as_cells = strcmp(c->arguments[0], "cells") == 0;
    if (!s.as_cells && strcmp(c->arguments[0], "show") != 0)
        status = error_set(&c->err, STATUS_BAD_USAGE, "state: '%s' is not known (try: storecast state show)", c->arguments[0]);
    if (!status)
        status = kv_open(&(struct kv_options){.directory = c->config.state_dir, .read_only = true}, &s.kv, &c->err);
    if (!status && s.as_cells)
        printf("store_id,product_id,period_end,gross_quantity,returns_quantity,gross_amount,returns_amount,records,state\n");
    if (!status)
        status = show(&s);
    kv_close(s.kv);
    return status ? command_fail(c) : EXIT_CODE_OK;
}

static const struct command_option options[] = {
    COMMAND_OPTION_STATE_DIR,
};

const struct command command_state = {
    .name = "state",
    .arguments = "show|cells [STORE[/PRODUCT]]",
    .summary = "what the local state knows: all series, or one with its periods and models",
    .text = "show   all series, a line each, or one with its models and its last periods\n"
            "cells  every period of all series, or of one, as CSV: what was sold and returned, in millionths, as simulate --truth\n"
            "       writes it, and the number of records; of a store whose sales come by product, the number of products\n"
            "Series are named as in the keys of the forecasts topic: / within an id is written %2F. A running worker is not disturbed.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .min_arguments = 1,
    .max_arguments = 2,
    .takes_config = true,
    .run = run,
};
