/* bytes.h: borrowed bytes and texts, a growing buffer, and an arena.
 *
 * Writers put explicit little-endian fields (big-endian ones for keys, so that keys sort by number); readers
 * check bounds and remember the first failure, so that a parser checks once at its end.
 * Growing writers remember a failed allocation in `failed` instead of returning a status each time.
 * Thread: any, one at a time. */
#ifndef STORECAST_BASE_BYTES_H
#define STORECAST_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct bytes { /* borrowed */
    const uint8_t *data;
    size_t size;
};

struct text { /* borrowed UTF-8, not NUL-terminated; data NULL = absent */
    const char *data;
    size_t size;
};

struct text text_of(const char *nul_terminated); /* NULL gives an absent text */
bool text_starts(struct text t, const char *beginning);
bool text_equal(struct text a, struct text b);  /* two absent texts are equal */
int text_compare(struct text a, struct text b); /* bytewise, shorter first; absent before all */

struct buffer {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
};

void buffer_done(struct buffer *b);
void buffer_clear(struct buffer *b);                          /* keeps the memory */
enum status buffer_status(const struct buffer *b) MUST_CHECK; /* STATUS_NO_MEMORY when any put failed */
struct bytes buffer_bytes(const struct buffer *b);
void buffer_put(struct buffer *b, const void *data, size_t size);
void buffer_put_u8(struct buffer *b, uint8_t v);
void buffer_put_u16(struct buffer *b, uint16_t v); /* little-endian, as the next three */
void buffer_put_u32(struct buffer *b, uint32_t v);
void buffer_put_u64(struct buffer *b, uint64_t v);
void buffer_put_double(struct buffer *b, double v); /* the 8 bytes of IEEE 754, little-endian */
void buffer_put_big32(struct buffer *b, uint32_t v);
void buffer_put_big64(struct buffer *b, uint64_t v);
void buffer_put_text(struct buffer *b, struct text t); /* 16-bit length (BYTES_TEXT_ABSENT = absent), then the bytes */
#define BYTES_TEXT_ABSENT UINT16_C(0xffff)
void buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct reader {
    const uint8_t *at;
    size_t left;
    bool failed; /* a read went past the end; all later reads give zero */
};

struct reader reader_of(struct bytes bytes);
struct bytes reader_take(struct reader *r, size_t size);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
double reader_double(struct reader *r);
uint32_t reader_big32(struct reader *r);
uint64_t reader_big64(struct reader *r);
struct text reader_text(struct reader *r); /* borrowed from the bytes */

/* An arena: many small allocations, freed together. Memory is zeroed and aligned to 16. */
struct arena_block;
struct arena {
    struct arena_block *blocks;
};
void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;               /* NULL when out of memory */
void *arena_array(struct arena *a, size_t count, size_t size) MUST_CHECK; /* NULL on overflow too */
struct text arena_text(struct arena *a, struct text t); /* a copy, NUL-terminated behind its end; absent when out of memory */
void arena_clear(struct arena *a);                      /* keeps one block for the next round */
void arena_done(struct arena *a);

#endif
