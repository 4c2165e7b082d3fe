/* command.c: runs the program: finds the command, parses, loads the configuration, runs. */
#include "app/command.h"

#include <assert.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/client_open.h"
#include "app/command_parse.h"
#include "base/log.h"

enum exit_code exit_code_of(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return EXIT_CODE_OK;
    case STATUS_BAD_USAGE:
        return EXIT_CODE_USAGE;
    case STATUS_BAD_CONFIG:
        return EXIT_CODE_CONFIG;
    case STATUS_IN_USE:
        return EXIT_CODE_STATE_USED;
    case STATUS_UNAVAILABLE:
        return EXIT_CODE_SERVICE;
    case STATUS_BUSY:
    case STATUS_CANCELLED:
        return EXIT_CODE_LATER;
    case STATUS_IO:
        return EXIT_CODE_IO;
    case STATUS_NO_MEMORY:
    case STATUS_FENCED:
        return EXIT_CODE_RESTART;
    case STATUS_BAD_MESSAGE:
    case STATUS_UNKNOWN_SCHEMA:
    case STATUS_BAD_TEXT:
    case STATUS_TOO_LARGE:
    case STATUS_OUT_OF_RANGE:
    case STATUS_NOT_FOUND:
    case STATUS_TOO_SHORT:
    case STATUS_NOT_POSITIVE:
    case STATUS_SINGULAR:
    case STATUS_NO_CONVERGE:
    case STATUS_BAD_DATA:
    case STATUS_CORRUPT:
    case STATUS_NEWER:
        return EXIT_CODE_DATA;
    case STATUS_COUNT:
        break;
    }
    assert(false);
    return EXIT_CODE_RESTART;
}

int command_fail(struct command_context *c)
{
    return command_fail_with(c, exit_code_of(c->err.status));
}

int command_fail_with(struct command_context *c, enum exit_code code)
{
    fflush(stdout);
    fprintf(stderr, "storecast: %s\n", c->err.text);
    return (int)code;
}

enum status command_load_config(const struct command_context *c, struct config *out, struct error *err)
{
    size_t count = command_count(c, "-X");
    const char **overrides = calloc(count + 1, sizeof *overrides);
    if (overrides == NULL)
        return error_set(err, STATUS_NO_MEMORY, "%s", status_text(STATUS_NO_MEMORY));
    for (size_t i = 0; i < count; i++)
        overrides[i] = command_text_at(c, "-X", i);
    const char *file = command_text(c, "--config");
    const struct config_sources sources = {
        .file = file != NULL ? file : getenv("STORECAST_CONFIG"),
        .environment = environ,
        .overrides = overrides,
        .override_count = count,
    };
    enum status status = config_load(&sources, out, err);
    free(overrides);
    for (size_t i = 0; status == STATUS_OK && i < c->command->option_count; i++) {
        const struct command_option *option = &c->command->options[i];
        if (option->config_key != NULL && command_given(c, option->name))
            status = config_set(out, option->config_key, command_text(c, option->name), err);
    }
    return status;
}

static int print_config(struct command_context *c)
{
    enum config_format format;
    struct buffer out = {0};
    const char *name = command_text(c, "--print-config");
    if (!config_format_parse(name, &format)) {
        (void)error_set(&c->err, STATUS_BAD_USAGE, "--print-config: '%s' is not known (allowed: values, sample, markdown)", name);
        return command_fail(c);
    }
    config_print(&c->config, format, &out);
    fwrite(out.data, 1, out.size, stdout);
    buffer_done(&out);
    return EXIT_CODE_OK;
}

static int run_configured(struct command_context *c)
{
    if (command_load_config(c, &c->config, &c->err) != STATUS_OK)
        return command_fail(c);
    log_set_level((enum log_level)c->config.log_level);
    if (command_given(c, "--print-config"))
        return print_config(c);
    if (command_flag(c, "--check-config")) {
        if (client_check_properties(&c->config, &c->err) != STATUS_OK)
            return command_fail(c);
        printf("the configuration is sound\n");
        return EXIT_CODE_OK;
    }
    return c->command->run(c);
}

/* POLLERR at the writing end: nobody holds the reading one any more. */
static bool output_reader_has_gone(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/* What was printed must have arrived: a full disk is an error, a closed pipe (| head) is not. */
static int finish_output(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (code != EXIT_CODE_OK || output_reader_has_gone())
        return code;
    fprintf(stderr, "storecast: standard output: it could not be written (is the disk full?)\n");
    return EXIT_CODE_IO;
}

static int run_command(const struct command *command, const char *program, int argc, char **argv)
{
    struct command_context *c = calloc(1, sizeof *c);
    struct command_value *values = calloc((size_t)argc + 1, sizeof *values);
    char **arguments = calloc((size_t)argc + 1, sizeof *arguments);
    bool wants_help = false;
    int code = EXIT_CODE_RESTART;
    if (c == NULL || values == NULL || arguments == NULL) {
        fprintf(stderr, "storecast: %s: out of memory\n", command->name);
        goto out;
    }
    *c = (struct command_context){.command = command, .program = program, .values = values, .arguments = arguments};
    if (command_parse(c, argc, argv, &wants_help) != STATUS_OK) {
        code = command_fail(c);
    } else if (wants_help) {
        command_print_help(stdout, command);
        code = finish_output(EXIT_CODE_OK);
    } else {
        code = finish_output(command->takes_config ? run_configured(c) : command->run(c));
    }
    config_done(&c->config);
out:
    free(arguments);
    free(values);
    free(c);
    return code;
}

int command_main(int argc, char **argv)
{
    /* Numbers are read and written with a point everywhere, so the locale stays "C". */
    setlocale(LC_ALL, "C");
    if (argc < 2) {
        command_print_help(stderr, NULL);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        command_print_version(stdout);
        return finish_output(EXIT_CODE_OK);
    }
    bool asks_help = strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0;
    const struct command *command = command_find(asks_help ? "help" : argv[1]);
    if (command == NULL) {
        fprintf(stderr, "storecast: %s: there is no such command (storecast help lists them)\n", argv[1]);
        return EXIT_CODE_USAGE;
    }
    return run_command(command, argv[0], argc - 2, argv + 2);
}
