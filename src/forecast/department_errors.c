#include "forecast/department_errors.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/intervals_sort.h"
#include "forecast/linear.h"

#define COLUMNS      18
#define STRIDE       20 /* padded */
#define RIDGE        1e-3
#define LEAST_ERROR  0.02 /* added to an error's size before its logarithm */
#define MOST_ERROR   1.5  /* its logarithm is that of at most this */
#define UNKNOWN_SIZE 0.1  /* of a sign that is missing */
#define LEAST_SIZE   0.01
#define MOST_SIZE    3.0
#define LONG_HORIZON 39.0
#define RECENT       6    /* periods */
#define OUTER_SHARE  0.99 /* quantile of all errors that a single one counts at most as */
#define NEAR         4    /* steps */
#define NEAR_END     5    /* the last steps share the errors of the step this far before the end */

static const double levels[DEPARTMENT_LEVELS] = {.1, .2, .3, .4, .5, .6, .7, .8, .9};

enum { OWN, OF_DEPARTMENT, OF_STORE, JUMP, GROWTH, REST, NOISE, LATELY, SIGNS }; /* per series */

struct issue {
    const struct department_issued *from;
    size_t origin, horizon; /* steps that can be scored at the last origin; all of the last */
    double *error;          /* horizon x series */
    double *sign;           /* [series * SIGNS]: logarithms */
    bool *usable;           /* series: has changed from one period to the next at all */
};

struct model {
    const struct department_panel *panel;
    struct issue *issue;
    size_t count, last, series;
    double *scratch; /* as many as there are errors in all, and series */
    size_t errors;
    double coefficient[COLUMNS];
    size_t farthest;  /* step with a known error */
    double *standard; /* [step] ascending, from step_start on */
    size_t *step_start;
};

/* ------------------------------------------------------------------------------------------ small help */

static double absolute(double v)
{
    return v < 0 ? -v : v;
}

static bool is_number(double v)
{
    return v == v;
}

static double size_log(double v)
{
    if (!maths_finite(v))
        v = UNKNOWN_SIZE;
    return maths_log(v < LEAST_SIZE ? LEAST_SIZE : v > MOST_SIZE ? MOST_SIZE : v);
}

static double cut(double v, double most)
{
    if (!maths_finite(v))
        return 0;
    return absolute(v) < most ? absolute(v) : most;
}

/* Between order statistics low and low + 1 of n sorted values. */
static double interpolate(double low, double high, double way)
{
    return low + (high - low) * way;
}

static double sorted_quantile(const double *sorted, size_t n, double p)
{
    const double at = (double)(n - 1) * p;
    const size_t k = (size_t)at;
    return k + 1 < n ? interpolate(sorted[k], sorted[k + 1], at - (double)k) : sorted[n - 1];
}

/* ------------------------------------------------------------------------------------------ past errors */

static void fill_errors(const struct model *m, struct issue *issue)
{
    for (size_t h = 0; h < issue->horizon; h++)
        for (size_t s = 0; s < m->series; s++) {
            const size_t row = issue->origin + h;
            const double v = row < m->last ? m->panel->value[row * m->series + s] : maths_missing();
            const double point = issue->from->point[h * m->series + s];
            issue->error[h * m->series + s] = maths_finite(v) && v > 0 && maths_finite(point) ? maths_log(v) - point : maths_missing();
        }
}

/* Steps of an issue whose target lies before an origin. */
static size_t known_steps(const struct issue *issue, size_t origin)
{
    const size_t steps = origin > issue->origin ? origin - issue->origin : 0;
    return steps < issue->horizon ? steps : issue->horizon;
}

static double greatest_size(const struct model *m, size_t origin)
{
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct issue *past = &m->issue[i];
        for (size_t k = 0; k < known_steps(past, origin) * m->series; k++)
            if (is_number(past->error[k]))
                m->scratch[n++] = absolute(past->error[k]);
    }
    if (n == 0)
        return maths_missing();
    maths_sort(m->scratch, n);
    return sorted_quantile(m->scratch, n, OUTER_SHARE);
}

