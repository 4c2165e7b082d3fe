/* The disk fails at any call of the state store: what was acknowledged is there afterwards, what was refused is there whole or
 * not at all, and the store opens again. The calls of LMDB come here because a program's own functions go before a library's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/kv.h"
#include "support/fixture.h"

enum disk_call { DISK_PWRITE, DISK_WRITEV, DISK_WRITE, DISK_FDATASYNC, DISK_FSYNC, DISK_FTRUNCATE, DISK_MMAP, DISK_CALLS };
static const char *const call_names[] = {"pwrite", "writev", "write", "fdatasync", "fsync", "ftruncate", "mmap"};

static struct {
    bool is_on, lasts, has_happened;
    enum disk_call call;
    int error; /* 0: a short write */
    size_t left;
} plan;

static bool must_fail(enum disk_call call)
{
    if (!plan.is_on || call != plan.call)
        return false;
    if (plan.has_happened)
        return plan.lasts;
    if (plan.left-- > 0)
        return false;
    return plan.has_happened = true;
}

static long fail_with(void)
{
    errno = plan.error;
    return -1;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (!must_fail(DISK_PWRITE))
        return syscall(SYS_pwrite64, fd, data, size, offset);
    return plan.error ? fail_with() : syscall(SYS_pwrite64, fd, data, size / 2, offset);
}

ssize_t writev(int fd, const struct iovec *items, int count)
{
    if (!must_fail(DISK_WRITEV))
        return syscall(SYS_writev, fd, items, count);
    return plan.error ? fail_with() : syscall(SYS_writev, fd, items, 1);
}

ssize_t write(int fd, const void *data, size_t size)
{
    return must_fail(DISK_WRITE) ? fail_with() : syscall(SYS_write, fd, data, size);
}

int fdatasync(int fd)
{
    return (int)(must_fail(DISK_FDATASYNC) ? fail_with() : syscall(SYS_fdatasync, fd));
}

int fsync(int fd)
{
    return (int)(must_fail(DISK_FSYNC) ? fail_with() : syscall(SYS_fsync, fd));
}

