/* roster.h: the series that the open period waits for, so that it can close before the watermark passes it.
 *
 * On the roster of the open period is every series with a final Total for the period before it, also one that came as a
 * correction after that close; a store's Complete counts as the Total of its total, and on the open period as that of all its
 * series. An empty roster never closes early. Internal to engine/. */
#ifndef STORECAST_ENGINE_ROSTER_H
#define STORECAST_ENGINE_ROSTER_H

#include "engine/partition.h"

/* Take a series (or all of a store) out of the counts before a change, and put it back afterwards. */
void roster_remove(struct engine *e, const struct series *s);
void roster_add(struct engine *e, const struct series *s);
void roster_remove_store(struct engine *e, const struct store *store);
void roster_add_store(struct engine *e, const struct store *store);
/* Counts all anew: after a close, a rollback or a restore. */
void roster_recount(struct engine *e);

#endif
