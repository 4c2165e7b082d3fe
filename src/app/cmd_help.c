/* cmd_help.c: help and versions, from the tables. */
#include <string.h>

#include "app/command_parse.h"
#include "io/versions.h"

static void print_wrapped(FILE *out, const char *label, int width, const char *text)
{
    int label_size = fprintf(out, "  %s", label) - 2;
    if (label_size > width) { /* the label fills the line */
        fprintf(out, "\n");
        label_size = -2;
    }
    fprintf(out, "%*s  %s\n", width - label_size, "", text);
}

static void print_option(FILE *out, const struct command_option *option)
{
    char label[80], help[400];
    const char *separator = option->argument == NULL ? "" : option->optional_value ? "[=" : " ";
    snprintf(label, sizeof label, "%s%s%s%s", option->name, separator, option->argument ? option->argument : "",
             option->optional_value ? "]" : "");
    snprintf(help, sizeof help, "%s%s%s%s%s%s", option->help, option->choices ? " (" : "", option->choices ? option->choices : "",
             option->choices ? ")" : "", option->fallback ? "; default " : "", option->fallback ? option->fallback : "");
    print_wrapped(out, label, 24, help);
}

static void help_for(FILE *out, const struct command *command)
{
    bool has_options = command->option_count > 0 || command->takes_config;
    const char *arguments = command->arguments != NULL ? command->arguments : "";
    fprintf(out, "storecast %s: %s\n\nUsage: storecast %s%s%s%s\n", command->name, command->summary, command->name,
            has_options ? " [OPTION...]" : "", arguments[0] != '\0' ? " " : "", arguments);
    if (has_options)
        fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < command->option_count; i++)
        print_option(out, &command->options[i]);
    for (size_t i = 0; command->takes_config && i < command_config_option_count; i++)
        print_option(out, &command_config_options[i]);
    if (command->text != NULL)
        fprintf(out, "\n%s\n", command->text);
}

static void help_for_all(FILE *out)
{
    fprintf(out, "storecast: forecasts of retail sales from a stream of sales\n\nUsage: storecast COMMAND [OPTION...]\n\nCommands:\n");
    for (size_t i = 0; command_list[i] != NULL; i++)
        print_wrapped(out, command_list[i]->name, 12, command_list[i]->summary);
    fprintf(out, "\nstorecast help COMMAND tells more, storecast --version the versions.\n");
    if (command_find("demo") != NULL)
        fprintf(out, "First time? Run: storecast demo\n");
}

void command_print_help(FILE *out, const struct command *command)
{
    if (command != NULL)
        help_for(out, command);
    else
        help_for_all(out);
}

const char *command_program_version(void)
{
    return STORECAST_VERSION;
}

void command_print_version(FILE *out)
{
    fprintf(out, "storecast %s\n", STORECAST_VERSION);
    fprintf(out, "avro-c %s\n", STORECAST_AVRO_VERSION);
    for (int i = 0; versions_at(i) != NULL; i++)
        fprintf(out, "%s\n", versions_at(i));
    for (int i = 0; versions_warning(i) != NULL; i++)
        fprintf(out, "warning: %s\n", versions_warning(i));
}

static int run(struct command_context *c)
{
    if (c->argument_count == 0) {
        command_print_help(stdout, NULL);
        return EXIT_CODE_OK;
    }
    const struct command *command = command_find(c->arguments[0]);
    if (command == NULL) {
        (void)error_set(&c->err, STATUS_BAD_USAGE, "help: there is no command '%s' (storecast help lists them)", c->arguments[0]);
        return command_fail(c);
    }
    command_print_help(stdout, command);
    return EXIT_CODE_OK;
}

const struct command command_help = {
    .name = "help", .arguments = "[COMMAND]", .summary = "what the commands do and take", .max_arguments = 1, .run = run,
};
