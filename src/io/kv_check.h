/* kv_check.h: the pages of an LMDB file, looked at before LMDB does, which believes whatever it finds and crashes, or writes over
 * what it needs. Internal to io/kv.
 *
 * What is checked: both heads; of the newer one, every page of the tree of records and of the tree of free pages: it has one
 * owner, is what its parent takes it for, its entries fill it without overlap, keys ascend through the whole tree, and the sums
 * of the head are right. What is not: the bytes of values, which have sums of their own. */
#ifndef STORECAST_IO_KV_CHECK_H
#define STORECAST_IO_KV_CHECK_H

#include "base/error.h"

/* Heads: LMDB can open the file. All: it can work with it; nobody may write meanwhile, unless a reader is registered. STATUS_OK
 * also when there is no file, or an empty one; STATUS_CORRUPT, STATUS_IO, STATUS_NO_MEMORY with a sentence. */
enum kv_check_extent { KV_CHECK_HEADS, KV_CHECK_ALL };
enum status kv_check(const char *directory, enum kv_check_extent extent, struct error *err) MUST_CHECK;

#endif
