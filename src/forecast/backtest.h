/* backtest.h: how well every member would have done: walk-forward over origins, errors pooled (forecasting.md 1).
 *
 * Rolling: origins first_origin .. periods - 1, horizon steps, cut at the last period (split B). Holdout: one origin, all that
 * follows, at most POOL_HORIZON_MAX steps (split A). Everything is refitted at every origin and uses earlier periods only.
 * Scored are observed actuals; a step that a member gave no number for is not scored for it.
 * Bounds are scored for MEMBER_ENSEMBLE and MEMBER_SEASONAL_YOY, each with quantiles from its own errors.
 * Thread: one at a time (threads of its own for the fits). */
#ifndef STORECAST_FORECAST_BACKTEST_H
#define STORECAST_FORECAST_BACKTEST_H

#include "forecast/accuracy.h"
#include "forecast/replay.h"

#define BACKTEST_GROUPS 3 /* horizon groups, each 1..limit */

struct conformal;

struct backtest_pool { /* series that share strength, as one partition holds them */
    size_t series;
    const double *value; /* periods x series, levels, NaN = unknown */
    const size_t *label; /* the caller's number of each column, below `labels` */
};

struct backtest_forecast { /* median in levels */
    size_t origin, label, h;
    enum member member;
    double value;
};

struct backtest_input {
    const struct period_grid *grid;
    period_t first;
    size_t periods;
    const struct backtest_pool *pools;
    size_t pool_count;
    size_t labels;
    bool outliers, holdout;
    uint32_t excluded, requested; /* as in struct replay_input */
    size_t history;
    size_t first_origin; /* 1 .. periods - 1 */
    size_t horizon;      /* rolling: 1 .. POOL_HORIZON_MAX */
    size_t threads;
    void *user;
    void (*on_progress)(void *user, size_t done, size_t total);                 /* NULL = none */
    void (*on_forecast)(void *user, const struct backtest_forecast *forecast);  /* NULL = none; numbers only, steps up to the last period */
};

struct backtest_result {
    size_t labels, groups;
    size_t limit[BACKTEST_GROUPS]; /* last step of each group */
    struct accuracy_sums *sums;    /* [(label * MEMBER_COUNT + member) * groups + group] */
};

/* STATUS_NO_MEMORY only. Caller calls backtest_result_done. */
enum status backtest_run(const struct backtest_input *input, struct backtest_result *out) MUST_CHECK;
void backtest_result_done(struct backtest_result *r);
const struct accuracy_sums *backtest_sums(const struct backtest_result *r, size_t label, enum member m, size_t group);
/* Pooled over all labels, added in their order. */
struct accuracy_sums backtest_pooled(const struct backtest_result *r, enum member m, size_t group);

/* in_pool for conformal_new: the long series. And the conformal of one member at an origin. Caller frees. */
enum status backtest_conformal(const struct replay_origin *at, enum member m, struct conformal **out) MUST_CHECK;

#endif
