/* calm.h: the accepted records once more, through a worker that nothing happens to: everything published must be the same but for
 * the offsets, which count refused records too. Thread: main. */
#ifndef STORECAST_TESTS_CHAOS_CALM_H
#define STORECAST_TESTS_CHAOS_CALM_H

#include "chaos/stage.h"

void calm_keep(struct buffer *kept, const struct client_record *record);
/* Findings go to those of the wild stage. */
void calm_compare(const struct buffer *kept, struct stage *wild, const char *program);

#endif