int ftruncate(int fd, off_t size)
{
    return (int)(must_fail(DISK_FTRUNCATE) ? fail_with() : syscall(SYS_ftruncate, fd, size));
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    /* Only files: the memory of the process is another test's. */
    if (fd >= 0 && must_fail(DISK_MMAP)) {
        errno = plan.error;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

/* ---- three batches */

#define KEYS        400
#define BATCHES     3
#define VALUE_BYTES 300

static char directory[64];

static void make_directory(void)
{
    strcpy(directory, "/tmp/storecast-kv-XXXXXX");
    assert_non_null(mkdtemp(directory));
}

static void remove_directory(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    assert_int_equal(system(command), 0);
}

/* Batch b changes every key, deletes every fifth one of the batch before, and adds as many new ones: the map must grow. */
static enum status write_batch(struct kv *kv, int b, struct error *err)
{
    static struct kv_op ops[2 * KEYS * BATCHES];
    static char keys[2 * KEYS * BATCHES][16], values[2 * KEYS * BATCHES][VALUE_BYTES];
    size_t count = 0;
    for (int i = 0; i < KEYS * (b + 1); i++, count++) {
        snprintf(keys[count], sizeof keys[count], "key-%05d", i);
        memset(values[count], 'a' + b, sizeof values[count]);
        ops[count] = (struct kv_op){{(const uint8_t *)keys[count], strlen(keys[count])},
                                    {(const uint8_t *)values[count], VALUE_BYTES},
                                    b > 0 && i % 5 == 0 && i < KEYS * b};
    }
    return kv_write(kv, ops, count, err);
}

struct seen {
    int batch; /* of all records alike; -1 = none yet, -2 = they differ */
    size_t count;
};

static enum status look_at(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    struct seen *s = arg;
    int batch = value.size == VALUE_BYTES ? value.data[0] - 'a' : -2;
    (void)key;
    (void)err;
    for (size_t i = 0; i < value.size; i++)
        if (value.data[i] != value.data[0])
            batch = -2;
    s->batch = s->count++ == 0 || s->batch == batch ? batch : -2;
    return STATUS_OK;
}

/* The number of batches that are in the store, whole. */
static int whole_batches(void)
{
    struct kv *kv;
    struct error err = {0};
    struct seen s = {.batch = -1};
    if (kv_open(&(struct kv_options){.directory = directory, .sync = true}, &kv, &err))
        fail_msg("it does not open again: %s", err.text);
    assert_ok(kv_each(kv, (struct bytes){NULL, 0}, look_at, &s, &err));
    static const size_t counts[BATCHES + 1] = {0, KEYS, 2 * KEYS - KEYS / 5, 3 * KEYS - 2 * KEYS / 5};
    int batches = s.batch + 1;
    if (batches < 0 || s.count != counts[batches] || kv_entries(kv) != s.count)
        fail_msg("a batch is in the store in part: %zu records", s.count);
    assert_ok(write_batch(kv, 2, &err)); /* and it goes on */
    kv_close(kv);
    return batches;
}

/* Returns how many batches were acknowledged; stops at the first refusal, as the worker does. */
static int write_all(bool sync)
{
    struct kv *kv = NULL;
    struct error err = {0};
    int acknowledged = 0;
    enum status status = kv_open(&(struct kv_options){.directory = directory, .sync = sync, .map_bytes = 128 << 10}, &kv, &err);
    while (status == STATUS_OK && acknowledged < BATCHES) {
        status = write_batch(kv, acknowledged, &err);
        acknowledged += status == STATUS_OK;
        (void)kv_entries(kv);
        (void)kv_used_bytes(kv);
    }
    if (status && (strlen(err.text) < 30 || !strstr(err.text, directory)))
        fail_msg("%s without a sentence: %s", status_name(status), err.text);
    kv_close(kv);
    return acknowledged;
}

static size_t sweep(enum disk_call call, int error, bool lasts)
{
    for (size_t nth = 0;; nth++) {
        make_directory();
        plan.call = call;
        plan.error = error;
        plan.lasts = lasts;
        plan.left = nth;
        plan.has_happened = false;
        plan.is_on = true;
        int acknowledged = write_all(true);
        plan.is_on = false;
        int found = whole_batches();
        if (found < acknowledged || found > acknowledged + 1)
            fail_msg("%s number %zu, error %d: %d batches were acknowledged, %d are there", call_names[call], nth + 1, error, acknowledged,
                     found);
        remove_directory();
        if (!plan.has_happened) {
            assert_int_equal(acknowledged, BATCHES);
            return nth;
        }
    }
}

static void every_failing_disk_call_loses_nothing_that_was_acknowledged(void **state)
{
    static const int errors[] = {EIO, ENOSPC, 0};
    size_t faults = 0;
    (void)state;
    for (int call = 0; call < DISK_CALLS; call++) {
        size_t of_call = 0;
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
            if (errors[i] == 0 && call != DISK_PWRITE && call != DISK_WRITEV)
                continue;
            of_call += sweep((enum disk_call)call, call == DISK_MMAP ? ENOMEM : errors[i], false);
            of_call += sweep((enum disk_call)call, call == DISK_MMAP ? ENOMEM : errors[i], true);
        }
        print_message("%-10s %3zu faults\n", call_names[call], of_call);
        faults += of_call;
    }
    assert_true(faults > 30);
}

static void a_full_map_grows_as_often_as_it_must(void **state)
{
    (void)state;
    make_directory();
    assert_int_equal(write_all(false), BATCHES);
    assert_int_equal(whole_batches(), BATCHES);
    remove_directory();
}

/* ---- a file that something else has written into */

static void put_byte(const char *path, long at, int c)
{
    FILE *f = fopen(path, "r+e");
    assert_non_null(f);
    fseek(f, at, SEEK_SET);
    fputc(c, f);
    assert_int_equal(fclose(f), 0);
}

/* In a process of its own: LMDB believes its file, so it may run into the ground. 0 = all as it was, 1 = refused. */
static int read_damaged(void)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct kv *kv = NULL;
        struct error err = {0};
        struct seen s = {.batch = -1};
        alarm(20);
        enum status status = kv_open(&(struct kv_options){.directory = directory, .sync = true}, &kv, &err);
        if (!status)
            status = kv_each(kv, (struct bytes){NULL, 0}, look_at, &s, &err);
        bool is_whole = !status && kv_entries(kv) == s.count && s.count == KEYS && s.batch == 0;
        kv_close(kv);
        _exit(status ? 1 : is_whole ? 0 : 2);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void a_damaged_file_is_refused_or_harmless_or_its_loss_shows_in_the_count(void **state)
{
    struct kv *kv;
    struct error err;
    char path[96];
    size_t outcome[256] = {0};
    (void)state;
    make_directory();
    assert_ok(kv_open(&(struct kv_options){.directory = directory, .sync = true, .map_bytes = 1 << 20}, &kv, &err));
    assert_ok(write_batch(kv, 0, &err));
    kv_close(kv);
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    FILE *f = fopen(path, "re");
    static uint8_t good[1 << 20];
    assert_non_null(f);
    const long size = (long)fread(good, 1, sizeof good, f);
    fclose(f);
    for (long at = 0; at < size; at += at < 8192 || at % 4096 < 200 ? 3 : 1009) {
        put_byte(path, at, good[at] ^ (at % 2 ? 0xff : 1 << at / 3 % 8));
        int code = read_damaged();
        outcome[code]++;
        if (code > 2)
            fail_msg("byte %ld (page %ld, %ld): %d", at, at / 4096, at % 4096, code);
        put_byte(path, at, good[at]);
    }
    print_message("harmless %zu, refused %zu, seen in the count or the values %zu\n", outcome[0], outcome[1], outcome[2]);
    remove_directory();
}

/* After a map that could not be mapped again LMDB must not be called any more, so such an environment is given up whole
 * (kv.c, has_lost_map): the process that meets this ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:liblmdb\n";
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_disk_call_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_full_map_grows_as_often_as_it_must),
        cmocka_unit_test(a_damaged_file_is_refused_or_harmless_or_its_loss_shows_in_the_count),
    };
    return fixture_run(argc, argv, tests);
}
