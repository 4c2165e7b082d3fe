/* damage.h: ways in which a record can be wrong on its way from a till, each with what must become of it.
 *
 * Most kinds have one right outcome, known before anything is sent. Where bytes are changed at random the outcome is what
 * the decoder reads of them: mostly nothing, else another sale, which then counts as it reads. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_DAMAGE_H
#define STORECAST_TESTS_CHAOS_DAMAGE_H

#include "chaos/chaos.h"
#include "chaos/ledger.h"
#include "codec/codec.h"
#include "io/kafka.h"

#define DAMAGE_LIST(X)                                                                                                                     \
    X(FLIPPED, "bytes flipped", 20)                                                                                                        \
    X(CUT, "cut short", 6)                                                                                                                 \
    X(LONGER, "bytes behind the end", 4)                                                                                                   \
    X(EMPTY, "empty or null", 4) X(NOISE, "noise", 6) X(UNKNOWN_SCHEMA, "a schema nobody knows", 4)                                        \
        X(OTHER_SCHEMA, "another record's schema", 3) X(WRONG_PARTITION, "the wrong partition", 5) X(WRONG_KEY, "another key, or none", 5) \
            X(BEFORE_TIME, "a date before date.min", 3) X(FAR_AHEAD, "a date far ahead", 4) X(OLD_TIMESTAMP, "a timestamp of 1970", 2)     \
                X(TOO_OLD, "a date before all history", 4) X(VALUE, "NaN, infinite or huge", 6) X(TEXT, "bad texts", 5)                    \
                    X(OVERSIZE, "larger than message.max.bytes", 1) X(UNSUPPORTED, "a body not acted on yet", 4)                           \
                        X(MIXED_LEVEL, "a whole store's sale where products are sold", 4) X(REPEATED, "sent twice", 12)                    \
                            X(REUSED, "a restarted counter", 4) X(BELOW_WINDOW, "a counter far behind", 4)                                 \
                                X(HELD_BACK, "out of order", 12) X(NO_COUNTER, "no counter, event id only, twice", 5)                      \
                                    X(HEADERS, "odd headers", 4)
enum damage_kind {
#define DAMAGE_ENUM(id, text, weight) DAMAGE_##id,
    DAMAGE_LIST(DAMAGE_ENUM)
#undef DAMAGE_ENUM
        DAMAGE_COUNT
};
const char *damage_name(enum damage_kind kind);

#define DAMAGE_HEADERS_MAX 8
struct shot { /* a record ready to be sent; borrows from the damage until the next one is made */
    struct bytes key, value;
    int32_t partition;
    int64_t timestamp_ms;
    struct kafka_header headers[DAMAGE_HEADERS_MAX];
    size_t header_count;
    const struct sales_update *update; /* what a reader makes of it; NULL: nothing, for the reason `code` */
    enum dead_letter code;
    bool altered;
    verdict_t intended;
    bool first;    /* before the sound record; else after it */
    bool replaces; /* the sound record is not sent */
    bool twice;    /* and the second time it must be a duplicate */
};

struct damage {
    struct dice dice;
    struct codec *codec;
    const struct ledger *ledger;
    struct arena arena;
    struct sales_update update;
    struct buffer sound, value, more;
    char text[2 * MESSAGE_ID_BYTES_MAX];
    uint64_t names_left; /* new products and sources that flips may still make: each is there for ever */
    uint64_t made[DAMAGE_COUNT];
};

void damage_init(struct damage *d, uint64_t seed, const struct ledger *ledger);
void damage_done(struct damage *d);

void damage_sound(struct damage *d, const struct sales_update *u, int64_t timestamp_ms, struct shot *out);
enum damage_kind damage_draw(struct damage *d);
/* False when it cannot be done to this record now. Not for DAMAGE_HELD_BACK. */
bool damage_make(struct damage *d, enum damage_kind kind, const struct sales_update *u, int64_t timestamp_ms, struct shot *out);

#endif
