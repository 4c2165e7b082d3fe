#include "codec/plan.h"

#include <string.h>

static int find_name(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return PLAN_NONE;
}

/* The value of [null, T] or [T, null]; s itself when it is no such union. */
static const struct shape *strip_null(const struct shape *s, int *out_null_branch)
{
    *out_null_branch = PLAN_NONE;
    if (s->kind != SHAPE_UNION || s->count != 2)
        return s;
    for (int i = 0; i < 2; i++)
        if (s->children[i].kind == SHAPE_NULL) {
            *out_null_branch = i;
            return &s->children[1 - i];
        }
    return s;
}

static bool is_integer(const struct shape *s)
{
    return s->kind == SHAPE_INT || s->kind == SHAPE_LONG;
}

static bool kind_fits(enum field_kind kind, const struct shape *s)
{
    const struct shape *item = s->kind == SHAPE_ARRAY || s->kind == SHAPE_MAP ? &s->children[0] : NULL;
    switch (kind) {
    case FIELD_TEXT:
        return s->kind == SHAPE_STRING;
    case FIELD_BOOL:
        return s->kind == SHAPE_BOOLEAN;
    case FIELD_INT:
    case FIELD_DATE:
        return s->kind == SHAPE_INT;
    case FIELD_LONG:
    case FIELD_INSTANT:
        return is_integer(s);
    case FIELD_DOUBLE:
    case FIELD_MILLIONTHS:
        return shape_is_number(s);
    case FIELD_ENUM:
    case FIELD_CHOICE:
        return s->kind == SHAPE_ENUM;
    case FIELD_TEXTS:
        return s->kind == SHAPE_ARRAY && item->kind == SHAPE_STRING;
    case FIELD_NUMBERS:
        return s->kind == SHAPE_ARRAY && shape_is_number(item);
    case FIELD_MAP:
        return s->kind == SHAPE_MAP;
    case FIELD_RECORDS:
        return s->kind == SHAPE_ARRAY && item->kind == SHAPE_RECORD;
    case FIELD_BODY:
        return s->kind == SHAPE_UNION && s->children[0].kind == SHAPE_RECORD;
    case FIELD_IGNORED:
        return true;
    }
    return false;
}

static enum status map_symbols(const struct field *field, const struct shape *s, struct arena *arena, struct plan_slot *slot)
{
    int *known = arena_array(arena, s->count, sizeof *known);
    if (known == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < s->count; i++)
        known[i] = find_name(field->symbols->names, field->symbols->count, s->names[i]);
    slot->known = known;
    return STATUS_OK;
}

static int find_body(const struct field *field, const char *name)
{
    for (size_t i = 0; i < field->record_count; i++)
        if (strcmp(field->records[i].name, name) == 0)
            return (int)i;
    return PLAN_NONE;
}

static enum status map_bodies(const struct field *field, const struct shape *s, struct arena *arena, struct trail *t,
                              struct plan_slot *slot)
{
    int *known = arena_array(arena, s->count, sizeof *known);
    struct plan *plans = arena_array(arena, s->count, sizeof *plans);
    if (known == NULL || plans == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < s->count; i++) {
        known[i] = find_body(field, s->children[i].name);
        if (known[i] == PLAN_NONE)
            continue;
        trail_enter(t, s->children[i].name, 0);
        enum status status = plan_build(&field->records[known[i]], &s->children[i], arena, t, &plans[i]);
        if (status != STATUS_OK)
            return status;
        trail_leave(t);
    }
    slot->known = known;
    slot->records = plans;
    return STATUS_OK;
}

static enum status map_records(const struct field *field, const struct shape *s, struct arena *arena, struct trail *t,
                               struct plan_slot *slot)
{
    struct plan *plan = arena_alloc(arena, sizeof *plan);
    if (plan == NULL)
        return STATUS_NO_MEMORY;
    slot->records = plan;
    return plan_build(field->records, &s->children[0], arena, t, plan);
}