/* Mean size of a series' errors of targets from row `from` on and before an origin. */
static double mean_size(const struct model *m, size_t s, size_t from, size_t origin, double most)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct issue *past = &m->issue[i];
        for (size_t h = past->origin < from ? from - past->origin : 0; h < known_steps(past, origin); h++) {
            const double e = absolute(past->error[h * m->series + s]);
            if (!is_number(e))
                continue;
            sum += e < most ? e : most;
            n++;
        }
    }
    return n > 0 ? sum / (double)n : maths_missing();
}

/* median[g] of what is known in group g. */
static void group_medians(const struct model *m, const double *size, const size_t *group, size_t groups, double *median)
{
    for (size_t g = 0; g < groups; g++) {
        size_t n = 0;
        for (size_t s = 0; s < m->series; s++)
            if (group[s] == g && is_number(size[s]))
                m->scratch[n++] = size[s];
        median[g] = n > 0 ? maths_median(m->scratch, n) : maths_missing();
    }
}

/* size, median: scratch of series, and of the more of stores and departments. */
static void fill_signs(const struct model *m, struct issue *issue, double *size, double *median)
{
    const struct department_signs *signs = issue->from->signs;
    const double most = greatest_size(m, issue->origin);
    for (size_t s = 0; s < m->series; s++) {
        double *sign = issue->sign + s * SIGNS;
        size[s] = mean_size(m, s, 0, issue->origin, most);
        sign[OWN] = size_log(size[s]);
        sign[LATELY] = size_log(mean_size(m, s, issue->origin - RECENT, issue->origin, most));
        sign[JUMP] = size_log(signs->jump[s]);
        sign[GROWTH] = size_log(signs->growth_sd[s]);
        sign[REST] = size_log(signs->rest_sd[s]);
        sign[NOISE] = size_log(maths_sqrt(signs->noise[s]));
    }
    group_medians(m, size, m->panel->department, m->panel->departments, median);
    for (size_t s = 0; s < m->series; s++)
        issue->sign[s * SIGNS + OF_DEPARTMENT] = size_log(median[m->panel->department[s]]);
    group_medians(m, size, m->panel->store, m->panel->stores, median);
    for (size_t s = 0; s < m->series; s++)
        issue->sign[s * SIGNS + OF_STORE] = size_log(median[m->panel->store[s]]);
}

static void fill_usable(const struct model *m, struct issue *issue)
{
    for (size_t t = 1; t < issue->origin; t++)
        for (size_t s = 0; s < m->series; s++)
            if (maths_finite(m->panel->value[t * m->series + s]) && maths_finite(m->panel->value[(t - 1) * m->series + s]))
                issue->usable[s] = true;
}

/* ------------------------------------------------------------------------------------------ the regression */

static void design_row(const struct model *m, const struct issue *issue, size_t h, size_t s, double *z)
{
    const struct department_known *known = issue->from->known;
    const struct department_signs *signs = issue->from->signs;
    const size_t cell = h * m->series + s;
    const double *sign = issue->sign + s * SIGNS, step = (double)(h + 1);
    z[0] = 1;
    z[1] = sign[OWN];
    z[2] = sign[OF_DEPARTMENT];
    z[3] = sign[OF_STORE];
    z[4] = sign[JUMP];
    z[5] = sign[GROWTH];
    z[6] = sign[REST];
    z[7] = sign[NOISE];
    z[8] = size_log(signs->spread[cell]);
    z[9] = size_log(signs->local_rest[cell]);
    z[10] = sign[LATELY];
    z[11] = maths_log(step);
    z[12] = step / LONG_HORIZON;
    z[13] = cut(signs->apart[cell], 1);
    z[14] = cut(signs->season[cell], 2);
    z[15] = cut(known->year_ago[cell] - issue->from->point[cell], 2);
    z[16] = cut(signs->gap[s], 1);
    z[17] = known->pooled[s] ? 0 : 1;
    for (size_t k = COLUMNS; k < STRIDE; k++)
        z[k] = 0;
}

static bool is_scored(const struct model *m, const struct issue *issue, size_t h, size_t s)
{
    return issue->usable[s] && is_number(issue->error[h * m->series + s]);
}

static double scale_log(const struct model *m, const double *z)
{
    double sum = 0;
    for (size_t k = 0; k < COLUMNS; k++)
        sum += z[k] * m->coefficient[k];
    return sum;
}

