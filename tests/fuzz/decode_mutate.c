#include "fuzz/decode_mutate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "engine/message.h"

enum { SPANS_MAX = 4096, NO_SPAN = -1, ITEMS_AT_MOST = 64 };

struct span { /* one value of the message */
    const struct shape *shape;
    size_t start, end;
    int parent;
    bool is_entry; /* of a map: its key is before the value */
};

struct tree {
    struct bytes body;
    struct span spans[SPANS_MAX];
    size_t count;
};

/* ---- chance */

static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t below(uint64_t *seed, size_t count)
{
    return (size_t)(next(seed) % count);
}

static bool one_in(uint64_t *seed, size_t count)
{
    return below(seed, count) == 0;
}

/* ---- reading: spans of all values, as far as the bytes are by the schema */

static bool read_varint(struct bytes b, size_t *at, int64_t *out)
{
    uint64_t raw = 0;
    for (unsigned shift = 0; shift < 64 && *at < b.size; shift += 7) {
        uint8_t byte = b.data[(*at)++];
        raw |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
            return true;
        }
    }
    return false;
}

static bool skip(struct bytes b, size_t *at, uint64_t size)
{
    if (size > b.size - *at)
        return false;
    *at += (size_t)size;
    return true;
}

static bool skip_sized(struct bytes b, size_t *at)
{
    int64_t size;
    return read_varint(b, at, &size) && size >= 0 && skip(b, at, (uint64_t)size);
}

static bool read_value(struct tree *t, const struct shape *shape, int parent, bool is_entry, size_t *at);

static bool read_items(struct tree *t, const struct shape *shape, int self, size_t *at)
{
    for (int64_t count = 1; count != 0;) {
        int64_t size;
        if (!read_varint(t->body, at, &count) || count == INT64_MIN || (count < 0 && !read_varint(t->body, at, &size)))
            return false;
        for (int64_t left = count < 0 ? -count : count; left > 0; left--)
            if (!read_value(t, &shape->children[0], self, shape->kind == SHAPE_MAP, at))
                return false;
    }
    return true;
}

static bool read_inside(struct tree *t, const struct shape *shape, int self, size_t *at)
{
    int64_t number;
    switch (shape->kind) {
    case SHAPE_NULL:
        return true;
    case SHAPE_BOOLEAN:
        return skip(t->body, at, 1);
    case SHAPE_INT:
    case SHAPE_LONG:
    case SHAPE_ENUM:
        return read_varint(t->body, at, &number);
    case SHAPE_FLOAT:
        return skip(t->body, at, 4);
    case SHAPE_DOUBLE:
        return skip(t->body, at, 8);
    case SHAPE_BYTES:
    case SHAPE_STRING:
        return skip_sized(t->body, at);
    case SHAPE_ARRAY:
    case SHAPE_MAP:
        return read_items(t, shape, self, at);
    case SHAPE_RECORD:
        for (size_t i = 0; i < shape->count; i++)
            if (!read_value(t, &shape->children[i], self, false, at))
                return false;
        return true;
    case SHAPE_UNION:
        return read_varint(t->body, at, &number) && number >= 0 && (uint64_t)number < shape->count &&
               read_value(t, &shape->children[number], self, false, at);
    }
    return false;
}

/* A value that is not read to its end has no span. */
static bool read_value(struct tree *t, const struct shape *shape, int parent, bool is_entry, size_t *at)
{
    if (t->count == SPANS_MAX)
        return false;
    int self = (int)t->count++;
    t->spans[self] = (struct span){.shape = shape, .start = *at, .end = *at, .parent = parent, .is_entry = is_entry};
    bool whole = (!is_entry || skip_sized(t->body, at)) && read_inside(t, shape, self, at);
    if (whole)
        t->spans[self].end = *at;
    else
        t->spans[self].shape = NULL;
    return whole;
}

static void read_tree(struct tree *t, const struct shape *shape, struct bytes body)
{
    size_t at = 0;
    t->body = body;
    t->count = 0;
    (void)read_value(t, shape, NO_SPAN, false, &at);
}

/* ---- writing new values */

static void put_varint(struct buffer *out, int64_t value)
{
    uint64_t raw = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    for (; raw >= 0x80; raw >>= 7)
        buffer_put_u8(out, (uint8_t)(raw | 0x80));
    buffer_put_u8(out, (uint8_t)raw);
}

