/* outputs.h: what the worker publishes, read while it comes: the embedded broker keeps only the end of a topic.
 *
 * Forecasts are numbered per series, Closed records and alerts per partition, each from 1: a number that is missing is lost,
 * one that comes again with other bytes is different. Every dead letter must be one that the ledger has, with its code
 * and its bytes. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_OUTPUTS_H
#define STORECAST_TESTS_CHAOS_OUTPUTS_H

#include "app/client.h"
#include "app/topics.h"
#include "chaos/chaos.h"
#include "chaos/ledger.h"
#include "codec/codec.h"

struct numbered { /* one series' forecasts, one partition's Closed records or alerts */
    char *name;
    uint32_t *crc;   /* of the bytes, by number - 1; 0: has not come */
    uint32_t *plain; /* the same without what may differ between runs with other dead letters: offsets */
    size_t count, capacity;
    date_t origin; /* of the last forecast */
};

struct outputs {
    struct client_reader *forecasts, *dead, *alerts;
    struct codec *codec;
    struct arena arena;
    struct buffer plain;
    struct numbered *streams;
    size_t stream_count, stream_capacity;
    struct table index;
    bool keeps_plain;
    bool once; /* what comes twice is doubled: on a cluster; else a crash may repeat it */
    uint64_t records, bytes, repeated, dead_letters;
};

void outputs_open(struct outputs *o, struct client *client, const struct topics *topics, bool keeps_plain);
void outputs_done(struct outputs *o);

/* All that is there, when nothing more comes, by readers that were opened after that. */
void outputs_read_all(struct outputs *o, struct ledger *l, struct findings *f);
/* What is there now. */
void outputs_read(struct outputs *o, struct ledger *l, struct findings *f);
/* When nothing more can come. */
void outputs_finish(struct outputs *o, struct ledger *l, struct findings *f);
void outputs_count(const struct outputs *o, uint64_t *out_forecasts, uint64_t *out_alerts);
/* Of two runs that accepted the same records. */
void outputs_compare(const struct outputs *a, const struct outputs *b, struct findings *f);

#endif
