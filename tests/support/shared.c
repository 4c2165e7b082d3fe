#include "support/shared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Callers often hold two or three paths at once. */
static char *next_slot(size_t *out_size)
{
    static char slots[4][4096];
    static unsigned turn;
    *out_size = sizeof slots[0];
    return slots[turn++ % 4];
}

static const char *join(const char *folder, const char *relative)
{
    size_t size;
    char *slot = next_slot(&size);
    int n = snprintf(slot, size, "%s/%s", folder, relative);
    return n > 0 && (size_t)n < size ? slot : NULL;
}

const char *shared_path(const char *relative)
{
    const char *folder = getenv("STORECAST_SHARED");
    if (folder == NULL || folder[0] == '\0')
        folder = STORECAST_SOURCE_DIR "/../shared";
    const char *path = join(folder, relative);
    return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

const char *shared_path_or_skip(const char *relative)
{
    const char *path = shared_path(relative);
    if (path == NULL) {
        print_message("skipped: %s is not here (set STORECAST_SHARED to the folder of shared data)\n", relative);
        skip();
    }
    return path;
}

const char *source_path(const char *relative)
{
    return join(STORECAST_SOURCE_DIR, relative);
}
