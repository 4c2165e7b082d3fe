#include "forecast/intervals.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/intervals_sort.h"

#define LEAST_ERRORS 12   /* scored origins from which a series' own errors count */
#define START_INFLATION 1.3
#define RATIO_LOW .8
#define RATIO_HIGH 1.5

const struct conformal_options conformal_default = {.decay = .97, .own_share = .6, .recentre = .5, .alone_widening = 1.05};
const double quantile_levels[QUANTILE_LEVELS] = {.01, .025, .05, .1, .25, .5, .75, .9, .95, .975, .99};

/* The pool's scores of one step, ascending. */
struct score_table {
    size_t count;
    double *score, *cumulative; /* cumulative weight up to and with each, of 1 */
    double middle;              /* the weighted median */
};

struct conformal {
    size_t series;
    double recentre, widening;
    struct score_table step[ERRORS_HORIZON];
    double *scale, *ratio; /* steps x series; scale NaN where the series still starts */
    double *residual_sd;   /* series */
};

/* ------------------------------------------------------------------------------------------ scales */

struct step_errors { /* of one step: a view of rolling_errors with what the computation needs */
    const struct rolling_errors *errors;
    size_t step, slots; /* slots whose target can be known */
    const double *weight; /* of the newest such slot first */
};

static struct step_errors step_errors_of(const struct rolling_errors *errors, size_t step_index, const double *weight)
{
    const size_t unknown = (size_t)errors_step[step_index] - 1;
    return (struct step_errors){.errors = errors, .step = step_index, .weight = weight,
                                .slots = errors->origins > unknown ? errors->origins - unknown : 0};
}

static double weight_of(const struct step_errors *e, size_t slot) { return e->weight[e->slots - 1 - slot]; }

struct series_sums { /* per series: recency-weighted sums over its errors */
    double *weight, *square, *ratio;
    uint32_t *count;
};

static void sums_add(const struct step_errors *e, bool with_ratio, struct series_sums *sums)
{
    const size_t series = e->errors->series;
    memset(sums->weight, 0, series * sizeof *sums->weight);
    memset(sums->square, 0, series * sizeof *sums->square);
    memset(sums->ratio, 0, series * sizeof *sums->ratio);
    memset(sums->count, 0, series * sizeof *sums->count);
    for (size_t slot = 0; slot < e->slots; slot++) {
        const double *row = rolling_errors_at(e->errors, e->step, slot), weight = weight_of(e, slot);
        for (size_t s = 0; s < series; s++) {
            if (!maths_finite(row[s]))
                continue;
            sums->weight[s] += weight;
            sums->square[s] += weight * (row[s] * row[s]);
            if (with_ratio)
                sums->ratio[s] += weight * maths_exp(row[s]);
            sums->count[s]++;
        }
    }
}

/* Means of own sums, shrunk to their mean over the members; NaN for the others. Returns the number of members. */
static size_t shrunk_means(const double *sum, const double *weight, const bool *member, size_t series, double own_share,
                           double *out)
{
    double total = 0;
    size_t members = 0;
    for (size_t s = 0; s < series; s++) {
        out[s] = member[s] ? sum[s] / weight[s] : maths_missing();
        if (member[s]) {
            total += out[s];
            members++;
        }
    }
    const double pool = members ? total / (double)members : 0;
    const double own = members == 1 ? 1 : own_share;
    for (size_t s = 0; s < series; s++)
        if (member[s])
            out[s] = own * out[s] + (1 - own) * pool;
    return members;
}

/* ------------------------------------------------------------------------------------------ one step */

struct work { /* scratch of conformal_new */
    struct series_sums sums;
    bool *member; /* of the pool at this step */
    double *weight;
    struct score *scores, *scratch;
};

static void work_done(struct work *w)
{
    free(w->sums.weight);
    free(w->sums.square);
    free(w->sums.ratio);
    free(w->sums.count);
    free(w->member);
    free(w->weight);
    free(w->scores);
    free(w->scratch);
}

