#include "chaos/storm_inner.h"

#include <inttypes.h>
#include <stdio.h>

#include "io/loop.h"

#define PAST_US  INT64_C(25000000) /* longer than the workers' sessions */
#define QUIET_US 300000
#define AWAY_US  INT64_C(8000000) /* a killed broker, at most, before it is started again */

bool storm_is_cluster_well(struct storm *s)
{
    return s->paused < 0 && !s->is_killed && !cluster_is_starting(&s->cluster);
}

bool storm_has_broker(struct storm *s)
{
    return !s->is_dark || storm_is_cluster_well(s);
}

static void tell_fault(const struct storm *s, const struct event *e)
{
    printf("%6.1f s %9" PRIu64 " records: %s\n", (double)(loop_now_us() - s->started_us) / 1e6, s->sender.sent, fault_name(e->fault));
}

/* What becomes of the sender's own records is not the question here, and Kafka does not know it: it forgets a producer whose records
 * bear times of years ago when a broker starts, and then writes again what was sent again. So it has nothing under way when a broker
 * goes. The workers have: what was sent last is in their batches for up to QUIET_US. */
static bool is_sender_quiet(struct storm *s, uint64_t chance)
{
    if (s->quiet_us == 0)
        s->quiet_us = INT64_MAX; /* the sender waits */
    if (client_undelivered(s->client) > 0)
        return false;
    if (s->quiet_us == INT64_MAX)
        s->quiet_us = loop_now_us() + (int64_t)(chance % QUIET_US);
    return loop_now_us() >= s->quiet_us;
}

/* False: not now, the cluster is still busy with the last one. */
static bool carry_out_on_cluster(struct storm *s, const struct event *e)
{
    struct dice d = {e->chance};
    const int node = 1 + (int)dice_below(&d, (uint64_t)s->options->brokers);
    if (!storm_is_cluster_well(s) || !is_sender_quiet(s, e->chance))
        return false;
    s->quiet_us = 0;
    s->is_dark = s->options->brokers == 1 || e->fault == FAULT_CLUSTER_KILL;
    if (e->fault == FAULT_BROKER_PAUSE) {
        cluster_pause(&s->cluster, node);
        s->paused = node;
        s->bring_back_us = loop_now_us() + PAST_US;
    } else {
        cluster_kill(&s->cluster, e->fault == FAULT_CLUSTER_KILL ? CLUSTER_ALL : node);
        s->is_killed = true;
        s->bring_back_us = loop_now_us() + (int64_t)dice_below(&d, AWAY_US);
    }
    return true;
}

static bool carry_out(struct storm *s, const struct event *e)
{
    switch (e->fault) {
    case FAULT_KILL:
        crew_kill(&s->crew, e->chance, e->chance);
        return true;
    case FAULT_STOP:
        if (s->stopped)
            return false;
        s->stopped = crew_pause(&s->crew, e->chance);
        s->continue_us = loop_now_us() + PAST_US;
        return s->stopped != NULL;
    case FAULT_DISK:
        crew_fill_disk(&s->crew, e->chance, e->chance);
        return true;
    case FAULT_JOIN:
        crew_join(&s->crew);
        return true;
    case FAULT_LEAVE:
    case FAULT_VANISH:
        crew_leave(&s->crew, e->fault == FAULT_VANISH);
        return true;
    case FAULT_BROKER_KILL:
    case FAULT_CLUSTER_KILL:
    case FAULT_BROKER_PAUSE:
        return carry_out_on_cluster(s, e);
    case FAULT_COUNT:
        break;
    }
    return true;
}

static void end_faults(struct storm *s)
{
    const int64_t now = loop_now_us();
    if (s->stopped && now >= s->continue_us) {
        crew_continue(s->stopped);
        s->stopped = NULL;
    }
    if (s->paused >= 0 && now >= s->bring_back_us) {
        cluster_resume(&s->cluster, s->paused);
        s->paused = -1;
    }
    if (s->is_killed && now >= s->bring_back_us) {
        cluster_start(&s->cluster);
        s->is_killed = false;
    }
}

void storm_work_off_schedule(struct storm *s)
{
    struct schedule *plan = &s->schedule;
    end_faults(s);
    while (plan->next < plan->count && plan->events[plan->next].at <= s->sender.sent) {
        const struct event *e = &plan->events[plan->next];
        if (!carry_out(s, e))
            break;
        tell_fault(s, e);
        s->out->faults[e->fault]++;
        plan->next++;
    }
}
