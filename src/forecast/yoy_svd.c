#include "forecast/yoy_svd.h"

#include <assert.h>

void yoy_svd_place(struct yoy_svd *d, size_t periods, size_t series, size_t rank, double *memory)
{
    *d = (struct yoy_svd){.periods = periods, .series = series, .stride = linear_padded(series), .rank = rank};
    d->scores = memory;
    d->loadings = memory + periods * linear_padded(rank);
}

size_t yoy_svd_size(size_t periods, size_t series, size_t rank)
{
    return periods * linear_padded(rank) + rank * linear_padded(series);
}

size_t yoy_svd_work(size_t periods, size_t series, size_t rank)
{
    size_t n = series < periods ? series : periods, width = linear_padded(n);
    size_t turned = series < periods ? series * linear_padded(rank) : series * linear_padded(periods);
    return n * width + width + linear_leading_work(n, rank) + turned;
}

/* out (columns x linear_padded(rows)) = rows transposed; padding 0. */
static void transpose(const double *from, size_t rows, size_t columns, size_t stride, double *out)
{
    size_t width = linear_padded(rows);
    for (size_t j = 0; j < columns; j++)
        for (size_t i = 0; i < width; i++)
            out[j * width + i] = i < rows ? from[i * stride + j] : 0.0;
}

/* Eigenvectors over the series are the loadings; the scores follow. */
static enum status decompose_narrow(const struct yoy_svd *d, const double *centred, double *work)
{
    size_t n = d->series, width = d->stride, rank_width = linear_padded(d->rank);
    double *gram = work, *values = gram + n * width, *vectors = values + width;
    linear_gram(centred, d->stride, d->periods, n, gram);
    enum status status = linear_leading(gram, n, d->rank, values, vectors, vectors + n * rank_width);
    if (status)
        return status;
    transpose(vectors, n, d->rank, rank_width, d->loadings);
    for (size_t t = 0; t < d->periods; t++)
        linear_combine(d->scores + t * rank_width, rank_width, centred + t * d->stride, 1, vectors, rank_width, n);
    return STATUS_OK;
}

/* More series than periods: eigenvectors over the periods are the scores; the loadings follow. */
static enum status decompose_wide(const struct yoy_svd *d, const double *centred, double *work)
{
    size_t n = d->periods, width = linear_padded(n);
    double *gram = work, *values = gram + n * width, *turned = values + width;
    transpose(centred, n, d->series, d->stride, turned);
    linear_gram(turned, width, d->series, n, gram);
    enum status status = linear_leading(gram, n, d->rank, values, d->scores, turned + d->series * width);
    for (size_t q = 0; !status && q < d->rank; q++)
        linear_combine(d->loadings + q * d->stride, d->stride, d->scores + q, linear_padded(d->rank), centred, d->stride, n);
    return status;
}

enum status yoy_svd_decompose(const struct yoy_svd *d, const double *centred, double *work)
{
    assert(d->rank <= d->series && d->rank <= d->periods);
    return d->series < d->periods ? decompose_narrow(d, centred, work) : decompose_wide(d, centred, work);
}

void yoy_svd_share(const struct yoy_svd *d, const double *centred, const double *mean, size_t rank, double remainder, double *out)
{
    assert(rank <= d->rank);
    const linear_pair *mu = linear_const_pairs(mean), share = {remainder, remainder};
    for (size_t t = 0; t < d->periods; t++, centred += d->stride, out += d->stride) {
        linear_combine(out, d->stride, d->scores + t * linear_padded(d->rank), 1, d->loadings, d->stride, rank);
        const linear_pair *all = linear_const_pairs(centred);
        linear_pair *to = linear_pairs(out);
        for (size_t j = 0; j < d->stride / 2; j++)
            to[j] = mu[j] + to[j] + share * (all[j] - to[j]);
    }
}
