/* yoy_svd.h: what the histories of a pool have in common: their leading singular vectors.
 *
 * They come from the eigenvectors of the smaller Gram matrix, min(periods, series) squared; signs and the order of
 * equal values do not matter to what is made of them. Memory is the caller's; padded as in linear.h.
 * Thread: any. Internal to yoy. */
#ifndef STORECAST_FORECAST_YOY_SVD_H
#define STORECAST_FORECAST_YOY_SVD_H

#include "forecast/linear.h"

/* centred = scores x loadings + rest: the first r columns and rows make the part of rank r, for any r <= rank. */
struct yoy_svd {
    size_t periods, series, stride, rank;
    double *scores;   /* periods x linear_padded(rank) */
    double *loadings; /* rank x stride */
};

/* Lays scores and loadings into memory (yoy_svd_size doubles). */
void yoy_svd_place(struct yoy_svd *d, size_t periods, size_t series, size_t rank, double *memory);
size_t yoy_svd_size(size_t periods, size_t series, size_t rank);

/* centred: periods x stride, columns of mean 0. work: yoy_svd_work doubles. */
enum status yoy_svd_decompose(const struct yoy_svd *d, const double *centred, double *work) MUST_CHECK;
size_t yoy_svd_work(size_t periods, size_t series, size_t rank);

/* out = mean + part of rank `rank` + remainder * what that part leaves over, periods x stride. */
void yoy_svd_share(const struct yoy_svd *d, const double *centred, const double *mean, size_t rank, double remainder, double *out);

#endif
