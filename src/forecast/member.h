/* member.h: the models there are, one row each; backtest, forecast, worker, metrics and help all read this table.
 *
 * Ids are written into state records and never reused. Thread: any. */
#ifndef STORECAST_FORECAST_MEMBER_H
#define STORECAST_FORECAST_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum member { /* index in the table; order of output everywhere */
    MEMBER_ENSEMBLE,
    MEMBER_SEASONAL_YOY,
    MEMBER_SEASONAL_YOY_SINGLE,
    MEMBER_SEASONAL_YOY_ALONE,
    MEMBER_DAMPED_GROWTH,
    MEMBER_ARIMA_GROWTH,
    MEMBER_ARIMA_REGRESSION,
    MEMBER_SISTERS,
    MEMBER_MEAN,
    MEMBER_SES,
    MEMBER_DAMPED_DRIFT,
    MEMBER_SEASONAL_NAIVE,
    MEMBER_NAIVE,
    MEMBER_COUNT
};

enum member_flags {
    MEMBER_POOLED = 1, /* learns from the whole pool */
    MEMBER_SHORT = 2,  /* for histories too short for the seasonal models */
    MEMBER_BASELINE = 4, /* shown beside the others, enters the ensemble only when nothing else can */
    MEMBER_ON_REQUEST = 8, /* costs far more than the others together: fitted only where it is named, which "all" does not */
};

struct member_row {
    uint16_t id, version;
    const char *name, *family; /* one member per family enters the ensemble */
    uint16_t min_periods; /* observed */
    uint16_t min_pool;    /* long series in the pool */
    uint16_t max_horizon;
    uint32_t flags;
    const char *help;
};

extern const struct member_row member_table[MEMBER_COUNT];

static inline bool member_in(uint32_t members, enum member m)
{
    return members >> m & 1;
}
uint32_t member_all(void);      /* bits of every member that is not on request */
uint32_t member_on_request(void);

/* MEMBER_COUNT when there is no such model. `best` is not a member: whoever takes it resolves it. */
enum member member_find(struct text name);
enum member member_of_id(uint16_t id); /* MEMBER_COUNT when unknown */

#endif
