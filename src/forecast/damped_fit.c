#include <assert.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/damped_inner.h"

#define MAD_TO_SD     1.4826
#define WINSOR        3.0   /* deviations beyond which own growth is cut */
#define CORRELATION   0.3   /* of own growth from one period to the next */
#define CHI_SQUARE    0.455 /* median of chi-square(1) */
#define LEAST_BETWEEN 1e-6
#define LEAST_UNIT    0.01
#define LOCAL         3.0 /* periods: bandwidth of what is local */
#define KERNEL_REACH  9.2 /* standard deviations: beyond, a weight is below 2^-60 */

static double absolute(double v)
{
    return v < 0 ? -v : v;
}

/* ------------------------------------------------------------------------------------------ the calendar's effects */

/* The month's harmonics and the lifted holidays: what is taken out of last year and put back at its new date. */
static bool is_lifted(const struct damped_pool *p, size_t column)
{
    const size_t holidays = 2 + 2 * p->design.annual, month = holidays + p->design.holidays;
    return column >= month || (column >= holidays && calendar_holiday_lifted(p->input->calendar, column - holidays));
}

static size_t pack_effects(struct damped_pool *p, const size_t *columns, size_t count, size_t *out_columns)
{
    size_t n = 0;
    for (size_t k = 0; k < count; k++)
        if (is_lifted(p, columns[k])) {
            memmove(p->used + n * p->stride, p->used + k * p->stride, p->stride * sizeof *p->used);
            out_columns[n++] = columns[k];
        }
    return n;
}

static void effect_row(struct damped_pool *p, const size_t *columns, size_t count, size_t t, double *out)
{
    for (size_t k = 0; k < count; k++)
        p->chosen[k] = p->design.rows[t * p->design.stride + columns[k]];
    linear_combine(out, p->stride, p->chosen, 1, p->used, p->stride, count);
}

static void column_means(const struct damped_pool *p, const double *rows, size_t count, double *out)
{
    memset(out, 0, p->stride * sizeof *out);
    for (size_t t = 0; t < count; t++)
        for (size_t s = 0; s < p->stride; s++)
            out[s] += rows[t * p->stride + s];
    for (size_t s = 0; s < p->stride; s++)
        out[s] /= (double)count;
}

