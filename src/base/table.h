/* table.h: a hash table from bytes to a 32-bit index (open addressing, SipHash). Keys are copied.
 * Indices are whatever the caller stores; the table never interprets them. Thread: any, one at a time. */
#ifndef STORECAST_BASE_TABLE_H
#define STORECAST_BASE_TABLE_H

#include "base/bytes.h"

#define TABLE_NONE UINT32_MAX

struct table {
    struct table_slot *slots;
    size_t capacity, used, dead; /* capacity: 0 or a power of two */
};

void table_done(struct table *t);
uint32_t table_get(const struct table *t, struct bytes key); /* TABLE_NONE when absent */
enum status table_put(struct table *t, struct bytes key, uint32_t index) MUST_CHECK; /* replaces */
void table_remove(struct table *t, struct bytes key); /* nothing when absent */

#endif