static enum status work_init(struct work *w, const struct rolling_errors *errors, double decay)
{
    const size_t series = errors->series + 1, slots = errors->origins + 1, cells = errors->origins * errors->series + 1;
    w->sums.weight = calloc(series, sizeof *w->sums.weight);
    w->sums.square = calloc(series, sizeof *w->sums.square);
    w->sums.ratio = calloc(series, sizeof *w->sums.ratio);
    w->sums.count = calloc(series, sizeof *w->sums.count);
    w->member = calloc(series, sizeof *w->member);
    w->weight = calloc(slots, sizeof *w->weight);
    w->scores = calloc(cells, sizeof *w->scores);
    w->scratch = calloc(cells, sizeof *w->scratch);
    if (!w->sums.weight || !w->sums.square || !w->sums.ratio || !w->sums.count || !w->member || !w->weight || !w->scores ||
        !w->scratch)
        return STATUS_NO_MEMORY;
    double weight = 1;
    for (size_t age = 0; age < slots; age++, weight *= decay)
        w->weight[age] = weight;
    return STATUS_OK;
}

/* All scores of the members in order of origin, then series; returns how many. A series without any error scores 0. */
static size_t collect_scores(const struct step_errors *e, const double *scale, const bool *member, bool absolute,
                             struct score *out)
{
    size_t n = 0;
    for (size_t slot = 0; slot < e->slots; slot++) {
        const double *row = rolling_errors_at(e->errors, e->step, slot), weight = weight_of(e, slot);
        for (size_t s = 0; s < e->errors->series; s++) {
            if (!member[s] || !maths_finite(row[s]))
                continue;
            double score = scale[s] > 0 ? row[s] / scale[s] : 0;
            if (absolute && score < 0)
                score = -score;
            out[n++] = (struct score){.key = score_key(score), .weight = weight};
        }
    }
    return n;
}

/* Index of the first score at which the cumulative weight reaches level. */
static size_t index_at(const struct score_table *t, double level)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (t->cumulative[middle] < level)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->count ? low : t->count - 1;
}

static enum status table_init(struct score_table *t, const struct score *sorted, size_t n)
{
    t->score = malloc(n * sizeof *t->score);
    t->cumulative = malloc(n * sizeof *t->cumulative);
    if (!t->score || !t->cumulative)
        return STATUS_NO_MEMORY;
    double total = 0;
    for (size_t i = 0; i < n; i++) {
        total += sorted[i].weight;
        t->score[i] = score_number(sorted[i].key);
        t->cumulative[i] = total;
    }
    for (size_t i = 0; i < n; i++)
        t->cumulative[i] /= total;
    t->count = n;
    t->middle = t->score[index_at(t, .5)];
    return STATUS_OK;
}

static void table_done(struct score_table *t)
{
    free(t->score);
    free(t->cumulative);
}

static enum status step_fit(struct conformal *c, const struct rolling_errors *errors, size_t step, const bool *in_pool,
                            const struct conformal_options *options, struct work *w)
{
    const struct step_errors e = step_errors_of(errors, step, w->weight);
    sums_add(&e, true, &w->sums);
    for (size_t s = 0; s < c->series; s++)
        w->member[s] = in_pool[s] && w->sums.count[s] >= LEAST_ERRORS;
    double *scale = c->scale + step * c->series, *ratio = c->ratio + step * c->series;
    const size_t members = shrunk_means(w->sums.square, w->sums.weight, w->member, c->series, options->own_share, scale);
    shrunk_means(w->sums.ratio, w->sums.weight, w->member, c->series, options->own_share, ratio);
    for (size_t s = 0; s < c->series; s++)
        scale[s] = maths_sqrt(scale[s]);
    if (members == 0)
        return STATUS_OK;
    const size_t n = collect_scores(&e, scale, w->member, false, w->scores);
    return table_init(&c->step[step], score_sort(w->scores, w->scratch, n), n);
}

/* ------------------------------------------------------------------------------------------ the pool */

static enum status conformal_init(struct conformal *c, size_t series, const double *residual_sd, const bool *in_pool,
                                  const struct conformal_options *options)
{
    size_t pooled = 0;
    for (size_t s = 0; s < series; s++)
        pooled += in_pool[s];
    c->series = series;
    c->recentre = options->recentre;
    c->widening = pooled == 1 ? options->alone_widening : 1;
    c->scale = calloc(ERRORS_HORIZON * series + 1, sizeof *c->scale);
    c->ratio = calloc(ERRORS_HORIZON * series + 1, sizeof *c->ratio);
    c->residual_sd = calloc(series + 1, sizeof *c->residual_sd);
    if (!c->scale || !c->ratio || !c->residual_sd)
        return STATUS_NO_MEMORY;
    for (size_t s = 0; s < series; s++)
        c->residual_sd[s] = maths_finite(residual_sd[s]) ? residual_sd[s] : 0;
    return STATUS_OK;
}