static void add_normal(const double *z, double target, double *matrix, double *moments)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        for (size_t j = i; j < COLUMNS; j++)
            matrix[i * STRIDE + j] += z[i] * z[j];
        moments[i * 4] += z[i] * target;
    }
}

static enum status fit_scale(struct model *m)
{
    _Alignas(16) double matrix[COLUMNS * STRIDE] = {0}, moments[COLUMNS * 4] = {0}, work[STRIDE], z[STRIDE];
    const double most = maths_log(MOST_ERROR);
    size_t n = 0;
    for (size_t i = DEPARTMENT_WARM_UP; i + 1 < m->count; i++)
        for (size_t h = 0; h < m->issue[i].horizon; h++)
            for (size_t s = 0; s < m->series; s++) {
                const struct issue *issue = &m->issue[i];
                if (!is_scored(m, issue, h, s))
                    continue;
                const double target = maths_log(absolute(issue->error[h * m->series + s]) + LEAST_ERROR);
                design_row(m, issue, h, s, z);
                add_normal(z, target < most ? target : most, matrix, moments);
                n++;
            }
    if (n == 0)
        return STATUS_TOO_SHORT;
    for (size_t k = 1; k < COLUMNS; k++)
        matrix[k * STRIDE + k] += RIDGE * (double)n;
    for (size_t i = 0; i < COLUMNS; i++)
        for (size_t j = 0; j < i; j++)
            matrix[i * STRIDE + j] = matrix[j * STRIDE + i];
    const enum status status = linear_cholesky(matrix, COLUMNS, work);
    if (status)
        return status;
    linear_cholesky_solve(matrix, COLUMNS, moments, 4, work);
    for (size_t k = 0; k < COLUMNS; k++)
        m->coefficient[k] = moments[k * 4];
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ standardised errors */

static void fill_standard(struct model *m, size_t horizon)
{
    double z[STRIDE];
    size_t n = 0;
    for (size_t h = 0; h < horizon; h++) {
        m->step_start[h] = n;
        for (size_t i = DEPARTMENT_WARM_UP; i + 1 < m->count; i++) {
            const struct issue *issue = &m->issue[i];
            for (size_t s = 0; h < issue->horizon && s < m->series; s++) {
                if (!is_scored(m, issue, h, s))
                    continue;
                design_row(m, issue, h, s, z);
                m->standard[n++] = issue->error[h * m->series + s] / maths_exp(scale_log(m, z));
            }
        }
        maths_sort(m->standard + m->step_start[h], n - m->step_start[h]);
        if (n > m->step_start[h])
            m->farthest = h + 1;
    }
    m->step_start[horizon] = n;
}

/* How many of a sorted list are at most v. */
static size_t count_up_to(const double *sorted, size_t n, double v)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (sorted[middle] <= v)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct steps { /* lists first .. last - 1 together */
    const struct model *model;
    size_t first, last;
};

static size_t count_below(const struct steps *x, double v)
{
    size_t n = 0;
    for (size_t h = x->first; h < x->last; h++) {
        const size_t start = x->model->step_start[h];
        n += count_up_to(x->model->standard + start, x->model->step_start[h + 1] - start, v);
    }
    return n;
}

/* The value that `rank` others lie before: the least with more than `rank` up to it. */
static double order_statistic(const struct steps *x, size_t rank)
{
    uint64_t low = score_key(-1e300), high = score_key(1e300);
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (count_below(x, score_number(middle)) > rank)
            high = middle;
        else
            low = middle + 1;
    }
    return score_number(low);
}

static double quantile(const struct steps *x, size_t n, double p)
{
    const double at = (double)(n - 1) * p;
    const size_t k = (size_t)at;
    const double low = order_statistic(x, k);
    return k + 1 < n ? interpolate(low, order_statistic(x, k + 1), at - (double)k) : low;
}

/* Of step h = 1..: quantiles less the median. */
static void step_quantiles(const struct model *m, size_t h, size_t horizon, double *out)
{
    const size_t end = m->farthest > NEAR_END ? m->farthest - NEAR_END : 1, middle = h < end ? h : end;
    const struct steps x = {m, middle > NEAR + 1 ? middle - NEAR - 1 : 0, middle + NEAR < horizon ? middle + NEAR : horizon};
    const size_t n = m->step_start[x.last] - m->step_start[x.first];
    for (size_t k = 0; k < DEPARTMENT_LEVELS; k++)
        out[k] = n > 0 ? quantile(&x, n, levels[k]) : 0;
    const double centre = out[DEPARTMENT_LEVELS / 2];
    for (size_t k = 0; k < DEPARTMENT_LEVELS; k++)
        out[k] -= centre;
}

