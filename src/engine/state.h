/* state.h: state records: the same bytes in LMDB and in the changelog.
 *
 * Key = kind, then length-prefixed ids and big-endian numbers. Value = header + explicit little-endian fields; never a copy of
 * a struct. What only a newer program can have written is refused as newer: a version, a flag, a kind, a model or a pool that is not
 * known; so a program can be put back as long as nothing new has been used. A damaged record is corrupt. Internal to engine/, but for
 * state_header_bytes, which tools skip to compare what records say.
 *
 * What differs from one record a series with everything in it: forecasts issued at one origin are a record of their own, so
 * that a close writes what is new (about half a kilobyte a series) and not 104 origins again. */
#ifndef STORECAST_ENGINE_STATE_H
#define STORECAST_ENGINE_STATE_H

#include "engine/partition.h"

enum state_kind {
    STATE_PARTITION = 'P',
    STATE_STORE = 'T',
    STATE_SERIES = 'S',
    STATE_CELL = 'C',    /* series, period */
    STATE_ISSUED = 'R',  /* series, ring position: what was published, by origin */
    STATE_MEMBERS = 'Q', /* series, ring position: what the members said */
    STATE_DRIFT = 'W',   /* series */
    STATE_SOURCE = 'D',  /* store, source */
    STATE_SEEN = 'H',    /* period, SipHash of an event id */
    STATE_POOL = 'M',    /* level, category; frozen coefficients will go here too */
    /* reserved: STATE_STANDING 'F' standing forecasts, STATE_PLAN 'N' plans */
};
#define STATE_VERSION 1
/* u8 kind, u8 version, u16 flags (0 in version 1), u32 length of what follows the header, u32 crc32c, u64 batch, i64 sales offset */
#define STATE_HEADER_BYTES 28
#define STATE_SUM_AT 8

/* The crc32c that belongs into a record (of at least STATE_HEADER_BYTES): of the partition, the key and all of the record but
 * the sum itself. A record that is whole but in the wrong place is as wrong as a damaged one. */
uint32_t state_sum(int32_t partition, struct bytes key, struct bytes record);

/* Key and value of the object of a journal entry, into the effects' arena. value.data NULL: the record is to be deleted. */
enum status state_encode(const struct engine *e, const struct journal_entry *entry, uint64_t batch, struct arena *arena,
                         struct bytes *out_key, struct bytes *out_value) MUST_CHECK;
/* Key behind its kind byte and value behind its header, into the engine. STATUS_CORRUPT, STATUS_NEWER (see above). */
enum status state_read(struct engine *e, uint8_t kind, struct reader key, struct reader value) MUST_CHECK;
enum status state_seen_key(period_t period, uint64_t hash, struct arena *arena, struct bytes *out_key) MUST_CHECK;

#endif
