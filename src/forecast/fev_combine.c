/* The ensemble of protocol fev, by the rule of forecasting.md 3.6: per horizon band one member of a family (chosen by the errors
 * of all series: a department has too few to tell), and per department and band weights 1 / (half the series' own and half
 * the department's mean squared error) squared. */
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "forecast/ensemble.h"
#include "forecast/fev_inner.h"

#define ENTRY        1.5 /* times the best member's error */
#define CLEARLY      .95 /* of the first of a family's error: less is noise */
#define LEAST_WEIGHT .02

static const enum fev_model members[FEV_MEMBERS] = {FEV_DEPARTMENTS, FEV_DAMPED_GROWTH, FEV_SEASONAL_YOY};

struct scores {               /* of one band */
    double *sum[FEV_MEMBERS]; /* series: of squared errors */
    double *count;            /* series: steps that all members have an error at */
    double *weight[FEV_MEMBERS];
    double *memory;
};

static enum status scores_init(struct scores *x, size_t series)
{
    x->memory = calloc((2 * FEV_MEMBERS + 1) * series + 1, sizeof *x->memory);
    if (!x->memory)
        return STATUS_NO_MEMORY;
    for (size_t k = 0; k < FEV_MEMBERS; k++) {
        x->sum[k] = x->memory + k * series;
        x->weight[k] = x->memory + (FEV_MEMBERS + 1 + k) * series;
    }
    x->count = x->memory + FEV_MEMBERS * series;
    for (size_t s = 0; s < series; s++)
        x->weight[0][s] = 1; /* the department model alone, while there are no errors */
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ errors */

static bool all_known(const struct fev_origin *o, size_t cell)
{
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        if (!maths_finite(o->error[members[k]][cell]))
            return false;
    return true;
}

/* Steps of an origin whose target lies before another. */
static size_t known_steps(const struct fev_origin *past, size_t origin)
{
    const size_t steps = origin - past->known->origin;
    return steps < past->known->horizon ? steps : past->known->horizon;
}

/* Returns whether there is any error in the band. */
static bool add_errors(const struct fev_origin *origins, size_t count, size_t band, struct scores *x)
{
    const struct department_known *now = origins[count - 1].known;
    const size_t series = now->panel->series;
    bool any = false;
    memset(x->memory, 0, (FEV_MEMBERS + 1) * series * sizeof *x->memory);
    for (size_t i = DEPARTMENT_WARM_UP; i + 1 < count; i++)
        for (size_t h = 0; h < known_steps(&origins[i], now->origin); h++)
            for (size_t s = 0; ensemble_band(h + 1) == band && s < series; s++) {
                if (!all_known(&origins[i], h * series + s))
                    continue;
                for (size_t k = 0; k < FEV_MEMBERS; k++) {
                    const double e = origins[i].error[members[k]][h * series + s];
                    x->sum[k][s] += e * e;
                }
                x->count[s] += 1;
                any = true;
            }
    return any;
}

/* ------------------------------------------------------------------------------------------ weights */

/* Mean squared errors of the series of a department, or of all (departments = that many); false when there are none. */
static bool mean_errors(const struct department_panel *panel, size_t department, const struct scores *x, double *out)
{
    double count = 0;
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        out[k] = 0;
    for (size_t s = 0; s < panel->series; s++) {
        if (panel->department[s] != department && department != panel->departments)
            continue;
        for (size_t k = 0; k < FEV_MEMBERS; k++)
            out[k] += x->sum[k][s];
        count += x->count[s];
    }
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        out[k] /= count;
    return count > 0;
}

/* The two year-over-year models are one family: the first, unless the other is clearly better. */
static void choose_family(const struct department_panel *panel, const struct scores *x, bool *in)
{
    double all[FEV_MEMBERS];
    in[0] = true;
    in[2] = mean_errors(panel, panel->departments, x, all) && all[2] < CLEARLY * all[1];
    in[1] = !in[2];
}

static void enter(const double *pooled, const bool *family, bool *in)
{
    double best = pooled[0];
    for (size_t k = 1; k < FEV_MEMBERS; k++)
        best = family[k] && pooled[k] < best ? pooled[k] : best;
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        in[k] = family[k] && pooled[k] <= ENTRY * best;
}

static void normalise(double *weight)
{
    double total = 0;
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        total += weight[k];
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        weight[k] /= total;
}

static void weigh_series(struct scores *x, size_t s, const double *pooled, const bool *in)
{
    double weight[FEV_MEMBERS], least = maths_missing();
    for (size_t k = 0; k < FEV_MEMBERS; k++) {
        const double own = x->count[s] > 0 ? x->sum[k][s] / x->count[s] : pooled[k];
        weight[k] = .5 * own + .5 * pooled[k];
        if (in[k] && !(least <= weight[k]))
            least = weight[k];
    }
    for (size_t k = 0; k < FEV_MEMBERS; k++) {
        const double share = weight[k] > 0 ? least / weight[k] : 1; /* no error at all: as good as the best */
        weight[k] = in[k] ? share * share : 0;
    }
    normalise(weight);
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        weight[k] = weight[k] < LEAST_WEIGHT ? 0 : weight[k];
    normalise(weight);
    for (size_t k = 0; k < FEV_MEMBERS; k++)
        x->weight[k][s] = weight[k];
}

/* A department without errors keeps the weights it has. */
static void weigh(const struct department_panel *panel, struct scores *x)
{
    double pooled[FEV_MEMBERS];
    bool family[FEV_MEMBERS], in[FEV_MEMBERS];
    choose_family(panel, x, family);
    for (size_t d = 0; d < panel->departments; d++) {
        if (!mean_errors(panel, d, x, pooled))
            continue;
        enter(pooled, family, in);
        for (size_t s = 0; s < panel->series; s++)
            if (panel->department[s] == d)
                weigh_series(x, s, pooled, in);
    }
}

static void mix(const struct fev_origin *o, size_t h, const struct scores *x)
{
    const size_t series = o->known->panel->series;
    for (size_t s = 0; s < series; s++) {
        double sum = 0;
        for (size_t k = 0; k < FEV_MEMBERS; k++)
            if (x->weight[k][s] > 0)
                sum += x->weight[k][s] * o->point[members[k]][h * series + s];
        o->point[FEV_ENSEMBLE][h * series + s] = sum;
    }
}

enum status fev_combine(const struct fev_origin *origins, size_t count)
{
    const struct department_known *now = origins[count - 1].known;
    struct scores x;
    const enum status status = scores_init(&x, now->panel->series);
    size_t band = ENSEMBLE_BANDS;
    for (size_t h = 0; !status && h < now->horizon; h++) {
        if (ensemble_band(h + 1) != band) { /* a band without errors keeps the weights of the one before */
            band = ensemble_band(h + 1);
            if (add_errors(origins, count, band, &x))
                weigh(now->panel, &x);
        }
        mix(&origins[count - 1], h, &x);
    }
    free(x.memory);
    return status;
}
