/* intervals_sort.h: sorting weighted scores, the costly part of intervals.c. Stable, and the same on every machine. */
#ifndef STORECAST_FORECAST_INTERVALS_SORT_H
#define STORECAST_FORECAST_INTERVALS_SORT_H

#include <stddef.h>
#include <stdint.h>

struct score {
    uint64_t key; /* orders as the number does */
    double weight;
};

/* Doubles as unsigned numbers of the same order; -0 counts as 0. No NaN. */
uint64_t score_key(double v);
double score_number(uint64_t key);

/* Ascending; equal scores keep their order. Returns which of the two arrays, each of n, holds the result. */
struct score *score_sort(struct score *scores, struct score *scratch, size_t n);

#endif
