#include "io/pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct job_list {
    struct pool_job *first, *last;
};

struct pool {
    const char *name;
    struct loop_wake *wake;
    pthread_mutex_t mutex; /* guards todo and stopping */
    pthread_cond_t has_work;
    struct job_list todo;
    _Atomic(struct pool_job *) done; /* the last one first; without the mutex, so that the loop never waits for a thread to let go */
    bool stopping;
    size_t pending; /* loop thread only */
    pthread_t *threads;
    size_t thread_count;
};

static void list_push(struct job_list *list, struct pool_job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static struct pool_job *list_pop(struct job_list *list)
{
    struct pool_job *job = list->first;
    if (job) {
        list->first = job->next;
        if (!list->first)
            list->last = NULL;
        job->next = NULL;
    }
    return job;
}

static void push_done(struct pool *p, struct pool_job *job)
{
    job->next = atomic_load(&p->done);
    while (!atomic_compare_exchange_weak(&p->done, &job->next, job))
        ;
}

static struct pool_job *wait_for_job(struct pool *p)
{
    while (!p->stopping && !p->todo.first)
        pthread_cond_wait(&p->has_work, &p->mutex);
    return p->stopping ? NULL : list_pop(&p->todo);
}

static void *thread_main(void *arg)
{
    struct pool *p = arg;
    struct pool_job *job;
    pthread_mutex_lock(&p->mutex);
    while ((job = wait_for_job(p)) != NULL) {
        pthread_mutex_unlock(&p->mutex);
        job->work(job);
        push_done(p, job);
        loop_wake_kick(p->wake);
        pthread_mutex_lock(&p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

static struct job_list take_done(struct pool *p)
{
    struct job_list done = {0};
    for (struct pool_job *next, *job = atomic_exchange(&p->done, NULL); job; job = next) {
        next = job->next;
        job->next = done.first;
        done.first = job;
        if (!done.last)
            done.last = job;
    }
    return done;
}

static void on_done(void *arg)
{
    struct pool *p = arg;
    struct job_list done = take_done(p);
    struct pool_job *job;
    while ((job = list_pop(&done)) != NULL) {
        assert(p->pending > 0);
        p->pending--;
        job->after(job);
    }
}

static enum status start_threads(struct pool *p, size_t count)
{
    p->threads = calloc(count, sizeof *p->threads);
    if (!p->threads)
        return STATUS_NO_MEMORY;
    while (p->thread_count < count) {
        if (pthread_create(&p->threads[p->thread_count], NULL, thread_main, p) != 0)
            return STATUS_UNAVAILABLE;
        char name[16];
        snprintf(name, sizeof name, "%.10s-%zu", p->name, p->thread_count % 1000);
        pthread_setname_np(p->threads[p->thread_count], name);
        p->thread_count++;
    }
    return STATUS_OK;
}

enum status pool_new(struct loop *loop, const char *name, size_t threads, struct pool **out, struct error *err)
{
    assert(loop || threads == 0);
    struct pool *p = calloc(1, sizeof *p);
    if (!p)
        return error_set(err, STATUS_NO_MEMORY, "%s threads: out of memory", name);
    p->name = name;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->has_work, NULL);
    enum status status = STATUS_OK;
    if (threads > 0) {
        status = loop_wake_new(loop, name, on_done, p, &p->wake);
        if (!status)
            status = start_threads(p, threads);
    }
    if (status) {
        pool_free(p);
        return error_set(err, status, "%s threads: could not start %zu of them", name, threads);
    }
    *out = p;
    return STATUS_OK;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_cond_broadcast(&p->has_work);
    pthread_mutex_unlock(&p->mutex);
    for (size_t i = 0; i < p->thread_count; i++)
        pthread_join(p->threads[i], NULL);
    free(p->threads);
    loop_wake_free(p->wake);
    pthread_cond_destroy(&p->has_work);
    pthread_mutex_destroy(&p->mutex);
    free(p);
}

void pool_submit(struct pool *p, struct pool_job *job)
{
    if (p->thread_count == 0) {
        job->work(job);
        job->after(job);
        return;
    }
    p->pending++;
    pthread_mutex_lock(&p->mutex);
    assert(!p->stopping);
    list_push(&p->todo, job);
    pthread_mutex_unlock(&p->mutex);
    pthread_cond_signal(&p->has_work); /* who is woken finds the mutex free */
}

size_t pool_pending(const struct pool *p)
{
    return p->pending;
}

size_t pool_threads(const struct pool *p)
{
    return p->thread_count;
}
