/* config.c: one key set, and what a loaded configuration is used for. */
#include "app/config.h"

#include <string.h>

#include "app/config_inner.h"
#include "app/config_kafka.h"
#include "forecast/member.h"

enum { KAFKA_PROPERTIES_MAX = 500 };
#define KAFKA_PREFIX "kafka."

const char *config_keep(struct config *c, const char *text)
{
    return arena_text(&c->arena, text_of(text)).data;
}

/* ---- keys */

static size_t kafka_position(const struct config *c, const char *property)
{
    size_t at = 0;
    while (at < c->kafka_count && strcmp(c->kafka[at].key, property) < 0)
        at++;
    return at;
}

enum status config_set_kafka(struct config *c, const char *property, const char *value, struct error *err)
{
    const char *reason = config_kafka_denied(property);
    if (property[0] == '\0')
        return config_unknown_key(KAFKA_PREFIX, err);
    if (reason != NULL)
        return error_set(err, STATUS_BAD_CONFIG, "kafka.%s: it cannot be set, %s (remove the line)", property, reason);
    if (c->kafka == NULL)
        c->kafka = arena_array(&c->arena, KAFKA_PROPERTIES_MAX, sizeof *c->kafka);
    struct config_property added = {config_keep(c, property), config_keep(c, value)};
    if (c->kafka == NULL || added.key == NULL || added.value == NULL)
        return error_set(err, STATUS_NO_MEMORY, "kafka.%s: %s", property, status_text(STATUS_NO_MEMORY));
    size_t at = kafka_position(c, property);
    bool is_new = at == c->kafka_count || strcmp(c->kafka[at].key, property) != 0;
    if (is_new && c->kafka_count == KAFKA_PROPERTIES_MAX)
        return error_set(err, STATUS_BAD_CONFIG, "kafka.%s: there are more than %d kafka options", property, KAFKA_PROPERTIES_MAX);
    if (is_new) {
        memmove(c->kafka + at + 1, c->kafka + at, (c->kafka_count - at) * sizeof *c->kafka);
        c->kafka_count++;
    }
    c->kafka[at] = added;
    return STATUS_OK;
}

const char *config_kafka(const struct config *c, const char *key)
{
    size_t at = kafka_position(c, key);
    return at < c->kafka_count && strcmp(c->kafka[at].key, key) == 0 ? c->kafka[at].value : NULL;
}

static const struct config_row *find_row(const char *key)
{
    for (size_t i = 0; i < config_row_count; i++)
        if (strcmp(config_rows[i].key, key) == 0)
            return &config_rows[i];
    return NULL;
}

enum status config_set(struct config *c, const char *key, const char *value, struct error *err)
{
    const struct config_row *row = find_row(key);
    if (row != NULL)
        return config_set_row(c, row, value, err);
    if (strncmp(key, KAFKA_PREFIX, strlen(KAFKA_PREFIX)) == 0)
        return config_set_kafka(c, key + strlen(KAFKA_PREFIX), value, err);
    return config_unknown_key(key, err);
}

void config_done(struct config *c)
{
    arena_done(&c->arena);
    *c = (struct config){0};
}

/* ---- uses */

enum status config_members(const char *names, uint32_t *out, struct error *err)
{
    uint32_t members = 0;
    for (const char *at = names; *at; at += strcspn(at, ","), at += *at == ',') {
        struct text name = {at, strcspn(at, ",")};
        enum member m = member_find(name);
        if (text_equal(name, text_of("all")))
            members |= member_all();
        else if (m == MEMBER_COUNT || m == MEMBER_ENSEMBLE)
            return error_set(err, STATUS_BAD_CONFIG, "ensemble.members: there is no model \"%.*s\" (storecast help backtest lists them)",
                             (int)name.size, name.data);
        else
            members |= UINT32_C(1) << m;
    }
    *out = members;
    return STATUS_OK;
}

void config_engine_options(const struct config *c, struct engine_options *out)
{
    *out = (struct engine_options){
        .grid = {.unit = (enum period_unit)c->period_unit, .week_end = (uint8_t)c->period_week_end},
        .measure = (enum measure)c->measure,
        .net = c->demand_basis == DEMAND_NET,
        .lateness_days = (int32_t)c->lateness_days,
        .max_ahead_days = (int32_t)c->max_ahead_days,
        .date_min = c->date_min,
        .history_periods = (int32_t)c->history_periods,
        .dedup_periods = (int32_t)c->dedup_periods,
        .dedup_sources = (uint32_t)c->dedup_sources,
        .series_max = (uint32_t)c->series_max,
        .feed_silent_periods = (int32_t)c->feed_silent_periods,
        .horizon = (int32_t)c->forecast_horizon,
        .outliers = c->cleaning_outliers,
        .drift_user_mape = c->drift_user_mape,
        .unit = text_of(c->unit),
    };
    if (config_members(c->ensemble_members, &out->members, NULL) != STATUS_OK)
        out->members |= member_all(); /* cannot be: config_load has checked it */
}

static bool same_value(const struct config *a, const struct config *b, const struct config_row *row)
{
    const char *left = (const char *)a + row->offset, *right = (const char *)b + row->offset;
    switch (row->type) {
    case CONFIG_TEXT:
        return strcmp(*(const char *const *)(const void *)left, *(const char *const *)(const void *)right) == 0;
    case CONFIG_BOOL:
        return memcmp(left, right, sizeof(bool)) == 0;
    case CONFIG_DATE:
        return memcmp(left, right, sizeof(date_t)) == 0;
    case CONFIG_INTEGER:
    case CONFIG_NUMBER:
    case CONFIG_CHOICE:
        return memcmp(left, right, sizeof(int64_t)) == 0;
    }
    return false;
}

bool config_can_reload(const struct config *now, const struct config *wanted, struct error *err)
{
    for (size_t i = 0; i < config_row_count; i++)
        if (!(config_rows[i].flags & CONFIG_RELOADABLE) && !same_value(now, wanted, &config_rows[i])) {
            (void)error_set(err, STATUS_BAD_CONFIG, "%s: it cannot change while running (restart the worker)", config_rows[i].key);
            return false;
        }
    bool same = now->kafka_count == wanted->kafka_count;
    for (size_t i = 0; same && i < now->kafka_count; i++)
        same = strcmp(now->kafka[i].key, wanted->kafka[i].key) == 0 && strcmp(now->kafka[i].value, wanted->kafka[i].value) == 0;
    if (!same)
        (void)error_set(err, STATUS_BAD_CONFIG, "kafka options cannot change while running (restart the worker)");
    return same;
}
