/* ledger.h: what must become of every record that chaos sends, worked out without the engine.
 *
 * The rules are those that users are told: what makes a record a dead letter, when it is a duplicate, when a period
 * closes. They are kept here in the plainest way (every accepted sequence is remembered, not a window of them), so that
 * the worker is compared with something other than itself. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_LEDGER_H
#define STORECAST_TESTS_CHAOS_LEDGER_H

#include "base/period.h"
#include "base/table.h"
#include "engine/message.h"

enum { VERDICT_SALE, VERDICT_RETURN, VERDICT_DUPLICATE, VERDICT_COMPLETE, VERDICT_DEAD }; /* dead letters: VERDICT_DEAD + code */
#define VERDICT_COUNT (VERDICT_DEAD + DEAD_LETTER_COUNT)
#define VERDICT_ANY   (-1)
typedef int verdict_t;
const char *verdict_name(verdict_t v);

#define LEDGER_LATENESS_DAYS 2
#define LEDGER_AHEAD_DAYS    8
#define LEDGER_HISTORY       104 /* periods; the worker is told */
#define LEDGER_DEDUP_PERIODS 2
#define LEDGER_WINDOW        4096 /* sequences */

struct ledger_sums {
    int64_t gross_quantity, returns_quantity, gross_amount, returns_amount; /* millionths */
    uint64_t count;
};

struct ledger_cell {
    struct ledger_sums sums;    /* what the worker must have */
    struct ledger_sums altered; /* of it, what no till ever sold: damaged records that still read as sales; negative = sales lost */
};

struct ledger_series {
    uint32_t store;
    char store_id[MESSAGE_ID_BYTES_MAX + 1], product_id[MESSAGE_ID_BYTES_MAX + 1];
    struct ledger_cell *cells; /* by period - ledger's first */
    size_t cell_count;
};

struct ledger_source {
    int64_t greatest, issued_at_ms;
    uint64_t *accepted; /* bits */
    size_t words;
    int64_t disturbed_to; /* an altered record counted as one of this source: what becomes of sound ones up to this sequence is not
                             known before the ledger says it */
};

struct ledger_dead { /* a dead letter that must come */
    int64_t offset;
    uint32_t crc; /* of the first 64 KiB of the value */
    bool seen;
};

struct ledger_partition {
    uint8_t *verdicts; /* by offset */
    size_t count, capacity;
    struct ledger_dead *dead;
    size_t dead_count, dead_capacity;
    date_t greatest_date, complete_all;
    period_t first_record, closed_through; /* PERIOD_NONE before the first */
    uint64_t closes;
};

struct ledger_store {
    bool by_product;
    int32_t partition;
};

struct ledger {
    struct period_grid grid;
    period_t first_period;
    int32_t partition_count;
    struct ledger_partition *partitions;
    struct ledger_series *series;
    struct ledger_store *stores;
    struct ledger_source *sources;
    size_t series_count, store_count, source_count, series_capacity, store_capacity, source_capacity;
    struct table series_index, store_index, source_index;
    uint64_t *events; /* open addressing; hashes of store, event id and period */
    size_t event_count, event_capacity;
    uint64_t totals[VERDICT_COUNT];
};

void ledger_init(struct ledger *l, int32_t partitions);
void ledger_done(struct ledger *l);

/* A record as it goes to the broker; update NULL: its value cannot be read, code says why. */
struct ledger_record {
    int32_t partition;
    struct bytes key, value;
    int64_t timestamp_ms;
    const struct sales_update *update;
    enum dead_letter code;
    bool altered; /* what it says is not what the till sold: its sums are entered as altered */
};
/* Enters the next record of its partition and says what must become of it. */
verdict_t ledger_enter(struct ledger *l, const struct ledger_record *r);

/* NULL when there is none such. */
struct ledger_source *ledger_source(const struct ledger *l, struct text store, struct text source);
struct ledger_series *ledger_series(const struct ledger *l, struct text store, struct text product);
struct ledger_cell *ledger_cell(struct ledger *l, struct ledger_series *s, period_t period); /* made when missing */
bool ledger_accepted(const struct ledger_source *s, int64_t sequence);
void ledger_add(struct ledger_sums *sums, const struct measures *sold, int sign); /* sign -1: takes it off */

#endif
