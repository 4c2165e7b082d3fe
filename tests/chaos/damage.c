#include "chaos/damage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define NAMES_BY_FLIPS 60
#define CORRECTION_DAYS                                                                                                                    \
    280 /* flips make no sale older than this, but for those that must be refused: every period is compared                                \
           while the worker knows it, and after the last change */

static const struct {
    const char *name;
    int weight;
} kinds[] = {
#define DAMAGE_ROW(id, text, weight) {text, weight},
    DAMAGE_LIST(DAMAGE_ROW)
#undef DAMAGE_ROW
};

const char *damage_name(enum damage_kind kind)
{
    return kinds[kind].name;
}

void damage_init(struct damage *d, uint64_t seed, const struct ledger *ledger)
{
    *d = (struct damage){.dice = {seed}, .ledger = ledger, .names_left = NAMES_BY_FLIPS};
    if (codec_new(&d->codec) != STATUS_OK)
        chaos_fail("out of memory");
}

void damage_done(struct damage *d)
{
    codec_free(d->codec);
    arena_done(&d->arena);
    buffer_done(&d->sound);
    buffer_done(&d->value);
    buffer_done(&d->more);
}

enum damage_kind damage_draw(struct damage *d)
{
    int sum = 0;
    for (int i = 0; i < DAMAGE_COUNT; i++)
        sum += kinds[i].weight;
    int at = (int)dice_below(&d->dice, (uint64_t)sum), i = 0;
    while (at >= kinds[i].weight)
        at -= kinds[i++].weight;
    return (enum damage_kind)i;
}

/* ---- parts */

static uint64_t below(struct damage *d, uint64_t end)
{
    return dice_below(&d->dice, end);
}

static struct bytes encoded(const struct sales_update *u, struct buffer *out)
{
    buffer_clear(out);
    if (codec_encode_sales_update(u, out) != STATUS_OK)
        chaos_fail("a record could not be encoded");
    return buffer_bytes(out);
}

static void encode(struct damage *d, const struct sales_update *u)
{
    (void)encoded(u, &d->value);
}

static void use_update(struct damage *d, struct shot *s, verdict_t intended)
{
    encode(d, &d->update);
    s->value = buffer_bytes(&d->value);
    s->update = &d->update;
    s->intended = intended;
}

static void use_nothing(struct shot *s, struct bytes value, enum dead_letter code)
{
    s->value = value;
    s->update = NULL;
    s->code = code;
    s->intended = VERDICT_DEAD + (verdict_t)code;
}

/* What the bytes say, whatever it is. */
static void use_reading(struct damage *d, struct shot *s)
{
    enum dead_letter code = DEAD_LETTER_MALFORMED;
    arena_clear(&d->arena);
    s->value = buffer_bytes(&d->value);
    bool is_read = codec_decode_sales_update(d->codec, s->value, &d->arena, &d->update, &code, NULL) == STATUS_OK;
    s->update = is_read ? &d->update : NULL;
    s->code = code;
    s->altered = is_read;
    s->intended = VERDICT_ANY;
}

static void fill(struct damage *d, struct buffer *b, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t v = dice_next(&d->dice);
        buffer_put(b, &v, size - i < 8 ? size - i : 8);
    }
}

void damage_sound(struct damage *d, const struct sales_update *u, int64_t timestamp_ms, struct shot *out)
{
    *out = (struct shot){.key = {(const uint8_t *)u->store.data, u->store.size},
                         .value = encoded(u, &d->sound),
                         .timestamp_ms = timestamp_ms,
                         .update = u,
                         .intended = VERDICT_ANY};
    out->partition = hash_partition(out->key.data, out->key.size, d->ledger->partition_count);
}

/* ---- bytes flipped */

static bool is_same(struct text a, struct text b)
{
    return text_equal(a, b);
}

