#include "chaos/crew.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/loop.h"

#define AGAIN_US   500000 /* after an end by itself, as supervisors do */
#define STOP_US    INT64_C(120000000)
#define NO_BROKER  69
#define RESTART_ME 70
#define BAD_FILE   74
#define TRY_LATER  75
#define KILLED     (128 + SIGKILL)

static struct member *guest(struct crew *c)
{
    return &c->members[c->named];
}

/* ---- open */

static void add_option(struct member *m, const char *name, const char *value)
{
    size_t i = 0;
    while (m->options[i])
        i++;
    if (i == CREW_OPTIONS)
        chaos_fail("more options than a member may have");
    snprintf(m->texts[i], sizeof m->texts[i], "%s%s", name, value);
    m->options[i] = m->texts[i];
}

void crew_open(struct crew *c, const char *program, const char *dir, size_t named, const char *const *options, uint64_t seed)
{
    *c = (struct crew){.named = named, .dice = {seed ^ 0xc4e3}};
    for (size_t i = 0; i <= named; i++) {
        struct member *m = &c->members[i];
        char name[16];
        snprintf(name, sizeof name, "w%zu", i + 1);
        m->service = (struct service){.program = program, .options = m->options, .keeps_log = true};
        for (const char *const *o = options; *o; o++)
            add_option(m, *o, "");
        if (i < named)
            add_option(m, "instance.id=", name);
    }
    crew_renew(c, dir);
}

void crew_renew(struct crew *c, const char *dir)
{
    c->crews++;
    for (size_t i = 0; i <= c->named; i++) {
        struct service *s = &c->members[i].service;
        snprintf(s->state_dir, sizeof s->state_dir, "%s/state%zu-%zu", dir, c->crews, i + 1);
        snprintf(s->log, sizeof s->log, "%s/worker%zu-%zu.log", dir, c->crews, i + 1);
    }
}

void crew_start(struct crew *c)
{
    for (size_t i = 0; i < c->named; i++)
        c->members[i].wanted = true;
    crew_turn(c);
}

/* ---- lives */

static void start(struct member *m)
{
    m->service.bad_disk = m->disk[0] ? m->disk : NULL;
    memcpy(m->crash, m->next_crash, sizeof m->crash);
    m->next_crash[0] = '\0';
    service_start(&m->service, m->crash[0] ? m->crash : NULL);
    m->is_killed = m->is_leaving = false;
}

static void complain(const struct member *m, int code)
{
    service_show_log(&m->service);
    chaos_fail("%s ended by itself: exit code %d", m->service.log, code);
}

/* What a worker's end means. */
static void note_end(struct crew *c, struct member *m, int code)
{
    const bool by_crash = code == KILLED && !m->is_killed && m->crash[0];
    const bool in_order = m->is_leaving && (code == 0 || code == 128 + SIGTERM);
    const bool by_disk = m->disk[0] && (code == RESTART_ME || code == BAD_FILE || code == TRY_LATER);
    c->points += by_crash;
    c->disks_full += by_disk;
    if (code < 128)
        c->codes[code]++;
    if (!by_crash && !in_order && !by_disk && !(code == KILLED && m->is_killed) && code != NO_BROKER && code != RESTART_ME &&
        code != TRY_LATER)
        complain(m, code);
    if (by_disk)
        m->disk[0] = '\0'; /* somebody made room */
    if (code != KILLED)
        m->start_us = loop_now_us() + AGAIN_US;
}

void crew_turn(struct crew *c)
{
    for (size_t i = 0; i <= c->named; i++) {
        struct member *m = &c->members[i];
        int code = service_reap(&m->service);
        if (code >= 0)
            note_end(c, m, code);
        if (m->wanted && m->service.pid == 0 && loop_now_us() >= m->start_us)
            start(m);
    }
    if (guest(c)->wanted && !guest(c)->has_joined && service_partitions(&guest(c)->service) > 0)
        guest(c)->has_joined = true;
}

static void ask_to_end(struct member *m)
{
    m->wanted = false;
    m->is_leaving = true;
    if (m->service.pid > 0)
        kill(m->service.pid, SIGTERM);
}

