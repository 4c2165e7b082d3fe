#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/command.h"
#include "app/worker.h"
#include "base/maths.h"
#include "io/versions.h"

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- a committed batch */

static void count_forecast(struct worker *w, const struct forecast_result *r)
{
    struct text store = metrics_store_label(w->metrics, r->store);
    metrics_add(w->metrics, METRIC_PREDICTIONS, 1);
    metrics_add_labelled(w->metrics, METRIC_PREDICTIONS_BY_STORE, &store, 1);
    if (r->status != RESULT_OK)
        metrics_add(w->metrics, METRIC_FORECAST_ERRORS, 1);
}

static void count_produced(struct worker *w, enum topic topic, size_t count)
{
    const struct text name = text_of(topic_rows[topic].name);
    if (count > 0)
        metrics_add_labelled(w->metrics, METRIC_PRODUCED_RECORDS, &name, (double)count);
}

static void count_dead_letter(struct worker *w, enum dead_letter code)
{
    const struct text name = text_of(dead_letter_name(code));
    metrics_add_labelled(w->metrics, METRIC_DEAD_LETTERS, &name, 1);
}

static void observe_requests(struct worker *w, const struct lane *lane)
{
    int64_t now = now_ms();
    for (const struct consumer_record *r = lane->taken[INPUT_REQUESTS].first; r; r = r->next)
        metrics_observe(w->metrics, METRIC_REQUEST_DURATION, now > r->timestamp_ms ? (double)(now - r->timestamp_ms) / 1e3 : 0);
}

void worker_metrics_lane(struct worker *w, const struct lane *lane)
{
    size_t produced[TOPIC_COUNT] = {0};
    for (size_t i = 0; i < lane->effects.count; i++) {
        const struct effect *effect = &lane->effects.items[i];
        switch (effect->kind) {
        case EFFECT_FORECAST:
            produced[TOPIC_FORECASTS]++;
            produced[TOPIC_ARCHIVE] += w->config->archive_enabled;
            count_forecast(w, effect->forecast);
            break;
        case EFFECT_CLOSED:
            produced[TOPIC_FORECASTS]++;
            break;
        case EFFECT_REPLY:
            produced[TOPIC_REPLIES]++;
            count_forecast(w, effect->forecast);
            break;
        case EFFECT_ALERT:
            produced[TOPIC_ALERTS]++;
            break;
        case EFFECT_DEAD_LETTER:
            produced[TOPIC_DEAD]++;
            count_dead_letter(w, effect->dead_letter);
            break;
        case EFFECT_PUT:
        case EFFECT_DELETE:
            produced[TOPIC_STATE]++;
            break;
        }
    }
    for (const struct refused_request *r = lane->refused; r; r = r->next) {
        produced[TOPIC_DEAD]++;
        count_dead_letter(w, r->code);
    }
    for (int i = 0; i < TOPIC_COUNT; i++)
        count_produced(w, (enum topic)i, produced[i]);
    observe_requests(w, lane);
    metrics_add_engine(w->metrics, &lane->effects.counters);
}

/* ---- once a second */

static void set_score(struct worker *w, enum metric metric, const struct text labels[2], double value)
{
    if (maths_finite(value))
        metrics_set_labelled(w->metrics, metric, labels, value);
}

static void set_scores(struct worker *w, const struct engine_series_view *view)
{
    struct text store = metrics_store_label(w->metrics, view->store);
    if (view->product.data || !text_equal(store, view->store))
        return; /* one of many: it has no label of its own */
    for (size_t i = 0; i < view->accuracy_count; i++) {
        const struct model_accuracy *a = &view->accuracy[i];
        const struct text labels[2] = {store, a->model};
        set_score(w, METRIC_FORECAST_MAE, labels, a->mae);
        set_score(w, METRIC_FORECAST_RMSE, labels, a->rmse);
        set_score(w, METRIC_FORECAST_MAPE, labels, a->mape);
    }
}

