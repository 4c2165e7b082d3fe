/* doctor_group.c: the workers' group: members, lag, and offsets that fit no record. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app/doctor.h"

struct lag {
    const char *topic;
    size_t records; /* unread ones that were seen */
    int64_t waiting, oldest_ms;
    int64_t *next, *from, *low, *end, *high; /* by partition; high: of all records, those of open transactions too */
    int64_t lost;                            /* records that were dropped unread */
    int32_t lost_in, beyond_in;              /* partitions; -1 = none */
    int64_t beyond, beyond_end;
    bool is_held; /* by an open transaction: the offsets are not known */
};

static void on_oldest(void *arg, const rd_kafka_message_t *m)
{
    struct lag *lag = arg;
    rd_kafka_timestamp_type_t type;
    const int64_t at_ms = rd_kafka_message_timestamp(m, &type);
    lag->records++;
    if (lag->oldest_ms == 0 || at_ms < lag->oldest_ms)
        lag->oldest_ms = at_ms;
}

static void measure_partition(struct lag *lag, int32_t p)
{
    const int64_t next = lag->next[p], low = lag->low[p], end = lag->end[p];
    const int64_t from = next < low ? low : next;
    lag->from[p] = from < end ? from : DOCTOR_NO_OFFSET;
    lag->waiting += from < end ? end - from : 0;
    if (next > lag->high[p]) {
        lag->beyond_in = p;
        lag->beyond = next;
        lag->beyond_end = lag->high[p];
    }
    if (next != DOCTOR_NO_OFFSET && next < low) {
        lag->lost_in = p;
        lag->lost += low - next;
    }
}

static enum status measure(struct doctor *d, struct lag *lag, int32_t partitions, struct error *err)
{
    int64_t **lists[] = {&lag->next, &lag->from, &lag->low, &lag->end, &lag->high};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        *lists[i] = calloc((size_t)partitions, sizeof(int64_t));
        if (!*lists[i])
            return error_set(err, STATUS_NO_MEMORY, "doctor: out of memory");
    }
    enum status status = doctor_reader_group_offsets(d->committed, lag->topic, partitions, lag->next, err);
    if (status == STATUS_BUSY) {
        lag->is_held = true;
        return STATUS_OK;
    }
    if (!status)
        status = doctor_reader_ends(d->committed, lag->topic, partitions, lag->low, lag->end, err);
    if (!status)
        status = doctor_reader_ends(d->raw, lag->topic, partitions, NULL, lag->high, err);
    for (int32_t p = 0; !status && p < partitions; p++)
        measure_partition(lag, p);
    /* What lies behind the offset may be markers only: look. */
    return status ? status : doctor_reader_each(d->committed, lag->topic, partitions, lag->from, 1, on_oldest, lag, err);
}

static void tell_offsets(struct doctor *d, const struct lag *lag)
{
    struct findings *out = &d->findings;
    if (lag->is_held) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "the offsets of group %s are held by an open transaction", d->config->group_id);
        f->why = "no worker can take over until it ends";
        f->run = finding_text(out, "kafka-transactions.sh --bootstrap-server %s list", d->servers);
    }
    if (lag->beyond_in >= 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "group %s wants offset %" PRId64 " of %s, partition %d, which ends at %" PRId64, d->config->group_id,
                               lag->beyond, lag->topic, (int)lag->beyond_in, lag->beyond_end);
        f->why = "the topic was made anew under the workers: what they know is of another log";
        f->run = finding_text(out, "begin anew: stop the workers; another -X group.id=NAME, topics.prefix and state.dir");
    }
    if (lag->lost_in >= 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "%" PRId64 " records of %s were dropped before group %s had read them", lag->lost, lag->topic,
                               d->config->group_id);
        f->why = "the topic keeps them for a shorter time than the workers were away";
        f->run = "send them again: storecast replay FILE";
    }
}

static bool tell_lag(struct doctor *d, const struct lag *lag, const struct kafka_group_facts *group)
{
    struct findings *out = &d->findings;
    char time[DOCTOR_TIME_BYTES];
    const int64_t age_ms = lag->records > 0 ? d->now_ms - lag->oldest_ms : 0;
    if (age_ms <= d->patience_ms)
        return false;
    struct finding *f = findings_add(out, FINDING_WRONG);
    f->what = finding_text(out, "%" PRId64 " records of %s wait for group %s, the oldest for %s", lag->waiting, lag->topic,
                           d->config->group_id, doctor_time(age_ms, time));
    f->why = group->members ? "the workers do not keep up: forecasts are late" : "no worker runs";
    f->run = finding_text(out, "storecast worker -X kafka.bootstrap.servers=%s -X group.id=%s", d->servers, d->config->group_id);
    return true;
}

static void tell_members(struct doctor *d, const struct kafka_group_facts *group, bool is_late)
{
    struct findings *out = &d->findings;
    const size_t partitions = (size_t)d->facts[TOPIC_SALES].partitions;
    if (group->members == 0 && !is_late) {
        struct finding *f = findings_add(out, FINDING_NOTE);
        f->what = finding_text(out, "group %s has no members", d->config->group_id);
        f->why = "no worker runs";
        f->run = finding_text(out, "storecast worker -X kafka.bootstrap.servers=%s -X group.id=%s", d->servers, d->config->group_id);
    } else if (group->members > partitions) {
        struct finding *f = findings_add(out, FINDING_NOTE);
        f->what = finding_text(out, "group %s has %zu members for %zu partitions", d->config->group_id, group->members, partitions);
        f->why = "the others wait idly";
        f->run = "stop those, or keep them as a reserve";
    }
    if (group->members > 0 && group->assignor[0] && strcmp(group->assignor, "range") != 0) {
        struct finding *f = findings_add(out, FINDING_WRONG);
        f->what = finding_text(out, "group %s shares its partitions by \"%s\", not by range", d->config->group_id, group->assignor);
        f->why = "somebody else's program is in the group: sales and requests of a store may go to two workers";
        f->run = finding_text(out, "kafka-consumer-groups.sh --bootstrap-server %s --describe --members --group %s", d->servers,
                              d->config->group_id);
    }
}

enum status doctor_check_group(struct doctor *d, struct error *err)
{
    static const enum topic inputs[] = {TOPIC_SALES, TOPIC_REQUESTS};
    struct kafka_group_facts group;
    bool is_late = false;
    enum status status = kafka_admin_describe_group(d->admin, d->config->group_id, &group, err);
    for (size_t i = 0; !status && i < sizeof inputs / sizeof *inputs; i++) {
        if (!d->facts[inputs[i]].exists)
            continue;
        struct lag lag = {.topic = topics_name(&d->topics, inputs[i]), .lost_in = -1, .beyond_in = -1};
        status = measure(d, &lag, d->facts[inputs[i]].partitions, err);
        if (!status) {
            tell_offsets(d, &lag);
            is_late |= tell_lag(d, &lag, &group);
        }
        free(lag.next);
        free(lag.from);
        free(lag.low);
        free(lag.end);
        free(lag.high);
        if (lag.is_held)
            break; /* the same of every topic */
    }
    if (!status)
        tell_members(d, &group, is_late);
    return status;
}
