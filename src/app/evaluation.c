#include "app/evaluation.h"

#include <string.h>
#include <unistd.h>

#define THREADS_MAX 16

const char *evaluation_level(const struct command_context *context)
{
    const bool makes_products = command_text(context, "--product-from") && !command_given(context, "--level");
    return makes_products ? "product" : command_text(context, "--level");
}

static enum panel_level level_of(const struct command_context *context)
{
    const char *name = evaluation_level(context);
    return strcmp(name, "product") == 0 ? PANEL_PRODUCT : strcmp(name, "department") == 0 ? PANEL_DEPARTMENT : PANEL_STORE;
}

enum status evaluation_read(struct command_context *context, struct panel *panel, struct panel_pools *pools)
{
    struct sales_table sales;
    enum status status = sales_options_read(context, context->arguments[0], "--stores", &sales, &context->err);
    if (status)
        return status;
    status = panel_of(&sales, level_of(context), &context->config, panel, &context->err);
    sales_table_done(&sales);
    if (status)
        return error_wrap(&context->err, "%s", context->arguments[0]);
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
