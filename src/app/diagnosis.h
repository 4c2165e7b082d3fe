/* diagnosis.h: what a model's residuals say, for people and scripts: forecast --diagnose.
 *
 * ARIMA models: innovations in sample. All others: their rolling one-step errors, in logs (levels for a series kept in levels).
 * CSV has the columns of the table and acf, pacf as lists with semicolons; JSON arrays. Thread: any. */
#ifndef STORECAST_APP_DIAGNOSIS_H
#define STORECAST_APP_DIAGNOSIS_H

#include "app/report.h"
#include "forecast/diagnostics.h"
#include "forecast/replay.h"

struct diagnosis {
    enum member member;
    bool in_sample; /* of an ARIMA model: then order, regressors, sigma2 and aicc */
    struct arima_order order;
    size_t regressors;
    double sigma2, aicc;
    struct diagnostics residuals;
};

/* Of one model for one series at an origin. STATUS_NO_MEMORY only. */
enum status diagnosis_of(const struct replay_origin *at, enum member m, size_t series, struct diagnosis *out) MUST_CHECK;

/* "(2,1,1)(0,1,1)[12] with constant" */
#define DIAGNOSIS_ORDER_BYTES 64
void diagnosis_order(const struct arima_order *o, char out[DIAGNOSIS_ORDER_BYTES]);

/* A report begun with it is ended by report_end. */
void diagnosis_begin(struct report *r, FILE *out, enum report_format format);
void diagnosis_row(struct report *r, struct text series, const struct diagnosis *d);

#endif
