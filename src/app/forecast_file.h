/* forecast_file.h: forecasts of many origins as CSV: origin,series,h,model,value.
 *
 * origin is the number of periods known, counted from the first of the whole input; h the step ahead, from 1; value as
 * many digits as give the same number back. Written alike by backtest and demo, so that the files can be compared. */
#ifndef STORECAST_APP_FORECAST_FILE_H
#define STORECAST_APP_FORECAST_FILE_H

#include <stddef.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/error.h"
#include "forecast/member.h"

/* STATUS_IO. Caller closes with forecast_file_close. */
enum status forecast_file_open(const char *path, FILE **out, struct error *err) MUST_CHECK;
void forecast_file_row(FILE *file, size_t origin, struct text series, size_t h, enum member model, double value);
/* STATUS_IO when anything could not be written; the file is closed in any case. */
enum status forecast_file_close(FILE *file, const char *path, struct error *err) MUST_CHECK;

#endif
