/* pool.h: all members fitted on one pool at one origin.
 *
 * A pool is the series that share strength: all store totals of a partition, or all products of a category. Input are
 * raw levels, periods x series, row-major, NaN where nothing is known (forecasting.md 3.8 decides what is done about it):
 *   outliers are flagged (pools of YOY_MIN_POOL long series and more) and treated as missing for fitting;
 *   gaps of long series are filled; long = observed in at least YOY_MIN_PERIODS periods, positive nearly everywhere;
 *   long series get the seasonal_yoy members, others sisters, mean, SES, damped drift by the table of 3.8;
 *   naive and seasonal naive are computed for every series, from its last raw values.
 * Every path gives a finite number with a status or no number; columns do not disturb each other's presence.
 * The order of the columns is the caller's and decides the last bits: sort them.
 * Thread: any; a fit is read-only after pool_fit. */
#ifndef STORECAST_FORECAST_POOL_H
#define STORECAST_FORECAST_POOL_H

#include "forecast/arima_model.h"
#include "forecast/calendar.h"
#include "forecast/member.h"

struct pool_input {
    const struct period_grid *grid;
    struct calendar *calendar; /* covers first .. first + periods + POOL_HORIZON_MAX */
    period_t first;            /* of row 0 */
    size_t periods, series;
    const double *value;       /* levels */
    bool outliers;             /* flag and leave them out */
    uint32_t requested;        /* bit m: fit member m though it is MEMBER_ON_REQUEST */
};
#define POOL_HORIZON_MAX 150

struct diagnostics;

enum series_kind { SERIES_NONE /* nothing observed */, SERIES_SHORT, SERIES_LONG, SERIES_LEVEL /* zeros or negatives: in levels */ };

struct pool_series {
    enum series_kind kind;
    size_t observed, first_row, last_row; /* rows with a value; undefined for SERIES_NONE */
    double low, high;       /* of the last two seasons of raw values: what a sound forecast keeps near (3.6) */
    double residual_sd;     /* one step, in logs (in levels for SERIES_LEVEL): where intervals start from */
    size_t outliers;        /* cells left out */
};

struct pool_fit;

struct pool_residuals { /* what a fit leaves of a series, in sample */
    struct arima_order order;
    size_t regressors;
    double sigma2, aicc;
    const struct diagnostics *diagnostics; /* borrowed from the fit */
};

/* Copies what it needs but the calendar. Caller frees. */
enum status pool_fit(const struct pool_input *input, struct pool_fit **out) MUST_CHECK;
void pool_fit_free(struct pool_fit *fit);

size_t pool_fit_series_count(const struct pool_fit *fit);
size_t pool_fit_long_count(const struct pool_fit *fit);
const struct pool_series *pool_fit_series(const struct pool_fit *fit, size_t series);
bool pool_fit_outlier(const struct pool_fit *fit, size_t row, size_t series);

/* Whether the member has a model for this series at all (then pool_fit_forecast gives STATUS_OK, though steps may be NaN).
 * False for MEMBER_ENSEMBLE. */
bool pool_fit_has(const struct pool_fit *fit, enum member member, size_t series);

/* For members with a likelihood (ARIMA); false for the others. */
bool pool_fit_residuals(const struct pool_fit *fit, enum member member, size_t series, struct pool_residuals *out);

/* out[horizon] of one member for one series: LOGS, except for SERIES_LEVEL (levels). NaN for every step that the member
 * has no sound number for (3.6: not finite, or outside low/20 .. 20 high). STATUS_TOO_SHORT (all NaN) when the member is not for
 * this series. MEMBER_ENSEMBLE is not computed here (ensemble.h). Deterministic, allocates scratch only. */
enum status pool_fit_forecast(const struct pool_fit *fit, enum member member, size_t series, size_t horizon, double *out) MUST_CHECK;

#endif
