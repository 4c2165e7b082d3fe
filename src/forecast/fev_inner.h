/* fev_inner.h: the origins that protocol fev walks over. Internal to fev*.c. */
#ifndef STORECAST_FORECAST_FEV_INNER_H
#define STORECAST_FORECAST_FEV_INNER_H

#include "forecast/department_errors.h"
#include "forecast/fev.h"

#define FEV_MEMBERS  3                         /* of the ensemble: the models after it */
#define FEV_MODELLED (FEV_COVARIATE_PANEL + 1) /* the models before the naive ones */

struct fev_origin {
    struct department_known *known;
    struct department_signs signs;
    double *point[FEV_MODELLED];    /* by enum fev_model: horizon x series, logs */
    double *error[FEV_MEMBERS + 1]; /* of the members: the same cells, where the target lies before the window */
    enum status status;
};

/* Fills point[FEV_ENSEMBLE] of the last of `count` origins from the errors of those before. */
enum status fev_combine(const struct fev_origin *origins, size_t count) MUST_CHECK;
/* quantiles: [(h * series + s) * DEPARTMENT_LEVELS + level], logs. */
void fev_score_quantiles(const struct fev_input *in, const double *quantiles, struct fev_sums *sums);
void fev_score_naive(const struct fev_input *in, bool seasonal, struct fev_sums *sums);

#endif
