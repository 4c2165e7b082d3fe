/* partition.h: the inner data of an engine: stores, series, cells, issued forecasts, and what is kept between closes.
 *
 * Objects have stable addresses; every change goes through journal_touch first, which keeps the old bytes for a
 * rollback and marks the object for the next flush. Internal to engine/. */
#ifndef STORECAST_ENGINE_PARTITION_H
#define STORECAST_ENGINE_PARTITION_H

#include "base/period.h"
#include "base/table.h"
#include "engine/engine.h"
#include "engine/journal.h"
#include "forecast/drift.h"
#include "forecast/errors.h"
#include "forecast/intervals.h"
#include "forecast/pool.h"

/* ---- a period of a series */

struct contribution { /* what a period sold, in millionths; returns are positive numbers */
    int64_t gross_quantity, returns_quantity, gross_amount, returns_amount;
    bool has_quantity, has_amount;
};

#define EVENT_PREFIX 24
struct event_order { /* of two Totals the greater (issued at, event id) wins; ids are compared by prefix, then by hash */
    int64_t issued_at_ms;
    uint8_t prefix[EVENT_PREFIX];
    uint64_t hash;
};

struct cell {
    struct journal_mark mark;
    bool present;                  /* else: as if it did not exist */
    struct contribution sums;      /* of its Sales, or of its products' cells for a derived total */
    uint32_t quantity_count, amount_count; /* Sales (or products) behind each sum */
    uint32_t reports;              /* of a store's total: records of the store or a product of it */
    bool has_total, total_final;   /* final: issued after the period's last day */
    struct contribution total;
    struct event_order total_order;
    /* Corrections are used from the next close on; until then a refit needs the value of the last close. */
    period_t corrected_after;      /* closed_through when the value first changed since that close */
    bool before_known;
    int64_t before;                /* value in millionths */
};

struct cell_page; /* CELL_PAGE consecutive cells */
#define CELL_PAGE 16

/* ---- series and stores */

struct issued_members { /* what the members issued at one origin; caller-sized */
    size_t count;
    struct issued_member {
        uint16_t member;
        double value[ERRORS_STEPS];
    } item[];
};

#define MEMBER_ORIGINS 52 /* origins whose members' values are kept: 26 scored ones at step 26 */

struct issued_slot {
    struct journal_mark mark;
    period_t origin;  /* first period forecast; PERIOD_NONE = empty */
    bool level, counted;
    double value[ERRORS_STEPS]; /* the ensemble's: what was published */
};

struct member_slot {
    struct journal_mark mark;
    period_t origin;
    struct issued_members *issued; /* NULL = empty */
};

struct issued_rings {
    struct issued_slot ensemble[ERRORS_ORIGINS]; /* at origin modulo size */
    struct member_slot members[MEMBER_ORIGINS];
};

struct drift_watch {
    struct journal_mark mark;
    struct drift_state state;
    period_t since; /* period of FIRING */
};

struct series_state {
    struct journal_mark mark;
    bool derived;          /* a store total that is the sum of its products */
    bool sale_fed;         /* had a Sale: silence of the series while the store reports means zero */
    period_t first_period; /* of the first record; PERIOD_NONE = none */
    int64_t issue;         /* of the last standing forecast */
    bool stockout_firing;  /* SUSPECT_STOCKOUT */
    period_t stockout_since;
};

struct series {
    uint32_t index;      /* own place in engine->series */
    uint32_t store;      /* index of its store */
    struct text product; /* absent: the store's total; owned */
    struct series_state state;
    struct drift_watch drift;
    struct cell_page **pages; /* pages[i] holds the periods of page number page_first + i; NULL = no cell */
    int32_t page_first;
    size_t page_count;
    struct issued_rings *rings; /* from the first issue on */
};

enum store_mode { STORE_DIRECT, STORE_DERIVED };

struct store_state {
    struct journal_mark mark;
    date_t complete_through; /* INT32_MIN = never said */
    bool silent_firing;
    period_t silent_since;
};

