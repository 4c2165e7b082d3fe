#include "codec/guard.h"

/* What one node of a schema takes in Avro's generic values, at most (a text: 48 bytes), and twice, as arrays double. */
enum { ARRAY_NODE_BYTES = 2 * 64 };

struct walk {
    const uint8_t *at, *end;
    size_t items_left;
    struct trail *trail;
};

static enum status refuse(struct walk *w, const char *why)
{
    return trail_fail(w->trail, STATUS_BAD_MESSAGE, "%s", why);
}

static size_t left(const struct walk *w)
{
    return (size_t)(w->end - w->at);
}

/* A zigzag varint of at most 10 bytes that fits 64 bits. */
static enum status take_long(struct walk *w, int64_t *out)
{
    uint64_t bits = 0;
    for (unsigned shift = 0;; shift += 7) { /* at most ten bytes: the tenth ends it or does not fit */
        if (w->at == w->end)
            return refuse(w, "the message ends inside a number");
        uint8_t byte = *w->at++;
        if (shift == 63 && byte > 1)
            return refuse(w, "an integer does not fit 64 bits");
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *out = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return STATUS_OK;
        }
    }
}

/* An index below count: union branches and enum symbols. */
static enum status take_index(struct walk *w, size_t count, const char *what, size_t *out)
{
    int64_t index = 0;
    enum status status = take_long(w, &index);
    if (status != STATUS_OK)
        return status;
    if (index < 0 || (uint64_t)index >= count)
        return trail_fail(w->trail, STATUS_BAD_MESSAGE, "%s number %lld of %zu", what, (long long)index, count);
    *out = (size_t)index;
    return STATUS_OK;
}

/* At the first byte of a sequence; its length, or 0 when it is not well-formed (Unicode 15, table 3-7). */
static size_t sequence_length(const uint8_t *s, size_t size)
{
    uint8_t lead = s[0];
    if (lead < 0x80)
        return lead != 0 ? 1 : 0;
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || size < length)
        return 0;
    uint8_t lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < lowest || s[1] > highest)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

