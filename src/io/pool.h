/* pool.h: threads for work that must not block the loop.
 *
 * A job's work runs on a pool thread and may block; its after runs on the loop's thread. Nothing else is shared: the
 * job owns what its work touches until after has run. With 0 threads both run inside pool_submit (tests, small machines).
 * Thread: loop. */
#ifndef STORECAST_IO_POOL_H
#define STORECAST_IO_POOL_H

#include <stddef.h>

#include "io/loop.h"

struct pool;

struct pool_job { /* embedded in the caller's own struct, which must live until after has run */
    void (*work)(struct pool_job *job);
    void (*after)(struct pool_job *job);
    struct pool_job *next; /* the pool's */
};

/* The name is borrowed and shows in thread names. loop may be NULL when threads is 0. Caller frees. */
enum status pool_new(struct loop *loop, const char *name, size_t threads, struct pool **out, struct error *err) MUST_CHECK;
/* Waits for the running jobs; those not started yet are dropped, and no after is called any more. */
void pool_free(struct pool *p);

/* Jobs start in the order of submission. */
void pool_submit(struct pool *p, struct pool_job *job);
/* Jobs submitted whose after has not run. */
size_t pool_pending(const struct pool *p);
size_t pool_threads(const struct pool *p);

#endif
