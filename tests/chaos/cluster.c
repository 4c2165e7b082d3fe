#include "chaos/cluster.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos/chaos.h"
#include "io/kafka_admin.h"

#define ANSWER_MS    1000
#define UNAVAILABLE  69 /* scripts/kafka: no Java, no Maven, no download */
#define KNOWN_TRIES  600
#define EXIT_SKIPPED 77
#define TEN_YEARS_MS "315360000000"
#define WEEK_MS      "604800000"

extern char **environ;

/* ---- scripts/kafka */

/* Without what this process has open, its listening broker among it. */
static pid_t begin(struct cluster *c, const char *verb, int node, const char *const *more, const char *output)
{
    char script[512], number[16], out[128];
    const char *argv[24] = {script, verb, "--dir", c->dir};
    size_t count = 4;
    pid_t pid;
    posix_spawn_file_actions_t actions;
    const char *source = getenv("STORECAST_SOURCE");
    if (!source || !*source)
        chaos_fail("STORECAST_SOURCE is not set (use scripts/chaos)");
    snprintf(script, sizeof script, "%s/scripts/kafka", source);
    snprintf(out, sizeof out, "%s.%s", c->dir, output);
    if (node != CLUSTER_ALL) {
        snprintf(number, sizeof number, "%d", node);
        argv[count++] = "--node";
        argv[count++] = number;
    }
    for (; more && *more && count < 22; more++)
        argv[count++] = *more;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    if (posix_spawn(&pid, script, &actions, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
        chaos_fail("%s cannot be run", script);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run(struct cluster *c, const char *verb, int node)
{
    int status;
    pid_t pid = begin(c, verb, node, NULL, "out");
    if (waitpid(pid, &status, 0) != pid || exit_code(status) != 0)
        chaos_fail("scripts/kafka %s of node %d failed", verb, node);
}

void cluster_kill(struct cluster *c, int node)
{
    run(c, "kill", node);
}

void cluster_pause(struct cluster *c, int node)
{
    run(c, "pause", node);
}

void cluster_resume(struct cluster *c, int node)
{
    run(c, "resume", node);
}

void cluster_start(struct cluster *c)
{
    c->starting = begin(c, "start", CLUSTER_ALL, NULL, "out");
}

bool cluster_is_starting(struct cluster *c)
{
    int status;
    if (c->starting == 0)
        return false;
    if (waitpid(c->starting, &status, WNOHANG) != c->starting)
        return true;
    c->starting = 0;
    if (exit_code(status) != 0)
        chaos_fail("Kafka could not be started again: exit code %d", exit_code(status));
    return false;
}

/* ---- the first start */

static void start_first(struct cluster *c)
{
    char brokers[16], with[16], file[128];
    int status;
    snprintf(brokers, sizeof brokers, "%d", c->brokers);
    snprintf(with, sizeof with, "%d", (int)getpid());
    const char *options[] = {"--port", "auto", "--brokers", brokers, "--with", with, NULL};
    pid_t pid = begin(c, "start", CLUSTER_ALL, options, "servers");
    if (waitpid(pid, &status, 0) != pid)
        chaos_fail("scripts/kafka is gone");
    if (exit_code(status) == UNAVAILABLE) {
        fprintf(stderr, "chaos: no Kafka on this machine (scripts/kafka start says why)\n");
        exit(EXIT_SKIPPED);
    }
    if (exit_code(status) != 0)
        chaos_fail("scripts/kafka start: exit code %d", exit_code(status));
    snprintf(file, sizeof file, "%s.servers", c->dir);
    FILE *f = fopen(file, "re");
    if (!f || !fgets(c->servers, sizeof c->servers, f))
        chaos_fail("scripts/kafka start says no address");
    fclose(f);
    c->servers[strcspn(c->servers, "\n")] = '\0';
}

/* As `storecast topics create` does, but nothing goes away before it is compared: simulated sales are years old, and of forecasts
 * a reader must see every one. */
static void make_topic(struct cluster *c, struct kafka_admin *admin, enum topic topic)
{
    static const char *const policies[] = {"delete", "compact", "compact,delete"};
    const char *policy = policies[topic_rows[topic].cleanup], *in_sync = c->brokers >= 3 ? "2" : "1";
    const struct kafka_property kept[] = {{"cleanup.policy", policy},
                                          {"min.insync.replicas", in_sync},
                                          {"retention.ms", "-1"},
                                          {"segment.ms", TEN_YEARS_MS},
                                          {"min.compaction.lag.ms", TEN_YEARS_MS}};
    const struct kafka_property state[] = {{"cleanup.policy", policy},
                                           {"min.insync.replicas", in_sync},
                                           {"delete.retention.ms", WEEK_MS},
                                           {"min.cleanable.dirty.ratio", "0.1"}};
    struct error err = {0};
    bool made;
    struct kafka_new_topic t = {topics_name(c->topics, topic), c->partitions, c->brokers, kept, sizeof kept / sizeof *kept};
    if (topic == TOPIC_STATE) {
        t.settings = state;
        t.setting_count = sizeof state / sizeof *state;
    }
    if (kafka_admin_create_topic(admin, &t, &made, &err) != STATUS_OK)
        chaos_fail("%s", err.text);
}

static bool knows_topics(struct cluster *c, struct kafka_admin *admin)
{
    const char *names[TOPIC_COUNT];
    struct kafka_topic_facts facts[TOPIC_COUNT];
    struct error err;
    for (int t = 0; t < TOPIC_COUNT; t++)
        names[t] = topics_name(c->topics, (enum topic)t);
    if (kafka_admin_count_partitions(admin, names, TOPIC_COUNT, facts, &err) != STATUS_OK)
        return false;
    for (int t = 0; t < TOPIC_COUNT; t++)
        if (facts[t].partitions != c->partitions || facts[t].leaderless > 0)
            return false;
    return true;
}

static struct kafka_admin *open_admin(const char *servers)
{
    const struct kafka_property properties[] = {{"bootstrap.servers", servers}};
    const struct kafka_admin_options options = {.properties = properties, .property_count = 1, .timeout_ms = 60000};
    struct kafka_admin *admin;
    struct error err = {0};
    if (kafka_admin_new(&options, &admin, &err) != STATUS_OK)
        chaos_fail("%s", err.text);
    return admin;
}

/* Brokers learn of new topics one after the other, and a worker may ask any of them. */
static void await_topics(struct cluster *c)
{
    char list[sizeof c->servers], *rest, *server;
    strcpy(list, c->servers);
    for (server = strtok_r(list, ",", &rest); server; server = strtok_r(NULL, ",", &rest)) {
        struct kafka_admin *admin = open_admin(server);
        for (int tries = 0; !knows_topics(c, admin); usleep(100000))
            if (++tries > KNOWN_TRIES)
                chaos_fail("the topics do not come to be");
        kafka_admin_free(admin);
    }
}

static void make_topics(struct cluster *c)
{
    struct kafka_admin *admin = open_admin(c->servers);
    for (int t = 0; t < TOPIC_COUNT; t++)
        make_topic(c, admin, (enum topic)t);
    kafka_admin_free(admin);
    await_topics(c);
}

/* ---- questions */

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)rk, (void)level, (void)facility, (void)line; /* brokers go away all the time here */
}

static rd_kafka_t *new_handle(const struct cluster *c, const char *group, const char *isolation)
{
    char why[256];
    const char *pairs[][2] = {{"bootstrap.servers", c->servers},
                              {"group.id", group},
                              {"isolation.level", isolation},
                              {"enable.auto.commit", "false"},
                              {"reconnect.backoff.max.ms", "500"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (rd_kafka_conf_set(conf, pairs[i][0], pairs[i][1], why, sizeof why) != RD_KAFKA_CONF_OK)
            chaos_fail("%s", why);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!rk)
        chaos_fail("%s", why);
    rd_kafka_poll_set_consumer(rk);
    return rk;
}

bool cluster_next(struct cluster *c, enum topic input, int64_t *out)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(c->partitions);
    for (int32_t p = 0; p < c->partitions; p++)
        rd_kafka_topic_partition_list_add(list, topics_name(c->topics, input), p);
    /* (the handle that asks for what is stable would wait while a transaction with offsets is open) */
    bool good = rd_kafka_committed(c->any, list, ANSWER_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int i = 0; good && i < list->cnt; i++) {
        good = list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        out[list->elems[i].partition] = list->elems[i].offset < 0 ? 0 : list->elems[i].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return good;
}

bool cluster_is_settled(struct cluster *c, enum topic topic)
{
    const char *name = topics_name(c->topics, topic);
    for (int32_t p = 0; p < c->partitions; p++) {
        int64_t low, end, stable;
        if (rd_kafka_query_watermark_offsets(c->any, name, p, &low, &end, ANSWER_MS) ||
            rd_kafka_query_watermark_offsets(c->committed, name, p, &low, &stable, ANSWER_MS) || stable < end)
            return false;
    }
    return true;
}

/* ---- open and close */

void cluster_open(struct cluster *c, const char *parent, int brokers, const struct topics *topics, int32_t partitions, const char *group)
{
    *c = (struct cluster){.brokers = brokers, .topics = topics, .partitions = partitions};
    snprintf(c->dir, sizeof c->dir, "%s/kafka", parent);
    start_first(c);
    make_topics(c);
    c->any = new_handle(c, group, "read_uncommitted");
    c->committed = new_handle(c, group, "read_committed");
}

void cluster_close(struct cluster *c)
{
    if (c->brokers == 0)
        return;
    rd_kafka_t *handles[] = {c->any, c->committed};
    for (size_t i = 0; i < 2; i++)
        if (handles[i])
            rd_kafka_destroy_flags(handles[i], RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    int status;
    if (c->starting > 0)
        waitpid(c->starting, &status, 0);
    pid_t pid = begin(c, "remove", CLUSTER_ALL, NULL, "out");
    waitpid(pid, &status, 0);
    c->brokers = 0;
}