static enum status build_slot(const struct field *field, const struct shape *writer, struct arena *arena, struct trail *t,
                              struct plan_slot *slot)
{
    slot->index = find_name((const char *const *)writer->names, writer->count, field->name);
    slot->null_branch = PLAN_NONE;
    if (slot->index == PLAN_NONE && field->need == FIELD_REQUIRED)
        return trail_fail(t, STATUS_BAD_MESSAGE, "the schema does not have this field, which is required");
    if (slot->index == PLAN_NONE)
        return STATUS_OK;
    const struct shape *s = strip_null(&writer->children[slot->index], &slot->null_branch);
    slot->shape = s;
    slot->wire = s->kind == SHAPE_ARRAY || s->kind == SHAPE_MAP ? s->children[0].kind : s->kind;
    if (!kind_fits(field->kind, s))
        return trail_fail(t, STATUS_BAD_MESSAGE, "the schema's type %s cannot be read here", shape_kind_name(s->kind));
    if (field->symbols != NULL)
        return map_symbols(field, s, arena, slot);
    if (field->kind == FIELD_BODY)
        return map_bodies(field, s, arena, t, slot);
    if (field->kind == FIELD_RECORDS)
        return map_records(field, s, arena, t, slot);
    return STATUS_OK;
}

enum status plan_build(const struct record_table *table, const struct shape *writer, struct arena *arena, struct trail *t, struct plan *out)
{
    struct plan_slot *slots = arena_array(arena, table->field_count, sizeof *slots);
    if (slots == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < table->field_count; i++) {
        trail_enter(t, table->fields[i].name, 0);
        enum status status = build_slot(&table->fields[i], writer, arena, t, &slots[i]);
        if (status != STATUS_OK)
            return status;
        trail_leave(t);
    }
    *out = (struct plan){table, slots};
    return STATUS_OK;
}

static enum shape_kind own_wire(enum field_kind kind)
{
    switch (kind) {
    case FIELD_BOOL:
        return SHAPE_BOOLEAN;
    case FIELD_INT:
    case FIELD_DATE:
        return SHAPE_INT;
    case FIELD_LONG:
    case FIELD_INSTANT:
        return SHAPE_LONG;
    case FIELD_DOUBLE:
    case FIELD_MILLIONTHS:
    case FIELD_NUMBERS:
    case FIELD_MAP:
        return SHAPE_DOUBLE;
    case FIELD_ENUM:
    case FIELD_CHOICE:
        return SHAPE_ENUM;
    case FIELD_RECORDS:
        return SHAPE_RECORD;
    case FIELD_BODY:
        return SHAPE_UNION;
    case FIELD_TEXT:
    case FIELD_TEXTS:
    case FIELD_IGNORED:
        break;
    }
    return SHAPE_STRING;
}

static bool slot_is_own(const struct field *field, const struct plan_slot *slot)
{
    if (slot->null_branch != (field->need == FIELD_NULLABLE ? 0 : PLAN_NONE) || slot->wire != own_wire(field->kind))
        return false;
    size_t ours = field->kind == FIELD_BODY ? field->record_count : field->symbols != NULL ? field->symbols->count : 0;
    if (slot->known != NULL && slot->shape->count != ours)
        return false;
    for (size_t i = 0; slot->known != NULL && i < ours; i++)
        if (slot->known[i] != (int)i)
            return false;
    if (field->kind == FIELD_RECORDS)
        return plan_is_own(slot->records, &slot->shape->children[0]);
    for (size_t i = 0; field->kind == FIELD_BODY && i < ours; i++)
        if (!plan_is_own(&slot->records[i], &slot->shape->children[i]))
            return false;
    return true;
}

bool plan_is_own(const struct plan *plan, const struct shape *writer)
{
    if (writer->count != plan->table->field_count || strcmp(writer->name, plan->table->name) != 0)
        return false;
    for (size_t i = 0; i < writer->count; i++)
        if (plan->slots[i].index != (int)i || !slot_is_own(&plan->table->fields[i], &plan->slots[i]))
            return false;
    return true;
}
