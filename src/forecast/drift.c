#include "forecast/drift.h"

#include "base/maths.h"

#define QUIET 4 /* periods after RESOLVED before the machine is armed */
#define LIFE 26 /* periods after which an alert becomes the new normal */
#define CALM 4  /* periods before an alert can resolve, and that are looked at for it */
#define CONFIRM 2
#define SCALE_FLOOR .005
#define AUTOCORRELATION_MAX .6
#define CLIP 3.0
#define SLACK .75
#define PROVISIONAL_SLACK 1.25
#define FACTOR 2.5
#define MARGIN .02
#define CAP 6.0
#define CAP_MARGIN .10
#define CLEAR_ERROR 1.2
#define CLEAR_Z 1.5
#define CLEAR_USER .9
#define LONG_AGO (-1000000)

static double magnitude(double v) { return v < 0 ? -v : v; }
static double larger(double a, double b) { return a > b ? a : b; }
static double smaller(double a, double b) { return a < b ? a : b; }
static double clip(double v, double low, double high) { return larger(low, smaller(high, v)); }

void drift_init(struct drift_state *d)
{
    *d = (struct drift_state){.since = LONG_AGO, .ended = LONG_AGO};
}

/* r of the period with index t, one of the last DRIFT_RING. */
static double ring_at(const struct drift_state *d, int64_t t) { return d->ring_r[t % DRIFT_RING]; }

static double lag_one_correlation(const double *r)
{
    const size_t n = DRIFT_BASE - 1;
    double mean_late = 0, mean_early = 0;
    for (size_t i = 0; i < n; i++) {
        mean_late += r[i + 1];
        mean_early += r[i];
    }
    mean_late /= (double)n;
    mean_early /= (double)n;
    double late = 0, early = 0, both = 0;
    for (size_t i = 0; i < n; i++) {
        const double a = r[i + 1] - mean_late, c = r[i] - mean_early;
        late += a * a;
        early += c * c;
        both += a * c;
    }
    return both / larger(maths_sqrt(late * early), 1e-300);
}

/* From the DRIFT_BASE periods that begin at index `first`. */
static void baseline_take(struct drift_state *d, int64_t first)
{
    double r[DRIFT_BASE], sorted[DRIFT_BASE], total = 0;
    for (int64_t i = 0; i < DRIFT_BASE; i++) {
        r[i] = sorted[i] = ring_at(d, first + i);
        total += magnitude(r[i]);
    }
    const double median = maths_median(sorted, DRIFT_BASE);
    for (size_t i = 0; i < DRIFT_BASE; i++)
        sorted[i] = magnitude(r[i] - median);
    d->scale = larger(1.4826 * maths_median(sorted, DRIFT_BASE), SCALE_FLOOR);
    d->autocorrelation = clip(lag_one_correlation(r), 0, AUTOCORRELATION_MAX);
    d->mean_error = total / DRIFT_BASE;
}

/* Mean |r| of the last periods, each capped so that a single one cannot carry it. */
static double mean_error_of_window(const struct drift_state *d, int64_t t)
{
    const double cap = larger(CAP * d->mean_error, d->mean_error + CAP_MARGIN);
    double total = 0;
    for (int64_t i = t - DRIFT_WINDOW + 1; i <= t; i++)
        total += smaller(magnitude(ring_at(d, i)), cap);
    return total / DRIFT_WINDOW;
}

/* |forecast - value| / value is |exp(-e) - 1|. */
static double mape_of_window(const struct drift_state *d)
{
    double total = 0;
    for (size_t i = 0; i < DRIFT_WINDOW; i++)
        total += magnitude(maths_expm1(-d->ring_e[i]));
    return 100 * total / DRIFT_WINDOW;
}

static double median_score_of_calm(const struct drift_state *d, int64_t t)
{
    double score[CALM];
    for (int64_t i = 0; i < CALM; i++)
        score[i] = magnitude(ring_at(d, t - CALM + 1 + i) / d->scale);
    return maths_median(score, CALM);
}

/* The two cumulative sums: `step` is the clipped, whitened score of the period. */
static void cusum_step(struct drift_state *d, bool armed, double step, double r)
{
    const double slack = d->provisional ? PROVISIONAL_SLACK : SLACK;
    for (int side = 0; side < 2; side++) {
        d->cusum[side] = armed ? larger(0, d->cusum[side] + (side ? -step : step) - slack) : 0;
        d->run[side] = d->cusum[side] > 0 ? d->run[side] + 1 : 0;
        d->total[side] = d->cusum[side] > 0 ? d->total[side] + r : 0;
    }
}

static double running_bias(const struct drift_state *d, double r)
{
    const int side = d->cusum[1] > d->cusum[0];
    return d->cusum[side] > 0 ? d->total[side] / d->run[side] : r;
}

