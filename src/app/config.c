/* config.c: values from the defaults, a file, the environment and the command line, in that order. */
#include "app/config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_kafka.h"
#include "forecast/member.h"

enum { KAFKA_PROPERTIES_MAX = 500, FILE_BYTES_MAX = 1 << 20, VALUE_BYTES_MAX = 1 << 16 };
#define KAFKA_PREFIX "kafka."
#define ENVIRONMENT_PREFIX "STORECAST_"

static void *field(struct config *c, const struct config_row *row)
{
    return (char *)c + row->offset;
}

static const char *keep(struct config *c, const char *text)
{
    return arena_text(&c->arena, text_of(text)).data;
}

/* ---- near misses */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace) that make b of a; both shorter than 64, else a large number. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64], n = strlen(a), m = strlen(b);
    if (n >= 64 || m >= 64)
        return 64;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = least(least(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

static const char *nearest_key(const char *key)
{
    const char *nearest = NULL;
    size_t best = strlen(key) / 3 + 1; /* farther is no help */
    for (size_t i = 0; i < config_row_count; i++) {
        size_t distance = edit_distance(key, config_rows[i].key);
        if (distance <= best) {
            best = distance - (distance > 0);
            nearest = config_rows[i].key;
        }
    }
    return nearest;
}

static enum status unknown_key(const char *key, struct error *err)
{
    const char *nearest = nearest_key(key);
    if (nearest != NULL)
        return error_set(err, STATUS_BAD_CONFIG, "%s: there is no such option (did you mean %s?)", key, nearest);
    return error_set(err, STATUS_BAD_CONFIG, "%s: there is no such option (storecast worker --print-config lists them)", key);
}

/* ---- values */

static enum status set_integer(int64_t *target, const struct config_row *row, const char *value, struct error *err)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (end == value || *end != '\0' || isspace((unsigned char)value[0]))
        return error_set(err, STATUS_BAD_CONFIG, "%s: '%s' is not a whole number", row->key, value);
    if (errno == ERANGE || (double)number < row->min || (double)number > row->max)
        return error_set(err, STATUS_BAD_CONFIG, "%s: %s is outside its range (allowed: %.0f to %.0f)", row->key, value,
                         row->min, row->max);
    *target = number;
    return STATUS_OK;
}

static enum status set_number(double *target, const struct config_row *row, const char *value, struct error *err)
{
    char *end;
    double number = strtod(value, &end);
    if (end == value || *end != '\0' || !isfinite(number) || isspace((unsigned char)value[0]))
        return error_set(err, STATUS_BAD_CONFIG, "%s: '%s' is not a number", row->key, value);
    if (number < row->min || number > row->max)
        return error_set(err, STATUS_BAD_CONFIG, "%s: %s is outside its range (allowed: %g to %g)", row->key, value, row->min,
                         row->max);
    *target = number;
    return STATUS_OK;
}

static enum status set_bool(bool *target, const struct config_row *row, const char *value, struct error *err)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return error_set(err, STATUS_BAD_CONFIG, "%s: '%s' is neither true nor false", row->key, value);
    *target = value[0] == 't';
    return STATUS_OK;
}

/* Index of value in "a|b|c"; -1 when it is not there. */
static int64_t choice_index(const char *choices, const char *value)
{
    size_t size = strlen(value);
    int64_t index = 0;
    for (const char *at = choices; at != NULL; index++) {
        const char *end = strchrnul(at, '|');
        if ((size_t)(end - at) == size && strncasecmp(at, value, size) == 0)
            return index;
        at = *end == '|' ? end + 1 : NULL;
    }
    return -1;
}

/* The period unit's choices are fewer than the enum's names; all other choices are in the order of their enum. */
static int64_t choice_value(const struct config_row *row, int64_t index)
{
    return row->offset == offsetof(struct config, period_unit) ? index + PERIOD_WEEK : index;
}

static enum status set_choice(int64_t *target, const struct config_row *row, const char *value, struct error *err)
{
    int64_t index = choice_index(row->choices, value);
    if (index < 0)
        return error_set(err, STATUS_BAD_CONFIG, "%s: '%s' is not known (allowed: %s)", row->key, value, row->choices);
    *target = choice_value(row, index);
    return STATUS_OK;
}

