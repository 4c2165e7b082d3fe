#include "app/client_open.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

#include "app/broker_file.h"
#include "io/kafka.h"

enum status client_open(const struct config *config, const char *broker, bool await_reader, struct client **out, struct error *err)
{
    char address[BROKER_ADDRESS_BYTES];
    struct error unused;
    if (!broker)
        broker = config_kafka(config, "bootstrap.servers");
    if (!broker && broker_file_read(config->state_dir, address, &unused) == STATUS_OK)
        broker = address;
    if (!broker)
        return error_set(err, STATUS_UNAVAILABLE,
                         "%s/broker: no broker has left its address there (start one with `storecast broker --state-dir %s`, or give "
                         "--broker HOST:PORT)",
                         config->state_dir, config->state_dir);
    struct kafka_property *properties = calloc(config->kafka_count + 1, sizeof *properties);
    if (!properties)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < config->kafka_count; i++)
        if (strcmp(config->kafka[i].key, "bootstrap.servers") != 0)
            properties[count++] = (struct kafka_property){config->kafka[i].key, config->kafka[i].value};
    const struct client_options options = {.servers = broker, .group = config->group_id, .properties = properties, .property_count = count};
    const enum status status = client_new(&options, out, err);
    free(properties);
    if (!status && client_is_embedded(*out))
        client_set_window(*out, CLIENT_WINDOW_BYTES);
    else if (!status && await_reader)
        client_set_window(*out, UINT64_MAX);
    return status;
}

enum status client_check_properties(const struct config *config, struct error *err)
{
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_conf_new(NULL, 0, &conf, err);
    for (size_t i = 0; !status && i < config->kafka_count; i++)
        status = kafka_conf_set(conf, config->kafka[i].key, config->kafka[i].value, err);
    if (conf)
        rd_kafka_conf_destroy(conf);
    return status;
}
