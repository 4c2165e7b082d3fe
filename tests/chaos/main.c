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
#include "io/loop.h"

#define FINDINGS_TOLD 30

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
    _exit(128 + number);
}

static void print_result(const struct run_result *r)
{
    printf("became:");
    for (int v = 0; v < VERDICT_COUNT; v++)
        if (r->verdicts[v])
            printf(" %s %" PRIu64, verdict_name(v), r->verdicts[v]);
    printf("\ndamaged:");
    for (int i = 0; i < DAMAGE_COUNT; i++)
        printf("%s %s %" PRIu64, i ? "," : "", damage_name((enum damage_kind)i), r->made[i]);
    printf("\n%" PRIu64 " kills, %" PRIu64 " of them inside a batch or a close; %" PRIu64 " sums compared in %" PRIu64
           " checks; %.0f s, %.0f records/s\n",
           r->kills, r->crash_points, r->cells, r->checks, r->seconds, (double)r->events / r->seconds);
    if (r->held_waiting)
        printf("%" PRIu64 " callbacks of the worker's loop waited 50 ms, for a lock or a page: the machine was busy\n", r->held_waiting);
    if (r->memory_bound_bytes)
        printf("memory: %+" PRId64 " KiB over %" PRIu64 " records of one worker; a leak of one byte a record would be %" PRId64 " KiB\n",
               r->memory_growth_bytes / 1024, r->memory_records, r->memory_bound_bytes / 1024);
}

_Noreturn static void usage(const char *option)
{
    fprintf(stderr, "chaos: %s: not an option with its number (--records N, --seed S, --minutes N, --partitions 1..12)\n", option);
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

int main(int argc, char **argv)
{
    struct run_options o = {.seed = (uint64_t)time(NULL), .records = 1000000, .partitions = 3, .program = getenv("STORECAST_BIN")};
    uint64_t minutes = 0, events = 0;
    struct findings all = {0};
    for (int i = 1; i < argc; i += 2) {
        uint64_t v = number_of(argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (strcmp(argv[i], "--seed") == 0)
            o.seed = v;
        else if (strcmp(argv[i], "--records") == 0)
            o.records = v;
        else if (strcmp(argv[i], "--minutes") == 0)
            minutes = v;
        else if (strcmp(argv[i], "--partitions") == 0 && v >= 1 && v <= 12)
            o.partitions = (int32_t)v;
        else if (strcmp(argv[i], "--sabotage") == 0 && v <= SABOTAGE_DIFFERENT)
            o.sabotage = (enum sabotage)v;
        else
            usage(argv[i]);
    }
    if (!o.program || !*o.program)
        chaos_fail("STORECAST_BIN is not set (use scripts/chaos)");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    const int64_t until = loop_now_us() + (int64_t)minutes * 60000000;
    do {
        struct run_result r = {0};
        printf("seed %" PRIu64 "\n", o.seed++);
        run_chaos(&o, &r);
        print_result(&r);
        events += r.events;
        all.lost += r.findings.lost;
        all.doubled += r.findings.doubled;
        all.different += r.findings.different;
    } while (loop_now_us() < until);
    printf("events %" PRIu64 " lost %" PRIu64 " doubled %" PRIu64 " different %" PRIu64 "\n", events, all.lost, all.doubled, all.different);
    return all.lost || all.doubled || all.different ? 1 : 0;
}
