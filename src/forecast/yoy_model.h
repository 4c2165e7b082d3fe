/* yoy_model.h: what a fitted model keeps, and what a fit works with. Internal to yoy. Thread: any, one fit each. */
#ifndef STORECAST_FORECAST_YOY_MODEL_H
#define STORECAST_FORECAST_YOY_MODEL_H

#include "forecast/yoy_reference.h"
#include "forecast/yoy_ridge.h"
#include "forecast/yoy_svd.h"

/* The year-over-year part of one configuration, as far as forecasts need it. Rows have the model's stride. */
struct yoy_part {
    double weight, scale, alignment;
    double *mean, *level;
    double *tail; /* the last season + 1 rows of the smoothed history */
};

/* A forecast is the weighted sum of the parts' references and levels, and of one regression: calendar effects and the
 * panels' fits of all configurations have the same regressors, so their weighted coefficients are added up. */
struct yoy_model {
    const struct calendar *calendar;
    period_t next; /* of step 1 */
    size_t series, stride, season, part_count;
    size_t annual, holidays, month; /* columns */
    struct yoy_part *parts;
    double *regressors;  /* annual + holidays + month columns x stride */
    double *constant;    /* stride */
    double *residual_sd; /* stride */
    double *memory, *trace_memory;
};

struct yoy_fit {
    const struct yoy_input *input;
    const struct yoy_configuration *configurations;
    size_t count, stride;
    struct yoy_model *model;
    struct yoy_trace *trace;
    double *trace_free; /* what is left of the model's trace_memory */

    struct yoy_design design;
    struct yoy_normal normal;
    double *x;                                      /* periods x stride */
    double *coefficients, *used;                    /* columns x stride */
    double *differenced_design, *differenced_x;     /* as the originals */
    double *cleaned, *centred, *shared, *smooth;    /* periods x stride */
    double *growth, *residual;                      /* (periods - season) x stride */
    double *mean, *level;                           /* stride */
    double *effect_rows;                            /* columns x stride */
    double *steps, *weights, *design_row, *sums[2]; /* periods; periods; columns; stride each */
    double *svd_memory, *work;
    struct yoy_svd svd;
};

/* An empty model of `series` series with room for `parts` parts. */
enum status yoy_model_new(const struct yoy_input *input, size_t series, const struct yoy_design *d, size_t parts,
                          struct yoy_model **out) MUST_CHECK;

/* Adds every configuration's share to the model. STATUS_SINGULAR, STATUS_NO_CONVERGE. */
enum status yoy_part_fit_all(struct yoy_fit *f) MUST_CHECK;
enum status yoy_panel_fit_all(struct yoy_fit *f) MUST_CHECK;

/* When the fit is traced, copies `rows` rows of the series without their padding and returns the copy, else NULL. */
const double *yoy_trace_keep(struct yoy_fit *f, const double *rows, size_t count);

#endif
