#include "codec/codec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec/guard.h"
#include "codec/json.h"
#include "codec/read.h"
#include "codec/record.h"
#include "codec/schema.h"

enum {
    AVRO_ALLOCATION_MAX = GUARD_ARRAY_BYTES_MAX,
    INPUT_ITEMS_MAX = 10000,   /* of a SalesUpdate or ForecastRequest */
    OUTPUT_ITEMS_MAX = 100000, /* of our own records: 150 steps of many models and quantiles */
};

struct codec {
    struct schemas schemas;
    avro_reader_t reader;
};

static const struct {
    const char *name, *text;
} schema_texts[] = {
#include "codec/schema_texts.inc"
};

static const struct {
    const char *name;
    uint32_t schema_id;
} records[] = {
#define CODEC_RECORD_ROW(constant, name, id) [CODEC_##constant] = {#name, id},
    CODEC_RECORD_LIST(CODEC_RECORD_ROW)
#undef CODEC_RECORD_ROW
};

const char *codec_record_name(enum codec_record record)
{
    return records[record].name;
}

uint32_t codec_record_schema_id(enum codec_record record)
{
    return records[record].schema_id;
}

const struct record_table *record_table_of(enum codec_record record)
{
    static const struct record_table *const tables[] = {
        [CODEC_SALES_UPDATE] = &sales_update_table,       [CODEC_FORECAST_REQUEST] = &forecast_request_table,
        [CODEC_FORECAST_RESULT] = &forecast_result_table, [CODEC_PERIOD_CLOSED] = &period_closed_table,
        [CODEC_DRIFT_ALERT] = &drift_alert_table,         [CODEC_MODEL_EVENT] = &model_event_table,
    };
    return tables[record];
}

struct text codec_record_schema(enum codec_record record)
{
    for (size_t i = 0; i < sizeof schema_texts / sizeof schema_texts[0]; i++)
        if (strcmp(schema_texts[i].name, records[record].name) == 0)
            return text_of(schema_texts[i].text);
    assert(0 && "every record has its schema built in");
    return text_of(NULL);
}

static void (*on_no_memory)(void);

static void *avro_allocate(void *user, void *block, size_t old_size, size_t size)
{
    (void)user;
    (void)old_size;
    if (size == 0) {
        free(block);
        return NULL;
    }
    /* The second belt behind the guard: no message that it lets through needs a larger block. */
    void *fresh = size <= AVRO_ALLOCATION_MAX ? realloc(block, size) : NULL;
    if (fresh == NULL && on_no_memory != NULL)
        on_no_memory();
    return fresh;
}

void codec_on_no_memory(void (*fn)(void))
{
    on_no_memory = fn;
}

