/* close.h: when a period closes, and what happens then: score, fit, forecast, watch, publish.
 *
 * A close is computed as a whole (pools_build) and published series by series; what the computation reads is not changed
 * by the publishing, so a close that was interrupted between two chunks is computed again with the same result and goes on
 * at its cursor. Internal to engine/. */
#ifndef STORECAST_ENGINE_CLOSE_H
#define STORECAST_ENGINE_CLOSE_H

#include "engine/partition.h"

/* The period to close next and why; PERIOD_NONE when none is due. */
period_t close_next(const struct engine *e, enum close_cause *out_cause);
const char *close_cause_name(enum close_cause cause);

#endif
