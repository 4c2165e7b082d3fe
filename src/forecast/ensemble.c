#include "forecast/ensemble.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"

#define ORIGINS 26       /* scored origins that a mean squared error is taken over */
#define LEAST_TARGETS 8  /* scored periods below which prior weights serve */
#define ENTRY 1.5        /* times the best member's pooled error */
#define CLEARLY .95      /* of a family's first member's error: less is noise, and following it costs accuracy */
#define LEAST_WEIGHT .02
#define SHORT_OBSERVED 7 /* up to here a series alone is forecast by its mean */

size_t ensemble_band(size_t h)
{
    assert(h >= 1);
    return h <= ERRORS_HORIZON ? 0 : h <= 19 ? 1 : 2;
}

/* ------------------------------------------------------------------------------------------ errors of a band */

struct steps { /* indices into errors_step */
    size_t first, count;
};
static const struct steps band_steps[ENSEMBLE_BANDS] = {{0, 8}, {8, 1}, {9, 1}};
static const struct steps late_steps = {4, 4}; /* h = 5..8, until there are errors at 13 and 26 */

struct scores { /* of one member in one band */
    double pooled; /* mean squared error; NaN = none */
    double *own;   /* series; NaN = none */
    size_t targets;
};

/* Slots of the last ORIGINS origins whose target at step h is known: [first, end). */
static void scored_slots(const struct rolling_errors *e, size_t h, size_t *first, size_t *end)
{
    *end = e->origins >= h ? e->origins - h + 1 : 0;
    *first = *end > ORIGINS ? *end - ORIGINS : 0;
}

/* Distinct target periods with an error of a series that counts, at any of the steps. */
static size_t count_targets(const struct rolling_errors *e, struct steps steps, const bool *counts)
{
    size_t targets = 0;
    for (size_t age = 0; age < ORIGINS; age++) { /* of the target */
        bool scored = false;
        for (size_t k = steps.first; !scored && k < steps.first + steps.count; k++) {
            const size_t h = errors_step[k];
            if (age + h > e->origins)
                break;
            const double *row = rolling_errors_at(e, k, e->origins - age - h);
            for (size_t s = 0; !scored && s < e->series; s++)
                scored = counts[s] && maths_finite(row[s]);
        }
        targets += scored;
    }
    return targets;
}

static void score_series(const struct rolling_errors *e, struct steps steps, size_t s, double *sum, size_t *n)
{
    for (size_t k = steps.first; k < steps.first + steps.count; k++) {
        size_t first, end;
        scored_slots(e, errors_step[k], &first, &end);
        for (size_t slot = first; slot < end; slot++) {
            const double error = rolling_errors_at(e, k, slot)[s];
            if (!maths_finite(error))
                continue;
            *sum += error * error;
            (*n)++;
        }
    }
}

static void score_member(const struct rolling_errors *e, struct steps steps, const bool *counts, struct scores *out)
{
    double pooled = 0;
    size_t pooled_n = 0;
    for (size_t s = 0; s < e->series; s++) {
        double sum = 0;
        size_t n = 0;
        if (counts[s])
            score_series(e, steps, s, &sum, &n);
        out->own[s] = n ? sum / (double)n : maths_missing();
        pooled += sum;
        pooled_n += n;
    }
    out->pooled = pooled_n && maths_finite(pooled) ? pooled / (double)pooled_n : maths_missing();
    out->targets = count_targets(e, steps, counts);
}

/* ------------------------------------------------------------------------------------------ weights */

static double prior_of(enum member m)
{
    return text_equal(text_of(member_table[m].family), text_of(member_table[MEMBER_SEASONAL_YOY].family)) ? .7 : .15;
}

static bool is_model(enum member m) /* for long histories, and no baseline */
{
    return m != MEMBER_ENSEMBLE && !(member_table[m].flags & (MEMBER_SHORT | MEMBER_BASELINE));
}

struct choice {
    double weight[MEMBER_COUNT];
};

static bool same_family(enum member a, enum member b)
{
    return text_equal(text_of(member_table[a].family), text_of(member_table[b].family));
}

/* Keeps one of every family: the first in the table, unless a later one is clearly better. */
static void choose_families(const struct scores *scores, bool prior, bool *in)
{
    for (enum member a = 0; a < MEMBER_COUNT; a++)
        for (enum member b = a + 1; in[a] && b < MEMBER_COUNT; b++) {
            if (!in[b] || !same_family(a, b))
                continue;
            if (!prior && scores[b].pooled < CLEARLY * scores[a].pooled)
                in[a] = false;
            else
                in[b] = false;
        }
}

static void enter(const struct scores *scores, bool *in)
{
    double best = maths_missing();
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        if (in[m] && !(best <= scores[m].pooled))
            best = scores[m].pooled;
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        in[m] = in[m] && scores[m].pooled <= ENTRY * best;
}

static void normalise(double *weight)
{
    double total = 0;
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        total += weight[m];
    for (enum member m = 0; total > 0 && m < MEMBER_COUNT; m++)
        weight[m] /= total;
}

static void weigh(const struct scores *scores, const bool *in, size_t series, double *weight)
{
    double mixed[MEMBER_COUNT], least = maths_missing();
    for (enum member m = 0; m < MEMBER_COUNT; m++) {
        if (!in[m])
            continue;
        const double own = scores[m].own[series];
        mixed[m] = maths_finite(own) ? .5 * own + .5 * scores[m].pooled : scores[m].pooled;
        if (!(least <= mixed[m]))
            least = mixed[m];
    }
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        if (in[m])
            weight[m] = mixed[m] > 0 ? (least / mixed[m]) * (least / mixed[m]) : 1;
    normalise(weight);
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        if (weight[m] < LEAST_WEIGHT)
            weight[m] = 0;
    normalise(weight);
}

