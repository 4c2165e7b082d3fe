#include "codec/shape.h"

#include <string.h>

struct walk {
    struct arena *arena;
    struct trail *trail;
    avro_schema_t open[SHAPE_RECORD_DEPTH_MAX]; /* the records that we are inside of */
    size_t depth, nodes;
};

static const char *const kind_names[] = {
    [SHAPE_NULL] = "null",     [SHAPE_BOOLEAN] = "boolean", [SHAPE_INT] = "int",       [SHAPE_LONG] = "long", [SHAPE_FLOAT] = "float",
    [SHAPE_DOUBLE] = "double", [SHAPE_BYTES] = "bytes",     [SHAPE_STRING] = "string", [SHAPE_ENUM] = "enum", [SHAPE_ARRAY] = "array",
    [SHAPE_MAP] = "map",       [SHAPE_RECORD] = "record",   [SHAPE_UNION] = "union",
};

const char *shape_kind_name(enum shape_kind kind)
{
    return kind_names[kind];
}

bool shape_is_number(const struct shape *s)
{
    return s->kind == SHAPE_INT || s->kind == SHAPE_LONG || s->kind == SHAPE_FLOAT || s->kind == SHAPE_DOUBLE;
}

static bool is_leaf(const struct shape *s)
{
    return s->kind != SHAPE_NULL && s->kind <= SHAPE_ENUM;
}

static enum status refuse(struct walk *w, const char *why)
{
    return trail_fail(w->trail, STATUS_BAD_MESSAGE, "%s", why);
}

static enum status read_node(struct walk *w, avro_schema_t schema, struct shape *out);

static enum status reserve(struct walk *w, struct shape *out, size_t count, bool has_names)
{
    w->nodes += count;
    if (w->nodes > SHAPE_NODES_MAX)
        return refuse(w, "the schema is too large");
    out->count = count;
    out->children = arena_array(w->arena, count, sizeof *out->children);
    out->names = has_names ? arena_array(w->arena, count, sizeof *out->names) : NULL;
    return out->children == NULL || (has_names && out->names == NULL) ? STATUS_NO_MEMORY : STATUS_OK;
}

static enum status read_enum(struct walk *w, avro_schema_t schema, struct shape *out)
{
    int count = avro_schema_enum_number_of_symbols(schema);
    if (count < 1 || count > SHAPE_NODES_MAX)
        return refuse(w, "an enum needs symbols");
    out->name = avro_schema_name(schema);
    out->count = (size_t)count;
    out->names = arena_array(w->arena, out->count, sizeof *out->names);
    if (out->names == NULL)
        return STATUS_NO_MEMORY;
    for (int i = 0; i < count; i++)
        out->names[i] = avro_schema_enum_get(schema, i);
    return STATUS_OK;
}

static enum status read_items(struct walk *w, avro_schema_t items, struct shape *out)
{
    enum status status = reserve(w, out, 1, false);
    if (status != STATUS_OK)
        return status;
    status = read_node(w, items, &out->children[0]);
    if (status != STATUS_OK)
        return status;
    const struct shape *item = &out->children[0];
    if (out->kind == SHAPE_MAP && !shape_is_number(item))
        return refuse(w, "only maps of numbers can be read");
    if (out->kind == SHAPE_ARRAY && !is_leaf(item) && item->kind != SHAPE_RECORD)
        return refuse(w, "only arrays of texts, numbers and records can be read");
    if (out->kind == SHAPE_ARRAY && item->kind == SHAPE_RECORD && item->count == 0)
        return refuse(w, "an array of empty records has no bounds");
    return STATUS_OK;
}

/* [null, leaf] in either order, or records only. */
static bool union_is_allowed(const struct shape *s)
{
    size_t nulls = 0, leaves = 0, records = 0;
    for (size_t i = 0; i < s->count; i++) {
        nulls += s->children[i].kind == SHAPE_NULL;
        leaves += is_leaf(&s->children[i]);
        records += s->children[i].kind == SHAPE_RECORD;
    }
    return (s->count == 2 && nulls == 1 && leaves == 1) || (s->count > 0 && records == s->count);
}

