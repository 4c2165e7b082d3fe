/* command_parse.h: from argv to a command_context, by the command's table. Thread: main. */
#ifndef STORECAST_APP_COMMAND_PARSE_H
#define STORECAST_APP_COMMAND_PARSE_H

#include "app/command.h"

/* The options that every command with takes_config has besides its own. */
extern const struct command_option command_config_options[];
extern const size_t command_config_option_count;

/* Parses argv (without program and command name) into c, whose command is set. c->values and c->arguments must have
 * room for argc entries; both borrow from argv. STATUS_BAD_USAGE with a sentence in c->err.
 * *out_help: --help or -h was given; nothing else counts then. */
enum status command_parse(struct command_context *c, int argc, char **argv, bool *out_help) MUST_CHECK;

#endif
