/* crew.h: workers of one group on a cluster, each with a folder and a name, and a guest without a name. The crew plays the
 * supervisor: who ends is started again. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_CREW_H
#define STORECAST_TESTS_CHAOS_CREW_H

#include "chaos/chaos.h"
#include "chaos/service.h"

#define CREW_MAX     9
#define CREW_OPTIONS 12

struct member {
    struct service service;
    char texts[CREW_OPTIONS][192];
    const char *options[CREW_OPTIONS + 1];
    bool wanted;     /* to be running */
    bool is_killed;  /* by us */
    bool is_leaving; /* was asked to end */
    bool has_joined; /* the guest, since it came */
    char crash[32];  /* where this life ends; "" = nowhere */
    char next_crash[32];
    char disk[32]; /* what the disk does from the next start on, until it has ended one */
    int64_t start_us;
};

struct crew {
    struct member members[CREW_MAX + 1]; /* the guest is the last */
    size_t named, crews;
    struct dice dice;
    uint64_t kills, points;           /* deaths: from outside, at a crash point */
    uint64_t disks_full;              /* ends because of it */
    uint64_t joins, leaves, vanished; /* of the guest */
    uint64_t codes[128];              /* ends by themselves, by exit code */
};

/* options: key=value, the last NULL; for all of them. */
void crew_open(struct crew *c, const char *program, const char *dir, size_t named, const char *const *options, uint64_t seed);
/* Other, empty folders, when nobody runs. */
void crew_renew(struct crew *c, const char *dir);
void crew_start(struct crew *c);
/* Starts again who has ended. An end that is none of those a supervisor should expect fails the run. */
void crew_turn(struct crew *c);
/* In order, all of them; fails the run when somebody does not end well. */
void crew_stop(struct crew *c);
void crew_abandon(struct crew *c); /* kill -9 of everybody, nobody comes back */
/* Of the loops, from the logs of all lives since crew_open or crew_renew; of the guest's last one. */
struct service_held crew_held(const struct crew *c);
/* Whether all named ones run and have so many partitions between them. */
bool crew_has(const struct crew *c, int32_t partitions);
void crew_show(const struct crew *c); /* the ends of the logs, on stderr */

/* Faults. which counts from 0 among those with a name, that run; chance decides what happens at the next start. */
void crew_kill(struct crew *c, uint64_t which, uint64_t chance);
void crew_fill_disk(struct crew *c, uint64_t which, uint64_t chance);
/* kill -STOP; NULL when nobody runs. Continue it by crew_continue, whatever became of it. */
struct member *crew_pause(struct crew *c, uint64_t which);
void crew_continue(struct member *m);
void crew_join(struct crew *c);
void crew_leave(struct crew *c, bool by_kill);

#endif
