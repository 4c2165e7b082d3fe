/* accuracy.h: error measures over pooled pairs (forecasting.md 1). Pairs are pooled before averaging, never means of means.
 *
 * Actuals are observed ones, never imputed. MAPE skips pairs with actual <= 0 and counts them; MASE skips pairs whose scale is 0 or
 * rests on fewer than 8 differences. Values in percent where design.md says so (mape wape smape bias coverage);
 * winkler is that of the 80 % band, in units of the sales. Thread: any. */
#ifndef STORECAST_FORECAST_ACCURACY_H
#define STORECAST_FORECAST_ACCURACY_H

#include <stdbool.h>
#include <stddef.h>

struct accuracy_sums { /* zero-initialise; plain sums, so that pools can be added */
    size_t n, skipped, scaled, scaled_skipped, bounded;
    double percentage, absolute, square, actual, actual_absolute, signed_error, symmetric, scaled_absolute;
    double inside80, inside95, winkler80, winkler95;
};

/* scale: mean absolute seasonal difference of the training part (accuracy_scale), NaN or 0 = skip MASE. */
void accuracy_add(struct accuracy_sums *a, double actual, double predicted, double scale);
/* bounds: the .025 .1 .9 .975 quantiles. */
void accuracy_add_bounds(struct accuracy_sums *a, double actual, const double bounds[4]);
void accuracy_merge(struct accuracy_sums *a, const struct accuracy_sums *b);

#define ACCURACY_METRIC_LIST(X) X(mape) X(wape) X(mae) X(rmse) X(mase) X(smape) X(bias) X(coverage80) X(coverage95) X(winkler)
enum accuracy_metric {
#define ACCURACY_ENUM(name) ACCURACY_##name,
    ACCURACY_METRIC_LIST(ACCURACY_ENUM)
#undef ACCURACY_ENUM
    ACCURACY_METRIC_COUNT
};
const char *accuracy_metric_name(enum accuracy_metric m);
double accuracy_metric_value(const struct accuracy_sums *a, enum accuracy_metric m); /* NaN when nothing was counted */
size_t accuracy_metric_n(const struct accuracy_sums *a, enum accuracy_metric m);

/* q of MASE for one series known for `origin` periods (stride between rows): mean |y[t] - y[t - season]|, lag 1 when origin < season + 8;
 * NaN when fewer than 8 differences exist. */
double accuracy_scale(const double *value, size_t stride, size_t origin, size_t season);

#endif
