/* issued.h: what each origin issued for a series, kept for the day its targets are known: the ensemble's values of the last
 * ERRORS_ORIGINS origins, the members' of the last MEMBER_ORIGINS. Never recomputed by a newer model. Internal to engine/. */
#ifndef STORECAST_ENGINE_ISSUED_H
#define STORECAST_ENGINE_ISSUED_H

#include "engine/partition.h"

/* NULL when the origin is not kept. */
struct issued_slot *issued_find(const struct series *s, period_t origin);
struct member_slot *issued_members_find(const struct series *s, period_t origin);
/* Step value of a member at an origin; NaN when not issued. */
double issued_value(const struct series *s, period_t origin, enum member member, size_t step_index);

/* Keeps what a close issued: values[member * horizon + h], logs or (level) levels. */
enum status issued_keep(struct engine *e, struct series *s, period_t origin, bool level, bool counted, const double *values,
                        size_t horizon) MUST_CHECK;

/* For restore. */
enum status issued_rings_ready(struct series *s) MUST_CHECK; /* allocates them when missing */
struct issued_members *issued_members_new(size_t count);     /* NULL when out of memory; free() */

#endif
