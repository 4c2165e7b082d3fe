/* watch.h: how large the worker is while it works: printed, and judged over the life of one process. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_WATCH_H
#define STORECAST_TESTS_CHAOS_WATCH_H

#include "chaos/run.h"
#include "chaos/stage.h"

struct watch {
    struct findings *findings;
    uint64_t expected, told_at, looked_at, records[2], looks[2];
    int64_t started_us, anonymous_kib[2], descriptors;
};

void watch_start(struct watch *w, uint64_t expected, struct findings *f);
/* one_life: this worker lives to the end. */
void watch_look(struct watch *w, struct stage *s, uint64_t sent, bool one_life);
/* Compares two windows of one worker's life, at 45 to 55 and from 90 per cent of the records. Before the first it has lived through
 * a whole history, so that everything it keeps was replaced once. The bound is a byte for every record between their middles: with
 * fewer than two million of them it would lie below what an allocator rounds to. */
void watch_judge(struct watch *w, struct run_result *out);
double watch_seconds(const struct watch *w);

#endif