bool guard_text_is_valid(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t length = sequence_length(data + at, size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static enum status check_bytes(struct walk *w, bool is_text)
{
    int64_t size = 0;
    enum status status = take_long(w, &size);
    if (status != STATUS_OK)
        return status;
    if (size < 0 || (uint64_t)size > left(w))
        return trail_fail(w->trail, STATUS_BAD_MESSAGE, "a length of %lld with %zu bytes left", (long long)size, left(w));
    const uint8_t *data = w->at;
    w->at += size;
    if (is_text && !guard_text_is_valid(data, (size_t)size))
        return trail_fail(w->trail, STATUS_BAD_TEXT, "not UTF-8, or with a NUL in it");
    return STATUS_OK;
}

/* IEEE 754, little-endian: all exponent bits set means NaN or infinite. */
static enum status check_real(struct walk *w, size_t size)
{
    if (left(w) < size)
        return refuse(w, "the message ends inside a number");
    unsigned high = w->at[size - 1] & 0x7fu, next = w->at[size - 2];
    bool finite = size == 8 ? !(high == 0x7f && next >= 0xf0) : !(high == 0x7f && next >= 0x80);
    w->at += size;
    return finite ? STATUS_OK : trail_fail(w->trail, STATUS_OUT_OF_RANGE, "not a finite number");
}

static enum status check_int(struct walk *w)
{
    int64_t value = 0;
    enum status status = take_long(w, &value);
    if (status == STATUS_OK && (value < INT32_MIN || value > INT32_MAX))
        return refuse(w, "an int does not fit 32 bits");
    return status;
}

static enum status check_boolean(struct walk *w)
{
    if (left(w) < 1)
        return refuse(w, "the message ends before a boolean");
    return *w->at++ <= 1 ? STATUS_OK : refuse(w, "a boolean is neither 0 nor 1");
}

static enum status check_node(struct walk *w, const struct shape *s);

static enum status check_item(struct walk *w, const struct shape *s, size_t index)
{
    trail_enter(w->trail, NULL, index);
    enum status status = s->kind == SHAPE_MAP ? check_bytes(w, true) : STATUS_OK;
    if (status == STATUS_OK)
        status = check_node(w, &s->children[0]);
    if (status == STATUS_OK)
        trail_leave(w->trail);
    return status;
}

/* A block's item count; 0 ends the array or map. A negative one is followed by the block's size in bytes. */
static enum status take_block(struct walk *w, size_t *out_count, const uint8_t **out_end)
{
    int64_t count = 0, size = 0;
    *out_end = NULL;
    enum status status = take_long(w, &count);
    if (status == STATUS_OK && count < 0) {
        status = take_long(w, &size);
        if (status == STATUS_OK && (size < 0 || (uint64_t)size > left(w)))
            return refuse(w, "a block is longer than the message");
        *out_end = w->at + size;
    }
    if (status != STATUS_OK)
        return status;
    uint64_t items = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;
    if (items > w->items_left)
        return refuse(w, "too many items");
    w->items_left -= (size_t)items;
    *out_count = (size_t)items;
    return STATUS_OK;
}

static enum status check_items(struct walk *w, const struct shape *s)
{
    size_t index = 0;
    for (;;) {
        size_t count = 0;
        const uint8_t *block_end;
        enum status status = take_block(w, &count, &block_end);
        if (status != STATUS_OK)
            return status;
        if (s->kind == SHAPE_MAP && index + count > GUARD_MAP_ENTRIES_MAX)
            return trail_fail(w->trail, STATUS_BAD_MESSAGE, "more than %d entries in a map", GUARD_MAP_ENTRIES_MAX);
        if (s->kind == SHAPE_ARRAY && (index + count) * s->children[0].nodes > GUARD_ARRAY_BYTES_MAX / ARRAY_NODE_BYTES)
            return trail_fail(w->trail, STATUS_TOO_LARGE, "a list of %zu items", index + count);
        for (size_t last = index + count; status == STATUS_OK && index < last; index++)
            status = check_item(w, s, index);
        if (status != STATUS_OK)
            return status;
        if (block_end != NULL && w->at != block_end)
            return refuse(w, "a block's size is not that of its items");
        if (count == 0)
            return STATUS_OK;
    }
}

static enum status check_union(struct walk *w, const struct shape *s)
{
    size_t branch = 0;
    enum status status = take_index(w, s->count, "union branch", &branch);
    if (status != STATUS_OK)
        return status;
    const struct shape *chosen = &s->children[branch];
    if (chosen->kind != SHAPE_RECORD)
        return check_node(w, chosen);
    trail_enter(w->trail, chosen->name, 0);
    status = check_node(w, chosen);
    if (status == STATUS_OK)
        trail_leave(w->trail);
    return status;
}

static enum status check_record(struct walk *w, const struct shape *s)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < s->count; i++) {
        trail_enter(w->trail, s->names[i], 0);
        status = check_node(w, &s->children[i]);
        if (status == STATUS_OK)
            trail_leave(w->trail);
    }
    return status;
}

static enum status check_node(struct walk *w, const struct shape *s)
{
    int64_t ignored = 0;
    size_t index = 0;
    switch (s->kind) {
    case SHAPE_NULL:
        return STATUS_OK;
    case SHAPE_BOOLEAN:
        return check_boolean(w);
    case SHAPE_INT:
        return check_int(w);
    case SHAPE_LONG:
        return take_long(w, &ignored);
    case SHAPE_FLOAT:
        return check_real(w, 4);
    case SHAPE_DOUBLE:
        return check_real(w, 8);
    case SHAPE_BYTES:
        return check_bytes(w, false);
    case SHAPE_STRING:
        return check_bytes(w, true);
    case SHAPE_ENUM:
        return take_index(w, s->count, "enum symbol", &index);
    case SHAPE_ARRAY:
    case SHAPE_MAP:
        return check_items(w, s);
    case SHAPE_RECORD:
        return check_record(w, s);
    case SHAPE_UNION:
        return check_union(w, s);
    }
    return refuse(w, "a shape that is not known");
}

enum status guard_check(const struct shape *shape, struct bytes body, struct guard_limits limits, struct trail *t)
{
    /* An empty message may have no address. */
    static const uint8_t nothing[1];
    const uint8_t *start = body.size > 0 ? body.data : nothing;
    struct walk w = {.at = start, .end = start + body.size, .items_left = limits.items, .trail = t};
    enum status status = check_node(&w, shape);
    if (status == STATUS_OK && w.at != w.end)
        return trail_fail(t, STATUS_BAD_MESSAGE, "%zu bytes too many at the end", left(&w));
    return status;
}
