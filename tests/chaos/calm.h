/* calm.h: the accepted records once more, through a worker that nothing happens to: everything published must be the same but for
 * the offsets, which count refused records too. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_CALM_H
#define STORECAST_TESTS_CHAOS_CALM_H

#include "chaos/asks.h"
#include "chaos/stage.h"

/* The next accepted record, which got this offset. */
void calm_keep(struct buffer *kept, const struct client_record *record, int64_t offset);

struct calm_options {
    const char *program;
    const struct buffer *kept;
    struct ledger *ledger;
    /* of the wild run: what it published, and the rows of `state cells` */
    const struct outputs *outputs;
    struct buffer *cells;
    struct asks *asks; /* NULL = none */
    struct findings *findings;
};
void calm_compare(const struct calm_options *options);

#endif
