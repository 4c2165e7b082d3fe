#include "chaos/storm_inner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chaos/calm.h"
#include "io/loop.h"

#define SETTLED_US INT64_C(180000000)

/* Offsets are those of the records: inputs are written without transactions. */
static bool is_everything_handled(struct storm *s)
{
    int64_t sales[CHECK_PARTITIONS_MAX], requests[CHECK_PARTITIONS_MAX];
    if (!cluster_next(&s->cluster, TOPIC_SALES, sales) || !cluster_next(&s->cluster, TOPIC_REQUESTS, requests))
        return false;
    for (int32_t p = 0; p < s->options->partitions; p++) {
        if (sales[p] > (int64_t)s->ledger.partitions[p].count || requests[p] > s->asks.sent[p])
            chaos_fail("partition %d: the group has read beyond what was sent", (int)p);
        if (sales[p] < (int64_t)s->ledger.partitions[p].count || requests[p] < s->asks.sent[p])
            return false;
    }
    return true;
}

void storm_calm_down(struct storm *s)
{
    while (s->schedule.next < s->schedule.count || s->stopped || !storm_is_cluster_well(s) || client_undelivered(s->client) > 0)
        storm_turn(s, 5);
    s->is_over = true;
    while (!is_everything_handled(s))
        storm_turn(s, 50);
    crew_stop(&s->crew);
    const enum topic outputs[] = {TOPIC_FORECASTS, TOPIC_ALERTS, TOPIC_DEAD, TOPIC_REPLIES, TOPIC_STATE};
    const int64_t until = loop_now_us() + SETTLED_US;
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; usleep(20000)) {
        i += cluster_is_settled(&s->cluster, outputs[i]);
        if (loop_now_us() > until)
            chaos_fail("an open transaction hides records of %s", topics_name(&s->topics, outputs[i]));
    }
}

/* check_cells takes its text apart. */
static struct buffer copy_of(const struct buffer *b)
{
    struct buffer copy = {0};
    buffer_put(&copy, b->data, b->size);
    if (copy.failed)
        chaos_fail("out of memory");
    return copy;
}

/* All partitions, from the changelog alone: workers with empty folders. Leaves the rows of `state cells`. */
static void check_state(struct storm *s, struct buffer *cells)
{
    crew_renew(&s->crew, s->dir);
    crew_start(&s->crew);
    for (const int64_t until = loop_now_us() + STORM_STUCK_US; !crew_has(&s->crew, s->options->partitions); storm_turn(s, 50))
        if (loop_now_us() > until) {
            crew_show(&s->crew);
            chaos_fail("workers with empty folders do not come to work");
        }
    crew_stop(&s->crew);
    for (size_t i = 0; i < s->crew.named; i++) {
        int64_t offsets[CHECK_PARTITIONS_MAX];
        struct buffer shown = {0};
        if (!service_state(&s->crew.members[i].service, "show", &shown))
            chaos_fail("the state cannot be shown");
        check_offsets(&s->ledger, &shown, offsets);
        for (int32_t p = 0; p < s->options->partitions; p++)
            if (offsets[p] && offsets[p] != (int64_t)s->ledger.partitions[p].count)
                findings_add(&s->out->findings, FINDING_DIFFERENT, 1, "partition %d: the state has read up to %" PRId64 ", %zu were sent",
                             (int)p, offsets[p] - 1, s->ledger.partitions[p].count);
        buffer_clear(&shown);
        if (!service_state(&s->crew.members[i].service, "cells", &shown))
            chaos_fail("the state cannot be shown");
        const char *rows = cells->size ? strchr((const char *)shown.data, '\n') + 1 : (const char *)shown.data;
        buffer_put(cells, rows, strlen(rows));
        buffer_done(&shown);
    }
    buffer_put_u8(cells, 0);
    struct buffer apart = copy_of(cells);
    s->out->cells = check_cells(&s->ledger, &apart, &s->out->findings);
    buffer_done(&apart);
}

void storm_judge(struct storm *s)
{
    struct outputs outputs;
    struct buffer cells = {0};
    struct findings *f = &s->out->findings;
    outputs_open(&outputs, s->client, &s->topics, true);
    outputs.once = true;
    outputs_read_all(&outputs, &s->ledger, f);
    outputs_finish(&outputs, &s->ledger, f);
    asks_read(&s->asks, s->client, &s->topics, f);
    check_truth(&s->ledger, s->sender.simulate, &s->sender.simulation);
    check_state(s, &cells);
    calm_compare(&(struct calm_options){.program = s->options->program,
                                        .kept = &s->sender.kept,
                                        .ledger = &s->ledger,
                                        .outputs = &outputs,
                                        .cells = &cells,
                                        .asks = &s->asks,
                                        .findings = f});
    outputs_count(&outputs, &s->out->forecasts, &s->out->alerts);
    s->out->dead_letters = outputs.dead_letters;
    s->out->replies = s->asks.count;
    buffer_done(&cells);
    outputs_done(&outputs);
}
