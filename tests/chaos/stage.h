/* stage.h: a broker in this process, a worker in its own, and a reader of what comes out. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_STAGE_H
#define STORECAST_TESTS_CHAOS_STAGE_H

#include "chaos/check.h"
#include "chaos/outputs.h"
#include "io/mock_broker.h"

struct stage {
    char dir[64];
    struct topics topics;
    struct mock_broker *broker;
    struct client *client;
    struct outputs outputs;
    struct service service;
    int64_t known[CHECK_PARTITIONS_MAX]; /* offsets at which the worker began */
    struct ledger *ledger;
    struct findings *findings;
    int64_t turn_us;
    uint64_t kills, points; /* deaths: from outside, at a crash point */
    uint64_t held_waiting;  /* callbacks that waited 50 ms */
    int64_t started_us;
    /* For a worker that died by itself: where the next one shall die, NULL = nowhere; and a look at things, every few milliseconds. */
    const char *(*next_crash)(void *arg, char *text, size_t size);
    void (*on_turn)(void *arg);
    void *arg;
};

void stage_open(struct stage *s, struct ledger *l, struct findings *f, const char *program, bool keeps_plain);
void stage_close(struct stage *s);

/* Starts the worker, having noted where it begins. */
void stage_start(struct stage *s, const char *crash_at);
/* kill -9. A finding when its loop was ever held. */
void stage_end_worker(struct stage *s);
/* Reads what came out; starts the worker again when it has died. */
void stage_turn(struct stage *s, int wait_ms);
void stage_send(struct stage *s, const struct client_record *record);
/* Until the worker has handled everything that was sent. */
void stage_wait_handled(struct stage *s);
/* Counters and cells against the ledger. Returns the cells compared. */
uint64_t stage_check(struct stage *s);
/* Until nothing more comes out. */
void stage_wait_quiet(struct stage *s);

#endif