static enum status set_text(struct config *c, const char **target, const struct config_row *row, const char *value,
                            struct error *err)
{
    size_t size = strlen(value);
    if ((double)size < row->min)
        return error_set(err, STATUS_BAD_CONFIG, "%s: it must not be empty", row->key);
    if ((double)size > row->max)
        return error_set(err, STATUS_BAD_CONFIG, "%s: it is longer than %.0f bytes", row->key, row->max);
    for (size_t i = 0; i < size; i++)
        if (iscntrl((unsigned char)value[i]))
            return error_set(err, STATUS_BAD_CONFIG, "%s: it has a control character in it", row->key);
    const char *copy = keep(c, value);
    if (copy == NULL)
        return error_set(err, STATUS_NO_MEMORY, "%s: %s", row->key, status_text(STATUS_NO_MEMORY));
    *target = copy;
    return STATUS_OK;
}

static enum status set_date(date_t *target, const struct config_row *row, const char *value, struct error *err)
{
    if (!date_parse_iso(text_of(value), target))
        return error_set(err, STATUS_BAD_CONFIG, "%s: '%s' is not a date (write YYYY-MM-DD)", row->key, value);
    return STATUS_OK;
}

static enum status set_row(struct config *c, const struct config_row *row, const char *value, struct error *err)
{
    switch (row->type) {
    case CONFIG_BOOL:
        return set_bool(field(c, row), row, value, err);
    case CONFIG_INTEGER:
        return set_integer(field(c, row), row, value, err);
    case CONFIG_NUMBER:
        return set_number(field(c, row), row, value, err);
    case CONFIG_TEXT:
        return set_text(c, field(c, row), row, value, err);
    case CONFIG_CHOICE:
        return set_choice(field(c, row), row, value, err);
    case CONFIG_DATE:
        return set_date(field(c, row), row, value, err);
    }
    assert(false);
    return STATUS_BAD_CONFIG;
}

/* ---- kafka.* */

static size_t kafka_position(const struct config *c, const char *property)
{
    size_t at = 0;
    while (at < c->kafka_count && strcmp(c->kafka[at].key, property) < 0)
        at++;
    return at;
}

static enum status set_kafka(struct config *c, const char *property, const char *value, struct error *err)
{
    const char *reason = config_kafka_denied(property);
    if (property[0] == '\0')
        return unknown_key(KAFKA_PREFIX, err);
    if (reason != NULL)
        return error_set(err, STATUS_BAD_CONFIG, "kafka.%s: it cannot be set, %s (remove the line)", property, reason);
    if (c->kafka == NULL)
        c->kafka = arena_array(&c->arena, KAFKA_PROPERTIES_MAX, sizeof *c->kafka);
    struct config_property added = {keep(c, property), keep(c, value)};
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

/* ---- sources */

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
        return set_row(c, row, value, err);
    if (strncmp(key, KAFKA_PREFIX, strlen(KAFKA_PREFIX)) == 0)
        return set_kafka(c, key + strlen(KAFKA_PREFIX), value, err);
    return unknown_key(key, err);
}

/* Cuts "key = value" in place. False when there is no '=' or no key. */
static bool split_pair(char *pair, char **out_key, char **out_value)
{
    char *equals = strchr(pair, '=');
    if (equals == NULL)
        return false;
    char *key_end = equals;
    while (key_end > pair && isspace((unsigned char)key_end[-1]))
        key_end--;
    *key_end = '\0';
    char *value = equals + 1;
    while (isspace((unsigned char)*value))
        value++;
    size_t size = strlen(value);
    while (size > 0 && isspace((unsigned char)value[size - 1]))
        value[--size] = '\0';
    *out_key = pair;
    *out_value = value;
    return key_end > pair;
}

static enum status load_line(struct config *c, const char *path, int number, char *line, struct error *err)
{
    char *key, *value;
    while (isspace((unsigned char)*line))
        line++;
    if (*line == '\0' || *line == '#' || *line == '!')
        return STATUS_OK;
    if (!split_pair(line, &key, &value)) {
        return error_set(err, STATUS_BAD_CONFIG, "%s:%d: the line is not key=value", path, number);
    }
    enum status status = config_set(c, key, value, err);
    return status == STATUS_OK ? status : error_wrap(err, "%s:%d", path, number);
}

static enum status load_file(struct config *c, const char *path, struct error *err)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t capacity = 0, total = 0;
    enum status status = STATUS_OK;
    if (file == NULL)
        return error_set(err, STATUS_BAD_CONFIG, "%s: %s (name another file with --config)", path, strerror(errno));
    errno = 0;
    for (int number = 1; status == STATUS_OK; number++) {
        ssize_t size = getline(&line, &capacity, file);
        if (size < 0)
            break;
        total += (size_t)size;
        if (total > FILE_BYTES_MAX || memchr(line, '\0', (size_t)size) != NULL)
            status = error_set(err, STATUS_BAD_CONFIG, "%s:%d: this is not a configuration file", path, number);
        else
            status = load_line(c, path, number, line, err);
    }
    if (status == STATUS_OK && ferror(file))
        status = error_set(err, STATUS_BAD_CONFIG, "%s: %s", path, strerror(errno));
    free(line);
    fclose(file);
    return status;
}

