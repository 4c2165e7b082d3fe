#include "forecast/accuracy.h"

#include "base/maths.h"

#define MIN_DIFFERENCES 8

static double magnitude(double v) { return v < 0 ? -v : v; }

void accuracy_add(struct accuracy_sums *a, double actual, double predicted, double scale)
{
    const double error = predicted - actual, size = magnitude(error);
    a->n++;
    a->absolute += size;
    a->square += error * error;
    a->actual += actual;
    a->actual_absolute += magnitude(actual);
    a->signed_error += error;
    if (size > 0)
        a->symmetric += 200 * size / (magnitude(actual) + magnitude(predicted));
    if (actual > 0)
        a->percentage += 100 * size / actual;
    else
        a->skipped++;
    if (scale > 0) {
        a->scaled_absolute += size / scale;
        a->scaled++;
    } else {
        a->scaled_skipped++;
    }
}

static double winkler(double actual, double low, double high, double miss_rate)
{
    double score = high - low;
    if (actual < low)
        score += 2 / miss_rate * (low - actual);
    if (actual > high)
        score += 2 / miss_rate * (actual - high);
    return score;
}

void accuracy_add_bounds(struct accuracy_sums *a, double actual, const double bounds[4])
{
    a->bounded++;
    a->inside80 += bounds[1] <= actual && actual <= bounds[2];
    a->inside95 += bounds[0] <= actual && actual <= bounds[3];
    a->winkler80 += winkler(actual, bounds[1], bounds[2], .20);
    a->winkler95 += winkler(actual, bounds[0], bounds[3], .05);
}

void accuracy_merge(struct accuracy_sums *a, const struct accuracy_sums *b)
{
    a->n += b->n;
    a->skipped += b->skipped;
    a->scaled += b->scaled;
    a->scaled_skipped += b->scaled_skipped;
    a->bounded += b->bounded;
    a->percentage += b->percentage;
    a->absolute += b->absolute;
    a->square += b->square;
    a->actual += b->actual;
    a->actual_absolute += b->actual_absolute;
    a->signed_error += b->signed_error;
    a->symmetric += b->symmetric;
    a->scaled_absolute += b->scaled_absolute;
    a->inside80 += b->inside80;
    a->inside95 += b->inside95;
    a->winkler80 += b->winkler80;
    a->winkler95 += b->winkler95;
}

const char *accuracy_metric_name(enum accuracy_metric m)
{
    static const char *const names[ACCURACY_METRIC_COUNT] = {
#define METRIC_NAME(name) #name,
        ACCURACY_METRIC_LIST(METRIC_NAME)
#undef METRIC_NAME
    };
    return m < ACCURACY_METRIC_COUNT ? names[m] : "?";
}

size_t accuracy_metric_n(const struct accuracy_sums *a, enum accuracy_metric m)
{
    switch (m) {
    case ACCURACY_mape:
        return a->n - a->skipped;
    case ACCURACY_mase:
        return a->scaled;
    case ACCURACY_coverage80:
    case ACCURACY_coverage95:
    case ACCURACY_winkler:
        return a->bounded;
    case ACCURACY_wape:
    case ACCURACY_mae:
    case ACCURACY_rmse:
    case ACCURACY_smape:
    case ACCURACY_bias:
    case ACCURACY_METRIC_COUNT:
        break;
    }
    return a->n;
}

static double ratio(double sum, double over) { return over == 0 ? maths_missing() : sum / over; }

double accuracy_metric_value(const struct accuracy_sums *a, enum accuracy_metric m)
{
    const double n = (double)accuracy_metric_n(a, m);
    switch (m) {
    case ACCURACY_mape:
        return ratio(a->percentage, n);
    case ACCURACY_wape:
        return ratio(100 * a->absolute, a->actual_absolute);
    case ACCURACY_mae:
        return ratio(a->absolute, n);
    case ACCURACY_rmse:
        return maths_sqrt(ratio(a->square, n));
    case ACCURACY_mase:
        return ratio(a->scaled_absolute, n);
    case ACCURACY_smape:
        return ratio(a->symmetric, n);
    case ACCURACY_bias:
        return ratio(100 * a->signed_error, a->actual);
    case ACCURACY_coverage80:
        return ratio(100 * a->inside80, n);
    case ACCURACY_coverage95:
        return ratio(100 * a->inside95, n);
    case ACCURACY_winkler:
        return ratio(a->winkler80, n);
    case ACCURACY_METRIC_COUNT:
        break;
    }
    return maths_missing();
}

double accuracy_scale(const double *value, size_t stride, size_t origin, size_t season)
{
    const size_t lag = origin < season + MIN_DIFFERENCES ? 1 : season;
    double total = 0;
    size_t count = 0;
    for (size_t t = lag; t < origin; t++) {
        const double difference = value[t * stride] - value[(t - lag) * stride];
        if (!maths_finite(difference))
            continue;
        total += magnitude(difference);
        count++;
    }
    return count < MIN_DIFFERENCES ? maths_missing() : total / (double)count;
}
