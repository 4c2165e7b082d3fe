/* chaos.h: what the files of this folder share. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_CHAOS_H
#define STORECAST_TESTS_CHAOS_CHAOS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Says why, ends the worker and exits with 2: the run proves nothing. */
_Noreturn void chaos_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
void *chaos_memory(void *allocated); /* what was allocated, or chaos_fail */

/* Random numbers: the same seed, the same run. */
struct dice {
    uint64_t state;
};
uint64_t dice_next(struct dice *d);
uint64_t dice_below(struct dice *d, uint64_t end); /* 0..end - 1 */
bool dice_is(struct dice *d, double probability);

/* What did not come out as it must, by kind; the first of each are printed. */
struct findings {
    uint64_t lost, doubled, different;
    uint64_t told;
};
enum finding { FINDING_LOST, FINDING_DOUBLED, FINDING_DIFFERENT };
void findings_add(struct findings *f, enum finding kind, uint64_t count, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
