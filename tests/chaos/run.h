/* run.h: one chain's sales through a worker that dies now and then, one record in ten damaged. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_RUN_H
#define STORECAST_TESTS_CHAOS_RUN_H

#include "chaos/chaos.h"
#include "chaos/damage.h"

enum sabotage { SABOTAGE_NONE, SABOTAGE_LOST, SABOTAGE_DOUBLED, SABOTAGE_DIFFERENT }; /* to show that it would be found */

struct run_options {
    uint64_t seed, records; /* about so many */
    int32_t partitions;
    const char *program;
    enum sabotage sabotage;
};

struct run_result {
    uint64_t events, kills, crash_points, checks, cells, memory_records, held_waiting;
    int64_t memory_growth_bytes, memory_bound_bytes; /* bound 0: too few records to tell */
    double seconds;
    struct findings findings;
    uint64_t verdicts[VERDICT_COUNT], made[DAMAGE_COUNT];
};

void run_chaos(const struct run_options *options, struct run_result *out);

/* Ends the worker; its folder stays, for a look. For chaos_fail and signals. */
void run_clean_up(void);

#endif
