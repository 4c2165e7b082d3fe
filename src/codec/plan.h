/* plan.h: where a record's fields are in one writer's schema, found by name, once per schema.
 *
 * Avro's own resolution refuses a reader field that the writer lacks, even with a default, and enums with symbols the
 * reader does not have. Here unknown fields are ignored, missing optional ones get their defaults, and unknown
 * symbols and bodies are refused only in the messages that use them. Thread: any; a plan is constant. */
#ifndef STORECAST_CODEC_PLAN_H
#define STORECAST_CODEC_PLAN_H

#include "codec/field.h"
#include "codec/shape.h"

enum { PLAN_NONE = -1 };

struct plan_slot {
    int index;                  /* of the writer's field; PLAN_NONE = it does not have it */
    int null_branch;            /* of its union; PLAN_NONE = it cannot be null */
    enum shape_kind wire;       /* of the value, or of the items of an array or map */
    const struct shape *shape;  /* of the value: symbols and branches by their names */
    const int *known;           /* ENUM, CHOICE, BODY: ours for each symbol or branch of the writer, or PLAN_NONE */
    const struct plan *records; /* RECORDS: one; BODY: one for each branch of the writer that we know */
};

struct plan {
    const struct record_table *table;
    const struct plan_slot *slots; /* one per field of the table */
};

/* Fails with STATUS_BAD_MESSAGE and the reason in t->why when a required field is missing or a type cannot be read. */
enum status plan_build(const struct record_table *table, const struct shape *writer, struct arena *arena, struct trail *t,
                       struct plan *out) MUST_CHECK;

/* True when the writer's schema is exactly what write.h writes by the table: same order, same types. */
bool plan_is_own(const struct plan *plan, const struct shape *writer);

#endif
