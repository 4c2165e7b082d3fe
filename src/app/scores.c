#include "app/scores.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/maths.h"
#include "base/table.h"
#include "engine/effects.h"

const size_t scores_limit[SCORES_GROUPS] = {1, 4, 8};

#define BOUNDS 4
static const double bound_levels[BOUNDS] = {.025, .1, .9, .975};

struct issued_set { /* of one series at one origin */
    bool present;
    int64_t issue;
    double value[SCORES_HORIZON][MEMBER_COUNT]; /* NaN = none */
    double bounds[SCORES_HORIZON][BOUNDS];
};

struct scored_series {
    struct text name; /* in the arena */
    double *actual; /* by period - first, NaN = unknown */
    struct issued_set *issued; /* by last known period - first */
};

struct scores {
    struct period_grid grid;
    struct arena arena;
    struct table index; /* store, NUL, product -> series */
    struct scored_series *series;
    size_t count, capacity;
    period_t first; /* of row 0 of every series */
    size_t rows;
};

enum status scores_new(const struct period_grid *grid, period_t first, size_t periods, struct scores **out)
{
    assert(periods > 0);
    struct scores *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NO_MEMORY;
    s->grid = *grid;
    s->first = first;
    s->rows = periods;
    *out = s;
    return STATUS_OK;
}

void scores_free(struct scores *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        free(s->series[i].actual);
        free(s->series[i].issued);
    }
    free(s->series);
    table_done(&s->index);
    arena_done(&s->arena);
    free(s);
}

size_t scores_series(const struct scores *s) { return s->count; }

/* ------------------------------------------------------------------------------------------ series */

static enum status series_init(struct scored_series *series, size_t rows)
{
    series->actual = malloc(rows * sizeof *series->actual);
    series->issued = calloc(rows, sizeof *series->issued);
    if (!series->actual || !series->issued)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < rows; i++)
        series->actual[i] = maths_missing();
    return STATUS_OK;
}

static enum status series_of(struct scores *s, struct text store, struct text product, size_t *out)
{
    uint8_t key[2 * MESSAGE_ID_BYTES_MAX + 1];
    if (store.size > MESSAGE_ID_BYTES_MAX || product.size > MESSAGE_ID_BYTES_MAX)
        return STATUS_BAD_TEXT;
    memcpy(key, store.data, store.size);
    key[store.size] = '\0';
    if (product.size > 0)
        memcpy(key + store.size + 1, product.data, product.size);
    const struct bytes id = {key, store.size + 1 + product.size};
    const uint32_t known = table_get(&s->index, id);
    if (known != TABLE_NONE) {
        *out = known;
        return STATUS_OK;
    }
    if (s->count == s->capacity) {
        const size_t capacity = s->capacity ? 2 * s->capacity : 64;
        struct scored_series *series = realloc(s->series, capacity * sizeof *series);
        if (!series)
            return STATUS_NO_MEMORY;
        s->series = series;
        s->capacity = capacity;
    }
    struct scored_series *added = &s->series[s->count];
    *added = (struct scored_series){0};
    enum status status = series_init(added, s->rows);
    added->name = effects_series_key(&s->arena, store, product);
    if (!status && !added->name.data)
        status = STATUS_NO_MEMORY;
    if (!status)
        status = table_put(&s->index, id, (uint32_t)s->count);
    if (status) {
        free(added->actual);
        free(added->issued);
        return status;
    }
    *out = s->count++;
    return STATUS_OK;
}

/* ------------------------------------------------------------------------------------------ what is known */

static bool row_find(const struct scores *s, period_t period, size_t *out)
{
    const int64_t row = (int64_t)period - s->first;
    *out = (size_t)row;
    return row >= 0 && row < (int64_t)s->rows;
}

enum status scores_actual(struct scores *s, struct text store, struct text product, period_t period, double value)
{
    size_t series, row;
    if (!row_find(s, period, &row))
        return STATUS_OK;
    const enum status status = series_of(s, store, product, &series);
    if (!status)
        s->series[series].actual[row] = value;
    return status;
}

static double quantile_at(const struct forecast_step *step, double level)
{
    for (size_t i = 0; i < step->quantile_count; i++)
        if (step->quantiles[i].level == level)
            return step->quantiles[i].value;
    return maths_missing();
}