static void write_step(const struct model *m, size_t h, const double *offset, double *out)
{
    const struct issue *now = &m->issue[m->count - 1];
    const struct department_known *known = now->from->known;
    const double least = maths_log(LEAST_SIZE);
    for (size_t s = 0; s < m->series; s++) {
        double z[STRIDE], *to = out + (h * m->series + s) * DEPARTMENT_LEVELS;
        const double point = now->from->point[h * m->series + s];
        design_row(m, now, h, s, z);
        const double scale = scale_log(m, z), size = maths_exp(scale < least ? least : scale > 0 ? 0 : scale);
        for (size_t k = 0; k < DEPARTMENT_LEVELS; k++) {
            const double v = point + offset[k] * size;
            to[k] = v < known->low[s] ? known->low[s] : v > known->high[s] ? known->high[s] : v;
        }
    }
}

/* ------------------------------------------------------------------------------------------ the whole */

static enum status issue_init(struct issue *issue, const struct department_issued *from, size_t last, size_t series)
{
    const size_t origin = from->known->origin, steps = last - origin, horizon = from->known->horizon;
    *issue = (struct issue){.from = from, .origin = origin, .horizon = steps < horizon ? steps : horizon};
    issue->error = malloc((issue->horizon * series + 1) * sizeof *issue->error);
    issue->sign = malloc((SIGNS * series + 1) * sizeof *issue->sign);
    issue->usable = calloc(series + 1, sizeof *issue->usable);
    return issue->error && issue->sign && issue->usable ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status model_init(struct model *m, const struct department_issued *issued, size_t count)
{
    const struct department_known *now = issued[count - 1].known;
    *m = (struct model){.panel = now->panel, .count = count, .last = now->origin, .series = now->panel->series};
    m->issue = calloc(count, sizeof *m->issue);
    if (!m->issue)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        assert(issued[i].known->panel == m->panel && (i == 0 || issued[i].known->origin > issued[i - 1].known->origin));
        const enum status status = issue_init(&m->issue[i], &issued[i], m->last, m->series);
        if (status)
            return status;
        m->errors += m->issue[i].horizon * m->series;
    }
    m->scratch = malloc((m->errors + m->series + 1) * sizeof *m->scratch);
    m->standard = malloc((m->errors + 1) * sizeof *m->standard);
    m->step_start = calloc(now->horizon + 1, sizeof *m->step_start);
    return m->scratch && m->standard && m->step_start ? STATUS_OK : STATUS_NO_MEMORY;
}

static void model_done(struct model *m)
{
    for (size_t i = 0; m->issue && i < m->count; i++) {
        free(m->issue[i].error);
        free(m->issue[i].sign);
        free(m->issue[i].usable);
    }
    free(m->issue);
    free(m->scratch);
    free(m->standard);
    free(m->step_start);
}

static enum status prepare(struct model *m)
{
    const struct department_panel *panel = m->panel;
    const size_t groups = panel->stores > panel->departments ? panel->stores : panel->departments;
    double *size = malloc((m->series + groups + 1) * sizeof *size);
    if (!size)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < m->count; i++)
        fill_errors(m, &m->issue[i]);
    for (size_t i = 0; i < m->count; i++) {
        fill_usable(m, &m->issue[i]);
        fill_signs(m, &m->issue[i], size, size + m->series);
    }
    free(size);
    return STATUS_OK;
}

enum status department_quantiles(const struct department_issued *issued, size_t count, double *out)
{
    struct model m;
    assert(count > 0);
    const size_t horizon = issued[count - 1].known->horizon;
    enum status status = model_init(&m, issued, count);
    if (!status)
        status = prepare(&m);
    if (!status)
        status = fit_scale(&m);
    if (!status)
        fill_standard(&m, horizon);
    for (size_t h = 0; !status && h < horizon; h++) {
        double offset[DEPARTMENT_LEVELS];
        step_quantiles(&m, h + 1, horizon, offset);
        write_step(&m, h, offset, out);
    }
    model_done(&m);
    return status;
}
