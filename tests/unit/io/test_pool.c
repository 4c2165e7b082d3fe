/* Work runs on threads, its after on the loop; without threads both run at once. */
#include "support/fixture.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "io/pool.h"

struct job {
    struct pool_job job; /* first */
    struct loop *loop;
    pthread_t worked_on, ended_on;
    int number, *order;
    size_t *left;
};

static void work(struct pool_job *job)
{
    struct job *j = (struct job *)(void *)job;
    j->worked_on = pthread_self();
    usleep(1000);
}

static void after(struct pool_job *job)
{
    struct job *j = (struct job *)(void *)job;
    j->ended_on = pthread_self();
    if (j->order)
        *j->order = j->number;
    if (j->left && --*j->left == 0)
        loop_stop(j->loop);
}

static void after_runs_on_the_loop_and_work_on_another_thread(void **state)
{
    (void)state;
    enum { JOBS = 20 };
    struct loop *loop;
    struct pool *pool;
    struct error err;
    struct job jobs[JOBS];
    size_t left = JOBS;
    assert_ok(loop_new(NULL, &loop, &err));
    assert_ok(pool_new(loop, "test", 3, &pool, &err));
    for (int i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){.job = {work, after, NULL}, .loop = loop, .left = &left};
        pool_submit(pool, &jobs[i].job);
    }
    assert_int_equal(pool_pending(pool), JOBS);
    assert_ok(loop_run(loop));
    assert_int_equal(pool_pending(pool), 0);
    for (int i = 0; i < JOBS; i++) {
        assert_true(pthread_equal(jobs[i].ended_on, pthread_self()));
        assert_false(pthread_equal(jobs[i].worked_on, pthread_self()));
    }
    pool_free(pool);
    loop_free(loop);
}

static void without_threads_a_job_is_done_when_submit_returns(void **state)
{
    (void)state;
    struct pool *pool;
    struct error err;
    int last = 0;
    assert_ok(pool_new(NULL, "inline", 0, &pool, &err));
    for (int i = 1; i <= 3; i++) {
        struct job job = {.job = {work, after, NULL}, .number = i, .order = &last};
        pool_submit(pool, &job.job);
        assert_int_equal(last, i);
        assert_true(pthread_equal(job.worked_on, pthread_self()));
    }
    assert_int_equal(pool_pending(pool), 0);
    pool_free(pool);
}

static void freeing_waits_for_the_running_job_and_calls_no_after(void **state)
{
    (void)state;
    struct loop *loop;
    struct pool *pool;
    struct error err;
    int ended = 0;
    struct job jobs[3];
    assert_ok(loop_new(NULL, &loop, &err));
    assert_ok(pool_new(loop, "test", 1, &pool, &err));
    for (int i = 0; i < 3; i++) {
        jobs[i] = (struct job){.job = {work, after, NULL}, .number = 1, .order = &ended};
        pool_submit(pool, &jobs[i].job);
    }
    pool_free(pool);
    assert_int_equal(ended, 0);
    loop_free(loop);
}

/* ---- the loop itself */

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_runs_on_the_loop_and_work_on_another_thread),
        cmocka_unit_test(without_threads_a_job_is_done_when_submit_returns),
        cmocka_unit_test(freeing_waits_for_the_running_job_and_calls_no_after),
    };
    return fixture_run(argc, argv, tests);
}
