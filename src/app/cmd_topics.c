/* cmd_topics.c: the topics of a cluster: make them, check them, list them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/admin_open.h"
#include "app/command.h"
#include "app/topic_plan.h"

#define SETTLE_TRIES   100 /* of 100 ms: until every broker knows of a new topic */
#define SETTINGS_TRIES 20  /* after which its settings are taken for none of this user's business */

struct look { /* at a cluster's topics */
    struct command_context *context;
    struct kafka_admin *admin;
    const char *servers;
    struct topics topics;
    const char *names[TOPIC_COUNT];
    struct kafka_topic_facts facts[TOPIC_COUNT];
};

static enum status look_again(struct look *l)
{
    return kafka_admin_describe_topics(l->admin, l->names, TOPIC_COUNT, l->facts, &l->context->err);
}

static enum status look_at_cluster(struct look *l)
{
    struct command_context *c = l->context;
    enum status status = topics_init(&l->topics, c->config.topics_prefix, &c->err);
    if (!status)
        status = admin_open(&c->config, command_text(c, "--broker"), &l->admin, &l->servers, &c->err);
    for (int i = 0; i < TOPIC_COUNT; i++)
        l->names[i] = topics_name(&l->topics, (enum topic)i);
    return status ? status : look_again(l);
}

/* ---- check */

static int check(struct look *l)
{
    const struct topic_plan_view view = {.topics = &l->topics,
                                         .facts = l->facts,
                                         .servers = l->servers,
                                         .prefix = l->context->config.topics_prefix,
                                         .brokers = kafka_admin_brokers(l->admin),
                                         .archive = l->context->config.archive_enabled};
    struct findings findings = {0};
    topic_plan_compare(&view, &findings);
    findings_print(&findings, stdout);
    const bool is_sound = findings.wrong == 0 && !findings.failed;
    findings_done(&findings);
    if (is_sound)
        printf("the topics of %s are as they should be, %d partitions each\n", l->context->config.topics_prefix,
               (int)l->facts[TOPIC_SALES].partitions);
    return is_sound ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

/* ---- create */

/* As many as the sales topic has, if it is there: that can never be changed. */
static enum status count_partitions(struct look *l, int32_t *out)
{
    struct command_context *c = l->context;
    const struct kafka_topic_facts *sales = &l->facts[TOPIC_SALES];
    const int32_t wanted = (int32_t)command_integer(c, "--partitions");
    if (sales->exists && wanted != 0 && wanted != sales->partitions)
        return error_set(
            &c->err, STATUS_BAD_CONFIG,
            "topics: %s has %d partitions already, not %d, and a store's partition must stay (leave --partitions out, or begin "
            "anew with another topics.prefix)",
            l->names[TOPIC_SALES], (int)sales->partitions, (int)wanted);
    *out = sales->exists ? sales->partitions : wanted ? wanted : TOPIC_PLAN_PARTITIONS;
    return STATUS_OK;
}

static enum status create_one(struct look *l, enum topic t, int32_t partitions, int32_t replicas)
{
    struct kafka_property settings[TOPIC_PLAN_SETTINGS_MAX];
    const struct kafka_new_topic topic = {.name = l->names[t],
                                          .partitions = partitions,
                                          .replicas = replicas,
                                          .settings = settings,
                                          .setting_count = topic_plan_settings(t, replicas, settings)};
    bool made = false;
    enum status status = kafka_admin_create_topic(l->admin, &topic, &made, &l->context->err);
    if (status == STATUS_BAD_CONFIG && l->facts[t].exists)
        return STATUS_OK; /* who may not make topics may still find that nothing is to be made */
    if (!status && made)
        printf("made %s: %d partitions, %d replica%s, cleanup.policy=%s\n", topic.name, (int)partitions, (int)replicas,
               replicas == 1 ? "" : "s", settings[0].value);
    return status;
}

/* The controller tells of a new topic before the broker that is asked knows it; others may know it a moment later still. */
static enum status await_topics(struct look *l)
{
    enum status status = STATUS_OK;
    for (int tries = 0; !status && tries < SETTLE_TRIES; tries++) {
        bool all = true;
        for (int i = 0; i < TOPIC_COUNT; i++)
            all = all && l->facts[i].exists && l->facts[i].leaderless == 0 && (l->facts[i].has_settings || tries > SETTINGS_TRIES);
        if (all)
            break;
        nanosleep(&(struct timespec){.tv_nsec = tries == 0 ? 0 : 100000000}, NULL);
        status = look_again(l);
    }
    return status;
}

static int create(struct look *l)
{
    const size_t brokers = kafka_admin_brokers(l->admin);
    const int64_t given = command_integer(l->context, "--replication");
    const int32_t replicas = given ? (int32_t)given : brokers < 3 ? 1 : 3;
    int32_t partitions = 0;
    enum status status = count_partitions(l, &partitions);
    /* All of them: that one is there may be old news, the controller knows. */
    for (int i = 0; i < TOPIC_COUNT && !status; i++)
        status = create_one(l, (enum topic)i, partitions, replicas);
    if (!status)
        status = await_topics(l);
    return status ? command_fail(l->context) : check(l);
}

/* ---- list */

static int list(const struct look *l)
{
    printf("%-40s %10s %8s  %s\n", "topic", "partitions", "replicas", "cleanup.policy");
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct kafka_topic_facts *facts = &l->facts[i];
        if (facts->exists)
            printf("%-40s %10d %8d  %s\n", l->names[i], (int)facts->partitions, (int)facts->replicas,
                   facts->has_settings ? facts->settings[KAFKA_SETTING_CLEANUP_POLICY] : "(this user may not read it)");
        else
            printf("%-40s %10s %8s  %s\n", l->names[i], "-", "-", "missing");
    }
    const size_t brokers = kafka_admin_brokers(l->admin);
    printf("%zu broker%s\n", brokers, brokers == 1 ? "" : "s");
    return EXIT_CODE_OK;
}

static int run(struct command_context *c)
{
    const char *verb = c->arguments[0];
    struct look l = {.context = c};
    int code;
    if (strcmp(verb, "create") != 0 && strcmp(verb, "check") != 0 && strcmp(verb, "list") != 0) {
        (void)error_set(&c->err, STATUS_BAD_USAGE, "topics: '%s' is not known (create, check or list)", verb);
        return command_fail(c);
    }
    if (look_at_cluster(&l))
        code = command_fail(c);
    else
        code = strcmp(verb, "create") == 0 ? create(&l) : strcmp(verb, "check") == 0 ? check(&l) : list(&l);
    kafka_admin_free(l.admin);
    return code;
}

static const struct command_option options[] = {
    {.name = "--broker",
     .kind = OPTION_TEXT,
     .argument = "HOST:PORT",
     .help = "the cluster: the same as -X kafka.bootstrap.servers=HOST:PORT"},
    {.name = "--partitions",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .min = 1,
     .max = 10000,
     .help = "create: partitions of each topic, for good (6); forecasts depend on their number"},
    {.name = "--replication",
     .kind = OPTION_INTEGER,
     .argument = "N",
     .min = 1,
     .max = 100,
     .help = "create: brokers that keep each partition (3, or 1 when there are fewer than 3 brokers)"},
};

const struct command command_topics = {
    .name = "topics",
    .arguments = "create|check|list",
    .summary = "make, check or list the topics of a Kafka cluster",
    .text = "create makes what is missing, leaves alone what is there, and then checks. check prints a line for everything that is\n"
            "wrong, with what to run, and ends with 1 if there is any. The embedded broker has its topics from the start.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .min_arguments = 1,
    .max_arguments = 1,
    .takes_config = true,
    .run = run,
};
