/* scores.h: what was published, against what was sold: accuracy of standing forecasts as a reader of the topic sees it.
 *
 * Forecasts are kept as read (of one series and origin the greatest issue); scored are the last `origins` origins that
 * have an actual, steps 1, 1..4 and 1..8, pooled over all series. The ensemble is the published median; the other
 * members are the values per model. Bounds are those published, so only the ensemble has coverage.
 * Thread: any, one at a time. */
#ifndef STORECAST_APP_SCORES_H
#define STORECAST_APP_SCORES_H

#include "base/period.h"
#include "engine/message.h"
#include "forecast/accuracy.h"
#include "forecast/member.h"

#define SCORES_HORIZON 8
#define SCORES_GROUPS 3
#define SCORES_ORIGINS 52
extern const size_t scores_limit[SCORES_GROUPS]; /* 1, 4, 8 */

struct scores;
/* Of the periods first .. first + periods - 1; what lies outside is ignored. Caller frees. */
enum status scores_new(const struct period_grid *grid, period_t first, size_t periods, struct scores **out) MUST_CHECK;
void scores_free(struct scores *s);

/* What a series sold in a period; a later call replaces it. product absent = the whole store. */
enum status scores_actual(struct scores *s, struct text store, struct text product, period_t period, double value) MUST_CHECK;
/* A standing forecast. Copies what it needs. */
enum status scores_add(struct scores *s, const struct forecast_result *r) MUST_CHECK;

/* series: as in the keys of the forecasts topic; origin: how many periods from `first` on are known; h: from 1. */
typedef void scores_visit(void *arg, struct text series, size_t origin, size_t h, enum member m, double value);
/* Every value that is kept, by series, origin, step and member. */
void scores_each(const struct scores *s, scores_visit *visit, void *arg);

size_t scores_series(const struct scores *s); /* with an actual */

struct scores_table {
    struct accuracy_sums sums[MEMBER_COUNT][SCORES_GROUPS];
    size_t missing;        /* (series, origin) pairs that should be there and are not */
    period_t first, last;  /* first and last origin scored: last known period */
};
void scores_compute(const struct scores *s, size_t origins, struct scores_table *out);

#endif
