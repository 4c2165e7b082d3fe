/* guard.h: walks a message's bytes against its writer's schema before Avro reads them.
 *
 * avro_value_read leaks on short reads, loops on absurd block counts, and accepts enums and booleans out of range.
 * What the guard lets through, it reads safely: every length fits the bytes left, every branch and symbol exists,
 * block counts are within a budget, no array takes more memory than Avro gets in one block (it would lose the block
 * that was too small, and write through NULL when it reads the next message), and the walk ends exactly at the last byte. Texts are UTF-8
 * without NUL (map keys too, which Avro hands out as C strings), and numbers are finite. Allocates nothing. Thread: any. */
#ifndef STORECAST_CODEC_GUARD_H
#define STORECAST_CODEC_GUARD_H

#include "codec/shape.h"

enum {
    GUARD_MAP_ENTRIES_MAX = 64,
    GUARD_ARRAY_BYTES_MAX = 8 * 1024 * 1024, /* of Avro's items, counted generously */
};

struct guard_limits {
    size_t items; /* array items and map entries in the whole message */
};

/* STATUS_BAD_MESSAGE, STATUS_BAD_TEXT (not UTF-8, or a NUL), STATUS_OUT_OF_RANGE (a number that is not finite) or
 * STATUS_TOO_LARGE (an array), with the place and reason in t->why. */
enum status guard_check(const struct shape *shape, struct bytes body, struct guard_limits limits, struct trail *t) MUST_CHECK;

/* Well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF) without NUL. */
bool guard_text_is_valid(const uint8_t *data, size_t size);

#endif
