/* schema.h: the schemas that are known, by id: shape, plan, and an Avro value that is read into again and again.
 * Thread: one per table. */
#ifndef STORECAST_CODEC_SCHEMA_H
#define STORECAST_CODEC_SCHEMA_H

#include "codec/plan.h"

struct schema {
    uint32_t id;
    enum codec_record record;
    avro_schema_t avro;
    avro_value_iface_t *class;
    avro_value_t value;
    struct arena arena; /* of shape and plan */
    struct shape shape;
    struct plan plan;
};

struct schemas {
    struct schema *items[CODEC_SCHEMAS_MAX];
    size_t count;
};

void schemas_done(struct schemas *s);
struct schema *schemas_find(const struct schemas *s, uint32_t id); /* NULL when it is not known */
/* As codec_schema_add. */
enum status schemas_add(struct schemas *s, uint32_t id, struct text json, struct error *why) MUST_CHECK;

#endif
