#include "io/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "io/schedule.h"

#define LOOP_SIGNALS_MAX 8

struct loop_call { /* what every callback needs */
    struct loop *loop;
    const char *name;
    loop_fn fn;
    void *arg;
};

struct loop_signal {
    struct event *event;
    struct loop_call call;
};

struct loop {
    struct event_base *base;
    struct loop_hooks hooks;
    struct event *tick;
    struct loop_call tick_call;
    int64_t tick_due_us;
    int64_t lag_us, worst_us;
    int schedule;             /* of the running thread (schedule.h) */
    int64_t others_queued_us; /* of the other threads, at the last tick */
    struct loop_signal signals[LOOP_SIGNALS_MAX];
    size_t signal_count;
};

struct loop_wake {
    int fd;
    struct event *event;
    struct loop_call call;
};

struct loop_timer {
    struct event *event;
    struct loop_call call;
};

int64_t loop_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct loop_mark loop_enter(const struct loop *l)
{
    struct timespec cpu;
    struct rusage usage;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    getrusage(RUSAGE_THREAD, &usage);
    return (struct loop_mark){.wall_us = loop_now_us(),
                              .cpu_us = (int64_t)cpu.tv_sec * 1000000 + cpu.tv_nsec / 1000,
                              .queued_us = schedule_queued_us(l->schedule),
                              .gave_up = usage.ru_nvcsw};
}

static int64_t positive(int64_t us)
{
    return us > 0 ? us : 0;
}

static struct loop_cost cost_since(const struct loop *l, const struct loop_mark *entered)
{
    struct loop_mark now = loop_enter(l);
    struct loop_cost cost = {.wall_us = now.wall_us - entered->wall_us, .cpu_us = now.cpu_us - entered->cpu_us};
    int64_t not_running = positive(cost.wall_us - cost.cpu_us);
    /* A thread that never gave up its CPU has not waited for anything: the machine took it away (for another guest, too). */
    cost.blocked_us = now.gave_up != entered->gave_up ? positive(not_running - (now.queued_us - entered->queued_us)) : 0;
    cost.queued_us = not_running - cost.blocked_us;
    return cost;
}

/* A lock is held for as long as its holder is kept from a CPU: that part of our waiting is the machine's doing too. */
static void find_starved(struct loop *l, struct loop_cost *cost)
{
    const int64_t others = schedule_others_queued_us();
    const int64_t since_tick = positive(others - l->others_queued_us);
    cost->starved_us = cost->blocked_us < since_tick ? cost->blocked_us : since_tick;
    cost->blocked_us -= cost->starved_us;
    l->others_queued_us = others;
}

void loop_leave(struct loop *l, const char *name, struct loop_mark entered)
{
    int64_t elapsed = loop_now_us() - entered.wall_us;
    if (elapsed > LOOP_SLOW_US && l->hooks.on_slow) {
        struct loop_cost cost = cost_since(l, &entered);
        find_starved(l, &cost);
        elapsed = cost.wall_us;
        l->hooks.on_slow(l->hooks.arg, name, &cost);
    }
    if (elapsed > l->worst_us)
        l->worst_us = elapsed;
}

static void call_run(const struct loop_call *call)
{
    /* Copied: the callback may free what holds the call. */
    struct loop *l = call->loop;
    const char *name = call->name;
    struct loop_mark entered = loop_enter(l);
    call->fn(call->arg);
    loop_leave(l, name, entered);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop *l = arg;
    int64_t now = loop_now_us();
    l->lag_us = now > l->tick_due_us ? now - l->tick_due_us : 0;
    if (l->lag_us > l->worst_us)
        l->worst_us = l->lag_us;
    l->tick_due_us = now + 1000000;
    l->others_queued_us = schedule_others_queued_us();
    if (l->tick_call.fn)
        call_run(&l->tick_call);
}

enum status loop_new(const struct loop_hooks *hooks, struct loop **out, struct error *err)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return error_set(err, STATUS_NO_MEMORY, "event loop: out of memory");
    if (hooks)
        l->hooks = *hooks;
    l->schedule = -1;
    signal(SIGPIPE, SIG_IGN);
    l->base = event_base_new();
    if (!l->base)
        goto fail;
    l->tick = event_new(l->base, -1, EV_PERSIST, on_tick, l);
    l->tick_call = (struct loop_call){.loop = l, .name = "tick"};
    const struct timeval second = {.tv_sec = 1};
    if (!l->tick || event_add(l->tick, &second) != 0)
        goto fail;
    l->tick_due_us = loop_now_us() + 1000000;
    *out = l;
    return STATUS_OK;
