#include "app/topics.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const struct topic_row topic_rows[TOPIC_COUNT] = {
#define TOPIC_ROW(id, name, role, cleanup, help) {name, role, cleanup, help},
    TOPIC_LIST(TOPIC_ROW)
#undef TOPIC_ROW
};

enum status topics_init(struct topics *t, const char *prefix, struct error *err)
{
    size_t size = strlen(prefix);
    size_t legal = strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    if (size == 0 || size > 64 || legal != size)
        return error_set(err, STATUS_BAD_CONFIG, "topic.prefix: must be 1 to 64 of the characters a-z A-Z 0-9 . _ - (it is \"%.64s\")",
                         prefix);
    for (int i = 0; i < TOPIC_COUNT; i++)
        snprintf(t->names[i], sizeof t->names[i], "%s.%s", prefix, topic_rows[i].name);
    return STATUS_OK;
}

const char *topics_name(const struct topics *t, enum topic topic)
{
    assert(topic < TOPIC_COUNT);
    return t->names[topic];
}

bool topics_find(const struct topics *t, const char *name, enum topic *out)
{
    for (int i = 0; i < TOPIC_COUNT; i++) {
        if (strcmp(name, topic_rows[i].name) == 0 || strcmp(name, t->names[i]) == 0) {
            *out = (enum topic)i;
            return true;
        }
    }
    return false;
}
