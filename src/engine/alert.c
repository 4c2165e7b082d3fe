#include "engine/alert.h"

#include <stdio.h>

#include "base/maths.h"
#include "engine/catalog.h"
#include "engine/history.h"
#include "engine/result.h"

/* A new alert with its number; counted. NULL when out of memory. */
static struct drift_alert *publish(struct engine *e, struct text store, enum alert_kind kind, bool firing, period_t about,
                                   period_t since, struct effects *fx)
{
    struct drift_alert *alert = arena_alloc(&fx->arena, sizeof *alert);
    struct effect *effect = alert ? effects_add(fx, EFFECT_ALERT) : NULL;
    if (!effect)
        return NULL;
    const struct period_grid *grid = &e->options.grid;
    *alert = (struct drift_alert){
        .store = store,
        .kind = kind,
        .firing = firing,
        .severity = text_of(firing ? "warning" : "info"),
        .since = period_last_day(grid, since),
        .period = period_last_day(grid, about),
        .alert_number = ++e->state.alert_number,
        .sales_offset = e->state.sales_offset,
        .partition = e->partition,
    };
    effect->alert = alert;
    *(firing ? &fx->counters.alerts_fired : &fx->counters.alerts_resolved) += 1;
    fx->output_bytes += 300;
    return alert;
}

/* ---- drift */

struct cause_row {
    uint8_t bit;
    const char *name, *metric;
};
static const struct cause_row causes[] = {
    {DRIFT_BIAS, "BIAS", "cusum"},
    {DRIFT_JUMP, "JUMP", "jump"},
    {DRIFT_ACCURACY, "ACCURACY", "mean_absolute_error"},
    {DRIFT_USER, "USER", "mape"},
};
#define CAUSES (sizeof causes / sizeof causes[0])

static void set_value(const struct engine *e, struct drift_alert *alert, uint8_t bit, const struct drift_event *event)
{
    switch ((enum drift_cause)bit) {
    case DRIFT_BIAS:
        alert->value = event->cusum;
        alert->threshold = DRIFT_CUSUM_LIMIT;
        break;
    case DRIFT_JUMP:
        alert->value = event->jump;
        alert->threshold = DRIFT_JUMP_LIMIT;
        alert->window = 2;
        return;
    case DRIFT_ACCURACY:
        alert->value = event->error;
        alert->threshold = event->error_limit;
        break;
    case DRIFT_USER:
        alert->value = event->user_mape;
        alert->threshold = e->options.drift_user_mape;
        break;
    }
    alert->window = DRIFT_WINDOW;
}

/* The names of the causes; the first one's statistic becomes value and threshold. */
static enum status name_causes(const struct engine *e, struct drift_alert *alert, uint8_t bits, const struct drift_event *event,
                               struct arena *arena)
{
    struct text *names = arena_array(arena, CAUSES + 1, sizeof *names);
    if (!names)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < CAUSES; i++) {
        if (!(bits & causes[i].bit))
            continue;
        if (alert->cause_count == 0) {
            alert->metric = text_of(causes[i].metric);
            set_value(e, alert, causes[i].bit, event);
        }
        names[alert->cause_count++] = text_of(causes[i].name);
    }
    alert->causes = names;
    return STATUS_OK;
}

static enum status publish_drift(struct engine *e, const struct pool_work *pool, size_t column, period_t closed,
                                 const struct drift_event *event, uint8_t bits, period_t since, struct effects *fx)
{
    const struct series *s = e->series[pool->series[column]];
    bool firing = event->fired != 0;
    struct drift_alert *alert = publish(e, catalog_store_id(e, s), ALERT_DRIFT, firing, closed, since, fx);
    if (!alert || name_causes(e, alert, bits, event, &fx->arena) != STATUS_OK)
        return STATUS_NO_MEMORY;
    double last = pool->value[(pool->periods - 1) * pool->count + column];
    alert->product = s->product;
    alert->model = text_of(member_table[MEMBER_ENSEMBLE].name);
    alert->best_model = text_of(member_table[result_best(e, pool, column, RESULT_RECENT_PERIODS)].name);
    alert->bias = event->bias;
    alert->strength = event->strength;
    alert->stake = firing ? drift_stake(&s->drift.state, event, maths_finite(last) ? last : 0) : 0;
    if (firing && event->strength >= 2)
        alert->severity = text_of("critical");
    char sentence[240];
    if (firing)
        (void)snprintf(sentence, sizeof sentence, "sales run %.1f %% %s the forecast; look for a changed assortment, price, competitor or feed",
                       100.0 * (maths_exp(event->bias < 0 ? -event->bias : event->bias) - 1.0), event->bias < 0 ? "below" : "above");
    else
        (void)snprintf(sentence, sizeof sentence, "%s", event->resolved == DRIFT_RECOVERED
                                                            ? "the forecast follows the sales again"
                                                            : "the new level has lasted; it is the baseline from now on");
    alert->sentence = arena_text(&fx->arena, text_of(sentence));
    if (!firing && alert->cause_count < CAUSES + 1) {
        struct text *names = (struct text *)alert->causes;
        names[alert->cause_count++] = text_of(event->resolved == DRIFT_RECOVERED ? "recovered" : "rebased");
    }
    return STATUS_OK;
}

