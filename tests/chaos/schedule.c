#include "chaos/schedule.h"

#include <stdlib.h>

const char *fault_name(enum fault fault)
{
    static const char *const names[FAULT_COUNT] = {
        "kills of a worker",
        "workers stopped past their session",
        "disks full",
        "joins",
        "leaves",
        "workers gone for good",
        "kills of a broker",
        "kills of all brokers",
        "brokers paused past the sessions",
    };
    return names[fault];
}

static void add(struct schedule *s, uint64_t at, enum fault fault, struct dice *d)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 64;
        s->events = chaos_memory(realloc(s->events, s->capacity * sizeof *s->events));
    }
    s->events[s->count++] = (struct event){at, fault, dice_next(d)};
    s->planned[fault]++;
}

/* One somewhere in each of `count` stretches of the records. */
static uint64_t within(struct dice *d, uint64_t records, uint64_t count, uint64_t stretch)
{
    return (records * stretch + dice_below(d, records)) / count;
}

static void add_spread(struct schedule *s, struct dice *d, uint64_t records, enum fault fault, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        add(s, within(d, records, count, i), fault, d);
}

/* The guest is there for about half of each stretch. */
static void add_visits(struct schedule *s, struct dice *d, uint64_t records, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t stretch = records / count;
        add(s, i * stretch + dice_below(d, stretch / 4), FAULT_JOIN, d);
        add(s, i * stretch + stretch / 2 + dice_below(d, stretch / 4), i % 3 == 2 ? FAULT_VANISH : FAULT_LEAVE, d);
    }
}

/* One after the other, in an order of their own; the first when the group has come to work. */
static void add_broker_faults(struct schedule *s, struct dice *d, uint64_t records, uint64_t kills, uint64_t pauses, int brokers)
{
    const uint64_t count = kills + pauses;
    for (uint64_t i = 0; i < count; i++) {
        const bool is_pause = dice_below(d, count - i) < pauses;
        const enum fault kill = brokers > 1 && kills % 3 != 0 ? FAULT_BROKER_KILL : FAULT_CLUSTER_KILL;
        *(is_pause ? &pauses : &kills) -= 1;
        add(s, i * records / count + records / count / 8 + dice_below(d, records / count / 4), is_pause ? FAULT_BROKER_PAUSE : kill, d);
    }
}

static int compare(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : (x->chance > y->chance) - (x->chance < y->chance);
}

void schedule_make(struct schedule *s, uint64_t seed, uint64_t records, uint64_t minutes, int brokers)
{
    struct dice d = {seed ^ 0xfa017};
    *s = (struct schedule){.count = 0};
    add_spread(s, &d, records, FAULT_KILL, 6 * minutes);
    add_spread(s, &d, records, FAULT_STOP, 1 + minutes / 10);
    add_spread(s, &d, records, FAULT_DISK, 1 + minutes / 5);
    add_visits(s, &d, records, 1 + minutes / 3);
    add_broker_faults(s, &d, records, 1 + minutes / 2, 1 + minutes / 15, brokers);
    qsort(s->events, s->count, sizeof *s->events, compare);
}

void schedule_done(struct schedule *s)
{
    free(s->events);
}
