#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/client_open.h"
#include "app/command.h"
#include "app/feed.h"
#include "app/feed_file.h"
#include "app/interrupt.h"
#include "app/progress.h"
#include "app/sales_options.h"

#define SILENCE_S 15 /* after which the absence of a reader is told */

struct replay {
    struct command_context *context;
    struct sales_table sales;
    struct feed_file file;
    struct topics topics;
    struct client *client;
    struct feed feed;
    struct progress progress;
    uint64_t unread;   /* when it last changed */
    time_t unread_at;
    bool told;
};

/* Says once that nobody reads, since everything would wait without a word. */
static void watch_reader(struct replay *r)
{
    const uint64_t unread = client_unread(r->client);
    const time_t now = time(NULL);
    if (unread != r->unread || unread == 0) {
        r->unread = unread;
        r->unread_at = now;
    } else if (!r->told && now - r->unread_at > SILENCE_S) {
        r->told = true;
        fprintf(stderr, "storecast: replay: waiting: no worker of group %s has read anything for %d s (start `storecast worker`)\n",
                r->context->config.group_id, SILENCE_S);
    }
}

static enum status on_turn(void *arg, struct error *err)
{
    struct replay *r = arg;
    watch_reader(r);
    const uint64_t unread = client_unread(r->client), undelivered = client_undelivered(r->client);
    const uint64_t under_way = unread > undelivered ? unread : undelivered;
    progress_update(&r->progress, r->feed.sent > under_way ? r->feed.sent - under_way : 0);
    return interrupt_requested() ? error_set(err, STATUS_UNAVAILABLE, "interrupted") : STATUS_OK;
}

/* The worker's weeks are its own affair, but a file that ends on another day is worth a word. */
static void compare_weeks(const struct replay *r, const struct period_grid *file, const struct period_grid *configured)
{
    if (!r->sales.summary.is_totals || file->unit != PERIOD_WEEK || file->week_end == configured->week_end)
        return;
    const char *name = weekday_name((enum weekday)file->week_end);
    fprintf(stderr,
            "storecast: replay: the weeks of %s end on a %s, period.week_end is %s: a worker with that takes them for running totals "
            "and closes nothing before the end of the file (start it with -X period.week_end=%s)\n",
            r->context->arguments[0], name, weekday_name((enum weekday)configured->week_end), name);
}

static enum status read_file(struct replay *r, struct error *err)
{
    struct command_context *c = r->context;
    const char *as = command_text(c, "--as");
    enum status status = sales_options_read(c, c->arguments[0], "--stores", &r->sales, err);
    if (status)
        return status;
    if (strcmp(as, "auto") != 0)
        r->sales.summary.is_totals = strcmp(as, "total") == 0;
    struct engine_options engine;
    config_engine_options(&c->config, &engine);
    const struct period_grid grid = feed_file_grid(&r->sales, &engine.grid);
    compare_weeks(r, &grid, &engine.grid);
    return feed_file_init(&r->file, &r->sales, c->arguments[0], &grid, err);
}

static enum status connect_to_broker(struct replay *r, struct error *err)
{
    enum status status = topics_init(&r->topics, r->context->config.topics_prefix, err);
    if (!status)
        status = client_open(&r->context->config, command_text(r->context, "--broker"), command_flag(r->context, "--wait"), &r->client, err);
    const struct feed_options options = {.client = r->client, .topic = topics_name(&r->topics, TOPIC_SALES),
                                         .rate = command_number(r->context, "--rate"), .arg = r, .on_turn = on_turn};
    return status ? status : feed_init(&r->feed, &options, err);
}

static enum status send_all(struct replay *r, struct error *err)
{
    struct sales_update u;
    enum status status = STATUS_OK, made;
    while (!status && feed_file_next(&r->file, &u, &made))
        status = feed_send(&r->feed, &u, err);
    if (!status && made)
        status = error_set(err, made, "replay: %s", status_text(made));
    if (!status && r->sales.count > 0 && !command_flag(r->context, "--open"))
        status = feed_complete(&r->feed, feed_file_last_date(&r->file), err);
    return status ? status : feed_wait(&r->feed, err);
}

static int run(struct command_context *c)
{
    struct replay r = {.context = c, .unread_at = time(NULL)};
    enum status status = read_file(&r, &c->err);
    if (!status)
        status = connect_to_broker(&r, &c->err);
    if (!status) {
        interrupt_watch();
        progress_start(&r.progress, "replay", feed_file_count(&r.file));
        status = send_all(&r, &c->err);
        progress_end(&r.progress);
    }
    if (!status)
        printf("%llu records of %s sent%s, in %d partitions\n", (unsigned long long)r.feed.sent, c->arguments[0],
               client_is_embedded(r.client) || command_flag(c, "--wait") ? " and read" : "", (int)r.feed.partitions);
    feed_done(&r.feed);
    client_free(r.client);
    feed_file_done(&r.file);
    sales_table_done(&r.sales);
    if (status && interrupt_requested())
        return EXIT_CODE_INTERRUPTED;
    return status ? command_fail(c) : EXIT_CODE_OK;
}

static const struct command_option options[] = {
    {.name = "--broker", .kind = OPTION_TEXT, .argument = "HOST:PORT", .help = "the broker; without it as configured, or the one in the state directory"},
    COMMAND_OPTION_STATE_DIR,
    {.name = "--rate", .kind = OPTION_NUMBER, .argument = "N", .fallback = "0", .min = 0, .max = 1e9, .help = "records a second; 0: as fast as they are taken"},
    {.name = "--wait", .kind = OPTION_FLAG, .help = "on a cluster too: end when the worker has read everything"},
    {.name = "--as", .kind = OPTION_CHOICE, .argument = "KIND", .fallback = "auto", .choices = "auto|total|sale",
     .help = "send rows as values of whole periods or as sales; auto: as the header says"},
    SALES_OPTION_ROWS("--stores"),
    {.name = "--open", .kind = OPTION_FLAG, .help = "leave the last period open: send no Complete at the end"},
};

const struct command command_replay = {
    .name = "replay", .arguments = "FILE", .summary = "send the sales of a CSV file to the broker",
    .text = SALES_FILES_TEXT "\nRows go out in order of date. A file of period totals is sent as Totals, another one as Sales of one counter a store.\n"
            "On the embedded broker at most 1.5 MiB a partition are on their way, since it forgets what is older than its last 5 MiB:\n"
            "there replay waits for the worker.",
    .options = options, .option_count = sizeof options / sizeof options[0], .min_arguments = 1, .max_arguments = 1,
    .takes_config = true, .run = run,
};
