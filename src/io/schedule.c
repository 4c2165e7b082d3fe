#include "io/schedule.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int schedule_open(void)
{
    return open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
}

/* "<ns on a CPU> <ns ready to run, but not running> <times it was put on one>" */
int64_t schedule_queued_us(int fd)
{
    char text[64];
    ssize_t size = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
    if (size <= 0)
        return 0;
    text[size] = '\0';
    char *second;
    (void)strtoull(text, &second, 10);
    return (int64_t)(strtoull(second, NULL, 10) / 1000);
}

int64_t schedule_others_queued_us(void)
{
    DIR *threads = opendir("/proc/self/task");
    const long self = syscall(SYS_gettid);
    const struct dirent *thread;
    int64_t sum = 0;
    while (threads && (thread = readdir(threads)) != NULL) {
        char path[64];
        if (thread->d_name[0] == '.' || strtol(thread->d_name, NULL, 10) == self)
            continue;
        snprintf(path, sizeof path, "%.20s/schedstat", thread->d_name);
        int fd = openat(dirfd(threads), path, O_RDONLY | O_CLOEXEC);
        sum += schedule_queued_us(fd);
        if (fd >= 0)
            close(fd);
    }
    if (threads)
        closedir(threads);
    return sum;
}