static void keep_step(const struct forecast_step *step, struct issued_set *set, size_t h)
{
    for (size_t m = 0; m < MEMBER_COUNT; m++)
        set->value[h][m] = maths_missing();
    for (size_t i = 0; i < step->model_count; i++) {
        const enum member m = member_find(step->models[i].model);
        if (m < MEMBER_COUNT)
            set->value[h][m] = step->models[i].value;
    }
    set->value[h][MEMBER_ENSEMBLE] = step->median;
    for (size_t k = 0; k < BOUNDS; k++)
        set->bounds[h][k] = quantile_at(step, bound_levels[k]);
}

enum status scores_add(struct scores *s, const struct forecast_result *r)
{
    size_t series, row;
    if (!row_find(s, period_of(&s->grid, r->origin), &row))
        return STATUS_OK;
    const enum status status = series_of(s, r->store, r->product, &series);
    if (status)
        return status;
    struct issued_set *set = &s->series[series].issued[row];
    if (set->present && set->issue > r->issue)
        return STATUS_OK;
    *set = (struct issued_set){.present = true, .issue = r->issue};
    for (size_t h = 0; h < SCORES_HORIZON; h++) {
        const struct forecast_step none = {.median = maths_missing()};
        keep_step(h < r->step_count ? &r->steps[h] : &none, set, h);
    }
    return STATUS_OK;
}

static void visit_set(const struct issued_set *set, struct text series, size_t origin, scores_visit *visit, void *arg)
{
    for (size_t h = 0; h < SCORES_HORIZON; h++)
        for (enum member m = 0; m < MEMBER_COUNT; m++)
            if (maths_finite(set->value[h][m]))
                visit(arg, series, origin, h + 1, m, set->value[h][m]);
}

void scores_each(const struct scores *s, scores_visit *visit, void *arg)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t row = 0; row < s->rows; row++)
            if (s->series[i].issued[row].present)
                visit_set(&s->series[i].issued[row], s->series[i].name, row + 1, visit, arg);
}

/* ------------------------------------------------------------------------------------------ scoring */

static void score_step(const struct issued_set *set, size_t h, double actual, double scale, struct scores_table *out)
{
    for (size_t group = 0; group < SCORES_GROUPS; group++) {
        if (h >= scores_limit[group])
            continue;
        for (size_t m = 0; m < MEMBER_COUNT; m++)
            if (maths_finite(set->value[h][m]))
                accuracy_add(&out->sums[m][group], actual, set->value[h][m], scale);
        if (maths_finite(set->bounds[h][0]) && maths_finite(set->bounds[h][3]))
            accuracy_add_bounds(&out->sums[MEMBER_ENSEMBLE][group], actual, set->bounds[h]);
    }
}

/* The origin whose last known period is row `known`. */
static void score_origin(const struct scores *s, const struct scored_series *series, size_t known, size_t last, struct scores_table *out)
{
    const struct issued_set *set = &series->issued[known];
    if (!set->present) {
        out->missing += maths_finite(series->actual[known + 1]);
        return;
    }
    const double scale = accuracy_scale(series->actual, 1, known + 1, period_season(&s->grid));
    for (size_t h = 0; h < SCORES_HORIZON && known + 1 + h <= last; h++) {
        const double actual = series->actual[known + 1 + h];
        if (maths_finite(actual))
            score_step(set, h, actual, scale, out);
    }
}

static bool row_is_known(const struct scores *s, size_t row)
{
    for (size_t i = 0; i < s->count; i++)
        if (maths_finite(s->series[i].actual[row]))
            return true;
    return false;
}

void scores_compute(const struct scores *s, size_t origins, struct scores_table *out)
{
    *out = (struct scores_table){.first = PERIOD_NONE, .last = PERIOD_NONE};
    size_t begin = 0, last = s->rows;
    while (last > 0 && !row_is_known(s, last - 1))
        last--;
    while (begin < last && !row_is_known(s, begin))
        begin++;
    if (last < begin + 2)
        return;
    last--;
    const size_t from = last - begin > origins ? last - origins : begin;
    out->first = s->first + (period_t)from;
    out->last = s->first + (period_t)last - 1;
    for (size_t i = 0; i < s->count; i++)
        for (size_t known = from; known < last; known++)
            score_origin(s, &s->series[i], known, last, out);
}
