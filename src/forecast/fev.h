/* fev.h: protocol fev: one window, as the task `walmart` of the public benchmark fev-bench has it: `known` periods, then `ahead`
 * periods forecast at once, nine quantiles (forecasting.md 2b).
 *
 * The models are walked over earlier origins, every fourth period: their errors there give the weights of the ensemble, per
 * department and horizon band, and the scale of the quantiles (department_errors.h). Nothing from `known` on is looked at
 * before it is scored, and no covariate at all. Thread: one at a time (threads of its own for the fits). */
#ifndef STORECAST_FORECAST_FEV_H
#define STORECAST_FORECAST_FEV_H

#include "forecast/department.h"

enum fev_model { /* order of output */
                 FEV_ENSEMBLE,
                 FEV_DEPARTMENTS,
                 FEV_DAMPED_GROWTH,
                 FEV_SEASONAL_YOY,
                 FEV_COVARIATE_PANEL,
                 FEV_SEASONAL_NAIVE,
                 FEV_NAIVE,
                 FEV_MODELS
};
const char *fev_model_name(enum fev_model m);

/* Plain sums, so that pools can be added; zero-initialise. A loss is that of one quantile, mean over the nine. */
struct fev_sums {
    size_t n, scaled, failed; /* steps scored; with a scale; forecast by the last value for want of a model */
    double error, actual, loss, scaled_error, scaled_loss;
};
enum fev_metric { FEV_WAPE, FEV_MASE, FEV_SQL, FEV_WQL, FEV_METRICS };
/* NaN when nothing was counted, and for losses of the naive models, which have no quantiles. */
double fev_metric_value(enum fev_model model, const struct fev_sums *sums, enum fev_metric metric);

struct fev_input {
    const struct department_panel *panel; /* of `known` + `ahead` periods at least */
    size_t known, ahead;
    size_t threads; /* 0 = 1 */
    void *user;
    void (*on_progress)(void *user, size_t done, size_t total); /* NULL = none */
};

#define FEV_MIN_KNOWN 68 /* four origins: two to learn the size of errors, one that is scored, and the window */

/* Adds to sums[FEV_MODELS]. STATUS_TOO_SHORT below FEV_MIN_KNOWN; STATUS_NO_MEMORY. 1 <= ahead <= one season. */
enum status fev_run(const struct fev_input *input, struct fev_sums *sums) MUST_CHECK;

#endif