/* Statistics of period t into out and d; true while the machine may fire. */
static bool measure(struct drift_state *d, int64_t t, double user_mape, struct drift_event *out)
{
    const double r = ring_at(d, t), z = r / d->scale, before = ring_at(d, t - 1) / d->scale;
    const double rho = d->autocorrelation;
    const bool armed = !d->firing && t - d->ended > QUIET;
    cusum_step(d, armed, clip((z - rho * before) / maths_sqrt(1 - rho * rho), -CLIP, CLIP), r);
    out->cusum = larger(d->cusum[0], d->cusum[1]);
    out->jump = z * before > 0 ? smaller(magnitude(z), magnitude(before)) : 0;
    out->error = mean_error_of_window(d, t);
    out->error_limit = larger(FACTOR * d->mean_error, d->mean_error + MARGIN);
    out->user_mape = mape_of_window(d);
    out->bias = running_bias(d, r);
    const bool poor = armed && !d->provisional && out->error / out->error_limit > 1;
    d->accuracy_count = poor ? d->accuracy_count + 1 : 0;
    d->user_count = armed && user_mape > 0 && out->user_mape > user_mape ? d->user_count + 1 : 0;
    return armed;
}

static uint8_t causes_now(const struct drift_state *d, int64_t t, const struct drift_event *event)
{
    unsigned causes = 0;
    if (event->cusum > DRIFT_CUSUM_LIMIT)
        causes |= DRIFT_BIAS;
    if (d->accuracy_count >= CONFIRM)
        causes |= DRIFT_ACCURACY;
    if (event->jump > DRIFT_JUMP_LIMIT && t - d->ended > QUIET + 1)
        causes |= DRIFT_JUMP;
    if (d->user_count >= CONFIRM)
        causes |= DRIFT_USER;
    return (uint8_t)causes;
}

static double strength_now(const struct drift_state *d, double user_mape, const struct drift_event *event)
{
    double strength = larger(event->cusum / DRIFT_CUSUM_LIMIT, event->jump / DRIFT_JUMP_LIMIT);
    if (!d->provisional)
        strength = larger(strength, event->error / event->error_limit);
    if (user_mape > 0)
        strength = larger(strength, event->user_mape / user_mape);
    return strength;
}

static uint8_t resolution_now(const struct drift_state *d, int64_t t, double user_mape, const struct drift_event *event)
{
    const int64_t age = t - d->since;
    const bool calm = median_score_of_calm(d, t) < CLEAR_Z || event->error < CLEAR_ERROR * d->mean_error;
    const bool user_calm = !(d->causes & DRIFT_USER) || !(user_mape > 0) || event->user_mape < CLEAR_USER * user_mape;
    if (calm && user_calm && age >= CALM)
        return DRIFT_RECOVERED;
    return age >= LIFE ? DRIFT_REBASED : 0;
}

static void counters_clear(struct drift_state *d)
{
    d->cusum[0] = d->cusum[1] = 0;
    d->accuracy_count = d->user_count = 0;
}

static void fire(struct drift_state *d, int64_t t, uint8_t causes)
{
    d->firing = true;
    d->provisional = false;
    d->causes = causes;
    d->since = t;
    counters_clear(d);
}

static void resolve(struct drift_state *d, int64_t t, uint8_t resolution)
{
    if (resolution == DRIFT_REBASED) /* the new normal: the periods of the alert */
        baseline_take(d, t - DRIFT_BASE + 1);
    d->firing = false;
    d->provisional = resolution == DRIFT_RECOVERED;
    d->ended = t;
    counters_clear(d);
}

static void judge(struct drift_state *d, int64_t t, double user_mape, struct drift_event *out)
{
    if (t == DRIFT_BASE)
        baseline_take(d, 0);
    if (d->provisional && t - d->ended > DRIFT_BASE) {
        baseline_take(d, t - DRIFT_BASE);
        d->provisional = false;
        counters_clear(d);
    }
    if (measure(d, t, user_mape, out)) {
        out->strength = strength_now(d, user_mape, out);
        out->fired = causes_now(d, t, out);
        if (out->fired)
            fire(d, t, out->fired);
    } else if (d->firing) {
        out->resolved = resolution_now(d, t, user_mape, out);
        if (out->resolved)
            resolve(d, t, out->resolved);
    }
}

void drift_step(struct drift_state *d, double r, double e, double user_mape, struct drift_event *out)
{
    const int64_t t = d->seen++;
    d->ring_r[t % DRIFT_RING] = r;
    d->ring_e[t % DRIFT_WINDOW] = e;
    *out = (struct drift_event){0};
    if (t >= DRIFT_BASE)
        judge(d, t, user_mape, out);
}

double drift_stake(const struct drift_state *d, const struct drift_event *event, double level)
{
    const uint8_t causes = event->fired ? event->fired : d->causes;
    const double size = causes == DRIFT_ACCURACY ? event->error - d->mean_error : magnitude(event->bias);
    return larger(0, size - 1.5 * d->scale) * level;
}