/* state.dir -> STATE_DIR */
static void environment_name(const char *key, char *out, size_t size)
{
    size_t i = 0;
    for (; key[i] != '\0' && i + 1 < size; i++)
        out[i] = key[i] == '.' ? '_' : (char)toupper((unsigned char)key[i]);
    out[i] = '\0';
}

static const struct config_row *row_of_environment(const char *name, size_t name_size)
{
    char wanted[128];
    for (size_t i = 0; i < config_row_count; i++) {
        environment_name(config_rows[i].key, wanted, sizeof wanted);
        if (strlen(wanted) == name_size && strncmp(wanted, name, name_size) == 0)
            return &config_rows[i];
    }
    return NULL;
}

/* KAFKA_SSL_CA_LOCATION -> ssl.ca.location: no librdkafka property has an underscore. */
static void property_name(const char *name, size_t name_size, char *out, size_t size)
{
    size_t i = 0;
    for (; i < name_size && i + 1 < size; i++)
        out[i] = name[i] == '_' ? '.' : (char)tolower((unsigned char)name[i]);
    out[i] = '\0';
}

/* Variables that are ours but no options: for the tests and the crash points. */
static bool is_reserved_variable(const char *name, size_t size)
{
    static const char *const reserved[] = {"SHARED", "CRASH_AT", "BIN", "SOURCE", "BUILD", "BROKERS", "CONFIG", "JOBS"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strlen(reserved[i]) == size && strncmp(reserved[i], name, size) == 0)
            return true;
    return false;
}

static enum status load_variable(struct config *c, const char *variable, struct error *err)
{
    const char *name = variable + strlen(ENVIRONMENT_PREFIX);
    const char *equals = strchr(name, '=');
    if (equals == NULL || is_reserved_variable(name, (size_t)(equals - name)))
        return STATUS_OK;
    size_t size = (size_t)(equals - name);
    const struct config_row *row = row_of_environment(name, size);
    enum status status;
    char property[128];
    if (row != NULL) {
        status = set_row(c, row, equals + 1, err);
    } else if (size > 6 && strncmp(name, "KAFKA_", 6) == 0) {
        property_name(name + 6, size - 6, property, sizeof property);
        status = set_kafka(c, property, equals + 1, err);
    } else {
        property_name(name, size, property, sizeof property);
        status = unknown_key(property, err);
    }
    return status == STATUS_OK ? status : error_wrap(err, "%.*s%.*s", (int)strlen(ENVIRONMENT_PREFIX), ENVIRONMENT_PREFIX, (int)size, name);
}

static enum status load_environment(struct config *c, char *const *environment, struct error *err)
{
    enum status status = STATUS_OK;
    for (; *environment != NULL && status == STATUS_OK; environment++)
        if (strncmp(*environment, ENVIRONMENT_PREFIX, strlen(ENVIRONMENT_PREFIX)) == 0)
            status = load_variable(c, *environment, err);
    return status;
}

static enum status load_override(struct config *c, const char *pair, struct error *err)
{
    char *copy = strdup(pair), *key, *value;
    if (copy == NULL)
        return error_set(err, STATUS_NO_MEMORY, "-X: %s", status_text(STATUS_NO_MEMORY));
    enum status status;
    if (!split_pair(copy, &key, &value))
        status = error_set(err, STATUS_BAD_CONFIG, "-X %s: it is not key=value", pair);
    else if ((status = config_set(c, key, value, err)) != STATUS_OK)
        status = error_wrap(err, "-X");
    free(copy);
    return status;
}

enum status config_load(const struct config_sources *sources, struct config *out, struct error *err)
{
    enum status status = STATUS_OK;
    *out = (struct config){0};
    for (size_t i = 0; i < config_row_count && status == STATUS_OK; i++)
        status = set_row(out, &config_rows[i], config_rows[i].fallback, err);
    if (status == STATUS_OK && sources->file != NULL)
        status = load_file(out, sources->file, err);
    if (status == STATUS_OK && sources->environment != NULL)
        status = load_environment(out, sources->environment, err);
    for (size_t i = 0; i < sources->override_count && status == STATUS_OK; i++)
        status = load_override(out, sources->overrides[i], err);
    uint32_t members;
    return status == STATUS_OK ? config_members(out->ensemble_members, &members, err) : status;
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
            members = UINT32_MAX;
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
        out->members = UINT32_MAX; /* cannot be: config_load has checked it */
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