/* Longer than it need be, or than it may be. */
static void put_long_varint(struct buffer *out, int64_t value, size_t zeros)
{
    put_varint(out, value);
    if (zeros > 0 && !out->failed) {
        out->data[out->size - 1] |= 0x80;
        for (size_t i = 1; i < zeros; i++)
            buffer_put_u8(out, 0x80);
        buffer_put_u8(out, 0);
    }
}

static int64_t any_integer(uint64_t *seed)
{
    static const int64_t edges[] = {0,
                                    1,
                                    -1,
                                    2,
                                    8,
                                    52,
                                    53,
                                    63,
                                    64,
                                    65,
                                    127,
                                    128,
                                    MESSAGE_HORIZON_MAX,
                                    MESSAGE_HORIZON_MAX + 1,
                                    255,
                                    256,
                                    15340,
                                    18266,
                                    719163,
                                    -719162,
                                    -719163,
                                    2932896,
                                    2932897,
                                    INT32_MAX,
                                    INT32_MIN,
                                    (int64_t)INT32_MAX + 1,
                                    INT64_C(1351209600000),
                                    INT64_C(253402300799999),
                                    INT64_C(253402300800000),
                                    INT64_C(-62135596800000),
                                    MESSAGE_QUANTITY_MAX,
                                    MESSAGE_QUANTITY_MAX + 1,
                                    INT64_C(1) << 53,
                                    INT64_MAX,
                                    INT64_MIN,
                                    INT64_MAX / 1000000,
                                    INT64_MAX / 1000000 + 1};
    switch (below(seed, 4)) {
    case 0:
        return edges[below(seed, sizeof edges / sizeof *edges)];
    case 1:
        return (int64_t)(next(seed) >> below(seed, 64));
    case 2:
        return 15000 + (int64_t)below(seed, 5000); /* a day of our time */
    default:
        return (int64_t)below(seed, 200);
    }
}

static double any_number(uint64_t *seed)
{
    static const double edges[] = {0,          -0.0,     1,        -1,           .5,      1e-6, 5e-7,     1e9,  -1e9,
                                   1e9 + 1e-6, 1e12,     1e12 + 1, -1e12,        1e6,     1e-7, 1e15,     1e19, 9.3e12,
                                   DBL_MAX,    -DBL_MAX, DBL_MIN,  DBL_TRUE_MIN, FLT_MAX, 0.1,  12.345678};
    double value;
    uint64_t bits;
    switch (below(seed, 8)) {
    case 0:
        bits = next(seed);
        memcpy(&value, &bits, sizeof value);
        return value;
    case 1:
        return one_in(seed, 2) ? INFINITY : NAN;
    case 2:
    case 3:
        return edges[below(seed, sizeof edges / sizeof *edges)];
    default:
        return (double)below(seed, 1000000) / 100 - 1000;
    }
}

static void put_float(struct buffer *out, double value)
{
    float narrow = fabs(value) <= FLT_MAX ? (float)value : value > 0 ? INFINITY : NAN;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    buffer_put_u32(out, bits);
}

/* Texts around the limits, and what is no text. */
static void put_string(struct buffer *out, uint64_t *seed)
{
    static const char *const pieces[] = {"a",    "0",        "store-7",      "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9b\x92",
                                         "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90", "\xe2\x82",     "\xf5\x80\x80\x80",
                                         "\n",   "\"\\",     "best",         "/",        "%2F"};
    static const size_t lengths[] = {0,
                                     1,
                                     2,
                                     63,
                                     64,
                                     MESSAGE_ID_BYTES_MAX - 1,
                                     MESSAGE_ID_BYTES_MAX,
                                     MESSAGE_ID_BYTES_MAX + 1,
                                     MESSAGE_TEXT_BYTES_MAX,
                                     MESSAGE_TEXT_BYTES_MAX + 1};
    if (one_in(seed, 4)) {
        size_t length = lengths[below(seed, sizeof lengths / sizeof *lengths)];
        put_varint(out, (int64_t)length);
        for (size_t i = 0; i < length; i++)
            buffer_put_u8(out, one_in(seed, 500) ? (uint8_t)next(seed) : 'a');
        return;
    }
    char text[64] = "";
    size_t used = 0;
    for (size_t n = 1 + below(seed, 4); n > 0; n--) {
        const char *piece = pieces[one_in(seed, 3) ? below(seed, sizeof pieces / sizeof *pieces) : below(seed, 3)];
        memcpy(text + used, piece, strlen(piece));
        used += strlen(piece);
    }
    if (one_in(seed, 30))
        text[below(seed, used)] = '\0';
    put_varint(out, (int64_t)used);
    buffer_put(out, text, used);
}

