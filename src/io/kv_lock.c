#include "io/kv_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void read_owner(int fd, char *out, size_t size)
{
    ssize_t n = pread(fd, out, size - 1, 0);
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static enum status lock(const char *directory, int fd, struct error *err)
{
    /* Of the open file description, not of the process: a second kv_open in this process is refused too. */
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
        return STATUS_OK;
    if (errno != EAGAIN && errno != EACCES)
        return error_set(err, STATUS_IO, "state directory %s: cannot lock it: %s", directory, strerror(errno));
    char owner[32];
    read_owner(fd, owner, sizeof owner);
    return error_set(err, STATUS_IN_USE, "state directory %s: process %s uses it (stop that one, or choose another with --state-dir)",
                     directory, owner[0] ? owner : "(starting)");
}

static enum status write_owner(const char *directory, int fd, struct error *err)
{
    char pid[32];
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)n, 0) != n)
        return error_set(err, STATUS_IO, "state directory %s: cannot write its lock file: %s", directory, strerror(errno));
    return STATUS_OK;
}

enum status kv_lock_take(const char *directory, int *out_fd, struct error *err)
{
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/lock", directory);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return error_set(err, STATUS_IO, "state directory %s: cannot open its lock file: %s", directory, strerror(errno));
    enum status status = lock(directory, fd, err);
    if (!status)
        status = write_owner(directory, fd, err);
    if (status)
        close(fd);
    else
        *out_fd = fd;
    return status;
}
