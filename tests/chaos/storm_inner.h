/* storm_inner.h: what the files of the storm share. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_STORM_INNER_H
#define STORECAST_TESTS_CHAOS_STORM_INNER_H

#include "chaos/asks.h"
#include "chaos/cluster.h"
#include "chaos/send.h"
#include "chaos/storm.h"

#define STORM_STUCK_US INT64_C(400000000) /* without any progress: it proves nothing */

struct storm {
    const struct storm_options *options;
    struct storm_result *out;
    char dir[64];
    struct topics topics;
    struct cluster cluster;
    struct crew crew;
    struct schedule schedule;
    struct ledger ledger;
    struct sender sender;
    struct client *client;
    struct asks asks;
    struct dice dice;
    uint64_t handled, asked_at;
    int64_t started_us, looked_us, moved_us, told_us, allowed_us;
    double allowed; /* records that may be sent now */
    /* faults under way */
    struct member *stopped;
    int64_t continue_us;
    int paused;            /* the node; -1 = none */
    bool is_killed;        /* a broker, or all, and not yet started again */
    int64_t bring_back_us; /* what is paused or killed */
    int64_t quiet_us;      /* since when nothing of the sender's is under way, before a fault of the cluster; 0 = no such fault is due */
    bool is_dark;          /* the fault under way has taken all brokers */
    bool is_over;          /* no more faults */
};

/* storm.c */
void storm_turn(struct storm *s, int wait_ms);

/* storm_faults.c: carries out what is due, and ends what has lasted. */
void storm_work_off_schedule(struct storm *s);
bool storm_is_cluster_well(struct storm *s);
/* Whether there is a broker to send to. */
bool storm_has_broker(struct storm *s);

/* storm_judge.c */
/* Until the last fault is over and everything handled; then ends the crew. */
void storm_calm_down(struct storm *s);
/* All that readers of committed records see, and what workers with empty folders know. */
void storm_judge(struct storm *s);

#endif
