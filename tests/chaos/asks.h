/* asks.h: requests for a forecast, in the middle of it all: each must be answered once, with what a worker that nothing happens to
 * says when it knows just as many sales. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_ASKS_H
#define STORECAST_TESTS_CHAOS_ASKS_H

#include "app/client.h"
#include "app/topics.h"
#include "chaos/chaos.h"
#include "chaos/ledger.h"
#include "codec/codec.h"

struct ask {
    char store[MESSAGE_ID_BYTES_MAX + 1], product[MESSAGE_ID_BYTES_MAX + 1];
    int32_t partition, horizon;
    int64_t sales_offset; /* up to which the answer knows the sales */
    uint32_t crc;         /* of the answer without that offset */
    uint64_t answers;
    bool compared;
};

struct asks {
    struct ask *items;
    size_t count, capacity;
    int64_t sent[64]; /* by partition */
    struct codec *codec;
    struct arena arena;
    struct buffer value;
};

void asks_init(struct asks *a);
void asks_done(struct asks *a);
/* Asks for a series that the ledger knows. */
void asks_send(struct asks *a, struct client *client, const struct topics *topics, const struct ledger *ledger, struct dice *dice);
/* Reads all answers that are there, to the end, and says what is missing, or came twice. */
void asks_read(struct asks *a, struct client *client, const struct topics *topics, struct findings *f);

/* The next request of this partition whose answer knew nothing from this offset on, and was not compared yet; NULL = none. */
struct ask *asks_due(struct asks *a, int32_t partition, int64_t offset);
/* Asks it again, of this client's worker, and compares. */
void asks_compare(struct asks *a, struct ask *ask, struct client *client, const struct topics *topics, struct findings *f);

#endif