/* What would change the rest of the run for ever is done a few times only: a new name, a counter or a clock that runs ahead. */
static bool is_tame(struct damage *d, const struct sales_update *sound, const struct shot *s)
{
    const struct sales_update *u = s->update;
    const struct ledger *l = d->ledger;
    if (!u || !is_same(u->store, sound->store))
        return true;
    if (u->kind == BODY_TOTAL || u->kind == BODY_COMPLETE)
        return false;
    if (u->kind != BODY_SALE)
        return true;
    const date_t today = date_of_ms(s->timestamp_ms);
    const period_t closed = l->partitions[s->partition].closed_through, period = period_of(&l->grid, u->business_date);
    bool refused = u->business_date > today + LEDGER_AHEAD_DAYS || (closed != PERIOD_NONE && period <= closed - LEDGER_HISTORY);
    if (refused)
        return true;
    if (u->business_date < today - CORRECTION_DAYS)
        return false;
    bool names = (u->product.data && !ledger_series(l, u->store, u->product)) || (u->source.data && !ledger_source(l, u->store, u->source));
    const struct ledger_source *source = u->source.data ? ledger_source(l, u->store, u->source) : NULL;
    bool ahead =
        u->business_date > today || u->issued_at_ms > s->timestamp_ms || (source && u->has_sequence && u->sequence > source->greatest + 1);
    if (u->has_sequence && source && u->sequence > source->greatest + 64)
        return false;
    if (u->has_sequence && u->sequence > 1000000)
        return false;
    if (names && d->names_left == 0)
        return false;
    if (ahead && below(d, 64) != 0)
        return false;
    d->names_left -= names;
    return true;
}

static bool flip(struct damage *d, const struct sales_update *u, struct shot *s)
{
    encode(d, u);
    for (uint64_t n = 1 + below(d, 3); n > 0; n--)
        d->value.data[below(d, d->value.size)] ^= (uint8_t)(1u << below(d, 8));
    if (below(d, 4) == 0)
        d->value.data[below(d, d->value.size)] = (uint8_t)below(d, 256);
    use_reading(d, s);
    return is_tame(d, u, s);
}

/* ---- one function a family of kinds; false: not now */

static bool break_bytes(struct damage *d, enum damage_kind kind, const struct sales_update *u, struct shot *s)
{
    encode(d, u);
    if (kind == DAMAGE_CUT) {
        use_nothing(s, (struct bytes){d->value.data, 1 + below(d, d->value.size - 1)}, DEAD_LETTER_MALFORMED);
    } else if (kind == DAMAGE_LONGER) {
        fill(d, &d->value, 1 + below(d, 40));
        use_nothing(s, buffer_bytes(&d->value), DEAD_LETTER_MALFORMED);
    } else if (kind == DAMAGE_EMPTY) {
        use_nothing(s, (struct bytes){below(d, 2) ? d->value.data : NULL, 0}, DEAD_LETTER_MALFORMED);
    } else if (kind == DAMAGE_UNKNOWN_SCHEMA) {
        d->value.data[1] = (uint8_t)(1 + below(d, 0x50));
        use_nothing(s, buffer_bytes(&d->value), DEAD_LETTER_UNKNOWN_SCHEMA);
    } else if (kind == DAMAGE_OVERSIZE) {
        if (below(d, 20) != 0) /* bytes are dear */
            return false;
        fill(d, &d->value, 65536 + below(d, 100000));
        use_nothing(s, buffer_bytes(&d->value), DEAD_LETTER_TOO_LARGE);
    } else if (kind == DAMAGE_OTHER_SCHEMA) {
        d->value.data[4] = (uint8_t)(2 + below(d, 5));
        use_reading(d, s);
    } else {
        size_t keep = below(d, 2) ? CODEC_HEADER_BYTES : 0;
        d->value.size = keep;
        fill(d, &d->value, 1 + below(d, 300));
        use_reading(d, s);
        return !s->update;
    }
    return true;
}

static bool misplace(struct damage *d, enum damage_kind kind, struct shot *s)
{
    if (kind == DAMAGE_WRONG_PARTITION) {
        const int32_t count = d->ledger->partition_count;
        if (count == 1)
            return false;
        s->partition = (s->partition + 1 + (int32_t)below(d, (uint64_t)count - 1)) % count;
        use_update(d, s, VERDICT_DEAD + DEAD_LETTER_WRONG_PARTITION);
        return true;
    }
    static const char *const keys[] = {"", "somebody else", "s0", "\0all"};
    const uint64_t n = below(d, 5);
    use_update(d, s, VERDICT_DEAD + DEAD_LETTER_KEY_MISMATCH);
    s->key = n == 4 ? (struct bytes){0} : (struct bytes){(const uint8_t *)keys[n], n == 3 ? 4 : strlen(keys[n])};
    return true;
}

