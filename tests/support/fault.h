/* fault.h: allocations that fail on demand, for programs linked with --wrap (tests/fault). Product code stays ignorant.
 *
 * fault_sweep(run, context, ..) runs it with the first allocation failing, then the second, and so on until a
 * run gets through without one. Thread: one. */
#ifndef STORECAST_TESTS_SUPPORT_FAULT_H
#define STORECAST_TESTS_SUPPORT_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* The allocation after `allowed` more fails, once. */
void fault_start(size_t allowed);
void fault_stop(void);
bool fault_happened(void); /* since fault_start */

/* run returns whether it succeeded; it must fail whenever an allocation did, unless it can do without it (may_survive).
 * Fails the test otherwise. Returns the number of failures swept through. */
size_t fault_sweep(bool (*run)(void *context), void *context, bool may_survive);

#endif
