/* csv.h: records of a CSV file as fields, streaming (RFC 4180, and what people really send).
 *
 * Lines may end in LF, CRLF or CR alone; the last one need not end. Fields may be quoted, with "" for a quote and line
 * ends inside. A UTF-8 byte order mark and empty lines are skipped. The separator is a comma, unless the first line
 * has none but has semicolons or tabs. A record is at most 1 MiB and 1,000 fields. Thread: any, one at a time. */
#ifndef STORECAST_IO_CSV_H
#define STORECAST_IO_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define CSV_RECORD_BYTES_MAX (1u << 20)
#define CSV_FIELDS_MAX 1000u

struct csv_record { /* borrowed until the next csv_next */
    uint64_t line;  /* where it starts, from 1 */
    const struct text *fields; /* never absent; may be empty */
    size_t count;
};

struct csv;
/* Files, pipes and "-" as in input.h. Caller frees. */
enum status csv_open(const char *path, struct csv **out, struct error *err) MUST_CHECK;
/* Reads from memory, which must outlive it; name stands for the file in messages. */
enum status csv_open_bytes(struct bytes data, const char *name, struct csv **out, struct error *err) MUST_CHECK;
void csv_free(struct csv *c);

/* STATUS_NOT_FOUND at the end. STATUS_BAD_DATA: err says "file:line: field N: why". */
enum status csv_next(struct csv *c, struct csv_record *out, struct error *err) MUST_CHECK;
/* Starts again at the first record. */
enum status csv_rewind(struct csv *c, struct error *err) MUST_CHECK;

const char *csv_name(const struct csv *c);
char csv_separator(const struct csv *c); /* known after the first record */

#endif
