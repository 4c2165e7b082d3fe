#include "codec/read.h"

#include <string.h>

/* What every reader of one record needs. */
struct target {
    struct arena *arena;
    struct trail *trail;
    char *base; /* our struct */
};

static enum status broken(struct target *to)
{
    return trail_fail(to->trail, STATUS_BAD_MESSAGE, "Avro could not read it");
}

int64_t read_millionths(double units)
{
    double scaled = units * (double)MILLIONTHS;
    double size = scaled < 0 ? -scaled : scaled;
    int64_t whole = (int64_t)size;
    if (size - (double)whole >= 0.5)
        whole++;
    return scaled < 0 ? -whole : whole;
}

static enum status check_text(struct target *to, const struct field *field, struct text text)
{
    size_t limit = field->limit > 0 ? field->limit : MESSAGE_ID_BYTES_MAX;
    if (text.size > limit)
        return trail_fail(to->trail, STATUS_BAD_TEXT, "%zu bytes, at most %zu are allowed", text.size, limit);
    if (field->not_empty && text.size == 0)
        return trail_fail(to->trail, STATUS_BAD_TEXT, "is empty");
    return STATUS_OK;
}

static enum status read_text(struct target *to, const struct field *field, const avro_value_t *value, struct text *out)
{
    const char *data = NULL;
    size_t size = 0; /* with the NUL */
    if (avro_value_get_string(value, &data, &size) != 0 || size == 0)
        return broken(to);
    struct text text = {data, size - 1};
    enum status status = check_text(to, field, text);
    if (status != STATUS_OK)
        return status;
    *out = arena_text(to->arena, text);
    return out->data != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

static const char *const units_of[FIELD_IGNORED + 1] = {
    [FIELD_INT] = "",
    [FIELD_LONG] = "",
    [FIELD_DATE] = " days since 1970-01-01",
    [FIELD_INSTANT] = " milliseconds since 1970-01-01",
};

static enum status read_integer(struct target *to, const struct field *field, enum shape_kind wire, const avro_value_t *value, int64_t *out)
{
    int32_t narrow = 0;
    int64_t wide = 0;
    int failed = wire == SHAPE_INT ? avro_value_get_int(value, &narrow) : avro_value_get_long(value, &wide);
    if (failed != 0)
        return broken(to);
    if (wire == SHAPE_INT)
        wide = narrow;
    if (field->has_range && ((double)wide < field->lowest || (double)wide > field->highest))
        return trail_fail(to->trail, STATUS_OUT_OF_RANGE, "%lld is outside %.0f .. %.0f%s", (long long)wide, field->lowest, field->highest,
                          units_of[field->kind]);
    *out = wide;
    return STATUS_OK;
}

static enum status read_number(struct target *to, const struct field *field, enum shape_kind wire, const avro_value_t *value, double *out)
{
    int32_t narrow = 0;
    int64_t wide = 0;
    float single = 0;
    double number = 0;
    int failed = wire == SHAPE_DOUBLE  ? avro_value_get_double(value, &number)
                 : wire == SHAPE_FLOAT ? avro_value_get_float(value, &single)
                 : wire == SHAPE_INT   ? avro_value_get_int(value, &narrow)
                                       : avro_value_get_long(value, &wide);
    if (failed != 0)
        return broken(to);
    if (wire != SHAPE_DOUBLE)
        number = wire == SHAPE_FLOAT ? (double)single : wire == SHAPE_INT ? (double)narrow : (double)wide;
    if (field->has_range && !(number >= field->lowest && number <= field->highest))
        return trail_fail(to->trail, STATUS_OUT_OF_RANGE, "%.17g is outside %.10g .. %.10g", number, field->lowest, field->highest);
    *out = number;
    return STATUS_OK;
}

static void put(struct target *to, const struct field *field, const void *value, size_t size)
{
    memcpy(to->base + field->at, value, size);
}

static enum status put_text(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    struct text text;
    (void)slot;
    enum status status = read_text(to, field, value, &text);
    if (status == STATUS_OK)
        put(to, field, &text, sizeof text);
    return status;
}

static enum status put_bool(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    int flag = 0;
    (void)slot;
    if (avro_value_get_boolean(value, &flag) != 0)
        return broken(to);
    bool truth = flag != 0;
    put(to, field, &truth, sizeof truth);
    return STATUS_OK;
}

static enum status put_integer(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    int64_t wide = 0;
    enum status status = read_integer(to, field, slot->wire, value, &wide);
    if (status != STATUS_OK)
        return status;
    int32_t narrow = (int32_t)wide; /* the plan lets only ints into an INT or DATE */
    if (field->kind == FIELD_INT || field->kind == FIELD_DATE)
        put(to, field, &narrow, sizeof narrow);
    else
        put(to, field, &wide, sizeof wide);
    return STATUS_OK;
}

static enum status put_number(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    double number = 0;
    enum status status = read_number(to, field, slot->wire, value, &number);
    if (status != STATUS_OK)
        return status;
    if (field->kind == FIELD_MILLIONTHS) {
        int64_t millionths = read_millionths(number);
        put(to, field, &millionths, sizeof millionths);
    } else {
        put(to, field, &number, sizeof number);
    }
    return STATUS_OK;
}

static enum status put_symbol(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    int wire = 0;
    if (avro_value_get_enum(value, &wire) != 0 || wire < 0 || (size_t)wire >= slot->shape->count)
        return broken(to);
    if (slot->known[wire] == PLAN_NONE)
        return trail_fail(to->trail, STATUS_NOT_FOUND, "this version does not know the symbol %s", slot->shape->names[wire]);
    unsigned symbol = (unsigned)slot->known[wire];
    bool truth = symbol == 0;
    if (field->kind == FIELD_CHOICE)
        put(to, field, &truth, sizeof truth);
    else
        put(to, field, &symbol, sizeof symbol);
    return STATUS_OK;
}

/* Allocates the array beside its count; *out_items is NULL when it is empty. */
static enum status start_array(struct target *to, const struct field *field, const avro_value_t *value, size_t item_size, char **out_items,
                               size_t *out_count)
{
    size_t count = 0;
    if (avro_value_get_size(value, &count) != 0)
        return broken(to);
    if (field->items > 0 && count > field->items)
        return trail_fail(to->trail, STATUS_OUT_OF_RANGE, "%zu items, at most %zu are allowed", count, field->items);
    *out_items = count > 0 ? arena_array(to->arena, count, item_size) : NULL;
    *out_count = count;
    return count > 0 && *out_items == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static void finish_array(struct target *to, const struct field *field, const void *items, size_t count)
{
    memcpy(to->base + field->at, &items, sizeof items);
    memcpy(to->base + field->count_at, &count, sizeof count);
}

static enum status read_map_entry(struct target *to, const struct field *field, const struct plan_slot *slot, const char *name,
                                  const avro_value_t *value, struct named_value *out)
{
    struct text text = text_of(name);
    enum status status = check_text(to, field, text);
    if (status == STATUS_OK && text.size == 0)
        status = trail_fail(to->trail, STATUS_BAD_TEXT, "a name is empty");
    if (status != STATUS_OK)
        return status;
    out->name = arena_text(to->arena, text);
    if (out->name.data == NULL)
        return STATUS_NO_MEMORY;
    trail_enter(to->trail, out->name.data, 0);
    status = read_number(to, field, slot->wire, value, &out->value);
    trail_leave(to->trail);
    return status;
}

static enum status read_item(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *array,
                             size_t index, void *out)
{
    avro_value_t item;
    const char *name = NULL;
    if (avro_value_get_by_index(array, index, &item, &name) != 0)
        return broken(to);
    if (field->kind == FIELD_MAP)
        return read_map_entry(to, field, slot, name, &item, out);
    trail_enter(to->trail, NULL, index);
    enum status status = field->kind == FIELD_TEXTS     ? read_text(to, field, &item, out)
                         : field->kind == FIELD_NUMBERS ? read_number(to, field, slot->wire, &item, out)
                                                        : read_record(slot->records, &item, to->arena, to->trail, out);
    if (status == STATUS_OK)
        trail_leave(to->trail);
    return status;
}

static enum status put_array(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    size_t size = field_item_size(field), count = 0;
    char *items = NULL;
    enum status status = start_array(to, field, value, size, &items, &count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        status = read_item(to, field, slot, value, i, items + i * size);
    if (status == STATUS_OK)
        finish_array(to, field, items, count);
    return status;
}

static enum status put_body(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    int branch = 0;
    avro_value_t body;
    if (avro_value_get_discriminant(value, &branch) != 0 || branch < 0 || (size_t)branch >= slot->shape->count ||
        avro_value_get_current_branch(value, &body) != 0)
        return broken(to);
    const char *name = slot->shape->children[branch].name;
    if (slot->known[branch] == PLAN_NONE)
        return trail_fail(to->trail, STATUS_NOT_FOUND, "this version does not know the body %s", name);
    unsigned kind = (unsigned)slot->known[branch];
    memcpy(to->base + field->at, &kind, sizeof kind);
    trail_enter(to->trail, name, 0);
    enum status status = read_record(&slot->records[branch], &body, to->arena, to->trail, to->base + field->body_at);
    if (status == STATUS_OK)
        trail_leave(to->trail);
    return status;
}

static enum status put_nothing(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value)
{
    (void)to, (void)field, (void)slot, (void)value;
    return STATUS_OK;
}

typedef enum status (*value_reader)(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *value);
static const value_reader readers[] = {
    [FIELD_TEXT] = put_text,    [FIELD_BOOL] = put_bool,       [FIELD_INT] = put_integer,   [FIELD_LONG] = put_integer,
    [FIELD_DATE] = put_integer, [FIELD_INSTANT] = put_integer, [FIELD_DOUBLE] = put_number, [FIELD_MILLIONTHS] = put_number,
    [FIELD_ENUM] = put_symbol,  [FIELD_CHOICE] = put_symbol,   [FIELD_TEXTS] = put_array,   [FIELD_NUMBERS] = put_array,
    [FIELD_MAP] = put_array,    [FIELD_RECORDS] = put_array,   [FIELD_BODY] = put_body,     [FIELD_IGNORED] = put_nothing,
};

/* The struct is zeroed: only numbers whose absence is not 0 need a value. */
static enum status read_absent(struct target *to, const struct field *field)
{
    if (field->need == FIELD_REQUIRED)
        return trail_fail(to->trail, STATUS_BAD_MESSAGE, "is null, but required");
    if (field->kind == FIELD_DOUBLE && !field->has_flag)
        memcpy(to->base + field->at, &field->absent, sizeof field->absent);
    return STATUS_OK;
}

static enum status read_field(struct target *to, const struct field *field, const struct plan_slot *slot, const avro_value_t *record)
{
    avro_value_t value, branch;
    int chosen = PLAN_NONE;
    if (slot->index == PLAN_NONE)
        return read_absent(to, field);
    if (avro_value_get_by_index(record, (size_t)slot->index, &value, NULL) != 0)
        return broken(to);
    if (slot->null_branch != PLAN_NONE) {
        if (avro_value_get_discriminant(&value, &chosen) != 0)
            return broken(to);
        if (chosen == slot->null_branch)
            return read_absent(to, field);
        if (avro_value_get_current_branch(&value, &branch) != 0)
            return broken(to);
        value = branch;
    }
    enum status status = readers[field->kind](to, field, slot, &value);
    if (status == STATUS_OK && field->has_flag)
        to->base[field->flag_at] = true;
    return status;
}

enum status read_record(const struct plan *plan, const avro_value_t *value, struct arena *arena, struct trail *t, void *out)
{
    struct target to = {arena, t, out};
    for (size_t i = 0; i < plan->table->field_count; i++) {
        const struct field *field = &plan->table->fields[i];
        trail_enter(t, field->name, 0);
        enum status status = read_field(&to, field, &plan->slots[i], value);
        if (status != STATUS_OK)
            return status;
        trail_leave(t);
    }
    return STATUS_OK;
}
