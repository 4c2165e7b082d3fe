/* alert.h: what wakes people: one FIRING and one RESOLVED, with the number, the threshold, the cause. Internal to engine/. */
#ifndef STORECAST_ENGINE_ALERT_H
#define STORECAST_ENGINE_ALERT_H

#include "engine/partition.h"

/* Feeds the newest errors of a column to its drift machine and publishes what it fires or resolves. `level`: the last known
 * value, for the money at stake. */
enum status alert_drift(struct engine *e, const struct pool_work *pool, size_t column, period_t closed, struct effects *fx) MUST_CHECK;
/* FEED_SILENT: at the close of a period, for a store. */
enum status alert_silence(struct engine *e, struct store *store, period_t closed, struct effects *fx) MUST_CHECK;
/* SUSPECT_STOCKOUT: at the close of a period, for a series that sold and then sold nothing for ALERT_ZERO_PERIODS. */
#define ALERT_ZERO_PERIODS 13
enum status alert_stockout(struct engine *e, struct series *s, period_t closed, struct effects *fx) MUST_CHECK;
/* SERIES_LIMIT: once, at the first record refused for it. */
enum status alert_series_limit(struct engine *e, const struct sales_update *refused, struct effects *fx) MUST_CHECK;

#endif
