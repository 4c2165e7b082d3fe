#include "support/departments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"
#include "support/table_file.h"

#define CELLS (DEPARTMENTS_IDS * DEPARTMENTS_IDS)

static void fill(struct departments *d, const struct table_file *t, const char *const columns[4], const size_t *column_of)
{
    size_t at[4];
    for (size_t k = 0; k < 4; k++)
        at[k] = table_file_column(t, columns[k]);
    for (size_t row = 0; row < t->rows; row++) {
        int year, month, day;
        assert_int_equal(sscanf(table_file_text(t, row, at[2]), "%d-%d-%d", &year, &month, &day), 3);
        const size_t week = (size_t)(period_of(&d->grid, date_of(year, month, day)) - d->first);
        const size_t id = (size_t)table_file_number(t, row, at[0]) * DEPARTMENTS_IDS + (size_t)table_file_number(t, row, at[1]);
        if (week < d->periods)
            d->value[week * d->series + column_of[id]] = table_file_number(t, row, at[3]);
    }
}

void departments_read(struct departments *d, const char *path, const char *const columns[4], size_t periods, date_t first_week)
{
    struct table_file t;
    table_file_read(&t, path);
    size_t *column_of = calloc(CELLS, sizeof *column_of), store = table_file_column(&t, columns[0]),
           department = table_file_column(&t, columns[1]);
    assert_non_null(column_of);
    *d = (struct departments){.grid = {PERIOD_WEEK, FRIDAY}, .periods = periods};
    d->first = period_of(&d->grid, first_week);
    for (size_t row = 0; row < t.rows; row++) {
        const double a = table_file_number(&t, row, store), b = table_file_number(&t, row, department);
        assert_true(a >= 0 && a < DEPARTMENTS_IDS && b >= 0 && b < DEPARTMENTS_IDS);
        column_of[(size_t)a * DEPARTMENTS_IDS + (size_t)b] = 1;
    }
    d->store = calloc(CELLS, sizeof *d->store);
    d->department = calloc(CELLS, sizeof *d->department);
    assert_true(d->store && d->department);
    for (size_t id = 0; id < CELLS; id++)
        if (column_of[id]) {
            d->store[d->series] = id / DEPARTMENTS_IDS;
            d->department[d->series] = id % DEPARTMENTS_IDS;
            column_of[id] = d->series++;
        }
    d->value = malloc(periods * d->series * sizeof *d->value);
    assert_non_null(d->value);
    for (size_t i = 0; i < periods * d->series; i++)
        d->value[i] = NAN;
    fill(d, &t, columns, column_of);
    free(column_of);
    table_file_done(&t);
}

static bool is_kept(const struct departments *d, size_t s, size_t known, size_t least)
{
    size_t n = 0;
    for (size_t t = 0; t < known; t++)
        n += !isnan(d->value[t * d->series + s]);
    return n >= least && !isnan(d->value[(d->periods - 1) * d->series + s]);
}

void departments_keep(struct departments *d, size_t known, size_t least)
{
    size_t *column = calloc(d->series + 1, sizeof *column), kept = 0;
    assert_non_null(column);
    for (size_t s = 0; s < d->series; s++)
        if (is_kept(d, s, known, least))
            column[kept++] = s;
    for (size_t k = 0; k < kept; k++) {
        d->store[k] = d->store[column[k]];
        d->department[k] = d->department[column[k]];
    }
    for (size_t t = 0; t < d->periods; t++)
        for (size_t k = 0; k < kept; k++)
            d->value[t * kept + k] = d->value[t * d->series + column[k]]; /* never behind what is still to be read */
    d->series = kept;
    free(column);
}

size_t departments_find(const struct departments *d, size_t store, size_t department)
{
    for (size_t s = 0; s < d->series; s++)
        if (d->store[s] == store && d->department[s] == department)
            return s;
    fail_msg("no series %zu/%zu", store, department);
    return 0;
}

void departments_done(struct departments *d)
{
    free(d->value);
    free(d->store);
    free(d->department);
    *d = (struct departments){0};
}