fail:
    loop_free(l);
    return error_set(err, STATUS_IO, "event loop: the operating system offers no event mechanism to libevent");
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->signal_count; i++)
        event_free(l->signals[i].event);
    if (l->tick)
        event_free(l->tick);
    if (l->base)
        event_base_free(l->base);
    if (l->schedule >= 0)
        close(l->schedule);
    free(l);
}

enum status loop_run(struct loop *l)
{
    if (l->schedule < 0)
        l->schedule = schedule_open();
    return event_base_dispatch(l->base) < 0 ? STATUS_IO : STATUS_OK;
}

void loop_stop(struct loop *l)
{
    event_base_loopbreak(l->base);
}

void loop_block_signals(void)
{
    /* libevent's handlers run in whichever thread a signal hits; threads started later inherit this mask, and
     * loop_on_signal lifts it for the loop's thread. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    call_run(arg);
}

enum status loop_on_signal(struct loop *l, int signal_number, const char *name, loop_fn fn, void *arg)
{
    assert(l->signal_count < LOOP_SIGNALS_MAX);
    struct loop_signal *s = &l->signals[l->signal_count];
    s->call = (struct loop_call){l, name, fn, arg};
    s->event = evsignal_new(l->base, signal_number, on_signal, &s->call);
    if (!s->event)
        return STATUS_NO_MEMORY;
    l->signal_count++;
    if (event_add(s->event, NULL) != 0)
        return STATUS_IO;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    return STATUS_OK;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct loop_wake *w = arg;
    uint64_t count;
    /* Read before the callback: a kick during it must wake us again. */
    if (read((int)fd, &count, sizeof count) != (ssize_t)sizeof count)
        return;
    call_run(&w->call);
}

enum status loop_wake_new(struct loop *l, const char *name, loop_fn fn, void *arg, struct loop_wake **out)
{
    struct loop_wake *w = calloc(1, sizeof *w);
    if (!w)
        return STATUS_NO_MEMORY;
    w->call = (struct loop_call){l, name, fn, arg};
    w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->fd >= 0)
        w->event = event_new(l->base, w->fd, EV_READ | EV_PERSIST, on_wake, w);
    if (!w->event || event_add(w->event, NULL) != 0) {
        loop_wake_free(w);
        return STATUS_IO;
    }
    *out = w;
    return STATUS_OK;
}

void loop_wake_free(struct loop_wake *w)
{
    if (!w)
        return;
    if (w->event)
        event_free(w->event);
    if (w->fd >= 0)
        close(w->fd);
    free(w);
}

void loop_wake_kick(struct loop_wake *w)
{
    const uint64_t one = 1;
    ssize_t written = write(w->fd, &one, sizeof one);
    (void)written; /* only EAGAIN is possible, when 2^64-2 kicks wait: it is awake already */
}

int loop_wake_fd(const struct loop_wake *w)
{
    return w->fd;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop_timer *t = arg;
    call_run(&t->call);
}

enum status loop_timer_new(struct loop *l, const char *name, loop_fn fn, void *arg, struct loop_timer **out)
{
    struct loop_timer *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NO_MEMORY;
    t->call = (struct loop_call){l, name, fn, arg};
    t->event = event_new(l->base, -1, 0, on_timer, t);
    if (!t->event) {
        free(t);
        return STATUS_NO_MEMORY;
    }
    *out = t;
    return STATUS_OK;
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t)
        return;
    event_free(t->event);
    free(t);
}

void loop_timer_start(struct loop_timer *t, int64_t after_ms)
{
    assert(after_ms >= 0);
    const struct timeval after = {.tv_sec = after_ms / 1000, .tv_usec = after_ms % 1000 * 1000};
    event_add(t->event, &after);
}

void loop_timer_stop(struct loop_timer *t)
{
    event_del(t->event);
}

void loop_on_tick(struct loop *l, loop_fn fn, void *arg)
{
    l->tick_call.fn = fn;
    l->tick_call.arg = arg;
}

int64_t loop_lag_us(const struct loop *l)
{
    return l->lag_us;
}

int64_t loop_take_worst_us(struct loop *l)
{
    int64_t worst = l->worst_us;
    l->worst_us = 0;
    return worst;
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}
