#include "app/crash.h"

#ifdef STORECAST_TEST_HOOKS

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CRASH_COUNT] = {
#define CRASH_NAME(id, name) name,
    CRASH_LIST(CRASH_NAME)
#undef CRASH_NAME
};

static struct {
    pthread_mutex_t mutex;
    bool is_read;
    enum crash_point point;
    long left; /* times to go; 0 = never */
} plan = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void read_plan(void)
{
    plan.is_read = true;
    const char *at = getenv("STORECAST_CRASH_AT");
    if (!at)
        return;
    size_t size = strcspn(at, ":");
    for (int i = 0; i < CRASH_COUNT; i++) {
        if (strlen(names[i]) == size && strncmp(at, names[i], size) == 0) {
            plan.point = (enum crash_point)i;
            plan.left = at[size] == ':' ? strtol(at + size + 1, NULL, 10) : 1;
        }
    }
}

void crash_here(enum crash_point point)
{
    pthread_mutex_lock(&plan.mutex);
    if (!plan.is_read)
        read_plan();
    bool now = plan.left > 0 && point == plan.point && --plan.left == 0;
    pthread_mutex_unlock(&plan.mutex);
    if (now)
        raise(SIGKILL);
}

#endif
