/* yoy_panel.h: the harmonic panel: one ridge on quasi-differences, and the smoothed level of what it leaves over.
 *
 * The level is linear in the series and the regressors, so it comes from their weighted means, without a residual for
 * every period. Thread: any. Internal to yoy. */
#ifndef STORECAST_FORECAST_YOY_PANEL_H
#define STORECAST_FORECAST_YOY_PANEL_H

#include "forecast/yoy_growth.h"
#include "forecast/yoy_model.h"

/* Level of x - Z used, the intercept left out of Z. columns: the design columns of the `count` rows of used. */
void yoy_panel_level(struct yoy_fit *f, const struct yoy_smoother *smoother, const size_t *columns, size_t count, double *level);

#endif
