/* simulate_model.h: how much a simulated store and product sells on a day. Used by simulate.c only. */
#ifndef STORECAST_APP_SIMULATE_MODEL_H
#define STORECAST_APP_SIMULATE_MODEL_H

#include "app/simulate.h"

/* A number in (0, 1) and a standard normal one, fixed by what they are for. */
enum simulate_purpose {
    DRAW_BASE, DRAW_TREND, DRAW_SEASON, DRAW_WEEKDAY, DRAW_HOLIDAY, DRAW_PROMOTION, DRAW_CHAIN, DRAW_STORE, DRAW_DAY,
    DRAW_PRICE, DRAW_SHARE, DRAW_PRODUCT_SEASON, DRAW_PRODUCT_DAY, DRAW_ROUND, DRAW_TILL, DRAW_RETURN, DRAW_RETURN_SIZE,
    DRAW_DUPLICATE, DRAW_DUPLICATE_DELAY, DRAW_LATE, DRAW_LATE_DELAY
};
double simulate_draw(uint64_t seed, enum simulate_purpose purpose, uint64_t a, uint64_t b);
double simulate_normal(uint64_t seed, enum simulate_purpose purpose, uint64_t a, uint64_t b);

/* Slow noise: first-order autoregressions that move once a period. */
struct simulate_noise {
    double chain, *store;
};
void simulate_noise_move(struct simulate_noise *n, uint64_t seed, size_t stores, int64_t period);

/* Expected amount that a store sells on a day, before shifts. */
double simulate_store_day(uint64_t seed, const struct simulate_noise *n, size_t store, date_t day);
/* Share of a product in its store's day (they do not add up to 1 exactly), and its price. */
double simulate_product_share(uint64_t seed, size_t products, size_t store, size_t product, date_t day);
double simulate_price(uint64_t seed, size_t product);

#endif
