/* doctor_transactions.c: transactions that nobody ends, found by the last stable offset that stays behind. */
#include <inttypes.h>
#include <stdlib.h>

#include "app/doctor.h"

struct hidden { /* in one topic */
    int64_t *stable, *high;
    int64_t records, oldest_ms, offset;
    int32_t partition; /* of the oldest; -1 = none */
};

static void on_first_hidden(void *arg, const rd_kafka_message_t *m)
{
    struct hidden *h = arg;
    rd_kafka_timestamp_type_t type;
    const int64_t at_ms = rd_kafka_message_timestamp(m, &type);
    if (m->offset < h->high[m->partition] && (h->partition < 0 || at_ms < h->oldest_ms)) {
        h->oldest_ms = at_ms;
        h->partition = m->partition;
        h->offset = m->offset;
    }
}

static enum status measure(struct doctor *d, const char *topic, int32_t partitions, struct hidden *h, struct error *err)
{
    /* The stable ends first: what is committed meanwhile must not look hidden. */
    enum status status = doctor_reader_ends(d->committed, topic, partitions, NULL, h->stable, err);
    if (!status)
        status = doctor_reader_ends(d->raw, topic, partitions, NULL, h->high, err);
    for (int32_t p = 0; !status && p < partitions; p++) {
        h->records += h->high[p] - h->stable[p];
        if (h->stable[p] == h->high[p])
            h->stable[p] = DOCTOR_NO_OFFSET;
    }
    return status ? status : doctor_reader_each(d->raw, topic, partitions, h->stable, 1, on_first_hidden, h, err);
}

static void tell(struct doctor *d, const char *topic, const struct hidden *h)
{
    struct findings *out = &d->findings;
    char time[DOCTOR_TIME_BYTES];
    if (h->partition < 0 || d->now_ms - h->oldest_ms <= d->patience_ms)
        return;
    struct finding *f = findings_add(out, FINDING_WRONG);
    f->what = finding_text(out, "topic %s, partition %d: a transaction has been open since offset %" PRId64 " for %s", topic,
                           (int)h->partition, h->offset, doctor_time(d->now_ms - h->oldest_ms, time));
    f->why = finding_text(
        out, "%" PRId64 " records behind it are hidden from workers and from every reader with isolation.level=read_committed", h->records);
    f->run = finding_text(out, "kafka-transactions.sh --bootstrap-server %s describe-producers --topic %s --partition %d", d->servers,
                          topic, (int)h->partition);
}

enum status doctor_check_transactions(struct doctor *d, struct error *err)
{
    enum status status = STATUS_OK;
    for (int t = 0; !status && t < TOPIC_COUNT; t++) {
        const char *topic = topics_name(&d->topics, (enum topic)t);
        const int32_t partitions = d->facts[t].partitions;
        if (!d->facts[t].exists || d->facts[t].leaderless > 0)
            continue;
        struct hidden h = {
            .stable = calloc((size_t)partitions, sizeof *h.stable), .high = calloc((size_t)partitions, sizeof *h.high), .partition = -1};
        if (!h.stable || !h.high)
            status = error_set(err, STATUS_NO_MEMORY, "doctor: out of memory");
        if (!status)
            status = measure(d, topic, partitions, &h, err);
        if (!status)
            tell(d, topic, &h);
        free(h.stable);
        free(h.high);
    }
    return status;
}