static void put_value(struct buffer *out, const struct shape *shape, bool is_entry, uint64_t *seed);

static void put_items(struct buffer *out, const struct shape *shape, uint64_t *seed)
{
    size_t count = one_in(seed, 16) ? below(seed, ITEMS_AT_MOST + 8) : below(seed, 4);
    if (count > 0)
        put_varint(out, (int64_t)count);
    for (size_t i = 0; i < count; i++)
        put_value(out, &shape->children[0], shape->kind == SHAPE_MAP, seed);
    put_varint(out, 0);
}

static void put_value(struct buffer *out, const struct shape *shape, bool is_entry, uint64_t *seed)
{
    if (is_entry)
        put_string(out, seed);
    switch (shape->kind) {
    case SHAPE_NULL:
        break;
    case SHAPE_BOOLEAN:
        buffer_put_u8(out, (uint8_t)(one_in(seed, 20) ? next(seed) : below(seed, 2)));
        break;
    case SHAPE_INT:
        put_varint(out, one_in(seed, 10) ? any_integer(seed) : (int32_t)any_integer(seed));
        break;
    case SHAPE_LONG:
        put_varint(out, any_integer(seed));
        break;
    case SHAPE_FLOAT:
        put_float(out, any_number(seed));
        break;
    case SHAPE_DOUBLE:
        buffer_put_double(out, any_number(seed));
        break;
    case SHAPE_BYTES:
    case SHAPE_STRING:
        put_string(out, seed);
        break;
    case SHAPE_ENUM:
        put_varint(out, one_in(seed, 20) ? any_integer(seed) : (int64_t)below(seed, shape->count));
        break;
    case SHAPE_ARRAY:
    case SHAPE_MAP:
        put_items(out, shape, seed);
        break;
    case SHAPE_RECORD:
        for (size_t i = 0; i < shape->count; i++)
            put_value(out, &shape->children[i], false, seed);
        break;
    case SHAPE_UNION: {
        size_t branch = below(seed, shape->count);
        put_varint(out, (int64_t)branch);
        put_value(out, &shape->children[branch], false, seed);
        break;
    }
    }
}

/* ---- changing what is there */

static void copy(struct buffer *out, const struct tree *t, size_t start, size_t end)
{
    if (end > start)
        buffer_put(out, t->body.data + start, end - start);
}

static bool next_item(const struct tree *t, int array, size_t *at)
{
    for (*at += 1; *at < t->count; *at += 1)
        if (t->spans[*at].parent == array && t->spans[*at].shape != NULL)
            return true;
    return false;
}

static void put_block(struct buffer *out, size_t count, const struct buffer *items, uint64_t *seed)
{
    bool lies = one_in(seed, 30);
    int64_t told = lies ? any_integer(seed) : (int64_t)count;
    if (one_in(seed, 3) && told > 0) { /* with its size in bytes */
        put_varint(out, -told);
        put_varint(out, one_in(seed, 10) ? any_integer(seed) : (int64_t)items->size);
    } else {
        put_varint(out, told);
    }
    buffer_put(out, items->data, items->size);
}

/* The same items: some left out, doubled or new, in other blocks. */
static void put_array_again(struct buffer *out, const struct tree *t, int array, uint64_t *seed)
{
    const struct shape *shape = t->spans[array].shape;
    struct buffer items = {0};
    size_t count = 0, at = (size_t)array;
    size_t copies = one_in(seed, 40) ? 1 + below(seed, 2 * ITEMS_AT_MOST) : 1;
    for (bool more = true; more;) {
        more = next_item(t, array, &at);
        if (one_in(seed, 4) || (!more && one_in(seed, 2))) {
            put_value(&items, &shape->children[0], shape->kind == SHAPE_MAP, seed);
            count++;
        }
        size_t times = !more || one_in(seed, 6) ? 0 : one_in(seed, 6) ? 2 : copies;
        for (; times > 0; times--, count++)
            copy(&items, t, t->spans[at].start, t->spans[at].end);
        if (count > 0 && (!more || one_in(seed, 8))) {
            put_block(out, count, &items, seed);
            buffer_clear(&items);
            count = 0;
        }
    }
    put_varint(out, 0);
    buffer_done(&items);
}