enum status codec_new(struct codec **out)
{
    avro_set_allocator(avro_allocate, NULL);
    struct codec *c = calloc(1, sizeof *c);
    if (c == NULL)
        return STATUS_NO_MEMORY;
    c->reader = avro_reader_memory("", 0);
    enum status status = c->reader != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    for (int i = 0; status == STATUS_OK && i < CODEC_RECORD_COUNT; i++) {
        enum codec_record record = (enum codec_record)i;
        status = schemas_add(&c->schemas, codec_record_schema_id(record), codec_record_schema(record), NULL);
        assert(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert(status != STATUS_OK || plan_is_own(&c->schemas.items[i]->plan, &c->schemas.items[i]->shape));
    }
    if (status != STATUS_OK)
        codec_free(c);
    else
        *out = c;
    return status;
}

void codec_free(struct codec *c)
{
    if (c == NULL)
        return;
    schemas_done(&c->schemas);
    if (c->reader != NULL)
        avro_reader_free(c->reader);
    free(c);
}

enum status codec_schema_add(struct codec *c, uint32_t id, struct text json, struct error *why)
{
    return schemas_add(&c->schemas, id, json, why);
}

bool codec_schema_known(const struct codec *c, uint32_t id)
{
    return schemas_find(&c->schemas, id) != NULL;
}

enum status codec_value_schema_id(struct bytes value, uint32_t *out)
{
    if (value.size < CODEC_HEADER_BYTES || value.data[0] != 0)
        return STATUS_BAD_MESSAGE;
    *out = (uint32_t)value.data[1] << 24 | (uint32_t)value.data[2] << 16 | (uint32_t)value.data[3] << 8 | value.data[4];
    return STATUS_OK;
}

enum status codec_value_record(const struct codec *c, struct bytes value, enum codec_record *out)
{
    uint32_t id = 0;
    enum status status = codec_value_schema_id(value, &id);
    if (status != STATUS_OK)
        return status;
    const struct schema *schema = schemas_find(&c->schemas, id);
    if (schema == NULL)
        return STATUS_UNKNOWN_SCHEMA;
    *out = schema->record;
    return STATUS_OK;
}

static enum status find_schema(struct codec *c, struct bytes value, struct error *why, struct schema **out)
{
    uint32_t id = 0;
    if (codec_value_schema_id(value, &id) != STATUS_OK)
        return error_set(why, STATUS_BAD_MESSAGE, "%zu bytes that do not begin with 0 and a schema id", value.size);
    *out = schemas_find(&c->schemas, id);
    if (*out == NULL)
        return error_set(why, STATUS_UNKNOWN_SCHEMA, "the schema id %u (0x%08x) is not known", id, id);
    return STATUS_OK;
}

/* Avro's reading of bytes that the guard has passed. */
static enum status read_avro(struct codec *c, struct schema *schema, struct bytes body, struct error *why)
{
    avro_reader_memory_set_source(c->reader, (const char *)body.data, (int64_t)body.size);
    if (avro_value_read(c->reader, &schema->value) == 0)
        return STATUS_OK;
    return error_set(why, STATUS_NO_MEMORY, "out of memory");
}

static enum status decode(struct codec *c, enum codec_record record, struct bytes value, struct arena *arena, record_rule rule, void *out,
                          struct error *why)
{
    struct schema *schema = NULL;
    enum status status = find_schema(c, value, why, &schema);
    if (status != STATUS_OK)
        return status;
    if (schema->record != record)
        return error_set(why, STATUS_BAD_MESSAGE, "its schema is of a %s, not of a %s", codec_record_name(schema->record),
                         codec_record_name(record));
    struct trail trail = {.why = why};
    struct bytes body = {value.data + CODEC_HEADER_BYTES, value.size - CODEC_HEADER_BYTES};
    bool is_input = record == CODEC_SALES_UPDATE || record == CODEC_FORECAST_REQUEST;
    struct guard_limits limits = {is_input ? INPUT_ITEMS_MAX : OUTPUT_ITEMS_MAX};
    size_t size = schema->plan.table->size;
    void *read = arena_alloc(arena, size);
    if (read == NULL)
        return STATUS_NO_MEMORY;
    status = guard_check(&schema->shape, body, limits, &trail);
    if (status == STATUS_OK)
        status = read_avro(c, schema, body, why);
    if (status == STATUS_OK)
        status = read_record(&schema->plan, &schema->value, arena, &trail, read);
    if (status == STATUS_OK && rule != NULL)
        status = rule(read, &trail);
    if (status == STATUS_OK)
        memcpy(out, read, size);
    return status;
}

static enum dead_letter dead_letter_of(enum status status)
{
    if (status == STATUS_UNKNOWN_SCHEMA)
        return DEAD_LETTER_UNKNOWN_SCHEMA;
    if (status == STATUS_BAD_TEXT)
        return DEAD_LETTER_BAD_TEXT;
    if (status == STATUS_OUT_OF_RANGE)
        return DEAD_LETTER_VALUE_RANGE;
    if (status == STATUS_NOT_FOUND)
        return DEAD_LETTER_NOT_SUPPORTED_YET;
    if (status == STATUS_TOO_LARGE)
        return DEAD_LETTER_TOO_LARGE;
    assert(status == STATUS_BAD_MESSAGE);
    return DEAD_LETTER_MALFORMED;
}

enum status record_decode(struct codec *c, enum codec_record record, struct bytes value, struct arena *arena, record_rule rule, void *out,
                          enum dead_letter *out_code, struct error *why)
{
    enum status status = value.size > CODEC_VALUE_BYTES_MAX
                             ? error_set(why, STATUS_TOO_LARGE, "%zu bytes, at most %d are read", value.size, CODEC_VALUE_BYTES_MAX)
                             : decode(c, record, value, arena, rule, out, why);
    if (status == STATUS_NO_MEMORY)
        (void)error_set(why, status, "out of memory");
    if (status != STATUS_OK && status != STATUS_NO_MEMORY && out_code != NULL)
        *out_code = dead_letter_of(status);
    return status;
}

enum status codec_json(struct codec *c, struct bytes value, struct arena *arena, struct buffer *out, struct error *why)
{
    struct schema *schema = NULL;
    enum status status = find_schema(c, value, why, &schema);
    if (status != STATUS_OK)
        return status;
    const struct record_table *table = record_table_of(schema->record);
    void *record = arena_alloc(arena, table->size);
    if (record == NULL)
        return STATUS_NO_MEMORY;
    status = record_decode(c, schema->record, value, arena, NULL, record, NULL, why);
    if (status != STATUS_OK)
        return status;
    json_record(table, record, out);
    return buffer_status(out);
}
