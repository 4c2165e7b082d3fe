#include "forecast/intervals_sort.h"

#include <stdbool.h>
#include <string.h>

uint64_t score_key(double v)
{
    uint64_t bits;
    v += 0.0;
    memcpy(&bits, &v, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

double score_number(uint64_t key)
{
    const uint64_t bits = key >> 63 ? key ^ UINT64_C(1) << 63 : ~key;
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

#define DIGIT_BITS 11
#define DIGITS 6 /* 66 bits hold 64 */
#define DIGIT_VALUES (1 << DIGIT_BITS)

static size_t digit_of(uint64_t key, int digit) { return (key >> (digit * DIGIT_BITS)) & (DIGIT_VALUES - 1); }

/* Stable radix sort by the digits from first_digit up; returns which of the two arrays holds the result. */
static struct score *sort_by_digits(struct score *from, struct score *to, size_t n, int first_digit)
{
    uint32_t start[DIGITS][DIGIT_VALUES];
    memset(start, 0, sizeof start);
    for (size_t i = 0; i < n; i++)
        for (int d = first_digit; d < DIGITS; d++)
            start[d][digit_of(from[i].key, d)]++;
    for (int d = first_digit; d < DIGITS; d++) {
        uint32_t before = 0;
        for (size_t v = 0; v < DIGIT_VALUES; v++) {
            const uint32_t count = start[d][v];
            start[d][v] = before;
            before += count;
        }
        for (size_t i = 0; i < n; i++)
            to[start[d][digit_of(from[i].key, d)]++] = from[i];
        struct score *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Stable insertion sort of what is nearly sorted; false when it gave up after 4 n moves. */
static bool finish_sorting(struct score *scores, size_t n)
{
    size_t moves = 0;
    for (size_t i = 1; i < n; i++) {
        const struct score moved = scores[i];
        size_t at = i;
        for (; at > 0 && scores[at - 1].key > moved.key; at--, moves++)
            scores[at] = scores[at - 1];
        scores[at] = moved;
        if (moves > 4 * n)
            return false;
    }
    return true;
}

/* The upper half of the bits nearly always suffices. */
struct score *score_sort(struct score *scores, struct score *scratch, size_t n)
{
    struct score *sorted = sort_by_digits(scores, scratch, n, DIGITS / 2);
    if (finish_sorting(sorted, n))
        return sorted;
    return sort_by_digits(sorted, sorted == scores ? scratch : scores, n, 0);
}
