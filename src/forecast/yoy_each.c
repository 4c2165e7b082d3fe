#include "forecast/yoy_model.h"

/* rows x (stride of from), column `series` -> first column of rows x (stride of to). */
static void copy_column(const double *from, size_t from_stride, size_t series, size_t rows, double *to, size_t stride)
{
    for (size_t t = 0; t < rows; t++)
        to[t * stride] = from[t * from_stride + series];
}

static void copy_series(const struct yoy_model *all, size_t series, struct yoy_model *m)
{
    size_t rows = m->annual + m->holidays + m->month;
    copy_column(all->regressors, all->stride, series, rows, m->regressors, m->stride);
    copy_column(all->constant, all->stride, series, 1, m->constant, m->stride);
    copy_column(all->residual_sd, all->stride, series, 1, m->residual_sd, m->stride);
    m->part_count = all->part_count;
    for (size_t k = 0; k < all->part_count; k++) {
        const struct yoy_part *from = &all->parts[k];
        struct yoy_part *to = &m->parts[k];
        to->weight = from->weight;
        to->scale = from->scale;
        to->alignment = from->alignment;
        copy_column(from->mean, all->stride, series, 1, to->mean, m->stride);
        copy_column(from->level, all->stride, series, 1, to->level, m->stride);
        copy_column(from->tail, all->stride, series, all->season + 1, to->tail, m->stride);
    }
}

enum status yoy_fit_each(const struct yoy_input *input, struct yoy_model **out)
{
    struct yoy_model *all;
    enum status status = yoy_fit(input, &yoy_alone, 1, &all);
    if (status)
        return status;
    struct yoy_design d = {.annual = all->annual / 2, .holidays = all->holidays, .month = all->month / 2};
    size_t made = 0;
    for (; !status && made < input->series; made += !status) {
        status = yoy_model_new(input, 1, &d, all->part_count, &out[made]);
        if (!status)
            copy_series(all, made, out[made]);
    }
    if (status)
        while (made > 0) {
            yoy_free(out[--made]);
            out[made] = NULL;
        }
    yoy_free(all);
    return status;
}