enum status damped_clean(struct damped_pool *p, const struct damped_configuration *c)
{
    const struct yoy_choice choice = {.annual = c->annual_harmonics,
                                      .month = c->month_harmonics,
                                      .has_trend = true,
                                      .penalty = c->ridge_penalty * (double)p->periods,
                                      .free_columns = 2};
    size_t columns[YOY_COLUMNS_MAX], lifted[YOY_COLUMNS_MAX];
    const size_t count = yoy_choice_columns(&p->design, &choice, columns);
    const enum status status = yoy_ridge_solve(&p->normal, &choice, p->coefficients, p->work);
    if (status)
        return status;
    yoy_shrink(p->coefficients, count, p->series, p->stride, c->own_share, p->used);
    const size_t effects = pack_effects(p, columns, count, lifted);
    for (size_t t = 0; t < p->periods; t++) {
        double *row = p->cleaned + t * p->stride;
        effect_row(p, lifted, effects, t, row);
        for (size_t s = 0; s < p->stride; s++)
            row[s] = p->x[t * p->stride + s] - row[s];
    }
    for (size_t h = 0; h < p->horizon; h++)
        effect_row(p, lifted, effects, p->periods + h, p->effect + h * p->stride);
    column_means(p, p->cleaned, p->periods, p->mean);
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ what the pool shares */

/* The median change of a series from one period to the next, beside its pool's. */
static void noise_units(struct damped_pool *p)
{
    for (size_t s = 0; s < p->stride; s++)
        p->unit[s] = 1;
    if (!p->input->in_noise_units)
        return;
    const size_t changes = p->periods - 1;
    for (size_t t = 0; t < changes; t++) {
        const double *now = p->cleaned + (t + 1) * p->stride, *before = now - p->stride;
        double *row = p->centred + t * p->stride;
        for (size_t s = 0; s < p->series; s++)
            p->column[s] = row[s] = now[s] - before[s];
        const double middle = maths_median(p->column, p->series);
        for (size_t s = 0; s < p->series; s++)
            row[s] = absolute(row[s] - middle);
    }
    for (size_t s = 0; s < p->series; s++) {
        for (size_t t = 0; t < changes; t++)
            p->column[t] = p->centred[t * p->stride + s];
        p->unit[s] = maths_median(p->column, changes) + LEAST_UNIT;
    }
}

void damped_kernel_mean(struct damped_pool *p, const double *rows, size_t count, double at, double bandwidth, double *out)
{
    double total = 0;
    size_t first = count, used = 0;
    for (size_t t = 0; t < count; t++) {
        const double apart = ((double)t - at) / bandwidth;
        if (absolute(apart) > KERNEL_REACH)
            continue;
        first = used == 0 ? t : first;
        total += p->kernel[used++] = maths_exp(-.5 * (apart * apart));
    }
    assert(used > 0);
    for (size_t k = 0; k < used; k++)
        p->kernel[k] /= total;
    linear_combine(out, p->stride, p->kernel, 1, rows + first * p->stride, p->stride, used);
}

/* shared = the common part + `svd_remainder` of the rest + a share of the rest's own course. */
static void add_rest(struct damped_pool *p, const struct damped_configuration *c)
{
    const size_t cells = p->periods * p->stride;
    const double course = (1 - c->svd_remainder) * c->course_share;
    double *rest = p->centred;
    for (size_t i = 0; i < cells; i++)
        rest[i] = p->cleaned[i] - p->shared[i];
    for (size_t t = 0; t < p->periods; t++) {
        double *to = p->shared + t * p->stride;
        const double *own = rest + t * p->stride;
        if (course > 0)
            damped_kernel_mean(p, rest, p->periods, (double)t, c->course_bandwidth, p->sums[0]);
        for (size_t s = 0; s < p->stride; s++)
            to[s] += c->svd_remainder * own[s] + (course > 0 ? course * p->sums[0][s] : 0);
    }
}

static enum status take_shared(struct damped_pool *p, const struct damped_configuration *c)
{
    const size_t least = p->series < p->periods ? p->series : p->periods, rank = (size_t)c->svd_rank;
    if (rank == 0 || rank >= least) { /* as many vectors as there are: nothing is left over */
        memcpy(p->shared, p->cleaned, p->periods * p->stride * sizeof *p->shared);
        return STATUS_OK;
    }
    noise_units(p);
    for (size_t t = 0; t < p->periods; t++)
        for (size_t s = 0; s < p->stride; s++)
            p->centred[t * p->stride + s] = (p->cleaned[t * p->stride + s] - p->mean[s]) / p->unit[s];
    struct yoy_svd svd;
    yoy_svd_place(&svd, p->periods, p->series, rank, p->svd_memory);
    const enum status status = yoy_svd_decompose(&svd, p->centred, p->work);
    if (status)
        return status;
    yoy_svd_share(&svd, p->centred, p->nothing, rank, 0, p->shared);
    for (size_t t = 0; t < p->periods; t++)
        for (size_t s = 0; s < p->stride; s++)
            p->shared[t * p->stride + s] = p->mean[s] + p->shared[t * p->stride + s] * p->unit[s];
    add_rest(p, c);
    return STATUS_OK;
}

enum status damped_share(struct damped_pool *p, const struct damped_configuration *c)
{
    const enum status status = take_shared(p, c);
    if (status)
        return status;
    for (size_t t = p->season; t < p->periods + p->horizon; t++)
        p->steps[t] = yoy_reference_step(p->input->calendar, p->input->first + (period_t)t, c->date_alignment);
    p->steps[p->season] = 0; /* nothing before a season ago */
    const struct yoy_smoothing smoothing = {p->periods, p->season, p->stride, p->steps, c->fluctuation_share, c->fluctuation_bandwidth};
    yoy_reference_smooth(&smoothing, p->shared, p->smooth, p->work);
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ growth */

/* out = mean + scale * (last year's value of the same dates - mean) */
static void reference(struct damped_pool *p, const struct damped_configuration *c, size_t t, double *out)
{
    yoy_reference_row(p->smooth, p->stride, t, p->season, p->steps[t], out);
    for (size_t s = 0; s < p->stride; s++)
        out[s] = p->mean[s] + c->seasonal_scale * (out[s] - p->mean[s]);
}

/* growth = each series' own, common = the pool's median. */
static void split_growth(struct damped_pool *p, const struct damped_configuration *c, size_t n)
{
    for (size_t t = 0; t < n; t++) {
        double *row = p->growth + t * p->stride;
        const double *now = p->cleaned + (t + p->season) * p->stride;
        reference(p, c, t + p->season, row);
        for (size_t s = 0; s < p->stride; s++)
            row[s] = now[s] - row[s];
        memcpy(p->column, row, p->series * sizeof *row);
        p->common[t] = maths_median(p->column, p->series);
        for (size_t s = 0; s < p->series; s++)
            row[s] -= p->common[t];
    }
}

static double clipped(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* Cuts what lies far from a series' median; returns the variance of what then is there. */
static double winsorise(struct damped_pool *p, size_t s, size_t n)
{
    double *column = p->column, sum = 0, square = 0;
    for (size_t t = 0; t < n; t++)
        column[t] = p->growth[t * p->stride + s];
    const double middle = maths_median(column, n);
    for (size_t t = 0; t < n; t++)
        column[t] = absolute(p->growth[t * p->stride + s] - middle);
    const double limit = WINSOR * MAD_TO_SD * maths_median(column, n);
    for (size_t t = 0; t < n; t++) {
        double *cell = &p->growth[t * p->stride + s];
        *cell = clipped(*cell, middle - limit, middle + limit);
        sum += *cell;
    }
    for (size_t t = 0; t < n; t++) {
        const double apart = p->growth[t * p->stride + s] - sum / (double)n;
        square += apart * apart;
    }
    return square / (double)n;
}

/* How many independent periods a level smoothed with alpha rests on. */
static double effective_periods(double alpha, size_t n)
{
    const double keep = 1 - alpha, left = maths_pow(keep, (double)n);
    return (1 - left) / (1 + left) * (1 + keep) / (1 - keep);
}

static double variance_between(struct damped_pool *p, const struct damped_result *out)
{
    for (size_t s = 0; s < p->series; s++)
        p->column[s] = out->level[s] * out->level[s];
    const double square = maths_median(p->column, p->series);
    memcpy(p->column, out->noise, p->series * sizeof *p->column);
    const double between = square / CHI_SQUARE - maths_median(p->column, p->series);
    return between > LEAST_BETWEEN ? between : LEAST_BETWEEN;
}

static void write_base(struct damped_pool *p, const struct damped_configuration *c, double common, double *out)
{
    double damping = 1;
    for (size_t h = 0; h < p->horizon; h++) {
        damping *= c->damping_common;
        reference(p, c, p->periods + h, p->sums[0]);
        for (size_t s = 0; s < p->series; s++)
            out[h * p->series + s] = p->sums[0][s] + p->effect[h * p->stride + s] + damping * common;
    }
}

double damped_grow(struct damped_pool *p, const struct damped_configuration *c, const struct damped_result *out)
{
    const size_t n = p->periods - p->season;
    const double inflation = (1 + CORRELATION) / (1 - CORRELATION) / effective_periods(c->alpha_own, n);
    split_growth(p, c, n);
    for (size_t s = 0; s < p->series; s++) {
        const double variance = winsorise(p, s, n);
        out->noise[s] = variance * inflation;
        if (out->growth_sd)
            out->growth_sd[s] = maths_sqrt(variance);
    }
    yoy_growth_weights(c->alpha_own, n, p->weights);
    linear_combine(p->level, p->stride, p->weights, 1, p->growth, p->stride, n);
    memcpy(out->level, p->level, p->series * sizeof *out->level);
    yoy_growth_weights(c->alpha_common, n, p->weights);
    double common = 0;
    for (size_t t = 0; t < n; t++)
        common += p->weights[t] * p->common[t];
    write_base(p, c, common, out->base);
    return variance_between(p, out);
}

/* ------------------------------------------------------------------------------------------ the harmonic panel */

static void difference(struct damped_pool *p, double share)
{
    if (share == p->differenced_share)
        return;
    memcpy(p->differenced_design, p->design.rows, p->periods * p->design.stride * sizeof(double));
    memcpy(p->differenced_x, p->x, p->periods * p->stride * sizeof(double));
    yoy_quasi_difference(p->differenced_design, p->design.stride, p->periods, share);
    yoy_quasi_difference(p->differenced_x, p->stride, p->periods, share);
    yoy_normal_fill(&p->differenced, p->differenced_design + p->design.stride, p->differenced_x + p->stride, p->periods - 1);
    p->differenced_share = share;
}

/* The mean of x - Z used under weights of alpha, the intercept left out. */
static void smoothed_residual(struct damped_pool *p, double alpha, const size_t *columns, size_t count, double *out)
{
    double *regressors = p->work, *fit = regressors + p->design.stride;
    yoy_growth_weights(alpha, p->periods, p->weights);
    linear_combine(regressors, p->design.stride, p->weights, 1, p->design.rows, p->design.stride, p->periods);
    for (size_t k = 1; k < count; k++)
        p->chosen[k - 1] = regressors[columns[k]];
    linear_combine(fit, p->stride, p->chosen, 1, p->used + p->stride, p->stride, count - 1);
    linear_combine(out, p->stride, p->weights, 1, p->x, p->stride, p->periods);
    for (size_t s = 0; s < p->stride; s++)
        out[s] -= fit[s];
}

enum status damped_harmonic(struct damped_pool *p, const struct damped_configuration *c, double *out)
{
    const struct yoy_choice choice = {.annual = c->panel_annual_harmonics,
                                      .month = c->panel_month_harmonics,
                                      .penalty = c->panel_ridge_penalty * (double)p->periods,
                                      .free_columns = 1};
    size_t columns[YOY_COLUMNS_MAX];
    const size_t count = yoy_choice_columns(&p->design, &choice, columns);
    difference(p, c->panel_quasi_difference);
    const enum status status = yoy_ridge_solve(&p->differenced, &choice, p->coefficients, p->work);
    if (status)
        return status;
    yoy_shrink(p->coefficients, count, p->series, p->stride, c->panel_own_share, p->used);
    smoothed_residual(p, c->panel_alpha_common, columns, count, p->sums[0]);
    smoothed_residual(p, c->panel_alpha_own, columns, count, p->sums[1]);
    const struct yoy_smoother smoother = {c->panel_alpha_common, c->panel_alpha_own, 0};
    yoy_growth_level(&smoother, p->sums[0], p->sums[1], p->series, p->stride, p->level);
    for (size_t h = 0; h < p->horizon; h++) {
        for (size_t k = 1; k < count; k++)
            p->chosen[k - 1] = p->design.rows[(p->periods + h) * p->design.stride + columns[k]];
        linear_combine(p->sums[0], p->stride, p->chosen, 1, p->used + p->stride, p->stride, count - 1);
        for (size_t s = 0; s < p->series; s++)
            out[h * p->series + s] = p->sums[0][s] + p->level[s];
    }
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ what the error model looks at */

void damped_describe(struct damped_pool *p, const struct damped_result *out)
{
    const size_t cells = p->periods * p->stride;
    double *swing = p->centred;
    for (size_t i = 0; i < cells; i++)
        swing[i] = p->x[i] - p->shared[i];
    column_means(p, swing, p->periods, p->sums[0]);
    for (size_t i = 0; i < cells; i++)
        swing[i] = absolute(swing[i] - p->sums[0][i % p->stride]);
    column_means(p, swing, p->periods, p->sums[0]);
    memcpy(out->rest_sd, p->sums[0], p->series * sizeof *out->rest_sd);
    column_means(p, p->shared, p->periods, p->sums[0]);
    for (size_t h = 0; h < p->horizon; h++) {
        const size_t year_ago = p->periods - p->season + h;
        damped_kernel_mean(p, swing, p->periods, (double)year_ago, LOCAL, p->sums[1]);
        for (size_t s = 0; s < p->series; s++) {
            out->local_rest[h * p->series + s] = p->sums[1][s];
            out->season[h * p->series + s] = p->shared[year_ago * p->stride + s] - p->sums[0][s];
        }
    }
}
