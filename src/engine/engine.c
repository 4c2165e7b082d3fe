#include "engine/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/catalog.h"
#include "engine/close.h"
#include "engine/dedup.h"
#include "engine/history.h"
#include "engine/partition.h"
#include "engine/pools.h"
#include "engine/roster.h"
#include "engine/sources.h"

/* ---- options */

void engine_options_default(struct engine_options *out)
{
    *out = (struct engine_options){
        .grid = {PERIOD_WEEK, SUNDAY},
        .measure = MEASURE_AMOUNT,
        .lateness_days = 2,
        .max_ahead_days = 8,
        .date_min = date_of(2000, 1, 1),
        .history_periods = 208,
        .dedup_periods = 2,
        .dedup_sources = 100000,
        .series_max = 100000,
        .feed_silent_periods = 2,
        .horizon = 8,
        .outliers = true,
        .members = member_all(),
    };
}

uint64_t engine_options_hash(const struct engine_options *o)
{
    struct buffer b = {0};
    buffer_put_u8(&b, (uint8_t)o->grid.unit);
    buffer_put_u8(&b, o->grid.unit == PERIOD_WEEK ? o->grid.week_end : 0);
    buffer_put_u8(&b, (uint8_t)o->measure);
    buffer_put_u8(&b, o->net);
    buffer_put_u32(&b, (uint32_t)o->lateness_days);
    buffer_put_u32(&b, (uint32_t)o->max_ahead_days);
    buffer_put_u32(&b, (uint32_t)o->date_min);
    buffer_put_u32(&b, (uint32_t)o->history_periods);
    buffer_put_u32(&b, (uint32_t)o->dedup_periods);
    buffer_put_u32(&b, o->dedup_sources);
    buffer_put_u32(&b, o->series_max);
    buffer_put_u32(&b, (uint32_t)o->feed_silent_periods);
    buffer_put_u32(&b, (uint32_t)o->horizon);
    buffer_put_u8(&b, o->outliers);
    buffer_put_double(&b, o->drift_user_mape);
    for (uint32_t m = 0; m < MEMBER_COUNT; m++) /* ids of those that are not as they are by default: a member added later changes no hash */
        if (member_in(o->members, m) != member_in(member_all(), m))
            buffer_put_u16(&b, member_table[m].id);
    uint64_t hash = b.failed ? 0 : hash_sip(b.data, b.size);
    buffer_done(&b);
    return hash;
}

/* ---- life */

enum status engine_new(int32_t partition, const struct engine_options *options, struct engine **out)
{
    assert(options->history_periods > 0 && options->history_periods <= ENGINE_HISTORY_MAX);
    assert(options->horizon >= 1 && options->horizon <= MESSAGE_HORIZON_MAX);
    struct engine *e = calloc(1, sizeof *e);
    if (!e)
        return STATUS_NO_MEMORY;
    e->partition = partition;
    e->options = *options;
    bool named = options->unit.size > 0;
    char *unit = named ? catalog_copy_text(options->unit) : NULL;
    e->options.unit = (struct text){unit, options->unit.size};
    e->options_hash = engine_options_hash(options);
    journal_init(&e->journal);
    e->state = (struct partition_state){.sales_offset = -1, .requests_offset = -1, .greatest_date = INT32_MIN,
                                        .first_record = PERIOD_NONE, .closed_through = PERIOD_NONE,
                                        .closing = PERIOD_NONE, .complete_all = INT32_MIN};
    if ((named && !unit) || e->options_hash == 0 || calendar_new(&e->options.grid, &e->calendar) != STATUS_OK) {
        engine_free(e);
        return STATUS_NO_MEMORY;
    }
    *out = e;
    return STATUS_OK;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    engine_commit(e); /* of a batch that was not ended, the journal owns old values */
    pools_free(e->work);
    pools_free(e->standing);
    catalog_done(e);
    dedup_done(e);
    journal_done(&e->journal);
    calendar_free(e->calendar);
    free((char *)e->options.unit.data);
    free(e);
}

/* ---- the end of a batch */

static void undo(struct engine *e, const struct journal_entry *entry)
{
    switch (entry->kind) {
    case JOURNAL_MEMBERS:
        free(((struct member_slot *)entry->object)->issued);
        journal_restore(&e->journal, entry);
        break;
    case JOURNAL_SOURCE:
        journal_restore(&e->journal, entry);
        sources_sync(e, entry->index);
        break;
    case JOURNAL_SEEN_ADDED:
        dedup_seen_remove(e, entry->period, entry->hash);
        break;
    case JOURNAL_SEEN_DROPPED:
        break;
    case JOURNAL_STORE_ADDED:
        catalog_remove_last_store(e);
        break;
    case JOURNAL_SERIES_ADDED:
        catalog_remove_last_series(e);
        break;
    case JOURNAL_SOURCE_ADDED:
        sources_remove(e, entry->index);
        break;
    case JOURNAL_PARTITION:
    case JOURNAL_STORE:
    case JOURNAL_SERIES:
    case JOURNAL_CELL:
    case JOURNAL_ISSUED:
    case JOURNAL_DRIFT:
    case JOURNAL_POOL:
        journal_restore(&e->journal, entry);
        break;
    }
}

void engine_rollback(struct engine *e)
{
    for (size_t i = e->journal.count; i-- > 0;)
        undo(e, &e->journal.entries[i]);
    sources_recount(e);
    journal_clear(&e->journal);
    e->flush_at = e->flush_slot = 0;
    pools_rollback(e);
    roster_recount(e);
}

void engine_commit(struct engine *e)
{
    for (size_t i = 0; i < e->journal.count; i++) {
        const struct journal_entry *entry = &e->journal.entries[i];
        if (entry->kind == JOURNAL_MEMBERS) {
            struct member_slot old; /* copied: the journal packs what it saves, without regard to alignment */
            memcpy(&old, e->journal.saved.data + entry->saved, sizeof old);
            free(old.issued);
        } else if (entry->kind == JOURNAL_SEEN_DROPPED)
            dedup_seen_free(e, entry->period);
        else if (entry->kind == JOURNAL_CELL)
            history_release(e->series[entry->index], entry->period);
    }
    sources_drop_gone(e);
    pools_commit(e);
    journal_clear(&e->journal);
}
