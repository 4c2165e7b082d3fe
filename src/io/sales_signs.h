/* sales_signs.h: whether a file writes decimal points or decimal commas.
 *
 * Where commas separate fields, the point is the decimal sign. Else the whole file decides: 1,5 and 1.643,90 show a comma,
 * 1.5 and 1,643.90 a point, 1.234 and 1,234 could be either. Thread: any, one at a time. */
#ifndef STORECAST_IO_SALES_SIGNS_H
#define STORECAST_IO_SALES_SIGNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum sales_sign { SIGN_NONE, SIGN_POINT, SIGN_COMMA, SIGN_EITHER };
/* What one number shows. */
enum sales_sign sales_signs_of(struct text number);

/* What was seen of one file: the first line of each; 0 = none. Zero-initialised. */
struct sales_signs {
    uint64_t point_line, comma_line, either_line;
};
void sales_signs_see(struct sales_signs *s, struct text number, uint64_t line);

/* '.' or ','; 0 when the file shows both and every number has to tell by itself. False: a number of either_line cannot be read. */
bool sales_signs_decide(const struct sales_signs *s, char *out);

#endif