static struct choice choose_long(const struct ensemble_input *input, const struct scores *scores, size_t series)
{
    const struct pool_fit *fit = input->fit;
    struct choice choice = {0};
    bool in[MEMBER_COUNT], scored[MEMBER_COUNT], prior = true;
    for (enum member m = 0; m < MEMBER_COUNT; m++) {
        in[m] = is_model(m) && !input->excluded[m] && pool_fit_has(fit, m, series);
        scored[m] = in[m] && scores[m].targets >= LEAST_TARGETS && maths_finite(scores[m].pooled);
        prior = prior && !scored[m];
    }
    if (!prior)
        memcpy(in, scored, sizeof in);
    choose_families(scores, prior, in);
    if (!prior) {
        enter(scores, in);
        weigh(scores, in, series, choice.weight);
        return choice;
    }
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        choice.weight[m] = in[m] ? prior_of(m) : 0;
    normalise(choice.weight);
    return choice;
}

static struct choice choose_short(const struct pool_fit *fit, size_t series)
{
    static const enum member net[] = {MEMBER_SES, MEMBER_DAMPED_DRIFT, MEMBER_NAIVE}, level[] = {MEMBER_SES, MEMBER_MEAN};
    struct choice choice = {0};
    const struct pool_series *info = pool_fit_series(fit, series);
    if (pool_fit_has(fit, MEMBER_SISTERS, series)) {
        choice.weight[MEMBER_SISTERS] = 1;
        return choice;
    }
    if (info->observed <= SHORT_OBSERVED) {
        choice.weight[MEMBER_MEAN] = pool_fit_has(fit, MEMBER_MEAN, series);
        return choice;
    }
    const bool levels = info->kind == SERIES_LEVEL;
    for (size_t k = 0; k < (levels ? sizeof level / sizeof *level : sizeof net / sizeof *net); k++) {
        const enum member m = levels ? level[k] : net[k];
        choice.weight[m] = pool_fit_has(fit, m, series);
    }
    normalise(choice.weight);
    return choice;
}

/* ------------------------------------------------------------------------------------------ bands */

static void score_band(const struct ensemble_input *input, struct steps steps, const bool *counts, struct scores *scores)
{
    for (enum member m = 0; m < MEMBER_COUNT; m++) {
        scores[m].pooled = maths_missing();
        scores[m].targets = 0;
        for (size_t s = 0; s < input->series; s++)
            scores[m].own[s] = maths_missing();
        if (is_model(m) && input->member[m].origins > 0) {
            assert(input->member[m].series == input->series);
            score_member(&input->member[m], steps, counts, &scores[m]);
        }
    }
}

static bool has_scores(const struct scores *scores)
{
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        if (scores[m].targets >= LEAST_TARGETS)
            return true;
    return false;
}

static void weigh_band(const struct ensemble_input *input, size_t band, const bool *counts, struct scores *scores, double *out)
{
    score_band(input, band_steps[band], counts, scores);
    if (band > 0 && !has_scores(scores))
        score_band(input, late_steps, counts, scores);
    for (size_t s = 0; s < input->series; s++) {
        const bool is_long = pool_fit_series(input->fit, s)->kind == SERIES_LONG;
        const struct choice choice = is_long ? choose_long(input, scores, s) : choose_short(input->fit, s);
        for (enum member m = 0; m < MEMBER_COUNT; m++)
            out[(band * MEMBER_COUNT + m) * input->series + s] = choice.weight[m];
    }
}

enum status ensemble_weights(const struct ensemble_input *input, double *out_weight)
{
    struct scores scores[MEMBER_COUNT];
    double *own = malloc((MEMBER_COUNT * input->series + 1) * sizeof *own);
    bool *counts = malloc((input->series + 1) * sizeof *counts);
    const bool ok = own && counts;
    if (ok) {
        for (size_t s = 0; s < input->series; s++) /* errors in levels say nothing about the others */
            counts[s] = pool_fit_series(input->fit, s)->kind == SERIES_LONG;
        for (enum member m = 0; m < MEMBER_COUNT; m++)
            scores[m].own = own + m * input->series;
        for (size_t band = 0; band < ENSEMBLE_BANDS; band++)
            weigh_band(input, band, counts, scores, out_weight);
    }
    free(own);
    free(counts);
    return ok ? STATUS_OK : STATUS_NO_MEMORY;
}

/* ------------------------------------------------------------------------------------------ the forecast */

void ensemble_forecast(const double *weight, size_t series_count, size_t series, const double *value, size_t horizon, double *out,
                       bool *out_fallback)
{
    *out_fallback = false;
    for (size_t h = 0; h < horizon; h++) {
        const double *row = weight + ensemble_band(h + 1) * MEMBER_COUNT * series_count + series;
        double sum = 0, total = 0;
        for (enum member m = 0; m < MEMBER_COUNT; m++) {
            const double w = row[m * series_count], v = value[m * horizon + h];
            if (!(w > 0) || !maths_finite(v))
                continue;
            sum += w * v;
            total += w;
        }
        const double naive = value[MEMBER_NAIVE * horizon + h];
        out[h] = total > 0 ? sum / total : maths_finite(naive) ? naive : maths_missing();
        *out_fallback = *out_fallback || (!(total > 0) && maths_finite(naive));
    }
}
