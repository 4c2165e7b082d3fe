#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/pool_arima.h"

#define SOUND_FACTOR 20. /* a forecast beyond this factor of the last two seasons is none */
#define LOG_LIMIT 709.   /* exp of more is not finite */

static const struct yoy_model *model_of(const struct pool_fit *fit, enum member member, size_t column)
{
    const struct yoy_model *alone = fit->alone[column];
    if (member == MEMBER_SEASONAL_YOY_ALONE || fit->long_count < YOY_MIN_POOL)
        return alone;
    return member == MEMBER_SEASONAL_YOY ? fit->averaged : fit->single;
}

static bool has_last_season(const struct pool_fit *fit, size_t series)
{
    for (size_t k = 0; k < fit->season; k++)
        if (maths_finite(fit->tail[k * fit->series + series]))
            return true;
    return false;
}

bool pool_fit_has(const struct pool_fit *fit, enum member member, size_t series)
{
    assert(series < fit->series);
    const struct pool_small *small = &fit->small[series];
    switch (member) {
    case MEMBER_SEASONAL_YOY:
    case MEMBER_SEASONAL_YOY_SINGLE:
    case MEMBER_SEASONAL_YOY_ALONE:
        return fit->column[series] != POOL_NO_COLUMN && model_of(fit, member, fit->column[series]);
    case MEMBER_DAMPED_GROWTH:
        return fit->column[series] != POOL_NO_COLUMN && fit->damped;
    case MEMBER_ARIMA_GROWTH:
    case MEMBER_ARIMA_REGRESSION:
        return pool_arima_has(fit, member, series);
    case MEMBER_SISTERS:
        return maths_finite(small->above_sisters);
    case MEMBER_MEAN:
        return maths_finite(small->mean);
    case MEMBER_SES:
        return maths_finite(small->ses);
    case MEMBER_DAMPED_DRIFT:
        return maths_finite(small->drift_last) && fit->info[series].observed >= member_table[member].min_periods;
    case MEMBER_SEASONAL_NAIVE:
        return has_last_season(fit, series);
    case MEMBER_NAIVE:
        return maths_finite(small->last);
    case MEMBER_ENSEMBLE:
    case MEMBER_COUNT:
        break;
    }
    return false;
}

enum status pool_forecast_sisters(const struct pool_fit *fit, size_t horizon, double *out)
{
    double *one = malloc(horizon * sizeof *one);
    enum status status = one ? STATUS_OK : STATUS_NO_MEMORY;
    memset(out, 0, horizon * sizeof *out);
    for (size_t column = 0; !status && column < fit->long_count; column++) {
        status = yoy_forecast_series(fit->averaged, column, horizon, one);
        for (size_t h = 0; !status && h < horizon; h++)
            out[h] += one[h];
    }
    for (size_t h = 0; h < horizon; h++)
        out[h] /= (double)fit->long_count;
    free(one);
    return status;
}

static enum status from_sisters(const struct pool_fit *fit, size_t series, size_t horizon, double *out)
{
    enum status status = STATUS_OK;
    if (horizon <= POOL_SISTER_STEPS)
        memcpy(out, fit->sister_step, horizon * sizeof *out);
    else
        status = pool_forecast_sisters(fit, horizon, out);
    for (size_t h = 0; !status && h < horizon; h++)
        out[h] += fit->small[series].above_sisters;
    return status;
}

/* The closed forms, in levels. */
static double small_step(const struct pool_fit *fit, enum member member, size_t series, size_t h)
{
    const struct pool_small *small = &fit->small[series];
    if (member == MEMBER_SEASONAL_NAIVE)
        return fit->tail[(h - 1) % fit->season * fit->series + series];
    if (member == MEMBER_DAMPED_DRIFT)
        return small->drift_last + (double)h * small->drift_slope;
    return member == MEMBER_MEAN ? small->mean : member == MEMBER_SES ? small->ses : small->last;
}

static void small_steps(const struct pool_fit *fit, enum member member, size_t series, size_t horizon, double *out)
{
    const struct pool_series *info = &fit->info[series];
    for (size_t h = 1; h <= horizon; h++) {
        const double v = small_step(fit, member, series, h);
        if (info->kind == SERIES_LEVEL)
            out[h - 1] = v < 0 && info->low >= 0 ? 0 : v; /* what never was negative will not be */
        else
            out[h - 1] = v > 0 ? maths_log(v) : maths_missing();
    }
}

/* Past a season its growth has faded: the averaged model's steps stand there. */
static enum status damped_steps(const struct pool_fit *fit, size_t series, size_t horizon, double *out)
{
    enum status status = STATUS_OK;
    if (horizon > fit->season && fit->averaged)
        status = yoy_forecast_series(fit->averaged, fit->column[series], horizon, out);
    for (size_t h = 0; h < horizon && h < fit->season; h++)
        out[h] = fit->damped[h * fit->long_count + fit->column[series]];
    return status;
}

static double absolute(double v)
{
    return v < 0 ? -v : v;
}

struct range {
    double low, high;
};

/* What a sound forecast lies in; of a series in logs, in logs. */
static struct range sound_range(const struct pool_series *info)
{
    if (info->kind == SERIES_LEVEL) {
        const double low = absolute(info->low), high = absolute(info->high), most = low > high ? low : high;
        const double limit = maths_finite(SOUND_FACTOR * most) ? SOUND_FACTOR * most : most;
        return (struct range){-limit, limit};
    }
    const double factor = maths_log(SOUND_FACTOR), high = maths_log(info->high) + factor;
    return (struct range){maths_log(info->low) - factor, high < LOG_LIMIT ? high : LOG_LIMIT};
}

enum status pool_fit_forecast(const struct pool_fit *fit, enum member member, size_t series, size_t horizon, double *out)
{
    assert(series < fit->series && horizon >= 1 && horizon <= POOL_HORIZON_MAX);
    for (size_t h = 0; h < horizon; h++)
        out[h] = maths_missing();
    if (!pool_fit_has(fit, member, series))
        return STATUS_TOO_SHORT;
    enum status status = STATUS_OK;
    if (member == MEMBER_SISTERS)
        status = from_sisters(fit, series, horizon, out);
    else if (member == MEMBER_DAMPED_GROWTH)
        status = damped_steps(fit, series, horizon, out);
    else if (member == MEMBER_ARIMA_GROWTH || member == MEMBER_ARIMA_REGRESSION)
        pool_arima_forecast(fit, member, series, horizon, out);
    else if (member_table[member].flags & (MEMBER_SHORT | MEMBER_BASELINE))
        small_steps(fit, member, series, horizon, out);
    else if (model_of(fit, member, fit->column[series]) == fit->alone[fit->column[series]])
        status = yoy_forecast_series(fit->alone[fit->column[series]], 0, horizon, out);
    else
        status = yoy_forecast_series(model_of(fit, member, fit->column[series]), fit->column[series], horizon, out);
    const struct range sound = sound_range(&fit->info[series]);
    for (size_t h = 0; h < horizon; h++)
        if (!(out[h] >= sound.low && out[h] <= sound.high))
            out[h] = maths_missing();
    return status;
}
