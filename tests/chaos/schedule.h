/* schedule.h: which fault comes when, drawn from the seed: so many of each kind, spread over the records. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_SCHEDULE_H
#define STORECAST_TESTS_CHAOS_SCHEDULE_H

#include "chaos/chaos.h"

enum fault {
    FAULT_KILL,         /* kill -9 of a worker */
    FAULT_STOP,         /* a worker stopped past its session, then continued: a zombie */
    FAULT_DISK,         /* the disk of a worker's state becomes full */
    FAULT_JOIN,         /* a worker more */
    FAULT_LEAVE,        /* which leaves the group in order */
    FAULT_VANISH,       /* or by kill -9, for good */
    FAULT_BROKER_KILL,  /* kill -9 of a broker, which comes back after a while */
    FAULT_CLUSTER_KILL, /* of all of them at once */
    FAULT_BROKER_PAUSE, /* a broker stopped past the workers' sessions */
    FAULT_COUNT
};
const char *fault_name(enum fault fault);

struct event {
    uint64_t at; /* records sent */
    enum fault fault;
    uint64_t chance; /* for whom, for how long: whoever carries it out draws from it */
};

struct schedule {
    struct event *events;
    size_t count, capacity, next;
    uint64_t planned[FAULT_COUNT];
};

/* For so many records; with fewer than three brokers a broker that is killed is the whole cluster. schedule_done frees. */
void schedule_make(struct schedule *s, uint64_t seed, uint64_t records, uint64_t minutes, int brokers);
void schedule_done(struct schedule *s);

#endif
