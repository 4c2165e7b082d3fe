#include "app/crash.h"

#ifdef STORECAST_TEST_HOOKS

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    bool stops;
    unsigned sleep_s;
} plan = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* [:N[:stop][:SECONDS]] */
static void read_how(const char *text)
{
    static const char stop[] = ":stop";
    char *end = NULL;
    plan.left = *text == ':' ? strtol(text + 1, &end, 10) : 1;
    if (!end)
        return;
    plan.stops = strncmp(end, stop, sizeof stop - 1) == 0;
    if (plan.stops)
        end += sizeof stop - 1;
    plan.sleep_s = *end == ':' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
}

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
            read_how(at + size);
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
    if (!now)
        return;
    if (plan.stops)
        raise(SIGSTOP);
    else if (plan.sleep_s == 0)
        raise(SIGKILL);
    sleep(plan.sleep_s);
}

#endif
