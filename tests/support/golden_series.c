#include "support/golden_series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/shared.h"
#include "support/table_file.h"

void golden_series_read(const char *name, const char *transform, struct golden_series *out)
{
    struct table_file file;
    table_file_read(&file, source_path("tests/golden/arima/series.csv"));
    out->n = 0;
    for (size_t row = 0; row < file.rows; row++) {
        if (strcmp(table_file_text(&file, row, 0), name) != 0)
            continue;
        const double v = table_file_number(&file, row, 2);
        assert_true(out->n < GOLDEN_SERIES_MAX);
        out->y[out->n++] = !strcmp(transform, "log") ? log(v) : !strcmp(transform, "log10") ? log10(v) : v;
    }
    table_file_done(&file);
    if (out->n == 0)
        fail_msg("there is no series %s", name);
}

size_t golden_list(const char *text, double *out, size_t most)
{
    size_t n = 0;
    for (const char *at = text; *at && n < most;) {
        char *end;
        out[n++] = strtod(at, &end);
        at = *end == ';' ? end + 1 : end;
    }
    return n;
}