static bool misdate(struct damage *d, enum damage_kind kind, struct shot *s)
{
    const date_t today = date_of_ms(s->timestamp_ms);
    const period_t closed = d->ledger->partitions[s->partition].closed_through;
    if (kind == DAMAGE_BEFORE_TIME) {
        d->update.business_date = date_of(2000, 1, 1) - 1 - (date_t)below(d, 700000);
        use_update(d, s, VERDICT_DEAD + DEAD_LETTER_DATE_RANGE);
    } else if (kind == DAMAGE_FAR_AHEAD) {
        d->update.business_date = today + LEDGER_AHEAD_DAYS + 1 + (date_t)below(d, below(d, 2) ? 30 : 2900000);
        use_update(d, s, VERDICT_DEAD + DEAD_LETTER_TOO_FAR_AHEAD);
    } else if (kind == DAMAGE_OLD_TIMESTAMP) {
        s->timestamp_ms = 1 + (int64_t)below(d, 1000000);
        use_update(d, s, VERDICT_DEAD + DEAD_LETTER_TOO_FAR_AHEAD);
    } else {
        if (closed == PERIOD_NONE)
            return false;
        d->update.business_date = period_last_day(&d->ledger->grid, closed - LEDGER_HISTORY) - (date_t)below(d, 1000);
        use_update(d, s, VERDICT_DEAD + DEAD_LETTER_TOO_LATE);
    }
    return true;
}

/* The bytes of a double that stands in the value once, replaced. */
static bool put_double(struct buffer *value, double from, double to)
{
    for (size_t i = 0; i + sizeof from <= value->size; i++)
        if (memcmp(value->data + i, &from, sizeof from) == 0) {
            memcpy(value->data + i, &to, sizeof to);
            return true;
        }
    return false;
}

static bool misvalue(struct damage *d, struct shot *s)
{
    const double values[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300, 1000000001, -1e9 - 1e-3, 1e18};
    const double mark = 123456.25;
    d->update.body.sale.sold.amount = (int64_t)(mark * (double)MILLIONTHS);
    encode(d, &d->update);
    if (!put_double(&d->value, mark, values[below(d, sizeof values / sizeof *values)]))
        chaos_fail("an amount is not found in its record");
    use_nothing(s, buffer_bytes(&d->value), DEAD_LETTER_VALUE_RANGE);
    return true;
}

static bool mistext(struct damage *d, struct shot *s)
{
    static const char *const bad[] = {"", "\xff\xfe", "a\0b", "\xed\xa0\x80", "\xc0\x80", "caf\xe9"};
    static const size_t sizes[] = {0, 2, 3, 3, 2, 4};
    struct text *texts[] = {&d->update.event_id, &d->update.source, &d->update.product};
    const uint64_t n = below(d, 7);
    struct text t = {d->text, MESSAGE_ID_BYTES_MAX + 1 + below(d, 100)};
    memset(d->text, 'x', sizeof d->text);
    if (n < 6)
        t = (struct text){bad[n], sizes[n]};
    *texts[below(d, 3)] = t;
    encode(d, &d->update);
    use_nothing(s, buffer_bytes(&d->value), DEAD_LETTER_BAD_TEXT);
    return true;
}

static bool missend(struct damage *d, enum damage_kind kind, struct shot *s)
{
    struct sales_update *u = &d->update;
    if (kind == DAMAGE_UNSUPPORTED) {
        memset(&u->body, 0, sizeof u->body);
        u->kind = below(d, 2) ? BODY_PLAN : BODY_AVAILABILITY;
        if (u->kind == BODY_PLAN)
            u->body.plan.first_date = u->body.plan.last_date = u->business_date;
        else
            u->body.availability = (struct body_availability){.has_share = true, .share = .5};
        use_update(d, s, VERDICT_DEAD + DEAD_LETTER_NOT_SUPPORTED_YET);
        return true;
    }
    if (!u->product.data || !ledger_series(d->ledger, u->store, u->product))
        return false;
    u->product = (struct text){0};
    use_update(d, s, VERDICT_DEAD + DEAD_LETTER_MIXED_LEVEL);
    return true;
}

