#include "forecast/damped.h"

/* Twelve of the configurations drawn at random, chosen on departments by targets before week 104 only. */
const struct damped_configuration damped_departments[DAMPED_DEPARTMENTS] = {
    {6, 1, 1e-3, 0.5, 4, 0.5, 0, 3, 8, 0.5, 0.95, 1.0, 0.2, 0.15, 0.96, 0.98, 0.2, 10, 3, 1e-2, 0.3, 0.25, 0.1, 0.8},
    {4, 2, 1e-3, 0.8, 6, 0.5, 0.8, 8, 5, 0.5, 0.95, 1.0, 0.05, 0.05, 0.99, 0.99, 0.3, 8, 3, 1e-3, 0.3, 0.1, 0.1, 0.8},
    {8, 3, 1e-2, 0.5, 6, 0.3, 0, 8, 5, 0.5, 1.0, 1.0, 0.2, 0.05, 0.96, 0.97, 0.2, 6, 2, 1e-4, 0.3, 0.15, 0.1, 0.8},
    {4, 3, 1e-3, 0.3, 4, 0.3, 0.8, 2, 5, 0.5, 0.95, 1.0, 0.05, 0.1, 0.98, 0.97, 0.4, 6, 1, 1e-4, 0.8, 0.15, 0.2, 0.8},
    {4, 3, 1e-3, 0.0, 10, 0.5, 0, 5, 8, 0.5, 1.0, 1.0, 0.1, 0.2, 0.96, 0.97, 0.2, 6, 1, 1e-4, 0.3, 0.25, 0.2, 0.5},
    {6, 1, 1e-2, 0.0, 10, 0.15, 0, 8, 5, 0.5, 1.0, 1.0, 0.15, 0.05, 0.98, 0.98, 0.2, 6, 2, 1e-2, 0.5, 0.25, 0.2, 0.8},
    {4, 1, 1e-3, 0.5, 6, 0.3, 0, 2, 8, 0.5, 0.95, 0.5, 0.15, 0.15, 0.96, 0.97, 0.4, 8, 2, 1e-4, 0.3, 0.1, 0.2, 0.5},
    {4, 2, 1e-3, 0.8, 6, 0.15, 0, 3, 8, 0.5, 1.0, 1.0, 0.1, 0.1, 0.98, 0.96, 0.3, 10, 3, 1e-3, 0.3, 0.15, 0.2, 0.5},
    {6, 3, 1e-3, 0.8, 4, 0.5, 0, 3, 8, 0.5, 0.95, 0.5, 0.05, 0.1, 0.98, 0.97, 0.4, 8, 3, 1e-3, 0.5, 0.25, 0.2, 0.5},
    {4, 2, 1e-2, 0.5, 10, 0.5, 0.5, 5, 3, 0.5, 1.0, 1.0, 0.1, 0.2, 0.96, 0.96, 0.3, 6, 2, 1e-3, 0.3, 0.25, 0.1, 0.5},
    {6, 3, 1e-3, 0.3, 3, 0.5, 0.8, 2, 5, 0.5, 0.95, 0.5, 0.05, 0.05, 0.99, 0.98, 0.4, 10, 2, 1e-3, 0.5, 0.15, 0.1, 0.5},
    {6, 3, 1e-3, 0.3, 10, 0.3, 0, 2, 5, 0.5, 1.0, 0.5, 0.2, 0.05, 0.98, 0.99, 0.3, 6, 2, 1e-2, 0.3, 0.15, 0.2, 0.5},
};

struct damped_configuration damped_of_yoy(const struct yoy_configuration *c)
{
    return (struct damped_configuration){
        .annual_harmonics = c->annual_harmonics,
        .month_harmonics = c->month_harmonics,
        .ridge_penalty = c->ridge_penalty,
        .own_share = c->own_share,
        .svd_rank = c->svd_rank,
        .svd_remainder = c->svd_remainder,
        .course_share = 0,
        .course_bandwidth = 1,
        .fluctuation_bandwidth = c->fluctuation_bandwidth,
        .fluctuation_share = c->fluctuation_share,
        .seasonal_scale = c->seasonal_scale,
        .date_alignment = c->date_alignment,
        .alpha_own = .1,
        .alpha_common = .15,
        .damping_common = .96,
        .damping_own = .98,
        .panel_weight = c->panel_weight,
        .panel_annual_harmonics = c->panel_annual_harmonics,
        .panel_month_harmonics = c->panel_month_harmonics,
        .panel_ridge_penalty = c->panel_ridge_penalty,
        .panel_own_share = c->panel_own_share,
        .panel_alpha_own = c->panel_alpha_own,
        .panel_alpha_common = c->panel_alpha_common,
        .panel_quasi_difference = c->panel_quasi_difference,
    };
}
