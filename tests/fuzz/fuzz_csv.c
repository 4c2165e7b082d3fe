/* Any bytes as a file of sales: read to the end or refused with a sentence, never a crash. */
#include <stdlib.h>

#include "io/sales_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sales_csv *csv;
    struct sales_csv_row row;
    struct error err = {0};
    enum status status = sales_csv_open_bytes((struct bytes){data, size}, "fuzz", NULL, &csv, &err);
    if (status != STATUS_OK) {
        if (err.text[0] == '\0')
            abort(); /* refused without saying why */
        return 0;
    }
    uint64_t rows = 0;
    while (sales_csv_next(csv, &row, &err) == STATUS_OK) {
        rows++;
        if ((!row.has_amount && !row.has_quantity) || row.store.size == 0 || row.date < sales_csv_summary(csv)->first_date)
            abort();
    }
    if (rows != sales_csv_summary(csv)->rows)
        abort(); /* the passes disagree */
    sales_csv_free(csv);
    return 0;
}
