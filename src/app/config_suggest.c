/* config_suggest.c: what an unknown key may have meant. */
#include <string.h>

#include "app/config_inner.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace) that make b of a; both shorter than 64, else a large number. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[64], n = strlen(a), m = strlen(b);
    if (n >= 64 || m >= 64)
        return 64;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = least(least(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

static const char *nearest_key(const char *key)
{
    const char *nearest = NULL;
    size_t best = strlen(key) / 3 + 1; /* farther is no help */
    for (size_t i = 0; i < config_row_count; i++) {
        size_t distance = edit_distance(key, config_rows[i].key);
        if (distance <= best) {
            best = distance - (distance > 0);
            nearest = config_rows[i].key;
        }
    }
    return nearest;
}

enum status config_unknown_key(const char *key, struct error *err)
{
    const char *nearest = nearest_key(key);
    if (nearest != NULL)
        return error_set(err, STATUS_BAD_CONFIG, "%s: there is no such option (did you mean %s?)", key, nearest);
    return error_set(err, STATUS_BAD_CONFIG, "%s: there is no such option (storecast worker --print-config lists them)", key);
}
