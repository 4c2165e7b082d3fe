/* loop.h: the one event loop that owns everything that changes: wake-ups, timers, signals, the 1 s tick.
 *
 * Callbacks run on the loop's thread and must not block; one that takes longer than LOOP_SLOW_US is reported by name.
 * Thread: loop, unless a function says otherwise. */
#ifndef STORECAST_IO_LOOP_H
#define STORECAST_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct event_base;
struct loop;
struct loop_wake;
struct loop_timer;

#define LOOP_SLOW_US 50000
#define LOOP_TURN_US 5000 /* what one callback may use before it re-arms itself */

typedef void (*loop_fn)(void *arg);

/* Where a callback's time went: wall = cpu + blocked + starved + queued. cpu and blocked (a disk, a lock, a sleep) are our doing.
 * queued is when it could have run but the machine ran something else. starved is waiting that other threads of ours explain,
 * because the machine kept them from running for as long (within the second): one of them held the lock. Without Linux's
 * schedstat, all waiting in one callback is called blocked. */
struct loop_cost {
    int64_t wall_us, cpu_us, blocked_us, starved_us, queued_us;
};

struct loop_hooks {
    /* A callback took more than LOOP_SLOW_US of wall time. May be NULL. */
    void (*on_slow)(void *arg, const char *name, const struct loop_cost *cost);
    void *arg;
};

/* Blocks SIGPIPE's effect for the process. Caller frees. */
enum status loop_new(const struct loop_hooks *hooks, struct loop **out, struct error *err) MUST_CHECK;
void loop_free(struct loop *l);

/* Runs until loop_stop. STATUS_IO when the operating system's event mechanism fails. */
enum status loop_run(struct loop *l) MUST_CHECK;
void loop_stop(struct loop *l);

/* Blocks the signals that the program handles in the calling thread, and so in all threads it starts later. First thing
 * in a program that starts threads; only the loop sees these signals then. */
void loop_block_signals(void);
/* The callback runs on the loop for every arrival of the signal. */
enum status loop_on_signal(struct loop *l, int signal_number, const char *name, loop_fn fn, void *arg) MUST_CHECK;

/* A wake-up: loop_wake_kick makes fn run on the loop soon, once for any number of kicks before it runs. The name is
 * borrowed and must outlive the wake. The owner frees it before the loop. */
enum status loop_wake_new(struct loop *l, const char *name, loop_fn fn, void *arg, struct loop_wake **out) MUST_CHECK;
void loop_wake_free(struct loop_wake *w);
void loop_wake_kick(struct loop_wake *w); /* Thread: any */
/* The eventfd; writing 8 bytes that hold 1 kicks it. For libraries that signal through a descriptor. */
int loop_wake_fd(const struct loop_wake *w);

/* A timer that fires once per start. Starting it again moves it. */
enum status loop_timer_new(struct loop *l, const char *name, loop_fn fn, void *arg, struct loop_timer **out) MUST_CHECK;
void loop_timer_free(struct loop_timer *t);
void loop_timer_start(struct loop_timer *t, int64_t after_ms);
void loop_timer_stop(struct loop_timer *t);

/* Every second. At most one; set before loop_run. */
void loop_on_tick(struct loop *l, loop_fn fn, void *arg);

/* How late the last tick was, and the greatest lateness or callback time since the last call. Microseconds. */
int64_t loop_lag_us(const struct loop *l);
int64_t loop_take_worst_us(struct loop *l);

/* For code that libevent calls directly (HTTP): begin and end of a callback, so that it is measured too. About a microsecond each. */
struct loop_mark {
    int64_t wall_us, cpu_us, queued_us;
    long gave_up; /* how often the thread has waited */
};
struct loop_mark loop_enter(const struct loop *l);
void loop_leave(struct loop *l, const char *name, struct loop_mark entered);

struct event_base *loop_base(struct loop *l);
int64_t loop_now_us(void); /* monotonic. Thread: any */

#endif
