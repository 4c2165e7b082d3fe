/* fev_report.h: the scores of protocol fev beside the published ones. Thread: any, one at a time. */
#ifndef STORECAST_APP_FEV_REPORT_H
#define STORECAST_APP_FEV_REPORT_H

#include "app/fev_window.h"
#include "app/report.h"

/* Whether a window is that of the public benchmark's task `walmart`, so that its published scores may stand beside ours. */
bool fev_report_is_public(const struct fev_scores *scores, const struct fev_window *window);

/* As a table, one group of columns per entry of scores; seconds (CPU) of the first. */
void fev_report_table(FILE *out, const struct fev_scores *scores, size_t count, double seconds, bool with_published);
/* As rows model,protocol,level,series,horizon,metric,value,n: wape and wql in percent; the series column says how many partitions. */
void fev_report_rows(FILE *out, enum report_format format, const struct fev_scores *scores, size_t count, const char *level, size_t ahead);

#endif
