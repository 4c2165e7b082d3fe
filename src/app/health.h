/* health.h: whether the worker is stuck, from a few facts. Thread: any. */
#ifndef STORECAST_APP_HEALTH_H
#define STORECAST_APP_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_POLL_US     INT64_C(10000000)  /* the consumer's queue must have been looked at since */
#define HEALTH_STAGE_US    INT64_C(120000000) /* twice what a commit may take */
#define HEALTH_PROGRESS_US INT64_C(60000000)

struct health { /* instants by loop_now_us */
    int64_t now_us, polled_us, stage_us, progress_us;
    bool is_writing;   /* a batch is being written, in one stage since stage_us */
    bool is_connected; /* to a broker: one that is away is not our illness, a restart would not help */
    bool is_running, has_work;
};

/* What is wrong, for a reader; NULL when nothing is. */
const char *health_sickness(const struct health *h);

#endif
