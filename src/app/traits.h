/* traits.h: what the broker at hand can do, and the only place that knows which kind it is.
 * Thread: any. */
#ifndef STORECAST_APP_TRAITS_H
#define STORECAST_APP_TRAITS_H

#include <stdbool.h>
#include <stdint.h>

struct broker_traits {
    bool transactions;        /* aborts hide records, offsets commit with them, zombies are fenced */
    bool admin;               /* topics can be created through the protocol */
    bool compaction;          /* compacted topics keep the last record of every key */
    uint64_t retention_bytes; /* a partition drops its oldest records beyond this; 0 = as the topic says */
};

/* librdkafka's in-process broker: accepts transactions, but throws their offsets away and hides nothing. */
static inline struct broker_traits traits_embedded(void)
{
    return (struct broker_traits){.retention_bytes = UINT64_C(5) << 20};
}

/* Apache Kafka from 2.5 on. */
static inline struct broker_traits traits_cluster(void)
{
    return (struct broker_traits){.transactions = true, .admin = true, .compaction = true};
}

#endif
