/* config_rows.c: every option. Adding one: a field in struct config, a row here, then `scripts/dev.sh docs`. */
#include "app/config.h"

#include <stddef.h>

#include "base/log.h"

#define FIELD(name) offsetof(struct config, name)

const struct config_row config_rows[] = {
    /* forecasting */
    {"period.unit", SCOPE_FORECAST, CONFIG_CHOICE, FIELD(period_unit), "week", 0, 0, "week", CONFIG_NUMBERS,
     "length of a period"},
    {"period.week_end", SCOPE_FORECAST, CONFIG_CHOICE, FIELD(period_week_end), "sunday", 0, 0,
     "monday|tuesday|wednesday|thursday|friday|saturday|sunday", CONFIG_NUMBERS, "last day of a week; weeks are labelled by it"},
    {"measure", SCOPE_FORECAST, CONFIG_CHOICE, FIELD(measure), "amount", 0, 0, "amount|quantity", CONFIG_NUMBERS,
     "what is forecast: money or units"},
    {"unit", SCOPE_FORECAST, CONFIG_TEXT, FIELD(unit), "", 0, 64, NULL, CONFIG_NUMBERS,
     "name of the currency or unit, as results carry it"},
    {"demand.basis", SCOPE_FORECAST, CONFIG_CHOICE, FIELD(demand_basis), "gross", 0, 0, "gross|net", CONFIG_NUMBERS,
     "net deducts returns from sales"},
    {"lateness.days", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(lateness_days), "2", 0, 60, NULL, CONFIG_NUMBERS,
     "a period closes when a business date more than this many days after its end was seen"},
    {"max.ahead.days", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(max_ahead_days), "8", 0, 366, NULL, CONFIG_NUMBERS,
     "a business date further than this after the record's Kafka timestamp is refused (TOO_FAR_AHEAD)"},
    {"date.min", SCOPE_FORECAST, CONFIG_DATE, FIELD(date_min), "2000-01-01", 0, 0, NULL, CONFIG_NUMBERS,
     "an earlier business date is refused (DATE_RANGE)"},
    {"history.periods", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(history_periods), "208", 16, ENGINE_HISTORY_MAX, NULL, CONFIG_NUMBERS,
     "periods kept per series; corrections reach back this far"},
    {"dedup.periods", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(dedup_periods), "2", 0, 52, NULL, CONFIG_NUMBERS,
     "closed periods in which a sale without source and sequence can still be told from a duplicate"},
    {"dedup.sources", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(dedup_sources), "100000", 1, 10000000, NULL, CONFIG_NUMBERS,
     "tills remembered per partition; the least recently used is dropped"},
    {"series.max", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(series_max), "100000", 1, 10000000, NULL, CONFIG_NUMBERS,
     "series per partition; records of one more are refused (SERIES_LIMIT)"},
    {"feed.silent.periods", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(feed_silent_periods), "2", 1, 104, NULL, CONFIG_NUMBERS,
     "periods without a record after which a store raises FEED_SILENT"},
    {"forecast.horizon", SCOPE_FORECAST, CONFIG_INTEGER, FIELD(forecast_horizon), "8", 1, MESSAGE_HORIZON_MAX, NULL, CONFIG_NUMBERS,
     "steps of a standing forecast"},
    {"cleaning.outliers", SCOPE_FORECAST, CONFIG_BOOL, FIELD(cleaning_outliers), "true", 0, 0, NULL, CONFIG_NUMBERS,
     "leave outliers out of the fits"},
    {"drift.user.mape", SCOPE_FORECAST, CONFIG_NUMBER, FIELD(drift_user_mape), "0", 0, 1000, NULL, CONFIG_NUMBERS,
     "raise a drift alert when a series' recent MAPE exceeds this percentage; 0 = no such limit"},
    {"ensemble.members", SCOPE_FORECAST, CONFIG_TEXT, FIELD(ensemble_members), "all", 1, 1024, NULL, CONFIG_NUMBERS,
     "models that may enter the ensemble, by name, separated by commas; all = every one that is not on request"},

    /* the worker */
    {"topics.prefix", SCOPE_WORKER, CONFIG_TEXT, FIELD(topics_prefix), "storecast", 1, 100, NULL, 0,
     "first part of every topic name"},
    {"input.partitioner", SCOPE_WORKER, CONFIG_CHOICE, FIELD(input_partitioner), "murmur2", 0, 0, "murmur2|any", 0,
     "murmur2 (Java's and librdkafka's murmur2_random) refuses records in another partition than their key's; any does not look"},
    {"archive.enabled", SCOPE_WORKER, CONFIG_BOOL, FIELD(archive_enabled), "false", 0, 0, NULL, 0,
     "write every issued forecast to the forecast-archive topic too"},
    {"batch.max.records", SCOPE_WORKER, CONFIG_INTEGER, FIELD(batch_max_records), "5000", 1, 1000000, NULL, 0,
     "records of one transaction, at most"},
    {"batch.max.ms", SCOPE_WORKER, CONFIG_INTEGER, FIELD(batch_max_ms), "100", 1, 60000, NULL, 0,
     "milliseconds that a batch waits for more records, at most"},
    {"batch.max.output.bytes", SCOPE_WORKER, CONFIG_INTEGER, FIELD(batch_max_output_bytes), "1048576", 1024, 1 << 30, NULL, 0,
     "a batch is ended when it has published this much"},
    {"close.chunk.series", SCOPE_WORKER, CONFIG_INTEGER, FIELD(close_chunk_series), "500", 1, 1000000, NULL, 0,
     "series of a close published in one transaction, at most"},
    {"requests.per.batch", SCOPE_WORKER, CONFIG_INTEGER, FIELD(requests_per_batch), "1000", 1, 100000, NULL, 0,
     "forecast requests of a partition answered in one batch; more are answered BUSY"},
    {"message.max.bytes", SCOPE_WORKER, CONFIG_INTEGER, FIELD(message_max_bytes), "65536", 1024, 16777216, NULL, 0,
     "a larger input message is refused (TOO_LARGE)"},
    {"compute.threads", SCOPE_WORKER, CONFIG_INTEGER, FIELD(compute_threads), "2", 1, 64, NULL, 0,
     "threads that close periods; results do not depend on it"},
    {"state.dir", SCOPE_WORKER, CONFIG_TEXT, FIELD(state_dir), "storecast-state", 1, 1024, NULL, 0,
     "folder of the local state; one worker each"},
    {"group.id", SCOPE_WORKER, CONFIG_TEXT, FIELD(group_id), "storecast", 1, 200, NULL, 0,
     "consumer group; workers of one group share the partitions"},
    {"instance.id", SCOPE_WORKER, CONFIG_TEXT, FIELD(instance_id), "", 0, 200, NULL, 0,
     "name of this worker within the group that outlives a restart; empty = none"},

    /* HTTP */
    {"http.listen", SCOPE_HTTP, CONFIG_TEXT, FIELD(http_listen), "127.0.0.1", 1, 64, NULL, 0,
     "address that /metrics, /healthz, /readyz and /version listen on"},
    {"http.port", SCOPE_HTTP, CONFIG_INTEGER, FIELD(http_port), "9464", 0, 65535, NULL, 0,
     "their port; 0 = any free one, which the log tells"},
    {"http.max.connections", SCOPE_HTTP, CONFIG_INTEGER, FIELD(http_max_connections), "64", 1, 10000, NULL, 0,
     "connections at one time; more are closed at once"},
    {"http.timeout.seconds", SCOPE_HTTP, CONFIG_INTEGER, FIELD(http_timeout_seconds), "10", 1, 3600, NULL, 0,
     "a connection that is idle for so long is closed"},
    {"metrics.stores", SCOPE_HTTP, CONFIG_TEXT, FIELD(metrics_stores), "", 0, 16384, NULL, 0,
     "store ids with a label of their own, separated by commas; empty = the first 50 seen; the rest counts as `other`"},

    /* the program */
    {"log.level", SCOPE_PROGRAM, CONFIG_CHOICE, FIELD(log_level), "info", 0, 0, LOG_LEVEL_CHOICES, CONFIG_RELOADABLE,
     "least level that is logged"},
};
const size_t config_row_count = sizeof config_rows / sizeof config_rows[0];
