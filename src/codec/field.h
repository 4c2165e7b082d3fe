/* field.h: one table per record: which Avro field goes where in our struct. From it come the plan that finds the fields
 * in a writer's schema (plan.h), reading (read.h), writing (write.h) and JSON (json.h).
 *
 * Rows are in the order of schemas/NAME.avsc; codec_new asserts that they agree. Thread: any; tables are constant. */
#ifndef STORECAST_CODEC_FIELD_H
#define STORECAST_CODEC_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "codec/codec.h"

enum field_kind {                   /* in our struct                               in Avro */
                  FIELD_TEXT,       /* struct text                                 string */
                  FIELD_BOOL,       /* bool                                        boolean */
                  FIELD_INT,        /* int32_t                                     int */
                  FIELD_LONG,       /* int64_t                                     int, long */
                  FIELD_DATE,       /* date_t                                      int: days since 1970-01-01 */
                  FIELD_INSTANT,    /* int64_t, milliseconds                       int, long */
                  FIELD_DOUBLE,     /* double                                      any number */
                  FIELD_MILLIONTHS, /* int64_t                                     any number, in units */
                  FIELD_ENUM,       /* an enum counted from 0                      enum, by symbol */
                  FIELD_CHOICE,     /* bool, true = the first of two symbols       enum, by symbol */
                  FIELD_TEXTS,      /* const struct text *, size_t                 array of string */
                  FIELD_NUMBERS,    /* const double *, size_t                      array of any number */
                  FIELD_MAP,        /* const struct named_value *, size_t          map of any number */
                  FIELD_RECORDS,    /* const <struct> *, size_t                    array of record */
                  FIELD_BODY,       /* enum body_kind and the union beside it      union of records, by name */
                  FIELD_IGNORED,    /* nothing                                     [null, string]; written as null */
};

enum field_need {
    FIELD_REQUIRED,  /* every writer has it; never null */
    FIELD_DEFAULTED, /* never null in our schema; zero, false or empty when a writer does not have it */
    FIELD_NULLABLE,  /* [null, T] in our schema. Null is an absent text, has_ = false, or `absent` where there is no has_ */
};

struct symbols {
    const char *const *names;
    size_t count;
};

struct record_table;

struct field {
    const char *name; /* Avro's */
    enum field_kind kind;
    enum field_need need;
    bool has_flag;  /* there is a bool at flag_at that says whether it is present */
    bool not_empty; /* texts */
    size_t at;      /* offset of the value, the pointer, or the enum body_kind */
    size_t flag_at;
    size_t count_at; /* of the size_t beside a pointer */
    size_t body_at;  /* of the union beside an enum body_kind */
    size_t limit;    /* TEXT, TEXTS, MAP: bytes of a text or name, 0 = MESSAGE_ID_BYTES_MAX; SIZE_MAX = none */
    size_t items;    /* the most items of an array; 0 = no limit of its own */
    double absent;   /* what a nullable number without a flag is read as (1 for ratios, NaN for unknown) */
    bool has_range;
    double lowest, highest;             /* inclusive; numbers, also of MAP and NUMBERS (dates and instants: days, ms) */
    const struct symbols *symbols;      /* ENUM, CHOICE */
    const struct record_table *records; /* RECORDS: one table; BODY: one per body_kind, in its order */
    size_t record_count;
};

struct record_table {
    const char *name; /* Avro's, without the namespace */
    size_t size;      /* of our struct */
    const struct field *fields;
    size_t field_count;
};

/* Bytes of one item of a TEXTS, NUMBERS, MAP or RECORDS. */
static inline size_t field_item_size(const struct field *field)
{
    return field->kind == FIELD_TEXTS     ? sizeof(struct text)
           : field->kind == FIELD_NUMBERS ? sizeof(double)
           : field->kind == FIELD_MAP     ? sizeof(struct named_value)
                                          : field->records->size;
}

/* The tables of the six records, each in the file of its name. */
extern const struct record_table sales_update_table, forecast_request_table, forecast_result_table, period_closed_table, drift_alert_table,
    model_event_table;
const struct record_table *record_table_of(enum codec_record record);

/* Rows. S is the struct, m the member that also names the field; more designated initialisers may follow. */
#define FIELD_ROW(S, m, kind_, need_)  .name = #m, .kind = (kind_), .need = (need_), .at = offsetof(struct S, m)
#define FIELD_FLAGGED(S, m)            .has_flag = true, .flag_at = offsetof(struct S, m)
#define FIELD_COUNTED(S, m)            .count_at = offsetof(struct S, m)
#define FIELD_RANGE(lowest_, highest_) .has_range = true, .lowest = (lowest_), .highest = (highest_)

#define FIELD_RANGE_DATE    FIELD_RANGE(-719162, 2932896) /* 0001-01-01 .. 9999-12-31 */
#define FIELD_RANGE_INSTANT FIELD_RANGE(-62135596800000.0, 253402300799999.0)
#define FIELD_RANGE_NUMBER  FIELD_RANGE(-1e12, 1e12)
#define FIELD_RANGE_RATIO   FIELD_RANGE(1e-6, 1e6)

#endif
