/* config_value.c: one value from a text, by its row's type, range and choices. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/config_inner.h"

static void *field(struct config *c, const struct config_row *row)
{
    return (char *)c + row->offset;
}

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
    const char *copy = config_keep(c, value);
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

enum status config_set_row(struct config *c, const struct config_row *row, const char *value, struct error *err)
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
