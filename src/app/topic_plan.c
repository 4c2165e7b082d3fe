#include "app/topic_plan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

/* ---- new topics */

static const char *const policies[] = {"delete", "compact", "compact,delete"};

/* How long what may be deleted is kept, and how soon compaction gets at what was written. The state's tombstones stay
 * a week: a worker that comes back later must take the changelog from its beginning. */
static const struct {
    const char *retention_ms, *segment_ms, *delete_retention_ms;
} times[TOPIC_COUNT] = {
    [TOPIC_SALES] = {"1209600000", NULL, NULL},     [TOPIC_REQUESTS] = {"86400000", NULL, NULL},
    [TOPIC_FORECASTS] = {NULL, "3600000", NULL},    [TOPIC_ARCHIVE] = {"34560000000", NULL, NULL},
    [TOPIC_REPLIES] = {"86400000", NULL, NULL},     [TOPIC_ALERTS] = {"31536000000", "86400000", NULL},
    [TOPIC_DEAD] = {"2592000000", NULL, NULL},      [TOPIC_EVENTS] = {"-1", NULL, NULL},
    [TOPIC_STATE] = {NULL, "3600000", "604800000"},
};

static void add(struct kafka_property *out, size_t *count, enum kafka_setting setting, const char *value)
{
    assert(*count < TOPIC_PLAN_SETTINGS_MAX);
    if (value)
        out[(*count)++] = (struct kafka_property){kafka_setting_name(setting), value};
}

size_t topic_plan_settings(enum topic topic, int32_t replicas, struct kafka_property out[TOPIC_PLAN_SETTINGS_MAX])
{
    const bool is_compacted = topic_rows[topic].cleanup != CLEANUP_DELETE;
    size_t count = 0;
    add(out, &count, KAFKA_SETTING_CLEANUP_POLICY, policies[topic_rows[topic].cleanup]);
    add(out, &count, KAFKA_SETTING_RETENTION_MS, times[topic].retention_ms);
    add(out, &count, KAFKA_SETTING_SEGMENT_MS, times[topic].segment_ms);
    add(out, &count, KAFKA_SETTING_DELETE_RETENTION_MS, times[topic].delete_retention_ms);
    add(out, &count, KAFKA_SETTING_DIRTY_RATIO, is_compacted ? "0.1" : NULL);
    add(out, &count, KAFKA_SETTING_MIN_INSYNC_REPLICAS, replicas >= 3 ? "2" : "1");
    return count;
}

/* ---- topics that are there */

static const char *configure(const struct topic_plan_view *v, struct findings *out, enum topic t, const char *setting)
{
    return finding_text(out, "kafka-configs.sh --bootstrap-server %s --alter --entity-type topics --entity-name %s --add-config %s",
                        v->servers, topics_name(v->topics, t), setting);
}

static const char *create(const struct topic_plan_view *v, struct findings *out)
{
    const bool is_usual = strcmp(v->prefix, TOPIC_PREFIX_DEFAULT) == 0;
    return finding_text(out, "storecast topics create -X kafka.bootstrap.servers=%s%s%s", v->servers,
                        is_usual ? "" : " -X topics.prefix=", is_usual ? "" : v->prefix);
}

static void on_missing(const struct topic_plan_view *v, struct findings *out, enum topic t)
{
    struct finding *f = findings_add(out, FINDING_WRONG);
    f->what = finding_text(out, "topic %s is missing, or this user may not see it", topics_name(v->topics, t));
    f->why = finding_text(out, "it holds %s", topic_rows[t].help);
    f->run = create(v, out);
}

static void check_partitions(const struct topic_plan_view *v, struct findings *out, enum topic t)
{
    const struct kafka_topic_facts *sales = &v->facts[TOPIC_SALES], *facts = &v->facts[t];
    const char *name = topics_name(v->topics, t);
    if (sales->exists && facts->partitions != sales->partitions) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "topic %s has %d partition%s, %s has %d", name, (int)facts->partitions,
                               facts->partitions == 1 ? "" : "s", topics_name(v->topics, TOPIC_SALES), (int)sales->partitions);
        f->why = "what is known of a store lies in the partition of its sales, in every topic";
        f->run = finding_text(out,
                              "while no worker runs, and if nothing in it is needed: "
                              "kafka-topics.sh --bootstrap-server %s --delete --topic %s; %s",
                              v->servers, name, create(v, out));
    }
    if (facts->leaderless > 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what =
            finding_text(out, "topic %s: no broker leads %d of its %d partitions", name, (int)facts->leaderless, (int)facts->partitions);
        f->passes = true;
        f->why = "they can be neither read nor written until a broker with their data is back";
        f->run = finding_text(out, "kafka-topics.sh --bootstrap-server %s --describe --unavailable-partitions", v->servers);
    }
}

