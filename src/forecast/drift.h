/* drift.h: one drift machine per series: NONE, FIRING, back with RESOLVED (forecasting.md 3.9; prototype drift_rule.py).
 *
 * Fed with one pair per scored period: e = log of the raw closed value minus log of the issued one-step forecast, and
 * r = e minus the pool's median e of the period (pools under 3 series: r = e). A period without a value is not fed.
 * The state is plain data of fixed size, saved field by field by engine/state. Thread: any. */
#ifndef STORECAST_FORECAST_DRIFT_H
#define STORECAST_FORECAST_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

#define DRIFT_BASE 26   /* periods of a baseline */
#define DRIFT_WINDOW 8
#define DRIFT_RING (DRIFT_BASE + 2)

enum drift_cause { DRIFT_BIAS = 1, DRIFT_ACCURACY = 2, DRIFT_JUMP = 4, DRIFT_USER = 8 };
enum drift_resolution { DRIFT_RECOVERED = 1, DRIFT_REBASED = 2 };

struct drift_state {
    uint32_t seen;               /* periods fed */
    double ring_r[DRIFT_RING];   /* r of the last periods, at seen % DRIFT_RING */
    double ring_e[DRIFT_WINDOW]; /* e likewise */
    double scale, autocorrelation, mean_error; /* s0, rho, b of the baseline */
    double cusum[2], total[2];   /* up, down: the sums, and the sum of r since each left 0 */
    uint32_t run[2];             /* periods since each left 0 */
    uint32_t accuracy_count, user_count;
    int64_t since, ended;        /* `seen` at FIRING and at RESOLVED; far negative before */
    bool firing, provisional;
    uint8_t causes;              /* of the alert that fires, kept after it resolved */
};

struct drift_event { /* what one step published or measured */
    uint8_t fired;     /* causes, 0 = nothing */
    uint8_t resolved;  /* enum drift_resolution, 0 = nothing */
    double strength;   /* >= 1 at every FIRING */
    double bias;       /* mean r since the larger sum left 0 */
    double cusum, jump, error, error_limit, user_mape; /* the statistics, for the alert's value and threshold */
};
#define DRIFT_CUSUM_LIMIT 5.5
#define DRIFT_JUMP_LIMIT 5.0

void drift_init(struct drift_state *d);
/* user_mape: the user's limit in percent, 0 = none. */
void drift_step(struct drift_state *d, double r, double e, double user_mape, struct drift_event *out);
/* Money at stake a period: max(0, |bias| - 1.5 s0) * level; ACCURACY alone: |bias| := M - b. */
double drift_stake(const struct drift_state *d, const struct drift_event *event, double level);

#endif
