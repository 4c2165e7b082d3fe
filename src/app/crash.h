/* crash.h: places where a test build dies as if by kill -9: STORECAST_CRASH_AT=name[:N] (the N-th time it is reached,
 * 1 when absent). name:N:stop stops it as a whole until SIGCONT, name:N:SECONDS makes the thread that comes there sleep,
 * name:N:stop:SECONDS does both. Compiled in only with -DSTORECAST_TEST_HOOKS=ON. Thread: any. */
#ifndef STORECAST_APP_CRASH_H
#define STORECAST_APP_CRASH_H

/* {enum, name}, in the order that a batch reaches them */
#define CRASH_LIST(X)                                                                                                                      \
    X(IN_CLOSE, "in_close")               /* a period is being closed, nothing of it written */                                            \
    X(AFTER_PRODUCE, "after_produce")     /* the batch's records are queued */                                                             \
    X(BEFORE_DELIVERY, "before_delivery") /* ... and some are on their way */                                                              \
    X(AFTER_DELIVERY, "after_delivery")   /* all are delivered, nothing is committed */                                                    \
    X(AFTER_COMMIT, "after_commit")       /* the transaction is committed, the state not written */                                        \
    X(IN_LMDB, "in_lmdb")                 /* in the midst of writing the state */                                                          \
    X(AFTER_LMDB, "after_lmdb")           /* the state is written, the input offsets not */

enum crash_point {
#define CRASH_ENUM(id, name) CRASH_##id,
    CRASH_LIST(CRASH_ENUM)
#undef CRASH_ENUM
        CRASH_COUNT
};

#ifdef STORECAST_TEST_HOOKS
void crash_here(enum crash_point point);
#else
static inline void crash_here(enum crash_point point)
{
    (void)point;
}
#endif

#endif
