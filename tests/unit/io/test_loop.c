/* A kick is never lost, and a slow callback is reported with where its time went, so that our own slowness can be told from a busy
 * machine's. */
#include "support/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "io/loop.h"

struct rig {
    struct loop *loop;
    struct loop_wake *wake;
    void (*work)(struct rig *r);
    int64_t used_us; /* of the CPU, as the work saw it */
    int reports;
    char name[32];
    int64_t worst_us, worst_afterwards_us;
    struct loop_cost cost;
};

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void on_slow(void *arg, const char *name, const struct loop_cost *cost)
{
    struct rig *r = arg;
    r->reports++;
    strcpy(r->name, name);
    r->cost = *cost;
}

static void on_wake(void *arg)
{
    struct rig *r = arg;
    int64_t before = cpu_us();
    r->work(r);
    r->used_us = cpu_us() - before;
    loop_stop(r->loop);
}

static struct rig run(void (*work)(struct rig *r))
{
    struct rig r = {.work = work};
    struct error err;
    assert_ok(loop_new(&(struct loop_hooks){on_slow, &r}, &r.loop, &err));
    assert_ok(loop_wake_new(r.loop, "work", on_wake, &r, &r.wake));
    loop_wake_kick(r.wake);
    assert_ok(loop_run(r.loop));
    r.worst_us = loop_take_worst_us(r.loop);
    r.worst_afterwards_us = loop_take_worst_us(r.loop);
    loop_wake_free(r.wake);
    loop_free(r.loop);
    r.loop = NULL;
    return r;
}

static void assert_reported(const struct rig *r)
{
    assert_int_equal(r->reports, 1);
    assert_string_equal(r->name, "work");
    assert_true(r->cost.wall_us > LOOP_SLOW_US);
    assert_true(r->worst_us >= r->cost.wall_us && r->worst_afterwards_us == 0);
    assert_true(r->cost.cpu_us >= r->used_us && r->cost.blocked_us >= 0 && r->cost.queued_us >= 0);
    /* The clocks are read one after the other. */
    assert_true(r->cost.cpu_us + r->cost.blocked_us + r->cost.starved_us + r->cost.queued_us >= r->cost.wall_us);
}

static void compute(struct rig *r)
{
    (void)r;
    for (int64_t until = cpu_us() + 2 * LOOP_SLOW_US; cpu_us() < until;)
        ;
}

static void computing_is_reported_as_cpu(void **state)
{
    (void)state;
    struct rig r = run(compute);
    assert_reported(&r);
    assert_true(r.cost.cpu_us >= 2 * LOOP_SLOW_US);
}

static void sleep_long(struct rig *r)
{
    (void)r;
    usleep(4 * LOOP_SLOW_US);
}

static void waiting_is_reported_as_blocked(void **state)
{
    (void)state;
    struct rig r = run(sleep_long);
    assert_reported(&r);
    assert_true(r.cost.blocked_us > 2 * LOOP_SLOW_US);
    assert_true(r.cost.cpu_us < LOOP_SLOW_US);
}

struct lock {
    pthread_mutex_t mutex;
    atomic_bool is_held, is_wanted;
};

static void *hold(void *arg)
{
    struct lock *lock = arg;
    pthread_mutex_lock(&lock->mutex);
    atomic_store(&lock->is_held, true);
    while (!atomic_load(&lock->is_wanted))
        sched_yield();
    usleep(4 * LOOP_SLOW_US);
    pthread_mutex_unlock(&lock->mutex);
    return NULL;
}

/* What another thread holds, we wait for: our own doing as well. */
static void wait_for_a_lock(struct rig *r)
{
    (void)r;
    struct lock lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, hold, &lock), 0);
    while (!atomic_load(&lock.is_held))
        sched_yield();
    atomic_store(&lock.is_wanted, true);
    pthread_mutex_lock(&lock.mutex);
    pthread_mutex_unlock(&lock.mutex);
    pthread_join(thread, NULL);
}

static void a_lock_is_reported_as_blocked(void **state)
{
    (void)state;
    struct rig r = run(wait_for_a_lock);
    assert_reported(&r);
    assert_true(r.cost.blocked_us > 2 * LOOP_SLOW_US);
}

/* ---- a machine that has other things to do */

static atomic_bool crowd_goes_home;

static void *compete(void *arg)
{
    (void)arg;
    while (!atomic_load(&crowd_goes_home))
        ;
    return NULL;
}

/* Threads that are made then inherit it. */
static void pin_to_one(const cpu_set_t *before, cpu_set_t *one)
{
    CPU_ZERO(one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(one) == 0; i++)
        if (CPU_ISSET(i, before))
            CPU_SET(i, one);
    assert_int_equal(sched_setaffinity(0, sizeof *one, one), 0);
}