static const char *const reasons[] = {
    [CLEANUP_DELETE] = "compaction keeps one record of a key and drops the others unread",
    [CLEANUP_COMPACT] = "whatever has not changed for a while is deleted, though it still holds",
    [CLEANUP_COMPACT_DELETE] = "an alert's last word must stay, and old ones must go",
};

static void check_policy(const struct topic_plan_view *v, struct findings *out, enum topic t)
{
    const struct kafka_topic_facts *facts = &v->facts[t];
    const enum topic_cleanup cleanup = topic_rows[t].cleanup;
    if (kafka_topic_cleans(facts, "compact") == (cleanup != CLEANUP_DELETE) &&
        kafka_topic_cleans(facts, "delete") == (cleanup != CLEANUP_COMPACT))
        return;
    struct finding *f = findings_add(out, FINDING_WRONG);
    f->what = finding_text(out, "topic %s has cleanup.policy=%s, not %s", topics_name(v->topics, t),
                           facts->settings[KAFKA_SETTING_CLEANUP_POLICY], policies[cleanup]);
    f->why = reasons[cleanup];
    /* (brackets: a comma would begin the next setting) */
    f->run = configure(v, out, t,
                       cleanup == CLEANUP_COMPACT_DELETE ? "cleanup.policy=[compact,delete]"
                                                         : finding_text(out, "cleanup.policy=%s", policies[cleanup]));
}

static void check_replicas(const struct topic_plan_view *v, struct findings *out, enum topic t)
{
    const struct kafka_topic_facts *facts = &v->facts[t];
    const char *name = topics_name(v->topics, t);
    const int64_t in_sync = kafka_topic_number(facts, KAFKA_SETTING_MIN_INSYNC_REPLICAS, 1);
    if (in_sync > facts->replicas) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "topic %s has min.insync.replicas=%" PRId64 " and %d replica%s", name, in_sync, (int)facts->replicas,
                               facts->replicas == 1 ? "" : "s");
        f->why = "nothing can be written to it";
        f->run = configure(v, out, t, finding_text(out, "min.insync.replicas=%d", facts->replicas >= 3 ? 2 : 1));
    } else if (v->brokers >= 3 && facts->replicas < 3) {
        struct finding *f = findings_add(out, FINDING_NOTE);
        f->what = finding_text(out, "topic %s has %d replica%s on %zu brokers", name, (int)facts->replicas, facts->replicas == 1 ? "" : "s",
                               v->brokers);
        f->why = facts->replicas == 1 ? "a lost broker loses its data" : "one broker away, and it can be written no more, or lost";
        f->run = finding_text(out, "kafka-reassign-partitions.sh --bootstrap-server %s, with 3 replicas a partition", v->servers);
    } else if (facts->replicas >= 3 && in_sync < 2) {
        struct finding *f = findings_add(out, FINDING_NOTE);
        f->what = finding_text(out, "topic %s has min.insync.replicas=%" PRId64, name, in_sync);
        f->why = "a record that only one broker has counts as written";
        f->run = configure(v, out, t, "min.insync.replicas=2");
    }
}

static void check_limits(const struct topic_plan_view *v, struct findings *out, enum topic t)
{
    const struct kafka_topic_facts *facts = &v->facts[t];
    const int64_t retention_ms = kafka_topic_number(facts, KAFKA_SETTING_RETENTION_MS, -1);
    const int64_t max_bytes = kafka_topic_number(facts, KAFKA_SETTING_MAX_MESSAGE_BYTES, 1 << 20);
    if (t == TOPIC_SALES && retention_ms >= 0 && retention_ms < 24 * HOUR_MS) {
        struct finding *f = findings_add(out, FINDING_NOTE);
        f->what = finding_text(out, "topic %s keeps sales for %" PRId64 " h", topics_name(v->topics, t), retention_ms / HOUR_MS);
        f->why = "if no worker reads for so long, sales are lost";
        f->run = configure(v, out, t, "retention.ms=1209600000");
    }
    if (topic_rows[t].role != TOPIC_INPUT && max_bytes < 1000000) {
        struct finding *f = findings_add(out, FINDING_NOTE);
        f->what = finding_text(out, "topic %s has max.message.bytes=%" PRId64, topics_name(v->topics, t), max_bytes);
        f->why = "a larger batch of a worker is refused, and the worker cannot go on";
        f->run = configure(v, out, t, "max.message.bytes=1048588");
    }
}

void topic_plan_compare(const struct topic_plan_view *view, struct findings *out)
{
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const enum topic t = (enum topic)i;
        if (!view->facts[t].exists) {
            if (t != TOPIC_ARCHIVE || view->archive)
                on_missing(view, out, t);
            continue;
        }
        check_partitions(view, out, t);
        if (view->facts[t].has_settings) {
            check_policy(view, out, t);
            check_replicas(view, out, t);
            check_limits(view, out, t);
        }
    }
}
