#include "app/admin_open.h"

#include <stdlib.h>
#include <string.h>

enum status admin_open(const struct config *config, const char *broker, struct kafka_admin **out, const char **out_servers,
                       struct error *err)
{
    const char *servers = broker ? broker : config_kafka(config, "bootstrap.servers");
    if (!servers)
        return error_set(err, STATUS_BAD_CONFIG,
                         "which cluster? kafka.bootstrap.servers is not set (give --broker HOST:PORT, or -X "
                         "kafka.bootstrap.servers=HOST:PORT)");
    struct kafka_property *properties = calloc(config->kafka_count + 1, sizeof *properties);
    if (!properties)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < config->kafka_count; i++)
        if (strcmp(config->kafka[i].key, "bootstrap.servers") != 0)
            properties[count++] = (struct kafka_property){config->kafka[i].key, config->kafka[i].value};
    properties[count++] = (struct kafka_property){"bootstrap.servers", servers};
    const struct kafka_admin_options options = {.properties = properties, .property_count = count};
    const enum status status = kafka_admin_new(&options, out, err);
    free(properties);
    if (status)
        return error_wrap(err, "%s", servers);
    if (kafka_is_embedded(kafka_admin_cluster_id(*out)))
        return error_set(
            err, STATUS_BAD_CONFIG,
            "%s: this is the embedded broker, which has all topics from the start and cannot be asked for more (give a Kafka cluster)",
            servers);
    *out_servers = servers;
    return STATUS_OK;
}