static void being_pushed_off_the_cpu_is_reported_as_queued(void **state)
{
    enum { OTHERS = 7 };
    (void)state;
    if (access("/proc/thread-self/schedstat", R_OK) != 0) {
        print_message("skipped: this kernel has no schedstat\n");
        skip();
    }
    pthread_t others[OTHERS];
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    pin_to_one(&before, &one);
    atomic_store(&crowd_goes_home, false);
    /* Made and joined outside of the callback: both may be waiting. */
    for (int i = 0; i < OTHERS; i++)
        assert_int_equal(pthread_create(&others[i], NULL, compete, NULL), 0);
    struct rig r = run(compute);
    atomic_store(&crowd_goes_home, true);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    for (int i = 0; i < OTHERS; i++)
        pthread_join(others[i], NULL);
    assert_reported(&r);
    assert_true(r.cost.cpu_us >= 2 * LOOP_SLOW_US);
    assert_true(r.cost.queued_us > r.cost.cpu_us);
    assert_true(r.cost.blocked_us < LOOP_SLOW_US);
}

/* The holder of the lock needs the CPU that the crowd has. */
static void *hold_and_compute(void *arg)
{
    struct lock *lock = arg;
    pthread_mutex_lock(&lock->mutex);
    atomic_store(&lock->is_held, true);
    while (!atomic_load(&lock->is_wanted))
        sched_yield();
    compute(NULL);
    pthread_mutex_unlock(&lock->mutex);
    return NULL;
}

static struct lock contended = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void want_it(struct rig *r)
{
    (void)r;
    atomic_store(&contended.is_wanted, true);
    pthread_mutex_lock(&contended.mutex);
    pthread_mutex_unlock(&contended.mutex);
}

static void waiting_for_who_is_kept_from_running_is_reported_as_starved(void **state)
{
    enum { OTHERS = 7 };
    (void)state;
    if (access("/proc/thread-self/schedstat", R_OK) != 0) {
        print_message("skipped: this kernel has no schedstat\n");
        skip();
    }
    pthread_t holder, others[OTHERS];
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    pin_to_one(&before, &one);
    atomic_store(&crowd_goes_home, false);
    assert_int_equal(pthread_create(&holder, NULL, hold_and_compute, &contended), 0);
    while (!atomic_load(&contended.is_held))
        sched_yield();
    for (int i = 0; i < OTHERS; i++)
        assert_int_equal(pthread_create(&others[i], NULL, compete, NULL), 0);
    struct rig r = run(want_it);
    atomic_store(&crowd_goes_home, true);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
    for (int i = 0; i < OTHERS; i++)
        pthread_join(others[i], NULL);
    pthread_join(holder, NULL);
    assert_reported(&r);
    assert_true(r.cost.starved_us > 2 * LOOP_SLOW_US);
    assert_true(r.cost.blocked_us < LOOP_SLOW_US);
}

static void do_little(struct rig *r)
{
    (void)r;
}

static void what_is_quick_is_not_reported(void **state)
{
    (void)state;
    /* Once in a while even nothing takes 50 ms on a loaded machine: then it was queued. */
    struct rig r = run(do_little);
    assert_true(r.cost.cpu_us + r.cost.blocked_us < LOOP_SLOW_US);
}

struct kicks {
    struct loop *loop;
    struct loop_wake *wake;
    int count;
};

static void stop_at_two(void *arg)
{
    struct kicks *c = arg;
    if (++c->count == 1)
        loop_wake_kick(c->wake); /* from within: must come again */
    else
        loop_stop(c->loop);
}

static void a_kick_during_a_callback_is_not_lost(void **state)
{
    (void)state;
    struct error err;
    struct kicks c = {0};
    assert_ok(loop_new(NULL, &c.loop, &err));
    assert_ok(loop_wake_new(c.loop, "kick", stop_at_two, &c, &c.wake));
    loop_wake_kick(c.wake);
    loop_wake_kick(c.wake);
    assert_ok(loop_run(c.loop));
    assert_int_equal(c.count, 2);
    loop_wake_free(c.wake);
    loop_free(c.loop);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kick_during_a_callback_is_not_lost),
        cmocka_unit_test(computing_is_reported_as_cpu),
        cmocka_unit_test(waiting_is_reported_as_blocked),
        cmocka_unit_test(a_lock_is_reported_as_blocked),
        cmocka_unit_test(being_pushed_off_the_cpu_is_reported_as_queued),
        cmocka_unit_test(waiting_for_who_is_kept_from_running_is_reported_as_starved),
        cmocka_unit_test(what_is_quick_is_not_reported),
    };
    return fixture_run(argc, argv, tests);
}
