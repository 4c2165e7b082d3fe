/* check.h: what the worker knows and counts, seen from outside, against the ledger. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_CHECK_H
#define STORECAST_TESTS_CHAOS_CHECK_H

#include "app/simulate.h"
#include "chaos/chaos.h"
#include "chaos/ledger.h"
#include "chaos/service.h"

#define CHECK_PARTITIONS_MAX 64

/* `state cells`: every sum of every period kept, of products and of stores, to the millionth. Returns the cells compared. */
uint64_t check_cells(struct ledger *l, const struct buffer *cells, struct findings *f);

/* From `state show`: the next offset of each partition, where a worker with this state begins to read. */
void check_offsets(const struct ledger *l, const struct buffer *shown, int64_t out[CHECK_PARTITIONS_MAX]);

/* /metrics of a worker that has read everything, from the offsets on that its state knew when it started: read = sales + duplicates
 * + completes + dead letters, each as the ledger has them since then, dead letters by code. */
void check_counters(const struct ledger *l, const int64_t known[CHECK_PARTITIONS_MAX], const struct buffer *metrics, struct findings *f);
/* Records that it has handled since it started. */
uint64_t check_handled(const struct buffer *metrics);

/* The ledger against the simulation, when all of it was sent: nothing but altered records makes a difference. Fails the run. */
void check_truth(struct ledger *l, const struct simulate *s, const struct simulate_options *o);

#endif
