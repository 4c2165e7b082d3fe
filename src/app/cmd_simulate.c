#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "app/client_open.h"
#include "app/command.h"
#include "app/feed.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "app/simulate_options.h"

/* Millionths as a decimal number without needless zeros. */
static void put_millionths(FILE *out, int64_t v)
{
    const uint64_t size = v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v;
    char fraction[8];
    int digits = snprintf(fraction, sizeof fraction, "%06" PRIu64, size % 1000000);
    while (digits > 0 && fraction[digits - 1] == '0')
        digits--;
    fprintf(out, "%s%" PRIu64 "%s%.*s", v < 0 ? "-" : "", size / 1000000, digits ? "." : "", digits, fraction);
}

static void put_record(FILE *out, const struct sales_update *u)
{
    char date[DATE_TEXT_BYTES];
    fprintf(out, "%s,", u->store.data);
    if (u->product.data)
        fprintf(out, "%s,", u->product.data);
    fprintf(out, "%s,", date_format(u->business_date, date));
    put_millionths(out, u->body.sale.sold.quantity);
    fputc(',', out);
    put_millionths(out, u->body.sale.sold.amount);
    fprintf(out, ",%s,%" PRId64 ",%s\n", u->source.data, u->sequence, u->event_id.data);
}

static enum status write_failed(const char *path, struct error *err)
{
    return error_set(err, STATUS_IO, "%s: %s", path, strerror(errno));
}

static enum status write_sales(struct simulate *s, const struct simulate_options *o, FILE *out, const char *path, struct error *err)
{
    struct sales_update u;
    enum status status;
    fprintf(out, "store_id,%sdate,quantity,amount,source,sequence,event_id\n", o->products ? "product_id," : "");
    while (simulate_next(s, &u, &status)) {
        put_record(out, &u);
        if (ferror(out))
            return out == stdout ? STATUS_OK : write_failed(path, err); /* of standard output command.c speaks */
    }
    return status ? error_set(err, status, "simulate: out of memory (take fewer stores or products)") : STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ straight to the broker */

struct sending {
    struct simulate *simulate;
    struct progress progress;
};

static enum status on_turn(void *arg, struct error *err)
{
    struct sending *s = arg;
    const int64_t days = (int64_t)simulate_today(s->simulate) - simulate_first_day(s->simulate);
    progress_update(&s->progress, days > 0 ? (uint64_t)days : 0);
    return interrupt_requested() ? error_set(err, STATUS_UNAVAILABLE, "interrupted") : STATUS_OK;
}

static enum status send_all(struct feed *feed, struct simulate *s, struct error *err)
{
    struct sales_update u;
    enum status status = STATUS_OK, made = STATUS_OK;
    while (!status && simulate_next(s, &u, &made))
        status = feed_send(feed, &u, err);
    if (!status && made)
        status = error_set(err, made, "simulate: %s", status_text(made));
    if (!status)
        status = feed_complete(feed, simulate_last_day(s), err);
    return status ? status : feed_wait(feed, err);
}

static enum status send_sales(struct command_context *c, struct simulate *s, struct error *err)
{
    struct client *client = NULL;
    struct topics topics;
    struct feed feed = {0};
    struct sending sending = {.simulate = s};
    enum status status = topics_init(&topics, c->config.topics_prefix, err);
    if (!status)
        status = client_open(&c->config, command_text(c, "--broker"), command_flag(c, "--wait"), &client, err);
    const struct feed_options options = {.client = client, .topic = topics_name(&topics, TOPIC_SALES), .rate = command_number(c, "--rate"),
                                         .arg = &sending, .on_turn = on_turn};
    if (!status)
        status = feed_init(&feed, &options, err);
    if (!status) {
        interrupt_watch();
        progress_start(&sending.progress, "simulated days", (uint64_t)(simulate_last_day(s) - simulate_first_day(s)) + 1);
        status = send_all(&feed, s, err);
        progress_end(&sending.progress);
    }
    if (!status)
        fprintf(stderr, "%" PRIu64 " records sent%s\n", feed.sent, client_is_embedded(client) || command_flag(c, "--wait") ? " and read" : "");
    feed_done(&feed);
    client_free(client);
    return status;
}

/* ------------------------------------------------------------------------------------------ the truth */

static void put_truth(FILE *out, const struct simulate *s, const struct simulate_options *o, size_t store, size_t product, int64_t period)
{
    const struct simulate_truth *t = simulate_truth(s, store, product, period);
    char id[SIMULATE_ID_BYTES], date[DATE_TEXT_BYTES];
    const period_t p = period_of(&o->grid, simulate_first_day(s)) + (period_t)period;
    fprintf(out, "%s,", simulate_store_id(s, store, id));
    if (o->products)
        fprintf(out, "%s,", simulate_product_id(s, product, id));
    fprintf(out, "%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 "\n", date_format(period_last_day(&o->grid, p), date),
            t->gross_quantity, t->returns_quantity, t->gross_amount, t->returns_amount);
}

static enum status write_truth(const struct simulate *s, const struct simulate_options *o, const char *path, struct error *err)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return write_failed(path, err);
    fprintf(out, "store_id,%speriod_end,gross_quantity,returns_quantity,gross_amount,returns_amount\n", o->products ? "product_id," : "");
    for (size_t store = 0; store < o->stores; store++)
        for (size_t product = 0; product < (o->products ? o->products : 1); product++)
            for (int64_t period = 0; period < o->periods; period++)
                put_truth(out, s, o, store, product, period);
    const bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed)
        return write_failed(path, err);
    return STATUS_OK;
}

