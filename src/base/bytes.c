#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text text_of(const char *nul_terminated)
{
    return (struct text){nul_terminated, nul_terminated ? strlen(nul_terminated) : 0};
}

bool text_equal(struct text a, struct text b)
{
    return !a.data == !b.data && a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int text_compare(struct text a, struct text b)
{
    if (!a.data || !b.data)
        return (a.data != NULL) - (b.data != NULL);
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- buffer */

void buffer_done(struct buffer *b)
{
    if (!b)
        return;
    free(b->data);
    *b = (struct buffer){0};
}

void buffer_clear(struct buffer *b)
{
    b->size = 0;
    b->failed = false;
}

enum status buffer_status(const struct buffer *b)
{
    return b->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

struct bytes buffer_bytes(const struct buffer *b)
{
    return (struct bytes){b->data, b->size};
}

static bool buffer_room(struct buffer *b, size_t size)
{
    if (b->failed || size > SIZE_MAX / 2 - b->size) {
        b->failed = true;
        return false;
    }
    if (b->size + size <= b->capacity)
        return true;
    size_t capacity = b->capacity ? b->capacity : 256;
    while (capacity < b->size + size)
        capacity *= 2;
    uint8_t *data = realloc(b->data, capacity);
    if (!data) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    return true;
}

void buffer_put(struct buffer *b, const void *data, size_t size)
{
    if (size == 0 || !buffer_room(b, size))
        return;
    memcpy(b->data + b->size, data, size);
    b->size += size;
}

void buffer_put_u8(struct buffer *b, uint8_t v)
{
    buffer_put(b, &v, 1);
}

static void put_little(struct buffer *b, uint64_t v, size_t size)
{
    uint8_t raw[8];
    for (size_t i = 0; i < size; i++)
        raw[i] = (uint8_t)(v >> (8 * i));
    buffer_put(b, raw, size);
}

static void put_big(struct buffer *b, uint64_t v, size_t size)
{
    uint8_t raw[8];
    for (size_t i = 0; i < size; i++)
        raw[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
    buffer_put(b, raw, size);
}

void buffer_put_u16(struct buffer *b, uint16_t v)
{
    put_little(b, v, 2);
}

void buffer_put_u32(struct buffer *b, uint32_t v)
{
    put_little(b, v, 4);
}

void buffer_put_u64(struct buffer *b, uint64_t v)
{
    put_little(b, v, 8);
}

void buffer_put_double(struct buffer *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_little(b, bits, 8);
}

void buffer_put_big32(struct buffer *b, uint32_t v)
{
    put_big(b, v, 4);
}

void buffer_put_big64(struct buffer *b, uint64_t v)
{
    put_big(b, v, 8);
}

#define TEXT_ABSENT UINT16_C(0xffff)

void buffer_put_text(struct buffer *b, struct text t)
{
    if (!t.data) {
        buffer_put_u16(b, TEXT_ABSENT);
        return;
    }
    assert(t.size < TEXT_ABSENT);
    buffer_put_u16(b, (uint16_t)t.size);
    buffer_put(b, t.data, t.size);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0 || !buffer_room(b, (size_t)size + 1)) {
        b->failed = true;
        return;
    }
    va_start(args, format);
    (void)vsnprintf((char *)b->data + b->size, (size_t)size + 1, format, args);
    va_end(args);
    b->size += (size_t)size;
}

/* ---- reader */

struct reader reader_of(struct bytes bytes)
{
    return (struct reader){bytes.data, bytes.size, false};
}

struct bytes reader_take(struct reader *r, size_t size)
{
    if (r->failed || size > r->left) {
        r->failed = true;
        return (struct bytes){NULL, 0};
    }
    struct bytes taken = {r->at, size};
    r->at += size;
    r->left -= size;
    return taken;
}

static uint64_t take_little(struct reader *r, size_t size)
{
    struct bytes raw = reader_take(r, size);
    uint64_t v = 0;
    for (size_t i = 0; i < raw.size; i++)
        v |= (uint64_t)raw.data[i] << (8 * i);
    return v;
}

static uint64_t take_big(struct reader *r, size_t size)
{
    struct bytes raw = reader_take(r, size);
    uint64_t v = 0;
    for (size_t i = 0; i < raw.size; i++)
        v = v << 8 | raw.data[i];
    return v;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)take_little(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)take_little(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)take_little(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return take_little(r, 8);
}

double reader_double(struct reader *r)
{
    uint64_t bits = take_little(r, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

uint32_t reader_big32(struct reader *r)
{
    return (uint32_t)take_big(r, 4);
}

uint64_t reader_big64(struct reader *r)
{
    return take_big(r, 8);
}

struct text reader_text(struct reader *r)
{
    uint16_t size = reader_u16(r);
    if (r->failed || size == TEXT_ABSENT)
        return (struct text){NULL, 0};
    struct bytes raw = reader_take(r, size);
    if (r->failed)
        return (struct text){NULL, 0};
    return (struct text){raw.data ? (const char *)raw.data : "", raw.size};
}

/* ---- arena */

struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
};
#define ARENA_BLOCK_BYTES ((size_t)64 * 1024)
#define ARENA_ALIGN ((size_t)16)
#define ARENA_HEADER ((sizeof(struct arena_block) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct arena_block *block = a->blocks;
    if (!block || block->capacity - block->used < size) {
        size_t capacity = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
        block = malloc(ARENA_HEADER + capacity);
        if (!block)
            return NULL;
        *block = (struct arena_block){a->blocks, 0, capacity};
        a->blocks = block;
    }
    void *at = (uint8_t *)block + ARENA_HEADER + block->used;
    block->used += size;
    memset(at, 0, size);
    return at;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        return NULL;
    return arena_alloc(a, count * size);
}

struct text arena_text(struct arena *a, struct text t)
{
    if (!t.data)
        return t;
    char *copy = arena_alloc(a, t.size + 1);
    if (!copy)
        return (struct text){NULL, 0};
    memcpy(copy, t.data, t.size);
    return (struct text){copy, t.size};
}

void arena_clear(struct arena *a)
{
    struct arena_block *keep = NULL;
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        if (!next && a->blocks->capacity == ARENA_BLOCK_BYTES)
            keep = a->blocks;
        else
            free(a->blocks);
        a->blocks = next;
    }
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
    a->blocks = keep;
}

void arena_done(struct arena *a)
{
    if (!a)
        return;
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}
