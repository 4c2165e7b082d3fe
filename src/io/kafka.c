#include "io/kafka.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

enum status kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_CONFIG, "kafka.%s: %s", name, why);
}

enum status kafka_conf_new(const struct kafka_property *properties, size_t count, rd_kafka_conf_t **out, struct error *err)
{
    static const struct kafka_property defaults[] = {
        {"client.id", "storecast"},
        {"reconnect.backoff.max.ms", "500"},
        {"retry.backoff.ms", "10"},
        {"log.connection.close", "false"},
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sizeof defaults / sizeof *defaults; i++)
        status = kafka_conf_set(conf, defaults[i].name, defaults[i].value, err);
    for (size_t i = 0; !status && i < count; i++)
        status = kafka_conf_set(conf, properties[i].name, properties[i].value, err);
    if (status)
        rd_kafka_conf_destroy(conf);
    else
        *out = conf;
    return status;
}

bool kafka_is_embedded(const char *cluster_id)
{
    return cluster_id && strncmp(cluster_id, "mockCluster", strlen("mockCluster")) == 0;
}
