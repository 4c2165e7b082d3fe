/* walmart.h: the 45 stores of the shared data, streamed through engines as a worker would. */
#ifndef STORECAST_TESTS_SUPPORT_ENGINE_WALMART_H
#define STORECAST_TESTS_SUPPORT_ENGINE_WALMART_H

#include "support/engine/driver.h"

#define WALMART_STORES 45
#define WALMART_WEEKS 143

struct walmart {
    double sales[WALMART_WEEKS][WALMART_STORES]; /* store s is column s - 1 */
    char ids[WALMART_STORES][4];
};

/* Skips the running test when the file is absent. */
void walmart_read_or_skip(struct walmart *w);

struct walmart_run {
    double forecast[WALMART_WEEKS + 1][8][WALMART_STORES]; /* of one model: origin (weeks known), step - 1, store; 0 = none */
    double inside80[3], inside95[3];                       /* coverage in percent of origins 91.. for h = 1, 1..4, 1..8 */
    double ensemble[3];                                    /* MAPE of the ensemble, likewise */
    struct driver_alert *alerts; /* of all partitions, caller frees */
    size_t alert_count;
    size_t closes;
};

/* Streams the weeks as Totals (week ends Friday) through `partitions` engines; `model` is the one whose values are kept. */
void walmart_stream(const struct walmart *w, int partitions, bool outliers, const char *model, struct walmart_run *out);
/* The same with one model alone in the ensemble. */
void walmart_stream_alone(const struct walmart *w, int partitions, bool outliers, const char *model, struct walmart_run *out);
/* Rolling MAPE of origins 91..142 for h = 1, 1..4, 1..8; out_n: pairs. */
void walmart_mape(const struct walmart *w, const struct walmart_run *run, double out[3], size_t out_n[3]);

#endif
