/* LD_PRELOAD library: the allocation BAD_MEMORY (counted from 1) that the program's own code asks for fails, once. What libraries
 * ask for does not count: some of them abort without memory. 0 = none. At the end the number of all is written to BAD_MEMORY_COUNT. */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static uintptr_t code_begin, code_end;
static long nth;
static atomic_long seen;

/* The first object is the program. */
static int find_code(struct dl_phdr_info *info, size_t size, void *arg)
{
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            code_begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            code_end = code_begin + info->dlpi_phdr[i].p_memsz;
        }
    return 1;
}

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("BAD_MEMORY");
    nth = text ? strtol(text, NULL, 10) : 0;
    dl_iterate_phdr(find_code, NULL);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("BAD_MEMORY_COUNT");
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
    if (fd < 0)
        return;
    dprintf(fd, "%ld\n", atomic_load(&seen));
    close(fd);
}

static bool must_fail(const void *caller)
{
    const uintptr_t at = (uintptr_t)caller;
    if (at < code_begin || at >= code_end || atomic_fetch_add(&seen, 1) + 1 != nth)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return must_fail(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return must_fail(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return must_fail(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
