/* What the year-over-year model costs: prints instructions where valgrind counts them, else microseconds, and asserts
 * only the instructions. Run by itself it prints the times of a table of sizes. */
#include "support/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"
#include "forecast/yoy.h"

static const struct period_grid grid = {PERIOD_WEEK, FRIDAY};

struct job {
    const char *name;
    const struct yoy_configuration *configurations;
    size_t count, series, periods;
};

static const struct job jobs[] = {{"averaged", yoy_averaged, YOY_AVERAGED, 45, 143},
                                  {"single", &yoy_single, 1, 45, 143},
                                  {"alone", &yoy_alone, 1, 45, 143},
                                  {"alone", &yoy_alone, 1, 1, 143},
                                  {"averaged", yoy_averaged, YOY_AVERAGED, 8, 143},
                                  {"averaged", yoy_averaged, YOY_AVERAGED, 300, 143}};

struct work {
    struct calendar *calendar;
    double *x, *out;
};

static void work_init(struct work *w, const struct job *job)
{
    assert_ok(calendar_new(&grid, &w->calendar));
    assert_ok(calendar_cover(w->calendar, 2000, 2000 + (period_t)job->periods + 8));
    w->x = calloc(job->series * job->periods, sizeof *w->x);
    w->out = calloc(job->series * 8, sizeof *w->out);
    for (size_t t = 0; t < job->periods; t++)
        for (size_t i = 0; i < job->series; i++)
            w->x[t * job->series + i] = 12.0 + .2 * sin(.1208 * (double)t + (double)i) + .05 * sin(12.9898 * (double)(t * 78 + i * i));
}

static void work_done(struct work *w)
{
    calendar_free(w->calendar);
    free(w->x);
    free(w->out);
}

/* The function whose instructions are counted. */
void fit_and_forecast(struct work *w, const struct job *job);
__attribute__((noinline)) void fit_and_forecast(struct work *w, const struct job *job)
{
    struct yoy_input input = {w->x, job->periods, job->series, 2000, w->calendar};
    struct yoy_model *m = NULL;
    assert_ok(yoy_fit(&input, job->configurations, job->count, &m));
    assert_ok(yoy_forecast(m, 8, w->out));
    yoy_free(m);
}

static double microseconds(const struct job *job)
{
    struct work w;
    struct timespec begin, end;
    int times = 5;
    work_init(&w, job);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int k = 0; k < times; k++)
        fit_and_forecast(&w, job);
    clock_gettime(CLOCK_MONOTONIC, &end);
    work_done(&w);
    return ((double)(end.tv_sec - begin.tv_sec) * 1e6 + (double)(end.tv_nsec - begin.tv_nsec) * 1e-3) / times;
}

static void times_are_printed(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof jobs / sizeof jobs[0]; k++)
        print_message("  %-9s %4zu series x %zu periods, fit and 8 steps: %8.0f us\n", jobs[k].name, jobs[k].series, jobs[k].periods,
                      microseconds(&jobs[k]));
}

/* Instructions of fit_and_forecast for one job, by callgrind; -1 where it cannot run. */
static long instructions(size_t job)
{
    char self[4096], command[5000], line[256];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    snprintf(command, sizeof command,
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=fit_and_forecast '%s' job %zu 2>&1", self, job);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    long count = -1;
    while (fgets(line, sizeof line, pipe)) {
        const char *at = strstr(line, "Collected : ");
        if (at)
            count = strtol(at + strlen("Collected : "), NULL, 10);
    }
    return pclose(pipe) == 0 ? count : -1;
}

static void forty_five_stores_and_ten_configurations_take_fewer_than_45_million_instructions(void **state)
{
    (void)state;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    skip();
#endif
    if (system("valgrind --version > /dev/null 2>&1") != 0) {
        print_message("  valgrind is not installed: not counted\n");
        skip();
    }
    long count = instructions(0);
    print_message("  %ld instructions\n", count);
    assert_true(count > 0 && count < 45000000);
    assert_true(instructions(2) < 6000000);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "job") == 0) {
        struct work w;
        const struct job *job = &jobs[strtoul(argv[2], NULL, 10)];
        work_init(&w, job);
        fit_and_forecast(&w, job);
        work_done(&w);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_printed),
        cmocka_unit_test(forty_five_stores_and_ten_configurations_take_fewer_than_45_million_instructions),
    };
    return fixture_run(argc, argv, tests);
}