struct store {
    uint32_t index;
    struct text id;     /* owned */
    enum store_mode mode; /* decided by its first record */
    uint32_t total;     /* index of its total's series */
    uint32_t *products; /* indices of its products' series */
    size_t product_count, product_capacity;
    struct store_state state;
};

/* ---- duplicates */

#define SOURCE_WINDOW 4096
struct source {
    struct journal_mark mark;
    uint32_t index;
    bool present;
    struct text store, name; /* owned */
    int64_t greatest;        /* sequence */
    int64_t issued_at_ms;    /* greatest of what was accepted */
    int64_t last_offset;     /* of last use: the least is dropped first */
    uint8_t seen[SOURCE_WINDOW / 8]; /* bit (sequence modulo window) of greatest-window+1 .. greatest */
};

struct seen_set { /* SipHashes of event ids with no usable sequence, of one period */
    period_t period;
    uint64_t *hashes; /* open addressing, 0 = free (a hash of 0 is stored as 1) */
    size_t capacity, used;
};

/* ---- pools */

enum pool_kind { POOL_STORES, POOL_PRODUCTS, POOL_KINDS };

struct pool_state { /* survives a restart */
    struct journal_mark mark;
    uint32_t seasonal_origins; /* origins issued while the pool had its seasonal model */
};

struct pool_work { /* rebuilt at every close and after a restore; never saved */
    size_t count;        /* series */
    uint32_t *series;    /* their indices, in order of (store, product) */
    period_t first;      /* of row 0 */
    size_t periods;
    double *value;       /* periods x count, levels, NaN = unknown */
    struct pool_fit *fit;
    double *weight;      /* ENSEMBLE_BANDS x MEMBER_COUNT x count */
    struct conformal *conformal;
    double *relative;    /* count: e of the closing period, NaN = not scored */
    double median_error; /* of the closing period over the pool */
    size_t scored;
};

/* ---- the partition */

struct partition_state {
    struct journal_mark mark;
    int64_t sales_offset, requests_offset;
    date_t greatest_date;     /* of a Sale or final Total; INT32_MIN = none */
    period_t first_record;    /* least period with a record before the first close */
    period_t closed_through, closing;
    uint32_t closing_cursor;
    uint8_t closing_cause;
    int64_t close_number, alert_number;
    date_t complete_all;
    bool limit_firing;        /* SERIES_LIMIT */
};

enum close_cause { CLOSE_WATERMARK, CLOSE_ROSTER, CLOSE_COMPLETE };

struct engine {
    int32_t partition;
    struct engine_options options;
    uint64_t options_hash, loaded_hash;
    bool loaded_partition;
    struct calendar *calendar;
    struct journal journal;
    struct partition_state state;
    uint64_t batch;
    struct store **stores;
    size_t store_count, store_capacity;
    struct table store_index;
    struct series **series;
    size_t series_count, series_capacity;
    uint32_t *order; /* series by (store, product) */
    struct table series_index;
    struct source **sources;
    int64_t *source_last; /* last_offset of each, side by side for the search of the least */
    size_t source_count, source_capacity;
    size_t source_present; /* not dropped */
    struct table source_index;
    struct seen_set *seen;
    size_t seen_count, seen_capacity;
    struct pool_state pool[POOL_KINDS];
    size_t roster_size, roster_have; /* series on the roster of the open period, and those of them that are in */
    size_t loaded_series, loaded_stores, expected_series, expected_stores; /* restore: records seen, records promised */
    size_t flush_at, flush_slot; /* of engine_flush_some: what comes next, a journal entry, and a slot of the hashes it drops */
    struct pool_work *work;     /* of the close under way, POOL_KINDS */
    struct pool_work *standing; /* of the last close; NULL = to be rebuilt */
    bool standing_is_new;       /* made in this batch: `replaced` comes back when the batch does not happen */
    struct pool_work *replaced;
};

static inline enum pool_kind series_pool(const struct series *s)
{
    return s->product.data ? POOL_PRODUCTS : POOL_STORES;
}
/* The period that closes next; PERIOD_NONE without any record. */
period_t engine_open_period(const struct engine *e);

#endif
