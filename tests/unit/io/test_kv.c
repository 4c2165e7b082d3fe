/* The state store: batches are whole or absent, prefixes are iterated in order, one writer at a time. */
#include "support/fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/kv.h"

static char directory[64];

static int setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/storecast-kv-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", directory);
    return system(command);
}

static struct bytes text(const char *t)
{
    return (struct bytes){(const uint8_t *)t, strlen(t)};
}

static struct kv *open_kv(bool read_only)
{
    struct kv *kv = NULL;
    struct error err = {0};
    if (kv_open(&(struct kv_options){.directory = directory, .read_only = read_only}, &kv, &err))
        fail_msg("%s", err.text);
    return kv;
}

static void put(struct kv *kv, const char *key, const char *value)
{
    struct error err;
    const struct kv_op op = {.key = text(key), .value = text(value)};
    assert_ok(kv_write(kv, &op, 1, &err));
}

static void assert_value(struct kv *kv, const char *key, const char *value)
{
    struct error err;
    struct buffer found = {0};
    if (value) {
        assert_ok(kv_get(kv, text(key), &found, &err));
        assert_int_equal(found.size, strlen(value));
        assert_memory_equal(found.data, value, found.size);
    } else {
        assert_status(kv_get(kv, text(key), &found, &err), STATUS_NOT_FOUND);
    }
    buffer_done(&found);
}

static void a_batch_of_puts_and_deletes_is_read_back_after_reopening(void **state)
{
    (void)state;
    struct error err;
    struct kv *kv = open_kv(false);
    put(kv, "a", "old");
    put(kv, "b", "gone");
    const struct kv_op ops[] = {
        {.key = text("a"), .value = text("new")},
        {.key = text("b"), .is_delete = true},
        {.key = text("never there"), .is_delete = true},
        {.key = text("empty"), .value = text("")},
    };
    assert_ok(kv_write(kv, ops, 4, &err));
    kv_close(kv);
    kv = open_kv(false);
    assert_value(kv, "a", "new");
    assert_value(kv, "b", NULL);
    assert_value(kv, "empty", "");
    assert_int_equal(kv_entries(kv), 2);
    kv_close(kv);
}

static enum status collect(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    (void)err;
    struct buffer *all = arg;
    buffer_put(all, key.data, key.size);
    buffer_put(all, "=", 1);
    buffer_put(all, value.data, value.size);
    buffer_put(all, " ", 1);
    return STATUS_OK;
}

static void assert_each(struct kv *kv, const char *prefix, const char *expected)
{
    struct error err;
    struct buffer all = {0};
    assert_ok(kv_each(kv, text(prefix), collect, &all, &err));
    assert_int_equal(all.size, strlen(expected));
    if (all.size > 0)
        assert_memory_equal(all.data, expected, all.size);
    buffer_done(&all);
}

static void a_prefix_is_iterated_in_byte_order_and_cleared_alone(void **state)
{
    (void)state;
    struct error err;
    struct kv *kv = open_kv(false);
    assert_each(kv, "", "");
    put(kv, "p2/a", "3");
    put(kv, "p1/b", "2");
    put(kv, "p1/a", "1");
    put(kv, "p10", "x");
    assert_each(kv, "p1/", "p1/a=1 p1/b=2 ");
    assert_each(kv, "", "p1/a=1 p1/b=2 p10=x p2/a=3 ");
    assert_each(kv, "p3", "");
    assert_ok(kv_clear(kv, text("p1/"), &err));
    assert_each(kv, "", "p10=x p2/a=3 ");
    assert_ok(kv_clear(kv, text(""), &err));
    assert_each(kv, "", "");
    kv_close(kv);
}

static enum status stop_at_once(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    (void)key;
    (void)value;
    ++*(int *)arg;
    return error_set(err, STATUS_CORRUPT, "stopped");
}

static void iteration_stops_at_the_first_refusal(void **state)
{
    (void)state;
    struct error err;
    int calls = 0;
    struct kv *kv = open_kv(false);
    put(kv, "a", "1");
    put(kv, "b", "2");
    assert_status(kv_each(kv, text(""), stop_at_once, &calls, &err), STATUS_CORRUPT);
    assert_int_equal(calls, 1);
    kv_close(kv);
}

