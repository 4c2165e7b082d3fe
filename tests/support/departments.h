/* departments.h: weekly sales by store and department from a CSV file (store, department, date, sales in any column order) as the
 * matrix that models take. Series in order of (store, department). Thread: one. */
#ifndef STORECAST_TESTS_SUPPORT_DEPARTMENTS_H
#define STORECAST_TESTS_SUPPORT_DEPARTMENTS_H

#include "base/period.h"

#define DEPARTMENTS_IDS 100 /* stores and departments are numbered below this */

struct departments {
    struct period_grid grid;
    period_t first;
    size_t periods, series;
    double *value;              /* periods x series, NaN = missing */
    size_t *store, *department; /* their numbers */
};

/* columns: names of the four columns, in the order above. Weeks end on Fridays. */
void departments_read(struct departments *d, const char *path, const char *const columns[4], size_t periods, date_t first_week);
/* Keeps the series with a value in the last period and in at least `least` of the first `known`. */
void departments_keep(struct departments *d, size_t known, size_t least);
size_t departments_find(const struct departments *d, size_t store, size_t department);
void departments_done(struct departments *d);

#endif
