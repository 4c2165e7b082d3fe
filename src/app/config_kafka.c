#include "app/config_kafka.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *property; /* a trailing * stands for any ending, a leading one for any beginning */
    const char *reason;
} denied[] = {
    {"plugin.library.paths", "it would load code"},
    {"ssl.engine.location", "it would load code"},
    {"ssl.engine.id", "it would load code"},
    {"sasl.kerberos.kinit.cmd", "it would run a shell command"},
    {"enable.auto.commit", "the worker commits offsets itself"},
    {"enable.auto.offset.store", "the worker commits offsets itself"},
    {"auto.offset.reset", "the worker decides where it starts"},
    {"enable.partition.eof", "the worker relies on its value"},
    {"isolation.level", "exactly-once needs its value"},
    {"transactional.id", "the worker derives it from group.id and the partition"},
    {"enable.idempotence", "exactly-once needs its value"},
    {"group.id", "set group.id without the prefix"},
    {"group.instance.id", "set instance.id"},
    {"partition.assignment.strategy", "the worker relies on its value"},
    {"partitioner", "partitions are computed by StoreCast"},
    {"test.mock.*", "it is for tests"},
    {"*_cb", "it is not a text"},
    {"opaque", "it is not a text"},
};

static bool matches(const char *pattern, const char *text)
{
    size_t pattern_size = strlen(pattern), size = strlen(text);
    if (pattern[0] == '*')
        return size >= pattern_size - 1 && strcmp(text + size - (pattern_size - 1), pattern + 1) == 0;
    if (pattern[pattern_size - 1] == '*')
        return strncmp(pattern, text, pattern_size - 1) == 0;
    return strcmp(pattern, text) == 0;
}

const char *config_kafka_denied(const char *property)
{
    for (size_t i = 0; i < sizeof denied / sizeof denied[0]; i++)
        if (matches(denied[i].property, property))
            return denied[i].reason;
    return NULL;
}

bool config_kafka_is_secret(const char *property)
{
    return strstr(property, "password") != NULL || strstr(property, "secret") != NULL || strstr(property, "key.pem") != NULL ||
           strcmp(property, "sasl.oauthbearer.config") == 0 || strcmp(property, "sasl.jaas.config") == 0;
}
