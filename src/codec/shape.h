/* shape.h: a writer's schema as a tree that can be walked without Avro, and the list of what is allowed in it.
 *
 * avro-c crashes on some schemas (a record inside itself, a fixed of negative size), loops on others (arrays of
 * nothing), and checks little while it reads. So only these are let in: a record of primitives, enums, [null, one of
 * these], arrays of text, numbers or records, maps of numbers, and unions of records; at most SHAPE_RECORD_DEPTH_MAX
 * records inside each other; no recursion, no fixed, no item of zero width, unique field names.
 * Thread: any. */
#ifndef STORECAST_CODEC_SHAPE_H
#define STORECAST_CODEC_SHAPE_H

#include <avro.h>

#include "base/bytes.h"
#include "codec/trail.h"

enum {
    SHAPE_RECORD_DEPTH_MAX = 4,
    SHAPE_NODES_MAX = 4096, /* named types may be used again and again: the tree has a copy for each use */
};

enum shape_kind {
    SHAPE_NULL,
    SHAPE_BOOLEAN,
    SHAPE_INT,
    SHAPE_LONG,
    SHAPE_FLOAT,
    SHAPE_DOUBLE,
    SHAPE_BYTES,
    SHAPE_STRING,
    SHAPE_ENUM,
    SHAPE_ARRAY,
    SHAPE_MAP,
    SHAPE_RECORD,
    SHAPE_UNION
};

struct shape {
    enum shape_kind kind;
    const char *name;       /* of the record or enum; else the kind's */
    size_t count;           /* fields of a record, branches of a union, symbols of an enum, 1 for arrays and maps */
    struct shape *children; /* fields, branches, or the one item; none of an enum */
    const char **names;     /* of fields or symbols */
    size_t nodes;           /* itself and all below */
};

/* Checks a schema and copies its shape into the arena; names are the schema's own and live as long as it does.
 * STATUS_BAD_MESSAGE with a sentence in t->why when it is not on the list. */
enum status shape_read(avro_schema_t schema, struct arena *arena, struct trail *t, struct shape *out) MUST_CHECK;

bool shape_is_number(const struct shape *s); /* int, long, float or double */
const char *shape_kind_name(enum shape_kind kind);

#endif
