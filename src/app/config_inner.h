/* config_inner.h: what the files of the configuration share. Thread: main. */
#ifndef STORECAST_APP_CONFIG_INNER_H
#define STORECAST_APP_CONFIG_INNER_H

#include "app/config.h"

/* STATUS_BAD_CONFIG, naming the nearest key there is. */
enum status config_unknown_key(const char *key, struct error *err);
/* Sets the row's field from a text, checked (config_value.c). */
enum status config_set_row(struct config *c, const struct config_row *row, const char *value, struct error *err) MUST_CHECK;
/* Sets kafka.<property>. */
enum status config_set_kafka(struct config *c, const char *property, const char *value, struct error *err) MUST_CHECK;
/* A copy in the configuration's arena; NULL when out of memory. */
const char *config_keep(struct config *c, const char *text);

#endif