static enum status read_union(struct walk *w, avro_schema_t schema, struct shape *out)
{
    enum status status = reserve(w, out, avro_schema_union_size(schema), false);
    for (size_t i = 0; status == STATUS_OK && i < out->count; i++)
        status = read_node(w, avro_schema_union_branch(schema, (int)i), &out->children[i]);
    if (status == STATUS_OK && !union_is_allowed(out))
        return refuse(w, "only unions of null and a plain type, or of records, can be read");
    return status;
}

static bool has_name_twice(const struct shape *s)
{
    for (size_t i = 1; i < s->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(s->names[i], s->names[j]) == 0)
                return true;
    return false;
}

static enum status read_field(struct walk *w, avro_schema_t record, size_t i, struct shape *out)
{
    out->names[i] = avro_schema_record_field_name(record, (int)i);
    trail_enter(w->trail, out->names[i], 0);
    enum status status = read_node(w, avro_schema_record_field_get_by_index(record, (int)i), &out->children[i]);
    if (status == STATUS_OK && (out->children[i].kind == SHAPE_NULL || out->children[i].kind == SHAPE_RECORD))
        status = refuse(w, "a field cannot be a bare null or record");
    if (status == STATUS_OK)
        trail_leave(w->trail);
    return status;
}

static enum status read_record(struct walk *w, avro_schema_t schema, struct shape *out)
{
    for (size_t i = 0; i < w->depth; i++)
        if (w->open[i] == schema)
            return refuse(w, "a record cannot hold itself");
    if (w->depth == SHAPE_RECORD_DEPTH_MAX)
        return refuse(w, "too many records inside each other");
    w->open[w->depth++] = schema;
    out->name = avro_schema_name(schema);
    enum status status = reserve(w, out, avro_schema_record_size(schema), true);
    for (size_t i = 0; status == STATUS_OK && i < out->count; i++)
        status = read_field(w, schema, i, out);
    if (status == STATUS_OK && has_name_twice(out))
        return refuse(w, "two fields have the same name");
    w->depth--;
    return status;
}

static enum status read_kind(struct walk *w, avro_schema_t schema, struct shape *out)
{
    static const enum shape_kind leaves[] = {
        [AVRO_STRING] = SHAPE_STRING, [AVRO_BYTES] = SHAPE_BYTES,   [AVRO_INT32] = SHAPE_INT,       [AVRO_INT64] = SHAPE_LONG,
        [AVRO_FLOAT] = SHAPE_FLOAT,   [AVRO_DOUBLE] = SHAPE_DOUBLE, [AVRO_BOOLEAN] = SHAPE_BOOLEAN, [AVRO_NULL] = SHAPE_NULL,
    };
    switch (avro_typeof(schema)) {
    case AVRO_STRING:
    case AVRO_BYTES:
    case AVRO_INT32:
    case AVRO_INT64:
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
    case AVRO_BOOLEAN:
    case AVRO_NULL:
        out->kind = leaves[avro_typeof(schema)];
        out->name = kind_names[out->kind];
        return STATUS_OK;
    case AVRO_ENUM:
        out->kind = SHAPE_ENUM;
        return read_enum(w, schema, out);
    case AVRO_ARRAY:
        out->kind = SHAPE_ARRAY;
        return read_items(w, avro_schema_array_items(schema), out);
    case AVRO_MAP:
        out->kind = SHAPE_MAP;
        return read_items(w, avro_schema_map_values(schema), out);
    case AVRO_UNION:
        out->kind = SHAPE_UNION;
        return read_union(w, schema, out);
    case AVRO_RECORD:
        out->kind = SHAPE_RECORD;
        return read_record(w, schema, out);
    case AVRO_LINK:
        return read_kind(w, avro_schema_link_target(schema), out);
    case AVRO_FIXED:
        break;
    }
    return refuse(w, "a type that cannot be read (fixed, or unknown)");
}

static enum status read_node(struct walk *w, avro_schema_t schema, struct shape *out)
{
    const size_t before = w->nodes;
    enum status status = read_kind(w, schema, out);
    out->nodes = 1 + w->nodes - before;
    return status;
}

enum status shape_read(avro_schema_t schema, struct arena *arena, struct trail *t, struct shape *out)
{
    struct walk w = {.arena = arena, .trail = t};
    if (avro_typeof(schema) != AVRO_RECORD)
        return refuse(&w, "the schema is not a record");
    return read_node(&w, schema, out);
}
