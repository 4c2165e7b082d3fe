#include "io/kafka.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

/* Why a property may not be set: it would load code or run a command, or the program relies on its own value. */
static const char *const denied[] = {
    "plugin.library.paths", "ssl.engine.location", "ssl.engine.id", "sasl.kerberos.kinit.cmd",
    "enable.auto.commit", "auto.commit.interval.ms", "enable.auto.offset.store", "auto.offset.reset", "isolation.level",
    "transactional.id", "group.id", "partition.assignment.strategy", "enable.idempotence", "enable.gapless.guarantee",
    "enable.partition.eof", "log.queue", "opaque", "default_topic_conf", "builtin.features", "queuing.strategy",
};

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);
    return n >= s && strcmp(name + n - s, suffix) == 0;
}

bool kafka_property_denied(const char *name)
{
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
        if (strcmp(name, denied[i]) == 0)
            return true;
    return strncmp(name, "test.mock.", 10) == 0 || has_suffix(name, "_cb");
}

enum status kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *err)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return STATUS_OK;
    return error_set(err, STATUS_BAD_CONFIG, "kafka.%s: %s", name, why);
}

enum status kafka_property_check(const char *name, const char *value, struct error *err)
{
    if (kafka_property_denied(name))
        return error_set(err, STATUS_BAD_CONFIG, "kafka.%s: StoreCast sets this itself or does not allow it (remove it)", name);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum status status = kafka_conf_set(conf, name, value, err);
    rd_kafka_conf_destroy(conf);
    return status;
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

const char *kafka_version(void)
{
    return rd_kafka_version_str();
}
