#include "app/broker_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status file_error(struct error *err, const char *path, const char *what)
{
    return error_set(err, STATUS_IO, "%s: %s: %s", path, what, strerror(errno));
}

enum status broker_file_write(const char *state_dir, const char *address, struct error *err)
{
    char path[PATH_MAX], fresh[PATH_MAX + 16];
    if (mkdir(state_dir, 0755) != 0 && errno != EEXIST)
        return file_error(err, state_dir, "cannot make the directory");
    snprintf(path, sizeof path, "%s/broker", state_dir);
    snprintf(fresh, sizeof fresh, "%s.%ld", path, (long)getpid());
    FILE *f = fopen(fresh, "we");
    if (!f)
        return file_error(err, fresh, "cannot write");
    int printed = fprintf(f, "%s\n", address);
    int closed = fclose(f);
    if (printed < 0 || closed != 0 || rename(fresh, path) != 0) {
        enum status status = file_error(err, path, "cannot write");
        unlink(fresh);
        return status;
    }
    return STATUS_OK;
}

enum status broker_file_read(const char *state_dir, char out[BROKER_ADDRESS_BYTES], struct error *err)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/broker", state_dir);
    FILE *f = fopen(path, "re");
    char line[BROKER_ADDRESS_BYTES] = "";
    if (f) {
        if (!fgets(line, sizeof line, f))
            line[0] = '\0';
        fclose(f);
        line[strcspn(line, "\r\n")] = '\0';
    }
    if (!line[0])
        return error_set(err, STATUS_NOT_FOUND,
                         "%s: no broker has left its address there (start one with `storecast broker --state-dir %s`, or name its address)",
                         path, state_dir);
    memcpy(out, line, sizeof line);
    return STATUS_OK;
}

void broker_file_remove(const char *state_dir, const char *address)
{
    char path[PATH_MAX], present[BROKER_ADDRESS_BYTES];
    struct error ignored;
    if (broker_file_read(state_dir, present, &ignored) != STATUS_OK || strcmp(present, address) != 0)
        return;
    snprintf(path, sizeof path, "%s/broker", state_dir);
    unlink(path);
}
