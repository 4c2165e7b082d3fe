#include "io/changelog.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>

#include "io/loop.h"

#define TURN_MS    100
#define LOOK_EVERY 64 /* records */

struct changelog {
    rd_kafka_t *reader; /* of committed records */
    rd_kafka_t *looker; /* sees open transactions too */
    const char *topic;
};

static enum status handle_new(const struct kafka_property *properties, size_t count, const char *isolation, rd_kafka_t **out,
                              struct error *err)
{
    const struct kafka_property own[] = {
        {"group.id", "storecast-changelog"}, /* assigning by hand needs one; nothing is committed to it */
        {"enable.auto.commit", "false"},
        {"auto.offset.reset", "error"},
        {"enable.partition.eof", "true"},
        {"isolation.level", isolation},
        {"fetch.wait.max.ms", "20"},
        {"queued.max.messages.kbytes", "16384"},
        {"fetch.message.max.bytes", "8388608"}, /* of one partition: often only one is read */
        {"log_level", "3"},                     /* of its warnings those of the other clients are enough */
    };
    rd_kafka_conf_t *conf;
    char why[512];
    enum status status = kafka_conf_new(properties, count, &conf, err);
    if (status)
        return status;
    for (size_t i = 0; !status && i < sizeof own / sizeof *own; i++)
        status = kafka_conf_set(conf, own[i].name, own[i].value, err);
    *out = status ? NULL : rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (*out)
        return STATUS_OK;
    rd_kafka_conf_destroy(conf);
    return status ? status : error_set(err, STATUS_BAD_CONFIG, "changelog: %s", why);
}

enum status changelog_open(const struct kafka_property *properties, size_t property_count, const char *topic, struct changelog **out,
                           struct error *err)
{
    struct changelog *c = calloc(1, sizeof *c);
    if (!c)
        return error_set(err, STATUS_NO_MEMORY, "changelog: out of memory");
    c->topic = topic;
    enum status status = handle_new(properties, property_count, "read_committed", &c->reader, err);
    if (!status)
        status = handle_new(properties, property_count, "read_uncommitted", &c->looker, err);
    if (status) {
        changelog_close(c);
        return status;
    }
    rd_kafka_poll_set_consumer(c->reader);
    *out = c;
    return STATUS_OK;
}

void changelog_close(struct changelog *c)
{
    if (!c)
        return;
    if (c->reader)
        rd_kafka_destroy_flags(c->reader, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    if (c->looker)
        rd_kafka_destroy_flags(c->looker, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    free(c);
}

enum status changelog_ends(struct changelog *c, int32_t count, int timeout_ms, int64_t *out, struct error *err)
{
    return kafka_offsets(c->looker, c->topic, count, KAFKA_LATEST, timeout_ms, out, err);
}

/* ---- reading */

struct reading {
    struct changelog *changelog;
    struct changelog_part *parts;
    size_t count;
    const struct changelog_hooks *hooks;
};

static struct changelog_part *part_of(const struct reading *r, int32_t partition)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].partition == partition)
            return &r->parts[i];
    return NULL;
}

static const struct changelog_part *unfinished(const struct reading *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].next < r->parts[i].until)
            return &r->parts[i];
    return NULL;
}

static enum status assign(const struct reading *r, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)r->count);
    for (size_t i = 0; i < r->count; i++)
        if (r->parts[i].next < r->parts[i].until)
            rd_kafka_topic_partition_list_add(list, r->changelog->topic, r->parts[i].partition)->offset =
                r->parts[i].next > 0 ? r->parts[i].next : RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t e = rd_kafka_assign(r->changelog->reader, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e ? error_set(err, STATUS_UNAVAILABLE, "topic %s: cannot be read: %s", r->changelog->topic, rd_kafka_err2str(e)) : STATUS_OK;
}

/* Errors that librdkafka mends by itself show as a stall. */
static enum status take_error(const struct reading *r, const rd_kafka_message_t *m, struct error *err)
{
    struct changelog_part *part = part_of(r, m->partition);
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)
        return error_set(err, STATUS_BAD_DATA, "topic %s, partition %d: the broker no longer has offset %" PRId64 ": %s",
                         r->changelog->topic, (int)m->partition, part ? part->next : -1, rd_kafka_message_errstr(m));
    /* The end, as a reader of committed records sees it: markers and aborted records before it are behind us too. */
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && part && m->offset > part->next)
        part->next = m->offset;
    return STATUS_OK;
}

static enum status take(const struct reading *r, const rd_kafka_message_t *m, struct error *err)
{
    if (m->err)
        return take_error(r, m, err);
    struct changelog_part *part = part_of(r, m->partition);
    if (!part || m->offset < part->next)
        return STATUS_OK;
    part->next = m->offset + 1;
    part->records++;
    return r->hooks->on_record(r->hooks->arg, part, (struct bytes){m->key, m->key_len}, (struct bytes){m->payload, m->len}, err);
}

static int64_t distance(const struct reading *r)
{
    int64_t sum = 0;
    for (size_t i = 0; i < r->count; i++)
        sum += r->parts[i].next;
    return sum;
}

static enum status stalled(const struct reading *r, int stall_ms, struct error *err)
{
    const struct changelog_part *p = unfinished(r);
    return error_set(err, STATUS_UNAVAILABLE,
                     "topic %s, partition %d: nothing came for %d s at offset %" PRId64 " of %" PRId64
                     " (a transaction is open there, or the broker is away)",
                     r->changelog->topic, (int)p->partition, stall_ms / 1000, p->next, p->until);
}

static enum status read_on(const struct reading *r, int stall_ms, struct error *err)
{
    int64_t turned_us = 0, moved_us = loop_now_us(), moved_to = distance(r);
    for (unsigned taken = 1; unfinished(r); taken++) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->changelog->reader, TURN_MS);
        enum status status = m ? take(r, m, err) : STATUS_OK;
        if (m)
            rd_kafka_message_destroy(m);
        if (status)
            return status;
        if (m && taken % LOOK_EVERY) /* the clock costs more than a record */
            continue;
        int64_t now = loop_now_us();
        if (now - turned_us < TURN_MS * 1000)
            continue;
        turned_us = now;
        if (!r->hooks->on_turn(r->hooks->arg))
            return error_set(err, STATUS_CANCELLED, "topic %s: reading was stopped", r->changelog->topic);
        if (distance(r) != moved_to) {
            moved_to = distance(r);
            moved_us = now;
        } else if (now - moved_us > (int64_t)stall_ms * 1000) {
            return stalled(r, stall_ms, err);
        }
    }
    (void)r->hooks->on_turn(r->hooks->arg);
    return STATUS_OK;
}

enum status changelog_read(struct changelog *c, struct changelog_part *parts, size_t count, const struct changelog_hooks *hooks,
                           int stall_ms, struct error *err)
{
    const struct reading r = {c, parts, count, hooks};
    if (!unfinished(&r))
        return STATUS_OK;
    enum status status = assign(&r, err);
    if (!status)
        status = read_on(&r, stall_ms, err);
    rd_kafka_assign(c->reader, NULL);
    return status;
}
