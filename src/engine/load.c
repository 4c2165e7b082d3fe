/* Restore: every stored record, in any order, then a check that they fit together. */
#include "base/error.h"
#include "engine/pools.h"
#include "engine/roster.h"
#include "engine/state.h"

enum status engine_load(struct engine *e, struct bytes key, struct bytes value, struct error *err)
{
    struct reader keys = reader_of(key), values = reader_of(value);
    uint8_t kind = reader_u8(&keys);
    uint8_t header_kind = reader_u8(&values), version = reader_u8(&values);
    uint16_t flags = reader_u16(&values);
    uint32_t length = reader_u32(&values), sum = reader_u32(&values);
    uint64_t batch = reader_u64(&values);
    (void)reader_u64(&values);
    if (keys.failed || values.failed || header_kind != kind || values.left != length || state_sum(e->partition, key, value) != sum)
        return error_set(err, STATUS_CORRUPT,
                         "partition %d: a state record of kind %c is damaged (remove the state directory to rebuild it)", e->partition,
                         kind >= ' ' && kind < 127 ? kind : '?');
    enum status status = version > STATE_VERSION || flags ? STATUS_NEWER
                         : version == 0                   ? STATUS_CORRUPT
                                                          : state_read(e, kind, keys, values);
    if (status == STATUS_NEWER)
        return error_set(err, STATUS_NEWER,
                         "partition %d: a state record of kind %c, version %u, was written by a newer program; this one knows versions up "
                         "to %d, and not everything in them (use the newer one)",
                         e->partition, kind >= ' ' && kind < 127 ? kind : '?', version, STATE_VERSION);
    if (status != STATUS_OK)
        return error_set(err, status, "partition %d: state record of kind %c: %s (remove the state directory to rebuild it)", e->partition,
                         kind >= ' ' && kind < 127 ? kind : '?', status_text(status));
    if (batch > e->batch)
        e->batch = batch;
    return STATUS_OK;
}

enum status engine_loaded(struct engine *e, bool accept_changes, struct error *err)
{
    engine_commit(e); /* nothing of a restore is news */
    bool is_empty = !e->series_count && !e->seen_count && !e->source_count;
    if (!e->loaded_partition && is_empty)
        return STATUS_OK;
    if (!e->loaded_partition)
        return error_set(err, STATUS_CORRUPT, "partition %d: the state has series but no partition record", e->partition);
    if (e->loaded_series != e->series_count || e->series_count != e->expected_series || e->loaded_stores != e->store_count ||
        e->store_count != e->expected_stores)
        return error_set(err, STATUS_CORRUPT, "partition %d: the state names %zu series in %zu stores, its partition record %zu in %zu",
                         e->partition, e->series_count, e->store_count, e->expected_series, e->expected_stores);
    if (e->loaded_hash != e->options_hash && !accept_changes)
        return error_set(err, STATUS_BAD_CONFIG,
                         "partition %d: options that change numbers differ from those the state was made with "
                         "(put them back, or start once with --accept-changes)",
                         e->partition);
    roster_recount(e);
    if (e->state.closed_through == PERIOD_NONE || e->state.closing != PERIOD_NONE)
        return STATUS_OK;
    const struct pool_work *pools;
    enum status status = pools_standing(e, &pools);
    pools_commit(e); /* a first batch that is rolled back must not cost a fit */
    return status == STATUS_OK ? status
                               : error_set(err, status, "partition %d: refit after restore: %s", e->partition, status_text(status));
}

struct bytes engine_partition_key(void)
{
    static const uint8_t key[] = {STATE_PARTITION};
    return (struct bytes){key, sizeof key};
}

bool engine_partition_batch(struct bytes value, uint64_t *out)
{
    struct reader r = reader_of(value);
    uint8_t kind = reader_u8(&r);
    (void)reader_u8(&r);
    (void)reader_u16(&r);
    (void)reader_u32(&r);
    (void)reader_u32(&r);
    *out = reader_u64(&r);
    return !r.failed && kind == STATE_PARTITION;
}