void crew_stop(struct crew *c)
{
    bool runs = true;
    for (size_t i = 0; i <= c->named; i++)
        ask_to_end(&c->members[i]);
    for (const int64_t until = loop_now_us() + STOP_US; runs; usleep(5000)) {
        runs = false;
        crew_turn(c);
        for (size_t i = 0; i <= c->named; i++)
            runs = runs || c->members[i].service.pid > 0;
        if (loop_now_us() > until) {
            crew_show(c);
            chaos_fail("a worker does not end");
        }
    }
}

void crew_abandon(struct crew *c)
{
    for (size_t i = 0; i <= c->named; i++) {
        c->members[i].wanted = false;
        if (c->members[i].service.pid > 0)
            kill(c->members[i].service.pid, SIGKILL);
    }
}

bool crew_has(const struct crew *c, int32_t partitions)
{
    int32_t sum = 0;
    for (size_t i = 0; i < c->named; i++) {
        int n = c->members[i].service.pid > 0 ? service_partitions(&c->members[i].service) : -1;
        if (n < 0)
            return false;
        sum += n;
    }
    return sum == partitions;
}

struct service_held crew_held(const struct crew *c)
{
    struct service_held sum = {0};
    for (size_t i = 0; i <= c->named; i++) {
        const struct service_held held = service_held(&c->members[i].service);
        sum.working += held.working;
        sum.waiting += held.waiting;
    }
    return sum;
}

void crew_show(const struct crew *c)
{
    for (size_t i = 0; i <= c->named; i++)
        service_show_log(&c->members[i].service);
}

/* ---- faults */

static struct member *pick(struct crew *c, uint64_t which)
{
    for (size_t i = 0; i < c->named; i++) {
        struct member *m = &c->members[(which + i) % c->named];
        if (m->service.pid > 0 && !m->is_killed)
            return m;
    }
    return NULL;
}

static bool kill_now(struct crew *c, struct member *m)
{
    if (!m || m->service.pid <= 0)
        return false;
    m->is_killed = true;
    m->start_us = 0;
    c->kills++;
    kill(m->service.pid, SIGKILL);
    return true;
}

/* Half of them come back to die at a place of our choice: in a commit, in a close that takes several transactions. */
static void draw_crash(struct member *m, struct dice *d)
{
    static const char *const points[] = {"in_close",     "after_produce", "before_delivery", "after_delivery",
                                         "after_commit", "in_lmdb",       "after_lmdb"};
    const uint64_t n = dice_below(d, 2 * sizeof points / sizeof *points);
    if (n < sizeof points / sizeof *points)
        snprintf(m->next_crash, sizeof m->next_crash, "%s:%" PRIu64, points[n], 1 + dice_below(d, n == 0 ? 3 : 10));
}

void crew_kill(struct crew *c, uint64_t which, uint64_t chance)
{
    struct member *m = pick(c, which);
    struct dice d = {chance};
    if (!kill_now(c, m))
        return;
    draw_crash(m, &d);
    if (dice_below(&d, 4) == 0)
        m->start_us = loop_now_us() + (int64_t)dice_below(&d, 5000000);
}

void crew_fill_disk(struct crew *c, uint64_t which, uint64_t chance)
{
    struct member *m = pick(c, which);
    struct dice d = {chance};
    if (!kill_now(c, m))
        return;
    snprintf(m->disk, sizeof m->disk, "pwrite:%" PRIu64 ":28:lasts", 10 + dice_below(&d, 200)); /* ENOSPC */
}

struct member *crew_pause(struct crew *c, uint64_t which)
{
    struct member *m = pick(c, which);
    if (m)
        kill(m->service.pid, SIGSTOP);
    return m;
}

void crew_continue(struct member *m)
{
    if (m->service.pid > 0)
        kill(m->service.pid, SIGCONT);
}

void crew_join(struct crew *c)
{
    struct member *g = guest(c);
    unlink(g->service.log);
    g->has_joined = false;
    g->wanted = true;
    g->start_us = 0;
}

void crew_leave(struct crew *c, bool by_kill)
{
    struct member *g = guest(c);
    c->joins += g->has_joined;
    g->wanted = false;
    if (by_kill) {
        c->vanished += g->has_joined;
        (void)kill_now(c, g);
    } else {
        c->leaves += g->has_joined;
        ask_to_end(g);
    }
}
