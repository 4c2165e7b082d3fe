/* read.h: an Avro value, read with its writer's schema, into our struct. Thread: one per value. */
#ifndef STORECAST_CODEC_READ_H
#define STORECAST_CODEC_READ_H

#include "codec/plan.h"

/* Fills *out (plan->table->size bytes, zeroed by the caller); texts and arrays go to the arena. The bytes have passed
 * the guard. STATUS_BAD_MESSAGE, STATUS_BAD_TEXT, STATUS_OUT_OF_RANGE, STATUS_NOT_FOUND (a symbol or body of a newer
 * schema), with the field in t->why; STATUS_NO_MEMORY. */
enum status read_record(const struct plan *plan, const avro_value_t *value, struct arena *arena, struct trail *t, void *out) MUST_CHECK;

/* Units to millionths, half away from zero. |units| <= MESSAGE_QUANTITY_MAX. */
int64_t read_millionths(double units);

#endif
