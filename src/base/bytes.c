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

bool text_starts(struct text t, const char *beginning)
{
    size_t size = strlen(beginning);
    return t.data && t.size >= size && memcmp(t.data, beginning, size) == 0;
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

void buffer_put_text(struct buffer *b, struct text t)
{
    if (!t.data) {
        buffer_put_u16(b, BYTES_TEXT_ABSENT);
        return;
    }
    assert(t.size < BYTES_TEXT_ABSENT);
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
