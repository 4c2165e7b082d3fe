/* cmd_worker.c: the service. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/broker_file.h"
#include "app/command.h"
#include "app/config.h"
#include "app/worker.h"

struct reload {
    const struct command_context *context;
    struct config config;
    bool is_loaded;
};

static const struct config *reload(void *arg, struct error *err)
{
    struct reload *r = arg;
    const struct command_context *c = r->context;
    if (r->is_loaded)
        config_done(&r->config);
    enum status status = command_load_config(c, &r->config, err);
    r->is_loaded = true;
    return status ? NULL : &r->config;
}

static enum status find_broker(struct command_context *c, char out[BROKER_ADDRESS_BYTES])
{
    if (!command_given(c, "--embedded"))
        return error_set(
            &c->err, STATUS_BAD_CONFIG,
            "worker: it does not know which Kafka to use (set kafka.bootstrap.servers=HOST:PORT, or start `storecast broker` and "
            "run `storecast worker --embedded`)");
    const char *address = command_text(c, "--embedded");
    if (!address || !address[0])
        return broker_file_read(c->config.state_dir, out, &c->err);
    if (strlen(address) >= BROKER_ADDRESS_BYTES)
        return error_set(&c->err, STATUS_BAD_USAGE, "--embedded: the address is too long");
    strcpy(out, address);
    return STATUS_OK;
}

static int run(struct command_context *c)
{
    char embedded[BROKER_ADDRESS_BYTES];
    bool is_embedded = command_given(c, "--embedded");
    const char *cluster = config_kafka(&c->config, "bootstrap.servers");
    enum status status = is_embedded || !cluster ? find_broker(c, embedded) : STATUS_OK;
    if (status)
        return command_fail_with(c, status == STATUS_NOT_FOUND ? EXIT_CODE_SERVICE : exit_code_of(status));
    struct reload again = {.context = c};
    const struct worker_options worker = {
        .config = &c->config,
        .servers = is_embedded ? embedded : cluster,
        .is_embedded = is_embedded,
        .accept_changes = command_flag(c, "--accept-changes"),
        .reload = reload,
        .reload_arg = &again,
    };
    int code = worker_run(&worker, &c->err);
    if (again.is_loaded)
        config_done(&again.config);
    return code == EXIT_CODE_OK ? code : command_fail_with(c, (enum exit_code)code);
}

static const struct command_option options[] = {
    {.name = "--embedded",
     .kind = OPTION_TEXT,
     .argument = "ADDRESS",
     .optional_value = true,
     .help = "use the broker that `storecast broker` runs; without ADDRESS the one of the state directory"},
    COMMAND_OPTION_STATE_DIR,
    {.name = "--accept-changes",
     .kind = OPTION_FLAG,
     .help = "go on with a state that was made with other options, although numbers will change"},
};

const struct command command_worker = {
    .name = "worker",
    .summary = "the service: reads sales, publishes forecasts and drift alerts, serves metrics",
    .text = "SIGTERM ends it in order, a second one at once. SIGHUP reads the configuration again, SIGUSR1 logs what it is doing.\n"
            "Exit codes: 65 input or state are not usable, 69 no broker, 70 start me again, 73 the state directory is in use, 78 "
            "configuration.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .takes_config = true,
    .run = run,
};