enum status alert_drift(struct engine *e, const struct pool_work *pool, size_t column, period_t closed, struct effects *fx)
{
    double error = pool->relative[column];
    if (!maths_finite(error))
        return STATUS_OK;
    struct series *s = e->series[pool->series[column]];
    enum status status = journal_touch(&e->journal, JOURNAL_DRIFT, s->index, PERIOD_NONE, &s->drift, sizeof s->drift);
    if (status != STATUS_OK)
        return status;
    double relative = pool->scored >= 3 ? error - pool->median_error : error;
    uint8_t firing_causes = s->drift.state.causes;
    struct drift_event event;
    drift_step(&s->drift.state, relative, error, e->options.drift_user_mape, &event);
    if (event.fired) {
        s->drift.since = closed;
        return publish_drift(e, pool, column, closed, &event, event.fired, closed, fx);
    }
    if (event.resolved)
        return publish_drift(e, pool, column, closed, &event, firing_causes, s->drift.since, fx);
    return STATUS_OK;
}

/* ---- silence */

static enum status publish_silence(struct engine *e, struct store *store, period_t closed, int32_t silent, struct effects *fx)
{
    bool firing = store->state.silent_firing;
    struct drift_alert *alert = publish(e, store->id, ALERT_FEED_SILENT, firing, closed, store->state.silent_since, fx);
    if (!alert)
        return STATUS_NO_MEMORY;
    alert->metric = text_of("silent_periods");
    alert->value = silent;
    alert->threshold = e->options.feed_silent_periods;
    alert->window = silent;
    alert->sentence = text_of(firing ? "the store has sent nothing; its sales are unknown, not zero (check its till and its feed)"
                                     : "the store reports again");
    return STATUS_OK;
}

/* Closed periods without a report, back from the newest; what came for later periods does not count yet, so that the answer
 * does not depend on how far ahead of the close the feed is. */
static int32_t silent_periods(const struct engine *e, const struct store *store, period_t closed)
{
    period_t first = e->series[store->total]->state.first_period;
    int32_t silent = 0;
    while (first != PERIOD_NONE && closed - silent >= first && silent < e->options.history_periods &&
           !history_reported(e, store, closed - silent))
        silent++;
    return silent;
}

enum status alert_silence(struct engine *e, struct store *store, period_t closed, struct effects *fx)
{
    struct store_state *state = &store->state;
    int32_t silent = silent_periods(e, store, closed);
    bool firing = silent >= e->options.feed_silent_periods;
    if (firing == state->silent_firing)
        return STATUS_OK;
    enum status status = journal_touch(&e->journal, JOURNAL_STORE, store->index, PERIOD_NONE, state, sizeof *state);
    if (status != STATUS_OK)
        return status;
    state->silent_firing = firing;
    if (firing)
        state->silent_since = closed;
    return publish_silence(e, store, closed, silent, fx);
}

/* ---- a long run of zeros */

/* Zeros back from the newest closed period, at most ALERT_ZERO_PERIODS; periods without a value neither count nor end the
 * run. 0 when the series has never sold before the run. */
static int32_t zero_periods(const struct engine *e, const struct series *s, period_t closed)
{
    int32_t zeros = 0;
    period_t oldest = closed - e->options.history_periods + 1;
    for (period_t p = closed; p >= oldest && p >= s->state.first_period; p--) {
        struct period_value v = history_value(e, s, p);
        if (v.known && v.value > 0)
            return zeros;
        zeros += v.known && zeros < ALERT_ZERO_PERIODS;
    }
    return 0;
}

enum status alert_stockout(struct engine *e, struct series *s, period_t closed, struct effects *fx)
{
    if (s->state.first_period == PERIOD_NONE)
        return STATUS_OK;
    int32_t zeros = zero_periods(e, s, closed);
    bool firing = zeros >= ALERT_ZERO_PERIODS;
    if (firing == s->state.stockout_firing)
        return STATUS_OK;
    enum status status = journal_touch(&e->journal, JOURNAL_SERIES, s->index, PERIOD_NONE, &s->state, sizeof s->state);
    if (status != STATUS_OK)
        return status;
    s->state.stockout_firing = firing;
    if (firing)
        s->state.stockout_since = closed;
    struct drift_alert *alert = publish(e, catalog_store_id(e, s), ALERT_SUSPECT_STOCKOUT, firing, closed, s->state.stockout_since, fx);
    if (!alert)
        return STATUS_NO_MEMORY;
    alert->product = s->product;
    alert->metric = text_of("zero_periods");
    alert->value = zeros;
    alert->threshold = ALERT_ZERO_PERIODS;
    alert->window = ALERT_ZERO_PERIODS;
    alert->sentence = text_of(firing ? "nothing was sold for a quarter; the forecast fades slowly and does not become 0 by itself (is it in stock?)"
                                     : "it sells again");
    return STATUS_OK;
}

/* ---- the limit of series */

enum status alert_series_limit(struct engine *e, const struct sales_update *refused, struct effects *fx)
{
    if (e->state.limit_firing)
        return STATUS_OK;
    e->state.limit_firing = true; /* the partition is touched with every record */
    period_t period = period_of(&e->options.grid, refused->business_date);
    struct drift_alert *alert = publish(e, arena_text(&fx->arena, refused->store), ALERT_SERIES_LIMIT, true, period, period, fx);
    if (!alert)
        return STATUS_NO_MEMORY;
    alert->product = arena_text(&fx->arena, refused->product);
    alert->severity = text_of("critical");
    alert->metric = text_of("series");
    alert->value = (double)e->series_count;
    alert->threshold = e->options.series_max;
    alert->sentence = text_of("records of new series are refused as SERIES_LIMIT dead letters (raise series.max, or end series)");
    return STATUS_OK;
}
