/* service.h: the worker as a process that is started, looked at from outside, and killed. It dies with this process. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_SERVICE_H
#define STORECAST_TESTS_CHAOS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"

struct service {
    const char *program;
    const char *address;        /* of the embedded broker; NULL: on a cluster, which the options name */
    const char *const *options; /* more of them, key=value, the last NULL; NULL = none */
    const char *bad_disk;       /* what support/preload/bad_disk.c does to the next start's state directory; NULL = nothing */
    bool keeps_log;             /* a start does not empty it */
    char state_dir[96], log[96];
    pid_t pid; /* 0 = not running */
    int port;
    uint64_t started;
};

void service_start(struct service *s, const char *crash_at); /* STORECAST_CRASH_AT; NULL = none */
/* How it ended, as a shell says it: its exit code, or 128 + the signal; -1 while it runs. */
int service_reap(struct service *s);
/* Whether it has died: by SIGKILL. Any other end fails the run. */
bool service_has_died(struct service *s);
void service_kill(struct service *s);
void service_stop(struct service *s); /* in order; fails the run when it does not end well */
void service_wait_running(struct service *s);
/* Partitions that it says to be working on; -1 while it is about to get others, or has not come so far. From its log. */
int service_partitions(const struct service *s);
void service_show_log(const struct service *s); /* its end, on stderr */

void service_metrics(struct service *s, struct buffer *out);
/* The value of a sample, "name" or "name{label=\"x\"}"; 0 when it is not there. */
double service_metric(const struct buffer *metrics, const char *sample);

struct service_size {
    int64_t anonymous_kib, descriptors;
};
struct service_size service_size(const struct service *s);

struct service_held { /* the loop, by one callback for 50 ms or more */
    uint64_t working; /* by its own CPU time */
    uint64_t waiting; /* by waiting: also for a thread that the machine did not run, when it is busy */
};
/* From the log of the worker that runs, or ran last. */
struct service_held service_held(const struct service *s);

/* Runs `storecast state WHAT` and gives its output. False when it failed: the worker has died before it wrote anything. Caller
 * frees the buffer. */
bool service_state(const struct service *s, const char *what, struct buffer *out);

#endif
