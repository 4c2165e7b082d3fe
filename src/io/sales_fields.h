/* sales_fields.h: one record of a sales file, field by field. Messages read "file:line: column NAME: 'value' why (what to do)".
 * Internal to io/. */
#ifndef STORECAST_IO_SALES_FIELDS_H
#define STORECAST_IO_SALES_FIELDS_H

#include "base/error.h"
#include "io/csv.h"
#include "io/sales_columns.h"
#include "io/sales_csv.h"
#include "io/sales_signs.h"

struct sales_fields {
    const char *file;
    struct sales_columns columns;
    char decimal_sign;         /* 0: every number tells by itself */
    struct sales_signs signs;  /* what the file shows, for messages */
    struct buffer product;     /* scratch: what product texts of several parts are borrowed from */
};

/* The column's field without spaces around it; empty in a blank row and when there is no such column. */
struct text sales_fields_text(const struct sales_fields *f, const struct csv_record *record, enum sales_column column);
bool sales_fields_is_blank(const struct csv_record *record);

/* Everything but the date; texts are borrowed from the record and from f. *out_has_value is false for a row to skip. */
enum status sales_fields_read(struct sales_fields *f, const struct csv_record *record, struct sales_csv_row *out, bool *out_has_value,
                              struct error *err) MUST_CHECK;

enum status sales_fields_bad(const struct sales_fields *f, uint64_t line, const char *column, struct text value, const char *why,
                             struct error *err) MUST_CHECK;

#endif