/* The number that a value begins with (length, branch, symbol, count), alone: what follows is no longer what it says. */
static bool put_other_head(struct buffer *out, const struct tree *t, const struct span *s, uint64_t *seed)
{
    size_t at = s->start;
    int64_t head;
    if (s->shape->kind == SHAPE_RECORD || s->shape->kind == SHAPE_DOUBLE || s->shape->kind == SHAPE_FLOAT ||
        !read_varint(t->body, &at, &head))
        return false;
    switch (below(seed, 4)) {
    case 0:
        put_long_varint(out, head, below(seed, 12));
        break;
    case 1:
        put_varint(out, any_integer(seed));
        break;
    default:
        put_varint(out, (int64_t)((uint64_t)head + (uint64_t)below(seed, 5) - 2));
    }
    copy(out, t, at, s->end);
    return true;
}

static void put_changed(struct buffer *out, const struct tree *t, int at, uint64_t *seed)
{
    const struct span *s = &t->spans[at];
    bool is_array = s->shape->kind == SHAPE_ARRAY || s->shape->kind == SHAPE_MAP;
    if (is_array && !one_in(seed, 4))
        put_array_again(out, t, at, seed);
    else if (!one_in(seed, 8) || !put_other_head(out, t, s, seed))
        put_value(out, s->shape, s->is_entry, seed);
}

/* Small values are many, so leaves would be chosen nearly always: every second time it is another kind. */
static int choose(const struct tree *t, uint64_t *seed)
{
    bool wants_leaf = one_in(seed, 2);
    int chosen = NO_SPAN;
    for (int i = 0; i < 30 && t->count > 0; i++) {
        int at = (int)below(seed, t->count);
        if (t->spans[at].shape == NULL || (at == 0 && !one_in(seed, 20)))
            continue;
        chosen = at;
        if ((t->spans[at].shape->kind <= SHAPE_ENUM) == wants_leaf)
            break;
    }
    return chosen;
}

static bool is_same_type(const struct span *a, const struct span *b)
{
    if (a->shape == NULL || b->shape == NULL || a->shape->kind != b->shape->kind || a->is_entry != b->is_entry)
        return false;
    bool has_name = a->shape->kind == SHAPE_RECORD || a->shape->kind == SHAPE_ENUM;
    return a->shape->count == b->shape->count && (!has_name || strcmp(a->shape->name, b->shape->name) == 0);
}

static int find_same_type(const struct tree *t, const struct span *wanted, uint64_t *seed)
{
    size_t first = t->count > 0 ? below(seed, t->count) : 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t at = (first + i) % t->count;
        if (is_same_type(&t->spans[at], wanted))
            return (int)at;
    }
    return NO_SPAN;
}

static void mutate_once(struct tree *t, uint64_t *seed, struct buffer *out)
{
    int at = choose(t, seed);
    if (at == NO_SPAN) {
        copy(out, t, 0, t->body.size);
        return;
    }
    const struct span *s = &t->spans[at];
    int other = one_in(seed, 6) ? find_same_type(t, s, seed) : NO_SPAN;
    copy(out, t, 0, s->start);
    if (other != NO_SPAN)
        copy(out, t, t->spans[other].start, t->spans[other].end);
    else
        put_changed(out, t, at, seed);
    copy(out, t, s->end, t->body.size);
}

void decode_mutate(const struct shape *shape, struct bytes body, uint64_t seed, struct buffer *out)
{
    static struct tree t;
    struct buffer before = {0};
    size_t start = out->size;
    if (body.size > 0)
        buffer_put(&before, body.data, body.size);
    for (size_t left = 1 + below(&seed, one_in(&seed, 3) ? 5 : 2); left > 0; left--) {
        read_tree(&t, shape, buffer_bytes(&before));
        out->size = start;
        mutate_once(&t, &seed, out);
        buffer_clear(&before);
        if (out->size > start)
            buffer_put(&before, out->data + start, out->size - start);
    }
    buffer_done(&before);
}

void decode_cross(const struct shape *shape, struct bytes body, const struct shape *other_shape, struct bytes other, uint64_t seed,
                  struct buffer *out)
{
    static struct tree a, b;
    read_tree(&a, shape, body);
    read_tree(&b, other_shape, other);
    for (int i = 0; i < 8; i++) {
        int at = choose(&a, &seed), from = at != NO_SPAN ? find_same_type(&b, &a.spans[at], &seed) : NO_SPAN;
        if (from == NO_SPAN)
            continue;
        copy(out, &a, 0, a.spans[at].start);
        copy(out, &b, b.spans[from].start, b.spans[from].end);
        copy(out, &a, a.spans[at].end, body.size);
        return;
    }
    decode_mutate(shape, body, seed, out);
}

void decode_generate(const struct shape *shape, uint64_t seed, struct buffer *out)
{
    put_value(out, shape, false, &seed);
}