static void the_map_grows_by_itself(void **state)
{
    (void)state;
    struct kv *kv;
    struct error err;
    static uint8_t large[256 * 1024];
    assert_ok(kv_open(&(struct kv_options){.directory = directory, .map_bytes = 1 << 20}, &kv, &err));
    for (int i = 0; i < 40; i++) { /* 10 MiB into a map of 1 MiB */
        char key[16];
        snprintf(key, sizeof key, "key %02d", i);
        memset(large, i, sizeof large);
        const struct kv_op op = {.key = text(key), .value = {large, sizeof large}};
        assert_ok(kv_write(kv, &op, 1, &err));
    }
    assert_int_equal(kv_entries(kv), 40);
    assert_true(kv_used_bytes(kv) > sizeof large * 40);
    kv_close(kv);
}

static void a_reader_follows_a_writer_that_has_grown_the_map(void **state)
{
    (void)state;
    struct error err;
    static uint8_t large[2 << 20];
    struct kv *writer, *reader;
    assert_ok(kv_open(&(struct kv_options){.directory = directory, .map_bytes = 1 << 20}, &writer, &err));
    put(writer, "a", "1");
    reader = open_kv(true);
    assert_value(reader, "a", "1");
    const struct kv_op op = {.key = text("large"), .value = {large, sizeof large}};
    assert_ok(kv_write(writer, &op, 1, &err));
    put(writer, "a", "2");
    /* Two environments in one process is not what LMDB wants, so the reader is opened anew. */
    kv_close(reader);
    reader = open_kv(true);
    assert_value(reader, "a", "2");
    kv_close(reader);
    kv_close(writer);
}

static void a_second_writer_is_refused_and_told_the_pid_of_the_first(void **state)
{
    (void)state;
    struct error err = {0};
    struct kv *first = open_kv(false), *second = NULL;
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld ", (long)getpid());
    assert_status(kv_open(&(struct kv_options){.directory = directory}, &second, &err), STATUS_IN_USE);
    assert_null(second);
    assert_non_null(strstr(err.text, pid));
    kv_close(first);
    kv_close(open_kv(false));
}

static void the_lock_of_a_process_that_died_is_free(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct kv *kv;
        struct error err;
        if (kv_open(&(struct kv_options){.directory = directory}, &kv, &err) == STATUS_OK)
            raise(SIGKILL);
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    kv_close(open_kv(false));
}

static void reading_where_nothing_is_says_so(void **state)
{
    (void)state;
    struct error err = {0};
    struct kv *kv;
    assert_status(kv_open(&(struct kv_options){.directory = directory, .read_only = true}, &kv, &err), STATUS_NOT_FOUND);
    assert_status(kv_open(&(struct kv_options){.directory = "/proc/no/such/place"}, &kv, &err), STATUS_IO);
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    char path[96];
    struct kv *kv = open_kv(false);
    put(kv, "a", "1");
    kv_close(kv);
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    FILE *f = fopen(path, "r+e");
    assert_non_null(f);
    for (int i = 0; i < 8192; i++)
        fputc(0xaa, f);
    fclose(f);
    assert_status(kv_open(&(struct kv_options){.directory = directory}, &kv, &err), STATUS_CORRUPT);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_of_puts_and_deletes_is_read_back_after_reopening, setup, teardown),
        cmocka_unit_test_setup_teardown(a_prefix_is_iterated_in_byte_order_and_cleared_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(iteration_stops_at_the_first_refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(the_map_grows_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_follows_a_writer_that_has_grown_the_map, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_writer_is_refused_and_told_the_pid_of_the_first, setup, teardown),
        cmocka_unit_test_setup_teardown(the_lock_of_a_process_that_died_is_free, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_where_nothing_is_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_file_is_refused, setup, teardown),
    };
    return fixture_run(argc, argv, tests);
}
