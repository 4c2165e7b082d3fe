#include "app/evaluation.h"

#include <string.h>
#include <unistd.h>

#define MAPS_MAX 16
#define THREADS_MAX 16

enum status evaluation_read(struct command_context *context, struct panel *panel, struct panel_pools *pools)
{
    const char *maps[MAPS_MAX];
    struct sales_csv_options options = {.maps = maps};
    for (; options.map_count < MAPS_MAX && options.map_count < command_count(context, "--map"); options.map_count++)
        maps[options.map_count] = command_text_at(context, "--map", options.map_count);
    const bool products = strcmp(command_text(context, "--level"), "product") == 0;
    const enum status status = panel_read(context->arguments[0], &options, products ? PANEL_PRODUCT : PANEL_STORE, &context->config, panel,
                                          &context->err);
    if (status)
        return status;
    if (panel_partition(panel, (int32_t)command_integer(context, "--partitions"), pools) != STATUS_OK)
        return error_set(&context->err, STATUS_NO_MEMORY, "%s", status_text(STATUS_NO_MEMORY));
    return STATUS_OK;
}

enum status evaluation_excluded(struct command_context *context, uint32_t *out)
{
    uint32_t members;
    const enum status status = config_members(context->config.ensemble_members, &members, &context->err);
    if (!status)
        *out = ~members;
    return status;
}

size_t evaluation_threads(const struct command_context *context)
{
    if (command_given(context, "-j"))
        return (size_t)command_integer(context, "-j");
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (size_t)processors;
}
