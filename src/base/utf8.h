/* utf8.h: what is UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF). Thread: any. */
#ifndef STORECAST_BASE_UTF8_H
#define STORECAST_BASE_UTF8_H

#include "base/bytes.h"

/* Bytes of the valid sequence at the start of `at`, and its code point; 0 when it is none. */
size_t utf8_take(const uint8_t *at, size_t left, uint32_t *out_code);
bool utf8_valid(struct text t);

#endif