enum status conformal_new(const struct rolling_errors *errors, const double *residual_sd, const bool *in_pool,
                          const struct conformal_options *options, struct conformal **out)
{
    struct work w = {0};
    struct conformal *c = calloc(1, sizeof *c);
    enum status status = c ? conformal_init(c, errors->series, residual_sd, in_pool, options) : STATUS_NO_MEMORY;
    if (!status)
        status = work_init(&w, errors, options->decay);
    for (size_t step = 0; !status && step < ERRORS_HORIZON; step++)
        status = step_fit(c, errors, step, in_pool, options, &w);
    work_done(&w);
    if (status) {
        conformal_free(c);
        return status;
    }
    *out = c;
    return STATUS_OK;
}

void conformal_free(struct conformal *c)
{
    if (!c)
        return;
    for (size_t step = 0; step < ERRORS_HORIZON; step++)
        table_done(&c->step[step]);
    free(c->scale);
    free(c->ratio);
    free(c->residual_sd);
    free(c);
}

static size_t step_index_of(size_t h)
{
    assert(h >= 1);
    return (h < ERRORS_HORIZON ? h : ERRORS_HORIZON) - 1;
}

static double start_sd(const struct conformal *c, size_t series, size_t step)
{
    return START_INFLATION * c->residual_sd[series] * maths_sqrt((double)(step + 1));
}

static bool is_calibrated(const struct conformal *c, size_t series, size_t step)
{
    return maths_finite(c->scale[step * c->series + series]);
}

double conformal_offset(const struct conformal *c, size_t series, size_t h, double level)
{
    assert(series < c->series && level > 0 && level < 1);
    const size_t step = step_index_of(h);
    if (level == .5)
        return 0;
    if (!is_calibrated(c, series, step))
        return maths_normal_quantile(level) * start_sd(c, series, step);
    const struct score_table *t = &c->step[step];
    const double score = t->score[index_at(t, level)] - c->recentre * t->middle;
    if ((level < .5) != (score < 0)) /* on the other side of the median, which is the forecast itself */
        return 0;
    return score * c->scale[step * c->series + series] * c->widening;
}

double conformal_scale(const struct conformal *c, size_t series, size_t h)
{
    assert(series < c->series);
    const size_t step = step_index_of(h);
    return is_calibrated(c, series, step) ? c->scale[step * c->series + series] : start_sd(c, series, step);
}

double conformal_mean_ratio(const struct conformal *c, size_t series, size_t h)
{
    assert(series < c->series);
    const size_t step = step_index_of(h);
    if (!is_calibrated(c, series, step))
        return 1;
    const double ratio = c->ratio[step * c->series + series];
    return ratio < RATIO_LOW ? RATIO_LOW : ratio > RATIO_HIGH ? RATIO_HIGH : ratio;
}

/* Scales of all series with an error, and the table of their absolute scores. */
static enum status fit_absolute(const struct step_errors *e, double own_share, struct work *w, double *scale, struct score_table *out)
{
    const size_t series = e->errors->series;
    sums_add(e, false, &w->sums);
    for (size_t s = 0; s < series; s++)
        w->member[s] = w->sums.count[s] > 0;
    if (shrunk_means(w->sums.square, w->sums.weight, w->member, series, own_share, scale) == 0)
        return STATUS_TOO_SHORT;
    for (size_t s = 0; s < series; s++)
        scale[s] = maths_sqrt(scale[s]);
    const size_t n = collect_scores(e, scale, w->member, true, w->scores);
    return table_init(out, score_sort(w->scores, w->scratch, n), n);
}

enum status conformal_half_widths(const struct rolling_errors *errors, size_t step_index, const double *levels, size_t level_count,
                                  double decay, double own_share, double *out)
{
    struct work w = {0};
    struct score_table table = {0};
    double *scale = calloc(errors->series + 1, sizeof *scale);
    enum status status = scale ? work_init(&w, errors, decay) : STATUS_NO_MEMORY;
    if (!status) {
        const struct step_errors e = step_errors_of(errors, step_index, w.weight);
        status = fit_absolute(&e, own_share, &w, scale, &table);
    }
    for (size_t k = 0; !status && k < level_count; k++)
        for (size_t s = 0; s < errors->series; s++)
            out[k * errors->series + s] = table.score[index_at(&table, levels[k])] * scale[s];
    table_done(&table);
    work_done(&w);
    free(scale);
    return status;
}
