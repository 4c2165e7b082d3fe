/* log_escape.c: makes any bytes safe to show on one line of a terminal. */
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"

static bool is_plain(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c != '\0' && strchr("._-/:+,@%", c) != NULL);
}

/* Characters that move the cursor, reorder the line or cannot be seen. */
static bool is_unsafe(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || code == 0xfeff ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f);
}

static void put_code(struct buffer *out, const uint8_t *at, size_t size, uint32_t code)
{
    if (code == '"' || code == '\\')
        buffer_printf(out, "\\%c", (int)code);
    else if (code == '\n')
        buffer_printf(out, "\\n");
    else if (is_unsafe(code) && code < 0x80)
        buffer_printf(out, "\\x%02x", (unsigned)code);
    else if (is_unsafe(code))
        buffer_printf(out, "\\u{%04x}", (unsigned)code);
    else
        buffer_put(out, at, size);
}

void log_escape(struct buffer *out, struct text value)
{
    const uint8_t *at = (const uint8_t *)value.data;
    size_t left = value.size, plain = 0;
    while (plain < left && is_plain(at[plain]))
        plain++;
    if (plain == left && left > 0) {
        buffer_put(out, at, left);
        return;
    }
    buffer_put_u8(out, '"');
    while (left > 0) {
        uint32_t code = 0;
        size_t size = utf8_take(at, left, &code);
        if (size == 0) {
            buffer_printf(out, "\\x%02x", at[0]);
            size = 1;
        } else {
            put_code(out, at, size, code);
        }
        at += size;
        left -= size;
    }
    buffer_put_u8(out, '"');
}
