/* config_kafka.h: which librdkafka properties a user may set, and which are secret. Thread: any. */
#ifndef STORECAST_APP_CONFIG_KAFKA_H
#define STORECAST_APP_CONFIG_KAFKA_H

#include <stdbool.h>

/* Why the property (without "kafka.") may not be set; NULL when it may. */
const char *config_kafka_denied(const char *property);
/* Its value must not be printed. */
bool config_kafka_is_secret(const char *property);

#endif
