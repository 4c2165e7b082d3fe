/* LD_PRELOAD library: calls on files below a folder fail as BAD_DISK says, "CALL:NTH:ERRNO" or, from the nth on,
 * "CALL:NTH:ERRNO:lasts"; errno 0 writes half. BAD_DISK_PATH is a part of the folder's name. Tests run the program
 * under it, which knows nothing of this. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
    bool is_read, lasts;
    char call[16];
    const char *path;
    int error;
    long nth;
} plan;
static atomic_long seen;

static void read_plan(void)
{
    const char *text = getenv("BAD_DISK");
    char lasts[8] = "";
    plan.path = getenv("BAD_DISK_PATH");
    plan.is_read = true;
    if (text && sscanf(text, "%15[^:]:%ld:%d:%7s", plan.call, &plan.nth, &plan.error, lasts) >= 3)
        plan.lasts = strcmp(lasts, "lasts") == 0;
}

static bool must_fail(const char *call, int fd)
{
    char link[32], path[512];
    if (!plan.is_read)
        read_plan();
    if (!plan.path || strcmp(call, plan.call) != 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0)
        return false;
    path[size] = '\0';
    if (!strstr(path, plan.path))
        return false;
    long n = atomic_fetch_add(&seen, 1) + 1;
    return plan.lasts ? n >= plan.nth : n == plan.nth;
}

static int refuse(void)
{
    errno = plan.error ? plan.error : EIO;
    return -1;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (!must_fail("pwrite", fd))
        return syscall(SYS_pwrite64, fd, data, size, offset);
    return plan.error ? refuse() : syscall(SYS_pwrite64, fd, data, size / 2, offset);
}

ssize_t writev(int fd, const struct iovec *items, int count)
{
    if (!must_fail("writev", fd))
        return syscall(SYS_writev, fd, items, count);
    return plan.error ? refuse() : syscall(SYS_writev, fd, items, 1);
}

int fdatasync(int fd)
{
    return must_fail("fdatasync", fd) ? refuse() : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return must_fail("fsync", fd) ? refuse() : (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t size)
{
    return must_fail("ftruncate", fd) ? refuse() : (int)syscall(SYS_ftruncate, fd, size);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && must_fail("mmap", fd)) {
        refuse();
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
