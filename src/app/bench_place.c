#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/bench_kafka.h"
#include "app/client_open.h"
#include "app/interrupt.h"
#include "codec/codec.h"
#include "io/kafka.h"

#define ANSWER_MS     10000
#define PATIENCE_MS   60000
#define STOP_MS       20000
#define LOOK_EVERY_MS 10
#define ARGUMENTS_MAX 256
#define PEER_SCHEMA   "SalesUpdate.avsc"
#define PEER_HEAP     "-Xmx256m"

int64_t bench_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* ---- children */

struct arguments {
    char *items[ARGUMENTS_MAX + 1]; /* each of the heap */
    size_t count;
    bool failed;
};

static void argue(struct arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void argue(struct arguments *a, const char *format, ...)
{
    char text[2 * BENCH_PATH_BYTES];
    va_list values;
    va_start(values, format);
    const int size = vsnprintf(text, sizeof text, format, values);
    va_end(values);
    char *copy = a->count < ARGUMENTS_MAX && size >= 0 && (size_t)size < sizeof text ? strdup(text) : NULL;
    if (copy)
        a->items[a->count++] = copy;
    else
        a->failed = true;
}

/* Our own options, and above them what must be so. */
static void argue_configuration(struct arguments *a, const struct bench_place *p, const char *group)
{
    const struct command_context *c = p->context;
    if (command_text(c, "--config"))
        argue(a, "--config=%s", command_text(c, "--config"));
    for (size_t i = 0; i < command_count(c, "-X"); i++) {
        argue(a, "-X");
        argue(a, "%s", command_text_at(c, "-X", i));
    }
    argue(a, "-X");
    argue(a, "topics.prefix=%s", p->prefix);
    argue(a, "-X");
    argue(a, "group.id=%s", group);
    argue(a, "-X");
    argue(a, "state.dir=%s/state", p->folder);
    argue(a, "-X");
    argue(a, "http.port=0");
}

static enum status launch(struct arguments *a, bool is_other, struct child *out, const char *log, struct error *err)
{
    enum status status = a->failed  ? error_set(err, STATUS_NO_MEMORY, "bench: too many options, or out of memory")
                         : is_other ? child_start_program(out, a->items, log, err)
                                    : child_start(out, a->items, log, err);
    for (size_t i = 0; i < a->count; i++)
        free(a->items[i]);
    return status;
}

static void last_line(const char *log, char *out, size_t size)
{
    char line[512];
    out[0] = '\0';
    FILE *f = fopen(log, "r");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0])
            snprintf(out, size, "%s", line);
    }
    if (f)
        fclose(f);
}

static enum status ended(const struct child *child, const char *what, const char *log, struct error *err)
{
    char how[32], line[512];
    last_line(log, line, sizeof line);
    return error_set(err, STATUS_UNAVAILABLE, "bench: %s ended by itself, %s: %s", what, child_end_text(child, how, sizeof how), line);
}

/* ---- the place */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)kind, (void)where;
    return remove(path);
}

static enum status make_folder(struct bench_place *p, struct error *err)
{
    const char *base = getenv("TMPDIR");
    snprintf(p->folder, sizeof p->folder, "%s/storecast-bench-XXXXXX", base && *base ? base : "/tmp");
    if (mkdtemp(p->folder))
        return STATUS_OK;
    const int why = errno;
    p->folder[0] = '\0';
    return error_set(err, STATUS_IO, "temporary folder: %s (set TMPDIR)", strerror(why));
}

static enum status make_topics(struct bench_place *p, struct error *err)
{
    struct arguments a = {0};
    struct child child = {0};
    char log[BENCH_PATH_BYTES + 32];
    snprintf(log, sizeof log, "%s/topics.log", p->folder);
    argue(&a, "storecast");
    argue(&a, "topics");
    argue(&a, "create");
    argue(&a, "--partitions=%" PRId64, command_integer(p->context, "--partitions"));
    argue_configuration(&a, p, p->group);
    const enum status status = launch(&a, false, &child, log, err);
    while (!status && child_is_running(&child))
        pause_ms(LOOK_EVERY_MS);
    return status || child.wait_status == 0 ? status : ended(&child, "storecast topics create", log, err);
}

