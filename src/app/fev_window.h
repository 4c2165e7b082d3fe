/* fev_window.h: protocol fev on the panel of a file: which series are in, and the models' scores. Thread: main.
 *
 * In are the series that have a value in the last period and in at least FEV_WINDOW_LEAST of the known ones. Series of one
 * product or department are pooled over the stores of their partition. */
#ifndef STORECAST_APP_FEV_WINDOW_H
#define STORECAST_APP_FEV_WINDOW_H

#include "app/panel.h"
#include "forecast/fev.h"

#define FEV_WINDOW_LEAST 13

struct fev_window {
    size_t known, ahead, threads;
    int32_t partitions;
    void *user;
    void (*on_progress)(void *user, size_t done, size_t total); /* NULL = none */
};

struct fev_scores {
    int32_t partitions;
    size_t series;
    struct fev_sums sums[FEV_MODELS];
};

/* STATUS_TOO_SHORT as fev_run; STATUS_NO_MEMORY. */
enum status fev_window_run(const struct panel *panel, const struct fev_window *window, struct fev_scores *out) MUST_CHECK;

#endif
