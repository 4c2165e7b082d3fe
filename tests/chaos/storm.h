/* storm.h: one chain's sales through workers of one group on a real Kafka, while both are killed, stopped, filled and moved about.
 * Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_STORM_H
#define STORECAST_TESTS_CHAOS_STORM_H

#include "chaos/crew.h"
#include "chaos/run.h"
#include "chaos/schedule.h"

struct storm_options {
    uint64_t seed, records; /* about so many, sent over so many minutes */
    uint64_t minutes;
    int brokers;
    size_t workers;
    int32_t partitions;
    const char *program;
    enum sabotage sabotage;
};

struct storm_result {
    uint64_t events, cells, forecasts, alerts, dead_letters, replies;
    uint64_t faults[FAULT_COUNT]; /* carried out; of joins and leaves those that the group noticed */
    uint64_t points;              /* workers that died at a crash point, besides the kills */
    uint64_t restarts[128];       /* workers that ended by themselves, by exit code */
    uint64_t held_waiting;
    double seconds, sent_seconds;
    struct findings findings;
    uint64_t verdicts[VERDICT_COUNT], made[DAMAGE_COUNT];
};

void storm_run(const struct storm_options *options, struct storm_result *out);
void storm_clean_up(void); /* as run_clean_up; the cluster ends with this process */

#endif