enum status bench_place_open(struct bench_place *p, struct command_context *c, const char *name, struct error *err)
{
    *p = (struct bench_place){.context = c};
    const char *servers = config_kafka(&c->config, "bootstrap.servers");
    if (!servers)
        return error_set(err, STATUS_BAD_CONFIG,
                         "bench kafka: which cluster? (give -X kafka.bootstrap.servers=HOST:PORT; "
                         "scripts/bench/kafka starts one and gives it)");
    snprintf(p->servers, sizeof p->servers, "%s", servers);
    snprintf(p->prefix, sizeof p->prefix, "bench-%d-%s", (int)getpid(), name);
    snprintf(p->group, sizeof p->group, "%s", p->prefix);
    enum status status = topics_init(&p->topics, p->prefix, err);
    if (!status)
        status = make_folder(p, err);
    if (!status)
        status = make_topics(p, err);
    if (!status)
        status = client_open(&c->config, NULL, false, &p->client, err);
    const struct feed_options feed = {.client = p->client, .topic = topics_name(&p->topics, TOPIC_SALES)};
    return status ? status : feed_init(&p->feed, &feed, err);
}

void bench_place_close(struct bench_place *p)
{
    feed_done(&p->feed);
    client_free(p->client);
    if (p->folder[0])
        nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *bench_place_sales(const struct bench_place *p)
{
    return topics_name(&p->topics, TOPIC_SALES);
}

/* ---- a group's offsets */

static rd_kafka_topic_partition_list_t *all_partitions(const struct bench_place *p)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(p->feed.partitions);
    rd_kafka_topic_partition_list_add_range(list, bench_place_sales(p), 0, p->feed.partitions - 1);
    return list;
}

static void no_log(const rd_kafka_t *rk, int level, const char *facility, const char *line)
{
    (void)rk, (void)level, (void)facility, (void)line; /* what matters comes as an answer */
}

/* It is never a member. What is committed may be asked at any time, an open transaction notwithstanding: read_uncommitted. */
static enum status open_group(struct bench_reader *r, const char *group, struct error *err)
{
    const struct config *config = &r->place->context->config;
    rd_kafka_conf_t *conf;
    enum status status = kafka_conf_new(NULL, 0, &conf, err);
    if (status)
        return status;
    for (size_t i = 0; !status && i < config->kafka_count; i++)
        status = kafka_conf_set(conf, config->kafka[i].key, config->kafka[i].value, err);
    const struct kafka_property own[] = {{"group.id", group}, {"enable.auto.commit", "false"}, {"isolation.level", "read_uncommitted"}};
    for (size_t i = 0; !status && i < sizeof own / sizeof *own; i++)
        status = kafka_conf_set(conf, own[i].name, own[i].value, err);
    char why[256];
    rd_kafka_conf_set_log_cb(conf, no_log);
    if (!status && (r->group = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why)))
        return STATUS_OK;
    rd_kafka_conf_destroy(conf);
    return status ? status : error_set(err, STATUS_BAD_CONFIG, "bench: %s", why);
}

/* A cluster that has just begun learns who coordinates a group. */
static bool is_passing(rd_kafka_resp_err_t e)
{
    return e == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS || e == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
           e == RD_KAFKA_RESP_ERR_NOT_COORDINATOR || e == RD_KAFKA_RESP_ERR__WAIT_COORD || e == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           e == RD_KAFKA_RESP_ERR__TRANSPORT;
}

static rd_kafka_resp_err_t ask_group(struct bench_reader *r, rd_kafka_topic_partition_list_t *list, bool is_commit)
{
    const int64_t until = bench_now_us() + PATIENCE_MS * INT64_C(1000);
    for (;;) {
        const rd_kafka_resp_err_t e = is_commit ? rd_kafka_commit(r->group, list, 0) : rd_kafka_committed(r->group, list, ANSWER_MS);
        if (!is_passing(e) || interrupt_requested() || bench_now_us() > until)
            return e;
        pause_ms(LOOK_EVERY_MS);
    }
}

static enum status begin_at(struct bench_reader *r, const int64_t *from, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = all_partitions(r->place);
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = from[i];
    const rd_kafka_resp_err_t e = ask_group(r, list, true);
    rd_kafka_topic_partition_list_destroy(list);
    return e ? error_set(err, STATUS_UNAVAILABLE, "bench: where a group is to begin: %s", rd_kafka_err2str(e)) : STATUS_OK;
}

