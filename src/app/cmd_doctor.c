/* cmd_doctor.c: looks at a cluster as a user would, and names what is wrong. */
#include <stdio.h>
#include <time.h>

#include "app/admin_open.h"
#include "app/command.h"
#include "app/doctor.h"
#include "app/topic_plan.h"

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static enum status check_topics(struct doctor *d, struct error *err)
{
    const char *names[TOPIC_COUNT];
    for (int i = 0; i < TOPIC_COUNT; i++)
        names[i] = topics_name(&d->topics, (enum topic)i);
    const enum status status = kafka_admin_describe_topics(d->admin, names, TOPIC_COUNT, d->facts, err);
    if (status)
        return status;
    const struct topic_plan_view view = {.topics = &d->topics,
                                         .facts = d->facts,
                                         .servers = d->servers,
                                         .prefix = d->config->topics_prefix,
                                         .brokers = kafka_admin_brokers(d->admin),
                                         .archive = d->config->archive_enabled};
    topic_plan_compare(&view, &d->findings);
    return STATUS_OK;
}

/* Without the sales topic, or with partitions that nobody leads, there is nothing to read. */
static bool is_readable(const struct doctor *d)
{
    bool is_led = true;
    for (int i = 0; i < TOPIC_COUNT; i++)
        is_led = is_led && d->facts[i].leaderless == 0;
    return d->facts[TOPIC_SALES].exists && is_led;
}

static enum status examine(struct doctor *d, struct error *err)
{
    enum status status = check_topics(d, err);
    if (status || !is_readable(d))
        return status;
    status = doctor_reader_new(d->config, d->servers, true, &d->committed, err);
    if (!status)
        status = doctor_reader_new(d->config, d->servers, false, &d->raw, err);
    if (!status)
        status = doctor_check_transactions(d, err);
    if (!status)
        status = doctor_check_group(d, err);
    if (!status)
        status = doctor_check_inputs(d, err);
    return status ? status : doctor_check_outputs(d, err);
}

static int run(struct command_context *c)
{
    struct doctor d = {.config = &c->config,
                       .now_ms = clock_ms(),
                       .patience_ms = command_integer(c, "--patience") * 1000,
                       .sample = command_integer(c, "--sample")};
    enum status status = topics_init(&d.topics, c->config.topics_prefix, &c->err);
    if (!status)
        status = admin_open(&c->config, command_text(c, "--broker"), &d.admin, &d.servers, &c->err);
    if (!status)
        status = examine(&d, &c->err);
    findings_print(&d.findings, stdout);
    if (!status && d.findings.failed)
        status = error_set(&c->err, STATUS_NO_MEMORY, "doctor: out of memory");
    const bool is_sound = !status && d.findings.wrong == 0;
    if (is_sound)
        printf("sound: nothing wrong at %s\n", d.servers);
    findings_done(&d.findings);
    doctor_reader_free(d.committed);
    doctor_reader_free(d.raw);
    kafka_admin_free(d.admin);
    return status ? command_fail(c) : is_sound ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

static const struct command_option options[] = {
    {.name = "--broker",
     .kind = OPTION_TEXT,
     .argument = "HOST:PORT",
     .help = "the cluster: the same as -X kafka.bootstrap.servers=HOST:PORT"},
    {.name = "--patience",
     .kind = OPTION_INTEGER,
     .argument = "SECONDS",
     .fallback = "60",
     .min = 1,
     .max = 86400,
     .help = "lag, open transactions and clocks are wrong from here on"},
    {.name = "--sample",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .fallback = "500",
     .min = 1,
     .max = 1000000,
     .help = "look at the last N records of each input partition"},
};

const struct command command_doctor = {
    .name = "doctor",
    .summary = "look at a Kafka cluster and name what is wrong",
    .text = "Topics and their settings, keys in the wrong partition, records that cannot be read, clocks, workers that do not run or\n"
            "do not keep up, offsets of another log, transactions that nobody ends, silent stores, refused records. A line for each:\n"
            "what, why it matters, what to run. Ends with 0 only when nothing is wrong; notes are not. It writes nothing and joins\n"
            "no group. What it cannot see: readers of the results that do not set isolation.level=read_committed (Java's default\n"
            "is read_uncommitted); they may get records of a transaction that failed, and must keep the greatest issue of a series.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .takes_config = true,
    .run = run,
};
