/* chaos: sales, damaged records and crashes, and whether every sum, count and forecast comes out right. See scripts/chaos. */
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chaos/run.h"
#include "chaos/storm.h"
#include "io/loop.h"

#define FINDINGS_TOLD    30
#define RECORDS_A_MINUTE 60000

void chaos_fail(const char *format, ...)
{
    va_list args;
    fflush(stdout);
    fprintf(stderr, "chaos: ");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n");
    run_clean_up();
    storm_clean_up();
    _exit(2);
}

void *chaos_memory(void *allocated)
{
    if (!allocated)
        chaos_fail("out of memory");
    return allocated;
}

/* ---- dice: splitmix64 (Steele, Lea, Flood 2014) */

uint64_t dice_next(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t dice_below(struct dice *d, uint64_t end)
{
    return dice_next(d) % end;
}

bool dice_is(struct dice *d, double probability)
{
    return (double)(dice_next(d) >> 11) * 0x1p-53 < probability;
}

void findings_add(struct findings *f, enum finding kind, uint64_t count, const char *format, ...)
{
    static const char *const names[] = {"lost", "doubled", "different"};
    *(kind == FINDING_LOST ? &f->lost : kind == FINDING_DOUBLED ? &f->doubled : &f->different) += count;
    if (f->told++ >= FINDINGS_TOLD)
        return;
    va_list args;
    printf("  %s: ", names[kind]);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

/* ---- the program */

static void on_signal(int number)
{
    run_clean_up();
    storm_clean_up();
    _exit(128 + number);
}

static void print_verdicts(const uint64_t verdicts[VERDICT_COUNT])
{
    printf("became:");
    for (int v = 0; v < VERDICT_COUNT; v++)
        if (verdicts[v])
            printf(" %s %" PRIu64, verdict_name(v), verdicts[v]);
    printf("\n");
}

static void print_damage(const uint64_t made[DAMAGE_COUNT])
{
    printf("damaged:");
    for (int i = 0; i < DAMAGE_COUNT; i++)
        printf("%s %s %" PRIu64, i ? "," : "", damage_name((enum damage_kind)i), made[i]);
    printf("\n");
}

static void print_waiting(uint64_t callbacks)
{
    if (callbacks)
        printf("%" PRIu64 " callbacks of the worker's loop waited 50 ms, for a lock or a page: the machine was busy\n", callbacks);
}

static void print_storm(const struct storm_result *r)
{
    print_verdicts(r->verdicts);
    print_damage(r->made);
    printf("compared: %" PRIu64 " forecasts, %" PRIu64 " alerts, %" PRIu64 " replies, %" PRIu64 " dead letters, %" PRIu64 " sums\n",
           r->forecasts, r->alerts, r->replies, r->dead_letters, r->cells);
    printf("workers ended by themselves:");
    for (int code = 0; code < 128; code++)
        if (r->restarts[code])
            printf(" %" PRIu64 " with %d", r->restarts[code], code);
    printf("\nfaults: kills of a worker %" PRIu64 " (inside a commit or a close %" PRIu64 ")", r->faults[FAULT_KILL] + r->points,
           r->points);
    for (int i = FAULT_KILL + 1; i < FAULT_COUNT; i++)
        if (r->faults[i])
            printf(", %s %" PRIu64, fault_name((enum fault)i), r->faults[i]);
    printf("; %.0f s, %.0f records/s\n", r->seconds, (double)r->events / r->sent_seconds);
    print_waiting(r->held_waiting);
}

static void print_result(const struct run_result *r)
{
    print_verdicts(r->verdicts);
    print_damage(r->made);
    printf("%" PRIu64 " kills, %" PRIu64 " of them inside a batch or a close; %" PRIu64 " sums compared in %" PRIu64
           " checks; %.0f s, %.0f records/s\n",
           r->kills, r->crash_points, r->cells, r->checks, r->seconds, (double)r->events / r->seconds);
    print_waiting(r->held_waiting);
    if (r->memory_bound_bytes)
        printf("memory: %+" PRId64 " KiB over %" PRIu64 " records of one worker; a leak of one byte a record would be %" PRId64 " KiB\n",
               r->memory_growth_bytes / 1024, r->memory_records, r->memory_bound_bytes / 1024);
}

_Noreturn static void usage(const char *option)
{
    fprintf(
        stderr,
        "chaos: %s: not an option with its number (--records N, --seed S, --minutes N, --partitions 1..12; with --kafka also --brokers 1 "
        "or 3, --workers 1..9)\n",
        option);
    exit(64);
}

static uint64_t number_of(const char *option, const char *text)
{
    char *end;
    uint64_t v = text ? strtoull(text, &end, 10) : 0;
    if (!text || end == text || *end)
        usage(option);
    return v;
}

struct wish {
    uint64_t seed, records, minutes, brokers, workers, partitions, sabotage;
    bool kafka;
};

static void read_wish(struct wish *w, int argc, char **argv)
{
    struct {
        const char *name;
        uint64_t *to, least, most;
    } const options[] = {
        {"--seed", &w->seed, 0, UINT64_MAX},
        {"--records", &w->records, 1, UINT64_MAX},
        {"--minutes", &w->minutes, 0, 1000000},
        {"--brokers", &w->brokers, 1, 3},
        {"--workers", &w->workers, 1, CREW_MAX},
        {"--partitions", &w->partitions, 1, 12},
        {"--sabotage", &w->sabotage, 0, SABOTAGE_DIFFERENT},
    };
    for (int i = 1; i < argc; i++) {
        size_t at = 0;
        if (strcmp(argv[i], "--kafka") == 0) {
            w->kafka = true;
            continue;
        }
        while (at < sizeof options / sizeof *options && strcmp(argv[i], options[at].name) != 0)
            at++;
        if (at == sizeof options / sizeof *options)
            usage(argv[i]);
        const uint64_t v = number_of(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (v < options[at].least || v > options[at].most || (options[at].to == &w->brokers && v == 2))
            usage(argv[i]);
        *options[at].to = v;
        i++;
    }
}

static void add_findings(struct findings *all, const struct findings *f)
{
    all->lost += f->lost;
    all->doubled += f->doubled;
    all->different += f->different;
}

/* One run, as long as wished. */
static uint64_t on_kafka(const struct wish *w, const char *program, struct findings *all)
{
    static struct storm_result r;
    struct storm_options o = {.seed = w->seed,
                              .minutes = w->minutes ? w->minutes : 3,
                              .brokers = w->brokers ? (int)w->brokers : 1,
                              .workers = w->workers ? w->workers : 3,
                              .partitions = w->partitions ? (int32_t)w->partitions : 6,
                              .program = program,
                              .sabotage = (enum sabotage)w->sabotage};
    o.records = w->records ? w->records : o.minutes * RECORDS_A_MINUTE;
    printf("seed %" PRIu64 "\n", o.seed);
    storm_run(&o, &r);
    print_storm(&r);
    add_findings(all, &r.findings);
    return r.events;
}

/* Again and again with the next seed, until the minutes are over. */
static uint64_t on_embedded(const struct wish *w, const char *program, struct findings *all)
{
    uint64_t events = 0;
    struct run_options o = {.seed = w->seed,
                            .records = w->records ? w->records : 1000000,
                            .partitions = w->partitions ? (int32_t)w->partitions : 3,
                            .program = program,
                            .sabotage = (enum sabotage)w->sabotage};
    const int64_t until = loop_now_us() + (int64_t)w->minutes * 60000000;
    do {
        struct run_result r = {0};
        printf("seed %" PRIu64 "\n", o.seed++);
        run_chaos(&o, &r);
        print_result(&r);
        events += r.events;
        add_findings(all, &r.findings);
    } while (loop_now_us() < until);
    return events;
}

int main(int argc, char **argv)
{
    struct wish wish = {.seed = (uint64_t)time(NULL)};
    struct findings all = {0};
    const char *program = getenv("STORECAST_BIN");
    read_wish(&wish, argc, argv);
    if (!program || !*program)
        chaos_fail("STORECAST_BIN is not set (use scripts/chaos)");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    const uint64_t events = wish.kafka ? on_kafka(&wish, program, &all) : on_embedded(&wish, program, &all);
    printf("events %" PRIu64 " lost %" PRIu64 " doubled %" PRIu64 " different %" PRIu64 "\n", events, all.lost, all.doubled, all.different);
    return all.lost || all.doubled || all.different ? 1 : 0;
}
