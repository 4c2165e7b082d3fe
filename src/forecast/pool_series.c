#include <string.h>

#include "base/maths.h"
#include "forecast/pool_inner.h"

#define ISOLATED 20 /* one value in so many may be zero or less in a series kept in logs */
#define BOUND_SEASONS 2

double pool_usable(double value, bool level)
{
    return maths_finite(value) && (level || value > 0) ? value : maths_missing();
}

struct tally {
    size_t observed, not_positive;
    bool constant;
    double value;
};

static void tally_add(struct tally *t, double v)
{
    if (t->observed == 0)
        t->value = v;
    t->constant = (t->observed == 0 || t->constant) && v == t->value;
    t->observed++;
    t->not_positive += !(v > 0);
}

static enum series_kind kind_of(const struct tally *t)
{
    if (t->observed == 0)
        return SERIES_NONE;
    if (t->not_positive * ISOLATED >= t->observed && t->not_positive > 0)
        return SERIES_LEVEL;
    if (t->observed < YOY_MIN_PERIODS)
        return SERIES_SHORT;
    return t->constant ? SERIES_LEVEL : SERIES_LONG; /* a constant has no season to share */
}

static void bounds(const double *value, size_t stride, size_t periods, size_t from, bool level, struct pool_series *out)
{
    out->low = out->high = maths_missing();
    for (size_t t = from; t < periods; t++) {
        const double v = pool_usable(value[t * stride], level);
        if (v < out->low || out->low != out->low)
            out->low = v;
        if (v > out->high || out->high != out->high)
            out->high = v;
    }
}

void pool_series_scan(const double *value, size_t stride, size_t periods, size_t season, struct pool_series *out)
{
    struct tally tally = {0};
    for (size_t t = 0; t < periods; t++)
        if (maths_finite(value[t * stride]))
            tally_add(&tally, value[t * stride]);
    memset(out, 0, sizeof *out);
    out->kind = kind_of(&tally);
    out->observed = tally.observed;
    out->low = out->high = maths_missing();
    if (out->kind == SERIES_NONE)
        return;
    const bool level = out->kind == SERIES_LEVEL;
    size_t first = 0, last = periods;
    while (pool_usable(value[first * stride], level) != pool_usable(value[first * stride], level))
        first++;
    do
        last--;
    while (pool_usable(value[last * stride], level) != pool_usable(value[last * stride], level));
    out->first_row = first;
    out->last_row = last;
    const size_t recent = BOUND_SEASONS * season;
    bounds(value, stride, periods, periods > recent ? periods - recent : 0, level, out);
    if (out->low != out->low) /* nothing in the last two seasons */
        bounds(value, stride, periods, first, level, out);
}
