/* table_file.h: a CSV file of reference values in memory: a header line, commas, no quotes.
 * Anything wrong with the file fails the running test. Thread: one. */
#ifndef STORECAST_TESTS_SUPPORT_TABLE_FILE_H
#define STORECAST_TESTS_SUPPORT_TABLE_FILE_H

#include <stddef.h>

struct table_file {
    char *content;
    char **fields; /* the header, then the rows */
    size_t columns, rows;
};

void table_file_read(struct table_file *t, const char *path);
void table_file_done(struct table_file *t);
size_t table_file_column(const struct table_file *t, const char *name);
const char *table_file_text(const struct table_file *t, size_t row, size_t column);
double table_file_number(const struct table_file *t, size_t row, size_t column); /* empty and NA: NaN */
double table_file_value(const struct table_file *t, size_t row, const char *name);

#endif
