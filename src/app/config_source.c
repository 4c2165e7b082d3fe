/* config_source.c: values from the defaults, a file, the environment and the command line, in that order. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_inner.h"
#include "io/input.h"

enum { FILE_BYTES_MAX = 1 << 20 };
#define ENVIRONMENT_PREFIX "STORECAST_"

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
        return error_set(err, STATUS_BAD_CONFIG, "%s:%d: the line is not key=value (# begins a comment)", path, number);
    }
    enum status status = config_set(c, key, value, err);
    return status == STATUS_OK ? status : error_wrap(err, "%s:%d", path, number);
}

/* Ends the line at `at` with a NUL; the next line's start. Lines end in LF, CRLF or CR. */
static char *cut_line(char *at, char *end)
{
    while (at < end && *at != '\n' && *at != '\r')
        at++;
    if (at == end)
        return end;
    char *next = at + 1 + (*at == '\r' && at + 1 < end && at[1] == '\n');
    *at = '\0';
    return next;
}

static int line_of(struct bytes text, size_t at)
{
    int number = 1;
    for (size_t i = 0; i < at; i++)
        number += text.data[i] == '\n' || (text.data[i] == '\r' && !(i + 1 < text.size && text.data[i + 1] == '\n'));
    return number;
}

static enum status check_text(struct bytes text, const char *name, struct error *err)
{
    if (text.size > FILE_BYTES_MAX)
        return error_set(err, STATUS_BAD_CONFIG, "%s: it is longer than 1 MiB; this is not a configuration file", name);
    if (text.size >= 2 && (memcmp(text.data, "\xff\xfe", 2) == 0 || memcmp(text.data, "\xfe\xff", 2) == 0))
        return error_set(err, STATUS_BAD_CONFIG, "%s:1: it is UTF-16 (save it as UTF-8)", name);
    const uint8_t *nul = text.size > 0 ? memchr(text.data, '\0', text.size) : NULL;
    if (nul != NULL)
        return error_set(err, STATUS_BAD_CONFIG, "%s:%d: it has a NUL byte in it; this is not a configuration file", name,
                         line_of(text, (size_t)(nul - text.data)));
    return STATUS_OK;
}

enum status config_read(struct config *c, struct bytes text, const char *name, struct error *err)
{
    enum status status = check_text(text, name, err);
    if (status != STATUS_OK)
        return status;
    const size_t mark = text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const size_t size = text.size - mark;
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return error_set(err, STATUS_NO_MEMORY, "%s: %s", name, status_text(STATUS_NO_MEMORY));
    if (size > 0)
        memcpy(copy, text.data + mark, size);
    copy[size] = '\0';
    char *line = copy, *end = copy + size;
    for (int number = 1; line < end && status == STATUS_OK; number++) {
        char *next = cut_line(line, end);
        status = load_line(c, name, number, line, err);
        line = next;
    }
    free(copy);
    return status;
}

/* At most a byte more than is allowed is kept, however long the file is. */
static enum status collect(struct input *in, struct buffer *out, struct error *err)
{
    struct bytes chunk;
    enum status status = input_next(in, &chunk, err);
    while (status == STATUS_OK && chunk.size > 0 && out->size <= FILE_BYTES_MAX) {
        buffer_put(out, chunk.data, chunk.size);
        status = input_next(in, &chunk, err);
    }
    if (status == STATUS_OK && out->failed)
        return error_set(err, STATUS_NO_MEMORY, "%s: %s", input_name(in), status_text(STATUS_NO_MEMORY));
    return status;
}

static enum status load_file(struct config *c, const char *path, struct error *err)
{
    struct input *in = NULL;
    struct buffer text = {0};
    enum status status = input_open(path, &in, err);
    if (status == STATUS_OK)
        status = collect(in, &text, err);
    if (status != STATUS_OK && status != STATUS_NO_MEMORY) {
        status = STATUS_BAD_CONFIG;
        if (err != NULL)
            err->status = status;
    }
    if (status == STATUS_OK)
        status = config_read(c, buffer_bytes(&text), input_name(in), err);
    buffer_done(&text);
    input_free(in);
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

/* Variables that are ours but no options: for the tests, the crash points and scripts/kafka. */
static bool is_reserved_variable(const char *name, size_t size)
{
    static const char *const reserved[] = {"SHARED", "CRASH_AT", "BIN",         "SOURCE",     "BUILD",         "BROKERS",
                                           "CONFIG", "JOBS",     "KAFKA_CACHE", "KAFKA_HEAP", "KAFKA_RELEASE", "KAFKA_USERS"};
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
        status = config_set_row(c, row, equals + 1, err);
    } else if (size > 6 && strncmp(name, "KAFKA_", 6) == 0) {
        property_name(name + 6, size - 6, property, sizeof property);
        status = config_set_kafka(c, property, equals + 1, err);
    } else {
        property_name(name, size, property, sizeof property);
        status = config_unknown_key(property, err);
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
        status = config_set_row(out, &config_rows[i], config_rows[i].fallback, err);
    if (status == STATUS_OK && sources->file != NULL)
        status = load_file(out, sources->file, err);
    if (status == STATUS_OK && sources->environment != NULL)
        status = load_environment(out, sources->environment, err);
    for (size_t i = 0; i < sources->override_count && status == STATUS_OK; i++)
        status = load_override(out, sources->overrides[i], err);
    uint32_t members;
    return status == STATUS_OK ? config_members(out->ensemble_members, &members, err) : status;
}
