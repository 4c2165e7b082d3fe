/* metrics.h: what the program counts and measures, all in one table, and the text that Prometheus reads (0.0.4).
 *
 * A metric is a row of METRIC_LIST: kind, name, help and the names of its labels. Values are set by label values, in
 * the order of the label names; a new combination makes a new sample, up to a bound (METRICS_SAMPLES_MAX per metric;
 * further ones are dropped and counted in storecast_metrics_dropped_total).
 * Store ids become labels only through metrics_store_label. Thread: loop. */
#ifndef STORECAST_APP_METRICS_H
#define STORECAST_APP_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "engine/effects.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* X(id, kind, name, labels separated by commas, help). Base units: seconds, bytes, ratios; percent where named. */
#define METRIC_LIST(X)                                                                                                  \
    /* forecasts and requests */                                                                                        \
    X(PREDICTION_LATENCY, HISTOGRAM, "storecast_prediction_latency_seconds", "",                                        \
      "Time of computing the reply to one forecast request")                                      \
    X(REQUEST_DURATION, HISTOGRAM, "storecast_prediction_request_duration_seconds", "",                                 \
      "Time from a forecast request's timestamp to its reply being committed")                                          \
    X(PREDICTIONS, COUNTER, "storecast_predictions_total", "", "Forecasts published: standing ones and replies")        \
    X(PREDICTIONS_BY_STORE, COUNTER, "storecast_predictions_by_store_total", "store_id", "Forecasts published, by store") \
    X(FORECAST_ERRORS, COUNTER, "storecast_forecast_errors_total", "",                                                  \
      "Forecasts that could not be made as asked: the status was not OK")                                               \
    X(INPUT_ROWS, GAUGE, "storecast_input_data_rows", "", "Series times periods with a value, over all partitions")     \
    X(INPUT_COLUMNS, GAUGE, "storecast_input_feature_columns", "", "Columns of covariates that the models use beside the sales themselves")             \
    X(FORECAST_MAE, GAUGE, "storecast_forecast_mae", "store_id,model", "Mean absolute error one step ahead, recent periods") \
    X(FORECAST_RMSE, GAUGE, "storecast_forecast_rmse", "store_id,model", "Root mean squared error one step ahead, recent periods") \
    X(FORECAST_MAPE, GAUGE, "storecast_forecast_mape", "store_id,model",                                                \
      "Mean absolute percentage error one step ahead, recent periods, in percent")                                      \
    X(SERIES, GAUGE, "storecast_series", "", "Series known, over all partitions")                                       \
    X(DRIFT_FIRING, GAUGE, "storecast_drift_firing", "kind", "Alerts that are firing now, by kind")                     \
    X(MODEL_INFO, GAUGE, "storecast_model_info", "version", "Always 1; the version of the models in use")               \
    /* the log */                                                                                                       \
    X(CONSUMER_LAG, GAUGE, "storecast_consumer_lag_records", "topic,partition", "Records not yet handled")              \
    X(CONSUMED_RECORDS, COUNTER, "storecast_consumed_records_total", "topic", "Records read")                           \
    X(CONSUMED_BYTES, COUNTER, "storecast_consumed_bytes_total", "topic", "Bytes of keys and values read")              \
    X(PRODUCED_RECORDS, COUNTER, "storecast_produced_records_total", "topic", "Records written")                        \
    X(DEAD_LETTERS, COUNTER, "storecast_dead_letters_by_code_total", "code", "Records refused, by code")                \
    X(ASSIGNED_PARTITIONS, GAUGE, "storecast_assigned_partitions", "", "Partitions that this worker owns")              \
    X(EVENT_TIME_LAG, GAUGE, "storecast_watermark_age_seconds", "partition", "Now minus the partition's watermark")     \
    /* batches and state */                                                                                             \
    X(BATCHES, COUNTER, "storecast_batches_total", "", "Batches finished")                                              \
    X(BATCH_DURATION, HISTOGRAM, "storecast_batch_duration_seconds", "", "Time from a batch's first record to its end") \
    X(COMMIT_DURATION, HISTOGRAM, "storecast_commit_duration_seconds", "", "Time of the transaction's commit, or of the offsets' commit") \
    X(STATE_WRITE_DURATION, HISTOGRAM, "storecast_state_write_duration_seconds", "", "Time of writing a batch to the local state") \
    X(CLOSE_DURATION, HISTOGRAM, "storecast_close_duration_seconds", "", "Time of computing and publishing one period's close") \
    X(STATE_BYTES, GAUGE, "storecast_state_size_bytes", "", "Size of the local state on disk")                          \
    X(STATE_RECORDS, GAUGE, "storecast_state_records", "", "Records of the local state")                                \
    X(RESTORE_PROGRESS, GAUGE, "storecast_restore_progress_ratio", "partition", "Share of the state that is restored; 1 = ready") \
    X(RESTORE_RECORDS, COUNTER, "storecast_restore_records_total", "", "State records restored")                        \
    /* the process */                                                                                                   \
    X(LOOP_LAG, GAUGE, "storecast_loop_lag_seconds", "", "How late the event loop's last one-second tick came")         \
    X(SLOW_CALLBACKS, COUNTER, "storecast_slow_callbacks_total", "", "Callbacks of the event loop that took over 50 ms; the log says whose doing it was") \
    X(HTTP_REQUESTS, COUNTER, "storecast_http_requests_total", "path,code", "HTTP requests answered")                   \
    X(READY, GAUGE, "storecast_ready", "", "1 when every assigned partition is restored")                               \
    X(START_TIME, GAUGE, "process_start_time_seconds", "", "Start of the process since the Unix epoch")                 \
    X(RESIDENT_MEMORY, GAUGE, "process_resident_memory_bytes", "", "Resident memory of the process")                    \
    X(BUILD_INFO, GAUGE, "storecast_build_info", "version,librdkafka", "Always 1; versions of the program and of librdkafka") \
    X(METRICS_DROPPED, COUNTER, "storecast_metrics_dropped_total", "", "Samples dropped because a metric had too many label values")