static bool miscount(struct damage *d, enum damage_kind kind, struct shot *s)
{
    struct sales_update *u = &d->update;
    const struct ledger_source *source = ledger_source(d->ledger, u->store, u->source);
    if (!source || source->greatest <= source->disturbed_to || source->issued_at_ms > s->timestamp_ms)
        return false;
    s->first = true;
    if (kind == DAMAGE_REUSED) {
        u->sequence = source->greatest;
        u->issued_at_ms = source->issued_at_ms + 1 + (int64_t)below(d, 1000000);
        use_update(d, s, VERDICT_DEAD + DEAD_LETTER_SEQUENCE_REUSED);
        return true;
    }
    if (source->greatest < LEDGER_WINDOW + 100)
        return false;
    u->sequence = source->greatest - LEDGER_WINDOW - (int64_t)below(d, (uint64_t)(source->greatest - LEDGER_WINDOW));
    u->issued_at_ms = source->issued_at_ms - 1;
    use_update(d, s, VERDICT_DEAD + DEAD_LETTER_TOO_LATE);
    return true;
}

static void add_headers(struct damage *d, struct shot *s)
{
    static const char *const names[] = {"", "storecast.error.code", "storecast.error.offset", "x-till", "\x01\xff", "traceparent"};
    buffer_clear(&d->more);
    fill(d, &d->more, 600);
    for (uint64_t n = 1 + below(d, DAMAGE_HEADERS_MAX); n > 0; n--)
        s->headers[s->header_count++] = (struct kafka_header){names[below(d, 6)], {below(d, 5) ? d->more.data : NULL, below(d, 600)}};
    for (size_t i = 0; i < s->header_count; i++)
        if (!s->headers[i].value.data)
            s->headers[i].value.size = 0;
}

static bool drop_counter(struct damage *d, struct shot *s)
{
    struct sales_update *u = &d->update;
    if (u->business_date < date_of_ms(s->timestamp_ms) - 6) /* later it can no longer be told from a duplicate */
        return false;
    u->source = (struct text){0};
    u->has_sequence = false;
    use_update(d, s, VERDICT_ANY);
    s->replaces = s->twice = true;
    return true;
}

static bool make(struct damage *d, enum damage_kind kind, const struct sales_update *u, struct shot *s)
{
    switch (kind) {
    case DAMAGE_FLIPPED:
        for (int i = 0; i < 100; i++)
            if (flip(d, u, s))
                return true;
        return false;
    case DAMAGE_CUT:
    case DAMAGE_LONGER:
    case DAMAGE_EMPTY:
    case DAMAGE_NOISE:
    case DAMAGE_UNKNOWN_SCHEMA:
    case DAMAGE_OTHER_SCHEMA:
    case DAMAGE_OVERSIZE:
        return break_bytes(d, kind, u, s);
    case DAMAGE_WRONG_PARTITION:
    case DAMAGE_WRONG_KEY:
        return misplace(d, kind, s);
    case DAMAGE_BEFORE_TIME:
    case DAMAGE_FAR_AHEAD:
    case DAMAGE_OLD_TIMESTAMP:
    case DAMAGE_TOO_OLD:
        return misdate(d, kind, s);
    case DAMAGE_VALUE:
        return misvalue(d, s);
    case DAMAGE_TEXT:
        return mistext(d, s);
    case DAMAGE_UNSUPPORTED:
    case DAMAGE_MIXED_LEVEL:
        return missend(d, kind, s);
    case DAMAGE_REUSED:
    case DAMAGE_BELOW_WINDOW:
        return miscount(d, kind, s);
    case DAMAGE_REPEATED:
        use_update(d, s, VERDICT_DUPLICATE);
        s->first = false;
        return true;
    case DAMAGE_NO_COUNTER:
        return drop_counter(d, s);
    case DAMAGE_HEADERS:
        use_update(d, s, VERDICT_ANY);
        s->replaces = true;
        add_headers(d, s);
        return true;
    case DAMAGE_HELD_BACK:
    case DAMAGE_COUNT:
        break;
    }
    return false;
}

bool damage_make(struct damage *d, enum damage_kind kind, const struct sales_update *u, int64_t timestamp_ms, struct shot *out)
{
    damage_sound(d, u, timestamp_ms, out);
    d->update = *u;
    out->first = below(d, 2);
    if (!make(d, kind, u, out))
        return false;
    if (out->header_count == 0 && below(d, 10) == 0)
        add_headers(d, out);
    d->made[kind]++;
    return true;
}
