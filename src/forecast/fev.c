#include "forecast/fev.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/maths.h"
#include "forecast/fev_inner.h"

#define FIRST_ORIGIN 56 /* the season and a few periods of growth over it */
#define STEP         4
#define THREADS_MAX  64

struct walk {
    const struct fev_input *in;
    struct fev_origin *origins;
    size_t count;
};

struct job {
    const struct walk *walk;
    size_t at;
};

const char *fev_model_name(enum fev_model m)
{
    static const char *const names[FEV_MODELS] = {"ensemble",        "departments",    "damped_growth", "seasonal_yoy",
                                                  "covariate_panel", "seasonal_naive", "naive"};
    assert(m < FEV_MODELS);
    return names[m];
}

/* ------------------------------------------------------------------------------------------ one origin */

static size_t origin_at(const struct walk *w, size_t i)
{
    return w->in->known - (w->count - 1 - i) * STEP;
}

static size_t horizon_at(const struct walk *w, size_t i)
{
    const size_t left = w->in->known - origin_at(w, i);
    return i + 1 == w->count || left > w->in->ahead ? w->in->ahead : left;
}

static enum status allocate_points(struct fev_origin *o, size_t cells)
{
    for (size_t m = 0; m < FEV_MODELLED; m++) {
        o->point[m] = malloc((cells + 1) * sizeof *o->point[m]);
        if (!o->point[m])
            return STATUS_NO_MEMORY;
    }
    for (size_t m = 1; m <= FEV_MEMBERS; m++) {
        o->error[m] = malloc((cells + 1) * sizeof *o->error[m]);
        if (!o->error[m])
            return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

/* Errors of targets that lie before the window. */
static void take_errors(const struct walk *w, struct fev_origin *o, enum fev_model m)
{
    const size_t series = w->in->panel->series;
    for (size_t h = 0; h < o->known->horizon; h++)
        for (size_t s = 0; s < series; s++) {
            const size_t row = o->known->origin + h;
            const double v = row < w->in->known ? w->in->panel->value[row * series + s] : maths_missing();
            o->error[m][h * series + s] = maths_finite(v) && v > 0 ? maths_log(v) - o->point[m][h * series + s] : maths_missing();
        }
}

static enum status run_origin(const struct walk *w, size_t i)
{
    struct fev_origin *o = &w->origins[i];
    const size_t horizon = horizon_at(w, i);
    enum status status = department_known_new(w->in->panel, origin_at(w, i), horizon, &o->known);
    if (!status)
        status = department_signs_init(&o->signs, o->known);
    if (!status)
        status = allocate_points(o, horizon * w->in->panel->series);
    if (!status)
        status = department_forecast_full(o->known, o->point[FEV_DEPARTMENTS], &o->signs);
    if (!status)
        status = department_forecast(o->known, DEPARTMENT_DAMPED, o->point[FEV_DAMPED_GROWTH]);
    if (!status)
        status = department_forecast(o->known, DEPARTMENT_YOY, o->point[FEV_SEASONAL_YOY]);
    if (!status)
        status = department_forecast(o->known, DEPARTMENT_COVARIATE, o->point[FEV_COVARIATE_PANEL]);
    for (enum fev_model m = FEV_DEPARTMENTS; !status && m <= FEV_MEMBERS; m++)
        take_errors(w, o, m);
    return status;
}

static void *job_main(void *job)
{
    const struct job *j = job;
    j->walk->origins[j->at].status = run_origin(j->walk, j->at);
    return NULL;
}

/* A round of origins, one thread each; what cannot get a thread runs here. */
static enum status run_round(const struct walk *w, size_t first, size_t count)
{
    struct job jobs[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    bool started[THREADS_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct job){w, first + i};
        started[i] = i > 0 && pthread_create(&threads[i], NULL, job_main, &jobs[i]) == 0;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        else
            (void)job_main(&jobs[i]);
        status = status ? status : w->origins[first + i].status;
    }
    return status;
}

static enum status run_origins(const struct walk *w)
{
    const size_t wanted = w->in->threads ? w->in->threads : 1, threads = wanted < THREADS_MAX ? wanted : THREADS_MAX;
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < w->count; i += threads) {
        const size_t left = w->count - i, n = left < threads ? left : threads;
        status = run_round(w, i, n);
        if (w->in->on_progress)
            w->in->on_progress(w->in->user, i + n, w->count);
    }
    return status;
}

/* ------------------------------------------------------------------------------------------ the window */

static enum status score_model(const struct walk *w, enum fev_model m, struct department_issued *issued, double *quantiles,
                               struct fev_sums *sums)
{
    for (size_t i = 0; i < w->count; i++)
        issued[i] = (struct department_issued){w->origins[i].known, &w->origins[i].signs, w->origins[i].point[m]};
    const double *point = issued[w->count - 1].point;
    enum status status = department_quantiles(issued, w->count, quantiles);
    if (status_class(status) == CLASS_FALLBACK) { /* no error to learn from */
        for (size_t i = 0; i < w->in->ahead * w->in->panel->series * DEPARTMENT_LEVELS; i++)
            quantiles[i] = point[i / DEPARTMENT_LEVELS];
        status = STATUS_OK;
    }
    if (!status)
        fev_score_quantiles(w->in, quantiles, sums);
    return status;
}

static enum status score(const struct walk *w, struct fev_sums *sums)
{
    const size_t cells = w->in->ahead * w->in->panel->series;
    struct department_issued *issued = malloc(w->count * sizeof *issued);
    double *quantiles = malloc((cells * DEPARTMENT_LEVELS + 1) * sizeof *quantiles);
    enum status status = issued && quantiles ? STATUS_OK : STATUS_NO_MEMORY;
    for (enum fev_model m = 0; !status && m < FEV_MODELLED; m++)
        status = score_model(w, m, issued, quantiles, &sums[m]);
    fev_score_naive(w->in, true, &sums[FEV_SEASONAL_NAIVE]);
    fev_score_naive(w->in, false, &sums[FEV_NAIVE]);
    free(quantiles);
    free(issued);
    return status;
}

static void walk_done(struct walk *w)
{
    for (size_t i = 0; w->origins && i < w->count; i++) {
        struct fev_origin *o = &w->origins[i];
        department_known_free(o->known);
        department_signs_done(&o->signs);
        for (size_t m = 0; m < FEV_MODELLED; m++)
            free(o->point[m]);
        for (size_t m = 1; m <= FEV_MEMBERS; m++)
            free(o->error[m]);
    }
    free(w->origins);
}

enum status fev_run(const struct fev_input *input, struct fev_sums *sums)
{
    if (input->known < FEV_MIN_KNOWN)
        return STATUS_TOO_SHORT;
    assert(input->known + input->ahead <= input->panel->periods && input->ahead >= 1);
    struct walk w = {.in = input, .count = (input->known - FIRST_ORIGIN) / STEP + 1};
    w.origins = calloc(w.count, sizeof *w.origins);
    enum status status = w.origins ? run_origins(&w) : STATUS_NO_MEMORY;
    for (size_t i = 0; !status && i < w.count; i++)
        status = fev_combine(w.origins, i + 1);
    if (!status)
        status = score(&w, sums);
    walk_done(&w);
    return status;
}
