/* catalog.h: the stores and series of a partition: found by id, kept in order of (store, product). Internal to engine/. */
#ifndef STORECAST_ENGINE_CATALOG_H
#define STORECAST_ENGINE_CATALOG_H

#include "engine/partition.h"

/* NULL when there is none. Looking something up needs no memory, so it cannot fail. */
struct store *catalog_store(const struct engine *e, struct text id);
struct series *catalog_series(const struct engine *e, struct text store, struct text product);
struct text catalog_store_id(const struct engine *e, const struct series *s);

/* A new store comes with the series of its total. Neither may exist yet. */
enum status catalog_add_store(struct engine *e, struct text id, enum store_mode mode, struct store **out) MUST_CHECK;
enum status catalog_add_series(struct engine *e, struct store *store, struct text product, struct series **out) MUST_CHECK;
/* For rollback: what was added last. */
void catalog_remove_last_store(struct engine *e);
void catalog_remove_last_series(struct engine *e);
void catalog_done(struct engine *e);

/* A key of two ids, each with its length. */
struct catalog_key {
    size_t size;
    uint8_t data[2 * (2 + MESSAGE_ID_BYTES_MAX)];
};
struct catalog_key catalog_key(struct text a, struct text b); /* absent differs from empty */
static inline struct bytes catalog_key_bytes(const struct catalog_key *key)
{
    return (struct bytes){key->data, key->size};
}

char *catalog_copy_text(struct text t); /* NUL-terminated; free(); NULL when out of memory */

#endif