static enum status simulate_to(struct command_context *c, FILE *out, const char *path)
{
    struct simulate_options o;
    struct simulate_shift shifts[SIMULATE_SHIFTS_MAX];
    struct simulate *s = NULL;
    enum status status = simulate_options_read(c, &o, shifts, &c->err);
    if (status)
        return status;
    status = simulate_new(&o, &s);
    if (status)
        return error_set(&c->err, status, "simulate: %s", status_text(status));
    status = command_given(c, "--broker") || command_flag(c, "--send") ? send_sales(c, s, &c->err) : write_sales(s, &o, out, path, &c->err);
    if (!status && command_text(c, "--truth"))
        status = write_truth(s, &o, command_text(c, "--truth"), &c->err);
    simulate_free(s);
    return status;
}

static int run(struct command_context *c)
{
    const char *path = command_text(c, "--out");
    FILE *out = path ? fopen(path, "w") : stdout;
    if (!out) {
        (void)write_failed(path, &c->err);
        return command_fail(c);
    }
    enum status status = simulate_to(c, out, path ? path : "standard output");
    if (path && fclose(out) != 0 && !status)
        status = write_failed(path, &c->err);
    if (status && interrupt_requested())
        return EXIT_CODE_INTERRUPTED;
    return status ? command_fail(c) : EXIT_CODE_OK;
}

static const struct command_option options[] = {
    SIMULATE_OPTION_ROWS("0"),
    {.name = "--out", .kind = OPTION_TEXT, .argument = "FILE", .help = "where the sales go; standard output without it"},
    {.name = "--broker", .kind = OPTION_TEXT, .argument = "HOST:PORT", .help = "send them to this broker instead"},
    {.name = "--send", .kind = OPTION_FLAG, .help = "send them to the configured broker instead (kafka.bootstrap.servers, or the one in the state directory)"},
    COMMAND_OPTION_STATE_DIR,
    {.name = "--rate", .kind = OPTION_NUMBER, .argument = "N", .fallback = "0", .min = 0, .max = 1e9, .help = "when sending: records a second; 0: no limit"},
    {.name = "--wait", .kind = OPTION_FLAG, .help = "when sending to a cluster too: end when the worker has read everything"},
    {.name = "--truth", .kind = OPTION_TEXT, .argument = "FILE", .help = "also write what was sold: sums by series and period, in millionths"},
};

const struct command command_simulate = {
    .name = "simulate", .arguments = "", .summary = "make up the sales of a chain, with a known truth: as CSV or straight to the broker",
    .text = "Records come in order of arrival, some of them late. backtest, forecast and replay take the file. In a file a repeated\n"
            "row counts again; when they are sent the till's counter tells that it is a duplicate.",
    .options = options, .option_count = sizeof options / sizeof options[0], .takes_config = true, .run = run,
};