/* The engine must be the loop's. */
static void look_at_series(struct worker *w, struct lane *lane)
{
    struct engine_series_view view;
    lane->observed = lane->firing = 0;
    for (size_t i = 0; i < lane->seen.series && engine_series_view(lane->engine, i, &view) == STATUS_OK; i++) {
        lane->observed += view.observed;
        lane->firing += view.drift_firing;
        set_scores(w, &view);
    }
    lane->scores_changed = false;
}

/* Markers of transactions, and what is not committed, are nothing to be read: at the end no lag is left of them. */
static void set_lag(struct worker *w, const struct lane *lane, enum lane_input input, struct text partition)
{
    bool has_all = lane->has_all[input] && !lane->is_paused[input] && !w->is_held;
    int64_t high = has_all ? lane->came[input] : consumer_high_watermark(w->consumer, input, lane->id);
    int64_t next = input == INPUT_SALES ? lane->seen.sales_next : lane->seen.requests_next;
    const struct text labels[2] = {text_of(topic_rows[input == INPUT_SALES ? TOPIC_SALES : TOPIC_REQUESTS].name), partition};
    metrics_set_labelled(w->metrics, METRIC_CONSUMER_LAG, labels, high > next ? (double)(high - next) : 0);
}

static void tick_lane(struct worker *w, struct lane *lane)
{
    char text[16];
    snprintf(text, sizeof text, "%d", (int)lane->id);
    const struct text partition = text_of(text);
    set_lag(w, lane, INPUT_SALES, partition);
    set_lag(w, lane, INPUT_REQUESTS, partition);
    if (lane->seen.watermark != INT32_MIN)
        metrics_set_labelled(w->metrics, METRIC_EVENT_TIME_LAG, &partition, (double)(now_ms() - date_ms(lane->seen.watermark)) / 1e3);
    if (lane->scores_changed && lane->stage == LANE_OPEN)
        look_at_series(w, lane);
}

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return 0;
    char line[128];
    if (fgets(line, sizeof line, f)) {
        const char *second = strchr(line, ' '); /* the first number counts what is not resident too */
        pages = second ? strtoul(second, NULL, 10) : 0;
    }
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void set_fixed(struct worker *w)
{
    const struct text labels[2] = {text_of(command_program_version()), text_of(versions_librdkafka())};
    metrics_set_labelled(w->metrics, METRIC_BUILD_INFO, labels, 1);
    metrics_set_labelled(w->metrics, METRIC_MODEL_INFO, labels, 1); /* the models are those built in */
    double up_s = (double)(loop_now_us() - w->started_us) / 1e6;
    if (metrics_value(w->metrics, METRIC_START_TIME, NULL) <= 0)
        metrics_set(w->metrics, METRIC_START_TIME, (double)now_ms() / 1e3 - up_s);
}

void worker_metrics_tick(struct worker *w)
{
    size_t series = 0, observed = 0, firing = 0;
    for (int32_t i = 0; i < w->partition_count; i++) {
        struct lane *lane = w->lanes[i];
        if (!lane || lane->stage == LANE_RESTORING)
            continue;
        tick_lane(w, lane);
        series += lane->seen.series;
        observed += lane->observed;
        firing += lane->firing;
    }
    const struct text drift = text_of(alert_kind_name(ALERT_DRIFT));
    metrics_set(w->metrics, METRIC_SERIES, (double)series);
    metrics_set(w->metrics, METRIC_INPUT_ROWS, (double)observed);
    metrics_set_labelled(w->metrics, METRIC_DRIFT_FIRING, &drift, (double)firing);
    metrics_set(w->metrics, METRIC_LOOP_LAG, (double)loop_lag_us(w->loop) / 1e6);
    metrics_set(w->metrics, METRIC_READY, worker_is_ready(w));
    metrics_set(w->metrics, METRIC_STATE_BYTES, (double)kv_used_bytes(w->kv));
    metrics_set(w->metrics, METRIC_STATE_RECORDS, (double)kv_entries(w->kv));
    metrics_set(w->metrics, METRIC_RESIDENT_MEMORY, resident_bytes());
    set_fixed(w);
}
