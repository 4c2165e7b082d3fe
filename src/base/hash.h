/* hash.h: the hashes that StoreCast's formats fix. Thread: any. */
#ifndef STORECAST_BASE_HASH_H
#define STORECAST_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* SipHash-2-4 with a fixed key (Aumasson and Bernstein 2012): event ids and our own tables. */
uint64_t hash_sip(const void *data, size_t size);
/* CRC-32C (Castagnoli), as state records carry it. */
uint32_t hash_crc32c(const void *data, size_t size);
/* The same of what came before, whose sum is crc, and these bytes behind it. */
uint32_t hash_crc32c_next(uint32_t crc, const void *data, size_t size);
/* murmur2 as Java's Kafka clients compute it; the partition of a key is (hash & 0x7fffffff) % partitions. */
uint32_t hash_murmur2(const void *data, size_t size);
int32_t hash_partition(const void *key, size_t size, int32_t partitions);

#endif
