/* service.h: the worker as a process that is started, looked at from outside, and killed. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_SERVICE_H
#define STORECAST_TESTS_CHAOS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/bytes.h"

struct service {
    const char *program, *address;
    char state_dir[96], log[96];
    pid_t pid; /* 0 = not running */
    int port;
    uint64_t started;
};

void service_start(struct service *s, const char *crash_at); /* STORECAST_CRASH_AT; NULL = none */
/* Whether it has died: by SIGKILL. Any other end fails the run. */
bool service_has_died(struct service *s);
void service_kill(struct service *s);
void service_stop(struct service *s); /* in order; fails the run when it does not end well */
void service_wait_running(struct service *s);

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
