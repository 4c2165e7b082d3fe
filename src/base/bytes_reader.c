#include "base/bytes.h"

#include <string.h>

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
    if (r->failed || size == BYTES_TEXT_ABSENT)
        return (struct text){NULL, 0};
    struct bytes raw = reader_take(r, size);
    if (r->failed)
        return (struct text){NULL, 0};
    return (struct text){raw.data ? (const char *)raw.data : "", raw.size};
}
