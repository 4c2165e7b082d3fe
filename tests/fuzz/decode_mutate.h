/* decode_mutate.h: changes Avro bytes by what they mean: a field, a branch, a block of an array, a length, instead of any byte.
 * So the search gets behind the guard and stays near what is valid. Thread: one. */
#ifndef STORECAST_TESTS_FUZZ_DECODE_MUTATE_H
#define STORECAST_TESTS_FUZZ_DECODE_MUTATE_H

#include <stdint.h>

#include "base/bytes.h"
#include "codec/shape.h"

/* Appends a body with some values changed, most often still one that its schema can read. What of `body` is not by its
 * schema stays behind it as it is. The same seed gives the same bytes. */
void decode_mutate(const struct shape *shape, struct bytes body, uint64_t seed, struct buffer *out);

/* The same with a value of `other`, of the same type, in the place of one of body's. */
void decode_cross(const struct shape *shape, struct bytes body, const struct shape *other_shape, struct bytes other, uint64_t seed,
                  struct buffer *out);

/* Appends a new body with any values. */
void decode_generate(const struct shape *shape, uint64_t seed, struct buffer *out);

#endif
