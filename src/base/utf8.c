#include "base/utf8.h"

static size_t sequence_size(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if ((first & 0xe0) == 0xc0)
        return 2;
    if ((first & 0xf0) == 0xe0)
        return 3;
    return (first & 0xf8) == 0xf0 ? 4 : 0;
}

size_t utf8_take(const uint8_t *at, size_t left, uint32_t *out_code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size = left > 0 ? sequence_size(at[0]) : 0;
    if (size == 0 || size > left)
        return 0;
    uint32_t code = size == 1 ? at[0] : at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *out_code = code;
    return size;
}

bool utf8_valid(struct text t)
{
    const uint8_t *at = (const uint8_t *)t.data;
    size_t left = t.size;
    while (left > 0) {
        uint32_t code;
        size_t size = utf8_take(at, left, &code);
        if (size == 0)
            return false;
        at += size;
        left -= size;
    }
    return true;
}
