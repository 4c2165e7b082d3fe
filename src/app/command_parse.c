#include "app/command_parse.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct command_option command_config_options[] = {
    {.name = "--config", .kind = OPTION_TEXT, .argument = "FILE", .help = "read options from FILE (key=value lines)"},
    {.name = "-X", .kind = OPTION_TEXT, .argument = "KEY=VALUE", .repeatable = true, .help = "set one option; may be repeated"},
    {.name = "--check-config", .kind = OPTION_FLAG, .help = "check the configuration and exit"},
    {.name = "--print-config", .kind = OPTION_TEXT, .argument = "FORMAT", .optional_value = true,
     .help = "print the configuration and exit (values, sample, markdown)"},
};
const size_t command_config_option_count = sizeof command_config_options / sizeof command_config_options[0];

/* name is not NUL-terminated. */
static const struct command_option *find_in(const struct command_option *options, size_t count, const char *name, size_t size)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == size && strncmp(options[i].name, name, size) == 0)
            return &options[i];
    return NULL;
}

static const struct command_option *find_option(const struct command *command, const char *name, size_t size)
{
    const struct command_option *option = find_in(command->options, command->option_count, name, size);
    if (option == NULL && command->takes_config)
        option = find_in(command_config_options, command_config_option_count, name, size);
    return option;
}

static enum status unknown_option(struct command_context *c, const char *given)
{
    return error_set(&c->err, STATUS_BAD_USAGE, "%s: there is no such option (storecast help %s lists them)", given,
                     c->command->name);
}

static bool is_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);
    for (const char *at = choices; at != NULL; at = *at == '|' ? at + 1 : NULL) {
        const char *end = strchrnul(at, '|');
        if ((size_t)(end - at) == size && strncmp(at, text, size) == 0)
            return true;
        at = end;
    }
    return false;
}

static enum status check_number(struct command_context *c, const struct command_option *option, const char *text)
{
    char *end;
    errno = 0;
    double value = option->kind == OPTION_INTEGER ? (double)strtoll(text, &end, 10) : strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !isfinite(value))
        return error_set(&c->err, STATUS_BAD_USAGE, "%s: '%s' is not a%s number", option->name, text,
                         option->kind == OPTION_INTEGER ? " whole" : "");
    bool is_bounded = option->min < 0 || option->min > 0 || option->max < 0 || option->max > 0;
    if (is_bounded && (value < option->min || value > option->max))
        return error_set(&c->err, STATUS_BAD_USAGE, "%s: %s is outside its range (allowed: %g to %g)", option->name, text,
                         option->min, option->max);
    return STATUS_OK;
}

static enum status check_value(struct command_context *c, const struct command_option *option, const char *text)
{
    switch (option->kind) {
    case OPTION_INTEGER:
    case OPTION_NUMBER:
        return check_number(c, option, text);
    case OPTION_CHOICE:
        if (!is_choice(option->choices, text))
            return error_set(&c->err, STATUS_BAD_USAGE, "%s: '%s' is not known (allowed: %s)", option->name, text, option->choices);
        return STATUS_OK;
    case OPTION_FLAG:
    case OPTION_TEXT:
        return STATUS_OK;
    }
    return STATUS_OK;
}

static enum status add_value(struct command_context *c, const struct command_option *option, const char *text)
{
    enum status status = check_value(c, option, text);
    if (status == STATUS_OK)
        c->values[c->value_count++] = (struct command_value){option, text};
    return status;
}

/* One option at argv[*at]; moves *at past it and its value. */
static enum status take_option(struct command_context *c, int argc, char **argv, int *at)
{
    const char *given = argv[*at];
    size_t size = strcspn(given, "=");
    const char *attached = given[size] == '=' ? given + size + 1 : NULL;
    if (given[1] != '-') { /* short: -Xkey=value or -X key=value */
        size = 2;
        attached = given[2] != '\0' ? given + 2 : NULL;
    }
    const struct command_option *option = find_option(c->command, given, size);
    if (option == NULL)
        return unknown_option(c, given);
    (*at)++;
    if (option->kind == OPTION_FLAG) {
        if (attached != NULL)
            return error_set(&c->err, STATUS_BAD_USAGE, "%s: it takes no value", option->name);
        return add_value(c, option, "");
    }
    if (attached != NULL || option->optional_value)
        return add_value(c, option, attached != NULL ? attached : "");
    if (*at >= argc)
        return error_set(&c->err, STATUS_BAD_USAGE, "%s: its value is missing (%s)", option->name, option->argument);
    return add_value(c, option, argv[(*at)++]);
}

static enum status check_argument_count(struct command_context *c)
{
    const struct command *command = c->command;
    const char *wanted = command->arguments != NULL ? command->arguments : "";
    if (c->argument_count < command->min_arguments)
        return error_set(&c->err, STATUS_BAD_USAGE, "%s: something is missing (usage: storecast %s [OPTION...] %s)", command->name,
                         command->name, wanted);
    if (command->max_arguments >= 0 && c->argument_count > command->max_arguments)
        return error_set(&c->err, STATUS_BAD_USAGE, "%s: '%s' is one too many (usage: storecast %s [OPTION...]%s%s)", command->name,
                         c->arguments[command->max_arguments], command->name, wanted[0] != '\0' ? " " : "", wanted);
    return STATUS_OK;
}

enum status command_parse(struct command_context *c, int argc, char **argv, bool *out_help)
{
    bool options_over = false;
    assert(c->command != NULL);
    *out_help = false;
    for (int at = 0; at < argc;) {
        bool is_option = !options_over && argv[at][0] == '-' && argv[at][1] != '\0';
        if (is_option && strcmp(argv[at], "--") == 0) {
            options_over = true;
            at++;
        } else if (is_option && (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)) {
            *out_help = true;
            return STATUS_OK;
        } else if (is_option) {
            enum status status = take_option(c, argc, argv, &at);
            if (status != STATUS_OK)
                return status;
        } else {
            c->arguments[c->argument_count++] = argv[at++];
        }
    }
    return check_argument_count(c);
}

/* ---- reading the result */

static const struct command_option *known_option(const struct command_context *c, const char *name)
{
    const struct command_option *option = find_option(c->command, name, strlen(name));
    assert(option != NULL);
    return option;
}

size_t command_count(const struct command_context *c, const char *name)
{
    const struct command_option *option = known_option(c, name);
    size_t count = 0;
    for (size_t i = 0; i < c->value_count; i++)
        count += c->values[i].option == option;
    return count;
}

const char *command_text_at(const struct command_context *c, const char *name, size_t index)
{
    const struct command_option *option = known_option(c, name);
    for (size_t i = 0; i < c->value_count; i++)
        if (c->values[i].option == option && index-- == 0)
            return c->values[i].text;
    return NULL;
}

bool command_given(const struct command_context *c, const char *name)
{
    return command_count(c, name) > 0;
}

bool command_flag(const struct command_context *c, const char *name)
{
    assert(known_option(c, name)->kind == OPTION_FLAG);
    return command_given(c, name);
}

const char *command_text(const struct command_context *c, const char *name)
{
    size_t count = command_count(c, name);
    return count > 0 ? command_text_at(c, name, count - 1) : known_option(c, name)->fallback;
}

int64_t command_integer(const struct command_context *c, const char *name)
{
    const char *text = command_text(c, name);
    assert(known_option(c, name)->kind == OPTION_INTEGER);
    return text != NULL ? strtoll(text, NULL, 10) : 0;
}

double command_number(const struct command_context *c, const char *name)
{
    const char *text = command_text(c, name);
    return text != NULL ? strtod(text, NULL) : 0;
}
