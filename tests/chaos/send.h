/* send.h: the sales of a simulated chain, one record in ten damaged, entered into the ledger and handed on one by one. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_SEND_H
#define STORECAST_TESTS_CHAOS_SEND_H

#include "app/client.h"
#include "chaos/check.h"
#include "chaos/damage.h"
#include "chaos/run.h"

#define SEND_QUEUES 3

struct held;

struct sender {
    /* set by the caller before sender_open */
    uint64_t seed, expected; /* about so many records */
    enum sabotage sabotage;
    struct ledger *ledger; /* borrowed */
    const char *topic;     /* of the sales; borrowed */
    bool keeps;            /* accepted records, for a calm run */
    void (*deliver)(void *arg, const struct client_record *record);
    void (*on_sent)(void *arg); /* after every record that is no damage of its own */
    void *arg;
    struct simulate_options simulation; /* stores, products, tills; the periods follow from them */
    /* results */
    uint64_t sent;
    struct buffer kept;
    struct damage damage;
    struct simulate *simulate;
    /* own */
    struct held *held[SEND_QUEUES], **held_end[SEND_QUEUES];
    int64_t timestamp_ms;
    struct buffer instead; /* sent in place of the next record */
    bool is_sabotaged;
};

void sender_open(struct sender *s);
void sender_done(struct sender *s);
/* All of it, and a Complete for every partition. Then the ledger is what the simulation sold, but for what damage altered. */
void sender_send_all(struct sender *s);

#endif
