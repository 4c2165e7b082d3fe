/* decimal.h: decimal numbers as people write them, exactly, as int64 millionths. Thread: any. */
#ifndef STORECAST_IO_DECIMAL_H
#define STORECAST_IO_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum decimal_result {
    DECIMAL_OK,
    DECIMAL_ABSENT,    /* empty, NA, N/A, NaN, null, none, - */
    DECIMAL_INVALID,
    DECIMAL_TOO_LARGE, /* beyond a million million */
};

/* Sign, digits (with groups of three, when written so), up to any number of decimals, exponent: never through a
 * double. More than six decimals are rounded, half away from zero. Spaces around are allowed.
 * point: '.' or ','; the other one then is the sign of groups. */
enum decimal_result decimal_millionths(struct text t, char point, int64_t *out);

#endif
