/* command_list.c: all commands, in the order that help shows them. A new one: its file cmd_<name>.c and one X here. */
#include <stddef.h>
#include <string.h>

#include "app/command.h"

#define COMMAND_LIST(X) X(demo) X(worker) X(broker) X(backtest) X(forecast) X(tail) X(state) X(topics) X(doctor) X(replay) X(simulate) X(bench) X(help)

#define COMMAND_DECLARE(name) extern const struct command command_##name;
COMMAND_LIST(COMMAND_DECLARE)

#define COMMAND_ROW(name) &command_##name,
const struct command *const command_list[] = {COMMAND_LIST(COMMAND_ROW) NULL};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; command_list[i] != NULL; i++)
        if (strcmp(command_list[i]->name, name) == 0)
            return command_list[i];
    return NULL;
}