enum status bench_reader_progress(struct bench_reader *r, uint64_t *out, struct error *err)
{
    if (interrupt_requested())
        return error_set(err, STATUS_UNAVAILABLE, "interrupted");
    if (!child_is_running(&r->child))
        return ended(&r->child, "a reader of the sales", r->log, err);
    rd_kafka_topic_partition_list_t *list = all_partitions(r->place);
    const rd_kafka_resp_err_t e = ask_group(r, list, false);
    *out = 0;
    for (int i = 0; !e && i < list->cnt; i++)
        *out += list->elems[i].offset > 0 ? (uint64_t)list->elems[i].offset : 0;
    rd_kafka_topic_partition_list_destroy(list);
    return e ? error_set(err, STATUS_UNAVAILABLE, "bench: committed offsets: %s", rd_kafka_err2str(e)) : STATUS_OK;
}

enum status bench_reader_wait(struct bench_reader *r, uint64_t until, struct error *err)
{
    uint64_t done = 0;
    enum status status;
    while (!(status = bench_reader_progress(r, &done, err)) && done < until)
        pause_ms(LOOK_EVERY_MS);
    return status;
}

/* ---- who reads */

static enum status start(struct bench_place *p, const char *name, const char *group, const int64_t *from, struct bench_reader *out,
                         struct error *err)
{
    *out = (struct bench_reader){.place = p};
    snprintf(out->log, sizeof out->log, "%s/%s.log", p->folder, name);
    const enum status status = open_group(out, group, err);
    return status || !from ? status : begin_at(out, from, err);
}

enum status bench_worker_start(struct bench_place *p, struct bench_reader *out, struct error *err)
{
    struct arguments a = {0};
    const enum status status = start(p, "worker", p->group, NULL, out, err);
    if (status)
        return status;
    argue(&a, "storecast");
    argue(&a, "worker");
    argue_configuration(&a, p, p->group);
    return launch(&a, false, &out->child, out->log, err);
}

enum status bench_bare_start(struct bench_place *p, const struct bench_bare *plan, const char *group, const int64_t *from,
                             struct bench_reader *out, struct error *err)
{
    struct arguments a = {0};
    char spec[2 * BENCH_PATH_BYTES];
    const enum status status = start(p, "bare", group, from, out, err);
    if (status)
        return status;
    argue(&a, "storecast");
    argue(&a, "bench");
    argue(&a, "--bare");
    argue(&a, "%s", bench_bare_format(plan, spec, sizeof spec));
    argue_configuration(&a, p, group);
    return launch(&a, false, &out->child, out->log, err);
}

static enum status write_schema(const char *path, struct error *err)
{
    const struct text schema = codec_record_schema(CODEC_SALES_UPDATE);
    FILE *f = fopen(path, "w");
    const bool written = f && fwrite(schema.data, 1, schema.size, f) == schema.size;
    if (f && fclose(f) == 0 && written)
        return STATUS_OK;
    return error_set(err, STATUS_IO, "%s: %s", path, strerror(errno));
}

enum status bench_streams_start(struct bench_place *p, const char *build, const char *group, const int64_t *from, struct bench_reader *out,
                                struct error *err)
{
    struct arguments a = {0};
    char schema[BENCH_PATH_BYTES + 32];
    snprintf(schema, sizeof schema, "%s/" PEER_SCHEMA, p->folder);
    enum status status = write_schema(schema, err);
    if (!status)
        status = start(p, "streams", group, from, out, err);
    if (status)
        return status;
    argue(&a, "java");
    argue(&a, PEER_HEAP);
    argue(&a, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    argue(&a, "-cp");
    argue(&a, "%s/classes:%s/libs/*", build, build);
    argue(&a, "storecast.SumSales");
    argue(&a, "%s", p->servers);
    argue(&a, "%s", bench_place_sales(p));
    argue(&a, "%s", group);
    argue(&a, "%s/%s", p->folder, group);
    argue(&a, "%s", schema);
    return launch(&a, true, &out->child, out->log, err);
}

void bench_reader_stop(struct bench_reader *r)
{
    child_stop(&r->child, STOP_MS);
    if (r->group)
        rd_kafka_destroy_flags(r->group, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    r->group = NULL;
}

long bench_reader_memory(const struct bench_reader *r)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)r->child.pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (f)
        fclose(f);
    return kib;
}