enum metric {
#define METRIC_ENUM(id, kind, name, labels, help) METRIC_##id,
    METRIC_LIST(METRIC_ENUM)
#undef METRIC_ENUM
    METRIC_COUNT
};

#define METRICS_SAMPLES_MAX 4096
#define METRICS_STORES_DEFAULT 50
#define METRIC_LABELS_MAX 2

struct metrics;
/* stores: comma-separated ids that get a label of their own, up to 1000; NULL or empty: the first 50 seen.
 * Caller frees. */
enum status metrics_new(const char *stores, struct metrics **out) MUST_CHECK;
void metrics_free(struct metrics *m);

/* Without labels. A counter only grows: metrics_add of a negative amount is a bug. */
void metrics_add(struct metrics *m, enum metric metric, double amount);
void metrics_set(struct metrics *m, enum metric metric, double value);
void metrics_observe(struct metrics *m, enum metric metric, double seconds);
/* With label values, one per label of the row; absent texts become "". Only counters and gauges have labels. */
void metrics_add_labelled(struct metrics *m, enum metric metric, const struct text *values, double amount);
void metrics_set_labelled(struct metrics *m, enum metric metric, const struct text *values, double value);
/* Forgets all samples of a labelled gauge (a partition that was taken away). */
void metrics_forget(struct metrics *m, enum metric metric);

/* The engine's counters since the last call, as storecast_<name>_total. */
void metrics_add_engine(struct metrics *m, const struct engine_counters *counters);

/* The label value for a store: its id, or "other". Remembers it when it is among the first 50. */
struct text metrics_store_label(struct metrics *m, struct text store);

/* The value of a sample, for tests and /readyz; 0 when it has none. values NULL = without labels. */
double metrics_value(const struct metrics *m, enum metric metric, const struct text *values);

/* Appends everything in text format 0.0.4, in the order of the table. */
void metrics_render(const struct metrics *m, struct buffer *out);

#endif
