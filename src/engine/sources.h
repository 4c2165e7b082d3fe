/* sources.h: tills with a counter, each with a window of the sequences it has sent. At most dedup.sources of them are kept; the
 * one used longest ago is forgotten first, by the offset of its last use, which is the same in every replay.
 * Internal to engine/. */
#ifndef STORECAST_ENGINE_SOURCES_H
#define STORECAST_ENGINE_SOURCES_H

#include "engine/dedup.h"

/* Looks a record with source and sequence up. */
enum dedup_verdict sources_check(const struct engine *e, const struct sales_update *u);
/* Remembers it. */
enum status sources_admit(struct engine *e, const struct sales_update *u, int64_t offset, struct engine_counters *counters) MUST_CHECK;

/* For restore, rollback and commit. */
enum status sources_load(struct engine *e, struct text store, struct text name, struct source **out) MUST_CHECK;
void sources_sync(struct engine *e, uint32_t index); /* after its bytes were restored */
void sources_recount(struct engine *e);              /* after all of a rollback */
void sources_remove(struct engine *e, uint32_t index);
void sources_drop_gone(struct engine *e);            /* those forgotten in the batch that is committed */
void sources_done(struct engine *e);

#endif
