/* command.h: the subcommands of the program: their options as tables, and what they are run with.
 *
 * Each command is one file, src/app/cmd_<name>.c, that ends with
 *
 *     static const struct command_option options[] = {
 *         {.name = "--horizon", .kind = OPTION_INTEGER, .argument = "N", .fallback = "8", .min = 1, .max = 150,
 *          .help = "steps ahead"},
 *         {.name = "--stay", .kind = OPTION_FLAG, .help = "keep running afterwards"},
 *     };
 *     const struct command command_forecast = {
 *         .name = "forecast", .arguments = "FILE", .summary = "forecast every series of a CSV file",
 *         .options = options, .option_count = sizeof options / sizeof options[0],
 *         .min_arguments = 1, .max_arguments = 1, .takes_config = true, .run = run,
 *     };
 *
 * and is listed in command_list (command_list.c). Before run is called, the options are parsed and checked, and the
 * configuration is loaded. run returns an exit code; to fail with a sentence it fills context->err and returns
 * command_fail(context), or command_fail_with(context, code). Thread: main. */
#ifndef STORECAST_APP_COMMAND_H
#define STORECAST_APP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/config.h"
#include "base/error.h"

/* As in sysexits(3), with our meaning. */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILED = 1,      /* it ran, and the answer is no: a check that failed */
    EXIT_CODE_USAGE = 64,
    EXIT_CODE_DATA = 65,       /* input or stored data are not usable */
    EXIT_CODE_SERVICE = 69,    /* a service we need does not answer */
    EXIT_CODE_RESTART = 70,    /* our own failure; restarting helps */
    EXIT_CODE_STATE_USED = 73, /* another process uses the state directory */
    EXIT_CODE_IO = 74,
    EXIT_CODE_LATER = 75,      /* try again later */
    EXIT_CODE_CONFIG = 78,
    EXIT_CODE_INTERRUPTED = 130, /* Ctrl-C, after a clean end */
};

/* What a status means when it ends the program. */
enum exit_code exit_code_of(enum status status);

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_INTEGER, /* within min..max when these are not both 0 */
    OPTION_NUMBER,  /* decimal, point; the same bounds */
    OPTION_CHOICE,  /* one of choices */
};

struct command_option {
    const char *name; /* "--horizon" */
    enum option_kind kind;
    const char *argument; /* what stands for the value in help: "N", "FILE"; NULL for a flag */
    const char *fallback; /* the value when the option is absent; NULL = none */
    double min, max;
    const char *choices;  /* "table|csv|json" */
    bool optional_value;  /* "--print-config" and "--print-config=sample": without = the value is "" */
    bool repeatable;      /* every value counts: command_count, command_text_at */
    const char *config_key; /* the value is set under this key of the configuration, above file and environment */
    const char *help;     /* one line */
};

/* A row that several commands have. */
#define COMMAND_OPTION_STATE_DIR                                                                                     \
    {                                                                                                                \
        .name = "--state-dir", .kind = OPTION_TEXT, .argument = "DIR", .config_key = "state.dir",                    \
        .help = "folder of the local state and of the embedded broker's address: the same as -X state.dir=DIR"       \
    }

struct command_context;

struct command {
    const char *name;
    const char *arguments; /* for the usage line: "FILE", "[FILE...]", "" or NULL */
    const char *summary;   /* one line, no full stop */
    const char *text;      /* what help adds below the options; NULL = nothing */
    const struct command_option *options;
    size_t option_count;
    int min_arguments, max_arguments; /* -1 = any number */
    bool takes_config; /* adds --config, -X, --check-config and --print-config, and loads the configuration */
    int (*run)(struct command_context *context); /* returns an enum exit_code */
};

/* All commands, in the order that help shows them; ends with NULL. */
extern const struct command *const command_list[];
const struct command *command_find(const char *name); /* NULL when there is none */

struct command_value { /* one option as given */
    const struct command_option *option;
    const char *text;
};

struct command_context {
    const struct command *command;
    const char *program;   /* argv[0], for starting ourselves again */
    int argument_count;
    char **arguments;      /* what is no option */
    struct config config;  /* loaded when the command takes one */
    struct error err;      /* filled by whoever fails */
    struct command_value *values;
    size_t value_count;
};

/* Options as given, or their fallback. Asking for a name that is not in the table is a bug (assert). The last one
 * counts when an option is repeated. */
bool command_flag(const struct command_context *c, const char *name);
const char *command_text(const struct command_context *c, const char *name); /* NULL: absent, no fallback */
int64_t command_integer(const struct command_context *c, const char *name);  /* 0: absent, no fallback */
double command_number(const struct command_context *c, const char *name);
bool command_given(const struct command_context *c, const char *name); /* on the command line itself */
size_t command_count(const struct command_context *c, const char *name);
const char *command_text_at(const struct command_context *c, const char *name, size_t index);

/* Prints context->err as `storecast: text` on stderr and returns exit_code_of its status. */
int command_fail(struct command_context *c);
int command_fail_with(struct command_context *c, enum exit_code code);

/* Runs the program: finds the command, parses, loads, runs. The result is the exit code. */
int command_main(int argc, char **argv);

/* Help for one command, or the list of all (command NULL). */
void command_print_help(FILE *out, const struct command *command);
/* "storecast 0.1.0", and the libraries with their versions, one a line. */
void command_print_version(FILE *out);
const char *command_program_version(void);

/* The configuration that file, environment, -X and the command's own options give. config_done the result in either case. */
enum status command_load_config(const struct command_context *context, struct config *out, struct error *err) MUST_CHECK;

#endif
