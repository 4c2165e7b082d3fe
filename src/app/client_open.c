#include "app/client_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_BYTES 512

/* What `storecast broker` left in the state directory; false when there is nothing. */
static bool address_of_embedded(const struct config *config, char out[ADDRESS_BYTES])
{
    char path[4096];
    snprintf(path, sizeof path, "%s/broker", config->state_dir);
    FILE *f = fopen(path, "r");
    if (!f)
        return false;
    const bool read = fgets(out, ADDRESS_BYTES, f) != NULL;
    fclose(f);
    if (read)
        out[strcspn(out, "\r\n")] = '\0';
    return read && out[0] != '\0';
}

enum status client_open(const struct config *config, const char *broker, uint64_t window_bytes, struct client **out, struct error *err)
{
    char address[ADDRESS_BYTES];
    if (!broker)
        broker = config_kafka(config, "bootstrap.servers");
    if (!broker && address_of_embedded(config, address))
        broker = address;
    if (!broker)
        return error_set(err, STATUS_BAD_USAGE,
                         "no broker: give --broker HOST:PORT, or -X kafka.bootstrap.servers=..., or start `storecast broker` with this state directory");
    struct kafka_property *properties = calloc(config->kafka_count + 1, sizeof *properties);
    if (!properties)
        return error_set(err, STATUS_NO_MEMORY, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < config->kafka_count; i++)
        if (strcmp(config->kafka[i].key, "bootstrap.servers") != 0)
            properties[count++] = (struct kafka_property){config->kafka[i].key, config->kafka[i].value};
    const struct client_options options = {.servers = broker, .group = config->group_id, .window_bytes = window_bytes,
                                           .properties = properties, .property_count = count};
    const enum status status = client_new(&options, out, err);
    free(properties);
    return status;
}
