#include "app/forecast_file.h"

#include <errno.h>
#include <string.h>

#include "app/report.h"

enum status forecast_file_open(const char *path, FILE **out, struct error *err)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return error_set(err, STATUS_IO, "%s: %s (name a file that can be written)", path, strerror(errno));
    fputs("origin,series,h,model,value\n", file);
    *out = file;
    return STATUS_OK;
}

void forecast_file_row(FILE *file, size_t origin, struct text series, size_t h, enum member model, double value)
{
    fprintf(file, "%zu,", origin);
    report_csv_text(file, series);
    fprintf(file, ",%zu,%s,%.17g\n", h, member_table[model].name, value);
}

enum status forecast_file_close(FILE *file, const char *path, struct error *err)
{
    const bool failed = ferror(file) != 0, unclosed = fclose(file) != 0;
    return failed || unclosed ? error_set(err, STATUS_IO, "%s: writing failed (is the disk full?)", path) : STATUS_OK;
}
