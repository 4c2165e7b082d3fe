#include "support/table_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

static char *content_of(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s cannot be opened", path);
    fseek(f, 0, SEEK_END);
    const size_t size = (size_t)ftell(f);
    rewind(f);
    char *content = malloc(size + 1);
    if (!content || fread(content, 1, size, f) != size)
        fail_msg("%s cannot be read", path);
    fclose(f);
    content[size] = '\0';
    return content;
}

void table_file_read(struct table_file *t, const char *path)
{
    size_t lines = 0;
    *t = (struct table_file){.content = content_of(path), .columns = 1};
    for (const char *c = t->content; *c && *c != '\n'; c++)
        t->columns += *c == ',';
    for (const char *c = t->content; *c; c++)
        lines += *c == '\n';
    t->fields = calloc((lines + 1) * t->columns, sizeof *t->fields);
    if (!t->fields)
        fail_msg("%s: out of memory", path);
    size_t n = 0;
    char *rest = t->content;
    for (char *line; (line = strsep(&rest, "\n")) && *line; n += t->columns) {
        line[strcspn(line, "\r")] = '\0';
        for (size_t i = 0; i < t->columns; i++)
            if (!(t->fields[n + i] = strsep(&line, ",")))
                fail_msg("%s:%zu has fewer than %zu fields", path, n / t->columns + 1, t->columns);
    }
    t->rows = n / t->columns - 1;
}

void table_file_done(struct table_file *t)
{
    free(t->fields);
    free(t->content);
}

size_t table_file_column(const struct table_file *t, const char *name)
{
    for (size_t i = 0; i < t->columns; i++)
        if (!strcmp(t->fields[i], name))
            return i;
    fail_msg("there is no column %s", name);
    return 0;
}

const char *table_file_text(const struct table_file *t, size_t row, size_t column)
{
    assert_true(row < t->rows && column < t->columns);
    return t->fields[(row + 1) * t->columns + column];
}

double table_file_number(const struct table_file *t, size_t row, size_t column)
{
    const char *text = table_file_text(t, row, column);
    return *text && strcmp(text, "NA") ? strtod(text, NULL) : (double)NAN;
}

double table_file_value(const struct table_file *t, size_t row, const char *name)
{
    return table_file_number(t, row, table_file_column(t, name));
}
