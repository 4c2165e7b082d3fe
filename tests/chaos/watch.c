#include "chaos/watch.h"

#include <inttypes.h>
#include <stdio.h>

#include "io/loop.h"

#define RECORDS_MIN      2000000
#define DESCRIPTORS_MORE 2 /* a /metrics request may be under way */

void watch_start(struct watch *w, uint64_t expected, struct findings *f)
{
    *w = (struct watch){.findings = f, .expected = expected, .started_us = loop_now_us()};
}

double watch_seconds(const struct watch *w)
{
    return (double)(loop_now_us() - w->started_us) / 1e6;
}

static void note(struct watch *w, uint64_t sent, const struct service_size *size)
{
    const double share = (double)sent / (double)w->expected;
    const int window = share >= .45 && share < .55 ? 0 : share >= .9 && share < 1 ? 1 : -1;
    if (window >= 0) {
        w->anonymous_kib[window] += size->anonymous_kib;
        w->records[window] += sent;
        w->looks[window]++;
    }
    if (share >= .45 && !w->descriptors)
        w->descriptors = size->descriptors;
    if (w->descriptors && size->descriptors > w->descriptors + DESCRIPTORS_MORE)
        findings_add(w->findings, FINDING_DIFFERENT, 1, "the worker had %" PRId64 " descriptors open, now %" PRId64, w->descriptors,
                     size->descriptors);
}

void watch_look(struct watch *w, struct stage *s, uint64_t sent, bool one_life)
{
    if (sent - w->looked_at < w->expected / 400 + 1)
        return;
    const struct service_size size = service_size(&s->service);
    w->looked_at = sent;
    if (one_life)
        note(w, sent, &size);
    if (sent < w->told_at)
        return;
    w->told_at = sent + w->expected / 20;
    printf("%9" PRIu64 " records %6.0f/s  memory %6" PRId64 " KiB  descriptors %" PRId64 "  deaths %" PRIu64 "  dead letters %" PRIu64
           "  published %" PRIu64 " MiB\n",
           sent, (double)sent / watch_seconds(w), size.anonymous_kib, size.descriptors, s->kills + s->points, s->outputs.dead_letters,
           s->outputs.bytes >> 20);
}

void watch_judge(struct watch *w, struct run_result *out)
{
    if (!w->looks[0] || !w->looks[1])
        return;
    out->memory_records = w->records[1] / w->looks[1] - w->records[0] / w->looks[0];
    out->memory_growth_bytes = (w->anonymous_kib[1] / (int64_t)w->looks[1] - w->anonymous_kib[0] / (int64_t)w->looks[0]) * 1024;
    if (out->memory_records < RECORDS_MIN)
        return;
    out->memory_bound_bytes = (int64_t)out->memory_records;
    if (out->memory_growth_bytes > out->memory_bound_bytes)
        findings_add(w->findings, FINDING_DIFFERENT, 1, "the worker's memory grew by %" PRId64 " bytes over %" PRIu64 " records",
                     out->memory_growth_bytes, out->memory_records);
}
