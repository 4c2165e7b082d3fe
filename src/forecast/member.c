#include "forecast/member.h"

#define HORIZON 150

const struct member_row member_table[MEMBER_COUNT] = {
    [MEMBER_ENSEMBLE] = {1, 1, "ensemble", "ensemble", 1, 0, HORIZON, 0,
                         "weighted mean (in logs) of the members that earned it"},
    [MEMBER_SEASONAL_YOY] = {2, 1, "seasonal_yoy", "yoy", 54, 1, HORIZON, MEMBER_POOLED,
                             "last year's dates plus recent growth, mean of ten configurations"},
    [MEMBER_SEASONAL_YOY_SINGLE] = {3, 1, "seasonal_yoy_single", "yoy", 54, 1, HORIZON, MEMBER_POOLED,
                                    "the same with one configuration"},
    [MEMBER_SEASONAL_YOY_ALONE] = {4, 1, "seasonal_yoy_alone", "yoy", 54, 1, HORIZON, 0,
                                   "the same for every series by itself"},
    [MEMBER_DAMPED_GROWTH] = {13, 1, "damped_growth", "yoy", 54, 3, HORIZON, MEMBER_POOLED | MEMBER_ON_REQUEST,
                              "last year's dates plus robust growth that fades: noisy series, long horizons (on request)"},
    [MEMBER_ARIMA_GROWTH] = {11, 1, "arima_growth", "arima", 91, 1, HORIZON, MEMBER_ON_REQUEST,
                             "last year's dates plus growth by an ARIMA model of each series (on request)"},
    [MEMBER_ARIMA_REGRESSION] = {12, 1, "arima_regression", "arima", 24, 0, HORIZON, MEMBER_ON_REQUEST,
                                 "holidays, harmonics or a season, with ARIMA errors (on request)"},
    [MEMBER_SISTERS] = {5, 1, "sisters", "sisters", 1, 3, HORIZON, MEMBER_POOLED | MEMBER_SHORT,
                        "short series: the mean of the long ones moved to its level"},
    [MEMBER_MEAN] = {6, 1, "mean", "net", 1, 0, HORIZON, MEMBER_SHORT, "mean of what is known"},
    [MEMBER_SES] = {7, 1, "ses", "net", 1, 0, HORIZON, MEMBER_SHORT, "simple exponential smoothing"},
    [MEMBER_DAMPED_DRIFT] = {8, 1, "damped_drift", "net", 2, 0, HORIZON, MEMBER_SHORT,
                             "last value plus part of the mean change"},
    [MEMBER_SEASONAL_NAIVE] = {9, 1, "seasonal_naive", "naive", 1, 0, HORIZON, MEMBER_BASELINE,
                               "the value one season back"},
    [MEMBER_NAIVE] = {10, 1, "naive", "naive", 1, 0, HORIZON, MEMBER_BASELINE, "the last value"},
};

static uint32_t with_flag(bool on_request)
{
    uint32_t members = 0;
    for (uint32_t m = 0; m < MEMBER_COUNT; m++)
        if (((member_table[m].flags & MEMBER_ON_REQUEST) != 0) == on_request)
            members |= UINT32_C(1) << m;
    return members;
}

uint32_t member_all(void)
{
    return with_flag(false);
}

uint32_t member_on_request(void)
{
    return with_flag(true);
}

enum member member_find(struct text name)
{
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        if (text_equal(name, text_of(member_table[m].name)))
            return m;
    return MEMBER_COUNT;
}

enum member member_of_id(uint16_t id)
{
    for (enum member m = 0; m < MEMBER_COUNT; m++)
        if (member_table[m].id == id)
            return m;
    return MEMBER_COUNT;
}
