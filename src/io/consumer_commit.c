/* Offsets for the group, when no transaction carries them.
 *
 * One request at a time, always with the newest offsets: librdkafka puts off what it cannot send yet (no coordinator)
 * and sends it after later ones, so that of two on their way the older may win. */
#include <stdlib.h>

#include "io/consumer_inner.h"

static void remember(struct consumer *c, const rd_kafka_topic_partition_list_t *list)
{
    if (!c->newest)
        c->newest = rd_kafka_topic_partition_list_new(list->cnt);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        rd_kafka_topic_partition_t *known = rd_kafka_topic_partition_list_find(c->newest, p->topic, p->partition);
        if (!known)
            known = rd_kafka_topic_partition_list_add(c->newest, p->topic, p->partition);
        known->offset = p->offset;
    }
}

static void commit_newest(struct consumer *c)
{
    c->commit_state = COMMIT_RUNS;
    rd_kafka_resp_err_t e = rd_kafka_commit_queue(c->handle, c->newest, c->queue, NULL, NULL); /* rd_kafka_commit never tells */
    if (!e)
        return;
    c->commit_state = COMMIT_REFUSED;
    consumer_report(c, rd_kafka_err2str(e));
}

void consumer_commit(struct consumer *c, const struct consumer_position *positions, size_t count)
{
    rd_kafka_topic_partition_list_t *list = consumer_list(c, positions, count);
    remember(c, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (c->commit_state == COMMIT_RUNS)
        c->commit_state = COMMIT_RUNS_BEHIND;
    else if (c->commit_state != COMMIT_RUNS_BEHIND)
        commit_newest(c);
}

/* The event as a whole may be fine and every partition in it refused. */
static rd_kafka_resp_err_t commit_error(rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t e = rd_kafka_event_error(event);
    const rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(event);
    for (int i = 0; !e && list && i < list->cnt; i++)
        e = list->elems[i].err;
    return e;
}

void consumer_on_commit_event(struct consumer *c, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t e = commit_error(event);
    bool is_refused = e && e != RD_KAFKA_RESP_ERR__NO_OFFSET;
    bool is_behind = c->commit_state == COMMIT_RUNS_BEHIND;
    if (is_refused)
        consumer_report(c, rd_kafka_err2str(e));
    else
        c->is_connected = true;
    c->commit_state = is_refused ? COMMIT_REFUSED : COMMIT_IDLE;
    if (is_behind && !is_refused && c->newest)
        commit_newest(c);
}

void consumer_commit_again(struct consumer *c)
{
    if (c->commit_state == COMMIT_REFUSED && c->newest && !c->is_closing)
        commit_newest(c);
}

bool consumer_commits_are_settled(const struct consumer *c)
{
    return c->commit_state == COMMIT_IDLE || c->commit_state == COMMIT_REFUSED;
}

void consumer_forget_commits(struct consumer *c)
{
    if (c->newest)
        rd_kafka_topic_partition_list_destroy(c->newest);
    c->newest = NULL;
}
