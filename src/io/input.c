#include "io/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 16, PATIENCE_MS = 5000 };

struct input {
    char *name;
    FILE *file; /* NULL: from memory */
    struct bytes memory;
    bool is_given; /* the memory was */
    uint8_t *chunk;
};

static enum status failed(const char *name, struct error *err)
{
    return error_set(err, STATUS_IO, "%s: %s", name, strerror(errno));
}

/* ---- what can be read only once */

/* A writer may come a little later; one that never comes must not hold us for ever. */
static enum status wait_for_writer(int fd, const char *name, struct error *err)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    int n;
    do
        n = poll(&one, 1, PATIENCE_MS);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return failed(name, err);
    return n > 0 ? STATUS_OK : error_set(err, STATUS_BAD_DATA, "%s: it is a pipe, and nobody wrote into it for %d s (save the data to a file)", name,
                                         PATIENCE_MS / 1000);
}

static enum status copy_all(int fd, FILE *file, const char *name, struct error *err)
{
    char block[1 << 14];
    uint64_t total = 0;
    ssize_t size;
    while ((size = read(fd, block, sizeof block)) != 0) {
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return failed(name, err);
        total += (uint64_t)size;
        if (total > INPUT_SPOOL_BYTES_MAX)
            return error_set(err, STATUS_BAD_DATA, "%s: more than 4 GiB came through the pipe (save the data to a file)", name);
        if (fwrite(block, 1, (size_t)size, file) != (size_t)size)
            return error_set(err, STATUS_IO, "%s: its copy in the temporary folder: %s", name, strerror(errno));
    }
    if (fflush(file) != 0)
        return error_set(err, STATUS_IO, "%s: its copy in the temporary folder: %s", name, strerror(errno));
    rewind(file);
    return STATUS_OK;
}

static enum status spool(struct input *in, int fd, struct error *err)
{
    in->file = tmpfile();
    return in->file == NULL ? failed("temporary file", err) : copy_all(fd, in->file, in->name, err);
}

/* ---- life */

static enum status make(const char *name, struct input **out, struct error *err)
{
    struct input *in = calloc(1, sizeof *in);
    if (in != NULL)
        in->name = strdup(name);
    if (in == NULL || in->name == NULL) {
        input_free(in);
        return error_set(err, STATUS_NO_MEMORY, "%s: %s", name, status_text(STATUS_NO_MEMORY));
    }
    *out = in;
    return STATUS_OK;
}

/* Without O_NONBLOCK, opening a pipe without a writer would never return. */
static enum status open_path(struct input *in, struct error *err)
{
    struct stat st;
    enum status status;
    const int fd = open(in->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return failed(in->name, err);
    if (fstat(fd, &st) != 0 || fcntl(fd, F_SETFL, 0) != 0)
        status = failed(in->name, err);
    else if (S_ISDIR(st.st_mode))
        status = error_set(err, STATUS_BAD_DATA, "%s: Is a directory (name a file in it)", in->name);
    else if (S_ISFIFO(st.st_mode))
        status = wait_for_writer(fd, in->name, err);
    else
        status = (in->file = fdopen(fd, "rb")) != NULL ? STATUS_OK : failed(in->name, err);
    if (status == STATUS_OK && S_ISFIFO(st.st_mode))
        status = spool(in, fd, err);
    if (status != STATUS_OK || S_ISFIFO(st.st_mode))
        close(fd);
    return status;
}

enum status input_open(const char *path, struct input **out, struct error *err)
{
    struct input *in = NULL;
    const bool is_stdin = strcmp(path, "-") == 0;
    enum status status = make(is_stdin ? "standard input" : path, &in, err);
    if (status == STATUS_OK && (in->chunk = malloc(CHUNK_BYTES)) == NULL)
        status = error_set(err, STATUS_NO_MEMORY, "%s: %s", path, status_text(STATUS_NO_MEMORY));
    if (status == STATUS_OK)
        status = is_stdin ? spool(in, STDIN_FILENO, err) : open_path(in, err);
    if (status != STATUS_OK) {
        input_free(in);
        return status;
    }
    *out = in;
    return STATUS_OK;
}

enum status input_open_bytes(struct bytes data, const char *name, struct input **out, struct error *err)
{
    enum status status = make(name, out, err);
    if (status == STATUS_OK)
        (*out)->memory = data;
    return status;
}

void input_free(struct input *in)
{
    if (in == NULL)
        return;
    if (in->file != NULL)
        fclose(in->file);
    free(in->chunk);
    free(in->name);
    free(in);
}

/* ---- reading */

enum status input_next(struct input *in, struct bytes *out, struct error *err)
{
    if (in->file == NULL) {
        *out = in->is_given ? (struct bytes){NULL, 0} : in->memory;
        in->is_given = true;
        return STATUS_OK;
    }
    errno = 0;
    const size_t size = fread(in->chunk, 1, CHUNK_BYTES, in->file);
    if (ferror(in->file))
        return failed(in->name, err);
    *out = (struct bytes){in->chunk, size};
    return STATUS_OK;
}

enum status input_rewind(struct input *in, struct error *err)
{
    if (in->file != NULL && fseek(in->file, 0, SEEK_SET) != 0)
        return error_set(err, STATUS_IO, "%s: it cannot be read twice (save it to a file first)", in->name);
    in->is_given = false;
    return STATUS_OK;
}

const char *input_name(const struct input *in)
{
    return in->name;
}
