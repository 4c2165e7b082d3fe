/* restore_cluster.h: what a worker does before it goes on with partitions that the group has given it.
 *
 * What is known of a partition stands in three places: the group's committed offsets (with the number of the batch that
 * committed them), the changelog, and, as a copy, the local state. In this order: ask for the committed offsets, ask where
 * the changelog ends, bring the copy up to that end, and compare. Only when all agree does the partition start:
 *
 *     copy and group agree             nothing is read; the usual restart
 *     copy is older, or there is none  the changelog is read from where the copy ends, or from its beginning
 *     state is behind the group        some transaction's records are not visible yet: wait, ask again
 *     otherwise                        somebody has moved offsets or removed records: refused, naming both sides
 *
 * The end must be asked after the offsets, with a reader that sees open transactions: what a zombie has begun hides records
 * that are committed already. Runs on a compute thread; the functions are called on the loop. */
#ifndef STORECAST_APP_RESTORE_CLUSTER_H
#define STORECAST_APP_RESTORE_CLUSTER_H

#include "app/worker.h"

struct restore;

/* Begins with the lanes that there are. When the local state is up to date their engines are loaded from it (restore.h), unless
 * it was cancelled; when that cannot be had, the worker fails. */
enum status restore_cluster_start(struct worker *w, struct error *err) MUST_CHECK;
/* As soon as it can: what comes of it is thrown away. */
void restore_cluster_cancel(struct worker *w);
bool restore_cluster_is_running(const struct worker *w);
/* The engines are loaded: do their offsets agree with the group's? STATUS_BAD_DATA. */
enum status restore_cluster_compare(const struct worker *w, struct error *err) MUST_CHECK;
/* Once a second: progress to the metrics and the log. */
void restore_cluster_tick(struct worker *w);
void restore_cluster_free(struct worker *w);

#endif
