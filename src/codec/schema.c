#include "codec/schema.h"

#include <stdlib.h>
#include <string.h>

static void schema_free(struct schema *s)
{
    if (s == NULL)
        return;
    if (s->value.iface != NULL)
        avro_value_decref(&s->value);
    if (s->class != NULL)
        avro_value_iface_decref(s->class);
    if (s->avro != NULL)
        avro_schema_decref(s->avro);
    arena_done(&s->arena);
    free(s);
}

void schemas_done(struct schemas *s)
{
    for (size_t i = 0; i < s->count; i++)
        schema_free(s->items[i]);
    s->count = 0;
}

struct schema *schemas_find(const struct schemas *s, uint32_t id)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i]->id == id)
            return s->items[i];
    return NULL;
}

static enum status parse(struct schema *s, struct text json, struct error *why)
{
    if (json.size > CODEC_SCHEMA_BYTES_MAX)
        return error_set(why, STATUS_BAD_MESSAGE, "a schema of %zu bytes, at most %d are read", json.size, CODEC_SCHEMA_BYTES_MAX);
    if (avro_schema_from_json_length(json.data, json.size, &s->avro) != 0) {
        s->avro = NULL;
        return error_set(why, STATUS_BAD_MESSAGE, "not an Avro schema: %s", avro_strerror());
    }
    return STATUS_OK;
}

static enum status find_record(struct schema *s, struct error *why)
{
    const char *name = s->shape.name, *space = avro_schema_namespace(s->avro);
    for (int i = 0; i < CODEC_RECORD_COUNT; i++)
        if (strcmp(name, codec_record_name((enum codec_record)i)) == 0 && space != NULL && strcmp(space, "storecast") == 0) {
            s->record = (enum codec_record)i;
            return STATUS_OK;
        }
    return error_set(why, STATUS_BAD_MESSAGE, "the record %s.%s is not one of StoreCast's", space != NULL ? space : "", name);
}

/* The class is made last: avro-c crashes on shapes that shape_read refuses. */
static enum status make_class(struct schema *s)
{
    s->class = avro_generic_class_from_schema(s->avro);
    if (s->class == NULL)
        return STATUS_NO_MEMORY;
    if (avro_generic_value_new(s->class, &s->value) != 0) {
        s->value.iface = NULL;
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static enum status load(struct schema *s, struct text json, struct error *why)
{
    struct trail trail = {.why = why};
    enum status status = parse(s, json, why);
    if (status == STATUS_OK)
        status = shape_read(s->avro, &s->arena, &trail, &s->shape);
    if (status == STATUS_OK)
        status = find_record(s, why);
    if (status == STATUS_OK)
        status = plan_build(record_table_of(s->record), &s->shape, &s->arena, &trail, &s->plan);
    return status == STATUS_OK ? make_class(s) : status;
}

enum status schemas_add(struct schemas *s, uint32_t id, struct text json, struct error *why)
{
    if (schemas_find(s, id) != NULL)
        return STATUS_OK;
    if (s->count == CODEC_SCHEMAS_MAX)
        return error_set(why, STATUS_BUSY, "%d schemas are known already", CODEC_SCHEMAS_MAX);
    struct schema *schema = calloc(1, sizeof *schema);
    if (schema == NULL)
        return error_set(why, STATUS_NO_MEMORY, "out of memory");
    schema->id = id;
    enum status status = load(schema, json, why);
    if (status == STATUS_NO_MEMORY)
        (void)error_set(why, status, "out of memory");
    if (status != STATUS_OK)
        schema_free(schema);
    else
        s->items[s->count++] = schema;
    return status;
}
