#include "support/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/csv.h"

static struct error err;

/* All records as one text: fields in <>, records separated by their line and a colon. */
static const char *read_all(const char *data, size_t size)
{
    static char out[4096];
    size_t at = 0;
    struct csv *csv;
    struct csv_record record;
    enum status status;
    err = (struct error){0};
    out[0] = '\0';
    assert_ok(csv_open_bytes((struct bytes){(const uint8_t *)data, size}, "test.csv", &csv, &err));
    while ((status = csv_next(csv, &record, &err)) == STATUS_OK) {
        at += (size_t)snprintf(out + at, sizeof out - at, "%llu:", (unsigned long long)record.line);
        for (size_t i = 0; i < record.count; i++)
            at += (size_t)snprintf(out + at, sizeof out - at, "<%.*s>", (int)record.fields[i].size, record.fields[i].data);
        at += (size_t)snprintf(out + at, sizeof out - at, "\n");
    }
    if (status != STATUS_NOT_FOUND)
        snprintf(out + at, sizeof out - at, "%s %s", status_name(status), err.text);
    csv_free(csv);
    return out;
}

static void assert_reads(const char *data, const char *expected)
{
    assert_string_equal(read_all(data, strlen(data)), expected);
}

static void every_line_end_ends_a_line(void **state)
{
    (void)state;
    assert_reads("a,b\n1,2\n", "1:<a><b>\n2:<1><2>\n");
    assert_reads("a,b\r\n1,2\r\n", "1:<a><b>\n2:<1><2>\n");
    assert_reads("a,b\r1,2\r", "1:<a><b>\n2:<1><2>\n");
    assert_reads("a,b\n1,2", "1:<a><b>\n2:<1><2>\n");
    assert_reads("a,b\r\n\r\n\n1,2", "1:<a><b>\n4:<1><2>\n");
    assert_reads("", "");
    assert_reads("\n\n", "");
}

static void quotes_hold_separators_quotes_and_line_ends(void **state)
{
    (void)state;
    assert_reads("\"a,b\",\"say \"\"x\"\"\"\n", "1:<a,b><say \"x\">\n");
    assert_reads("\"two\r\nlines\",b\nc,d\n", "1:<two\nlines><b>\n3:<c><d>\n");
    assert_reads("\"\",\n", "1:<><>\n");
    assert_reads("a\"b,c\n", "1:<a\"b><c>\n"); /* a quote inside a bare field is a character */
    assert_reads("\"a\" ,b\n", "1:<a><b>\n");
}

static void the_byte_order_mark_is_no_part_of_the_first_name(void **state)
{
    (void)state;
    assert_reads("\xef\xbb\xbf" "a,b\n", "1:<a><b>\n");
    assert_non_null(strstr(read_all("\xff\xfe" "a\0", 4), "test.csv:1: it is UTF-16 (save it as UTF-8)"));
    assert_non_null(strstr(read_all("\xfe\xff\0a", 4), "it is UTF-16"));
    assert_non_null(strstr(read_all("a\0,\0b\0\n\0", 8), "it is UTF-16")); /* without the mark */
    assert_non_null(strstr(read_all("\0a\0,\0b\0\n", 8), "it is UTF-16"));
    assert_non_null(strstr(read_all("\xff\xfe\0\0a\0\0\0", 8), "it is UTF-32"));
}

static void the_first_line_decides_the_separator(void **state)
{
    (void)state;
    assert_reads("a;b\n1,5;2\n", "1:<a><b>\n2:<1,5><2>\n");
    assert_reads("a\tb\n1\t2\n", "1:<a><b>\n2:<1><2>\n");
    assert_reads("a,b;c\n", "1:<a><b;c>\n");
    assert_reads("\"a,x\";b\n", "1:<a,x><b>\n");
}

static void what_is_no_csv_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_reads("a\n\"b\nc\nd", "1:<a>\nBAD_DATA test.csv:2: field 1: a quote is opened and never closed");
    assert_reads("a\n\"b\"x\n", "1:<a>\nBAD_DATA test.csv:2: field 1: there is text after a closing quote");
    assert_string_equal(read_all("a\nb\0c\n", 6), "1:<a>\nBAD_DATA test.csv:2: field 1: it has a NUL byte in it; this is not a CSV file");
}

static void endless_records_are_refused(void **state)
{
    (void)state;
    size_t size = CSV_RECORD_BYTES_MAX + 100;
    char *data = malloc(size);
    assert_non_null(data);
    memset(data, 'x', size);
    assert_non_null(strstr(read_all(data, size), "longer than 1 MiB"));
    memset(data, ',', size);
    assert_non_null(strstr(read_all(data, size), "more than 1,000 fields"));
    free(data);
}

static void a_file_reads_the_same_after_a_rewind_and_across_chunks(void **state)
{
    (void)state;
    char path[] = "/tmp/storecast-csv-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    for (int i = 0; i < 30000; i++)
        fprintf(file, "%d,\"x%d\"\r\n", i, i);
    fclose(file);
    struct csv *csv;
    struct csv_record record;
    assert_ok(csv_open(path, &csv, &err));
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < 30000; i++) {
            char number[20], name[20];
            snprintf(number, sizeof number, "%d", i);
            snprintf(name, sizeof name, "x%d", i);
            assert_ok(csv_next(csv, &record, &err));
            assert_int_equal(record.line, i + 1);
            assert_int_equal(record.count, 2);
            assert_true(text_equal(record.fields[0], text_of(number)));
            assert_true(text_equal(record.fields[1], text_of(name)));
        }
        assert_status(csv_next(csv, &record, &err), STATUS_NOT_FOUND);
        assert_ok(csv_rewind(csv, &err));
    }
    csv_free(csv);
    unlink(path);
}

static void a_missing_file_and_a_folder_are_refused(void **state)
{
    (void)state;
    struct csv *csv;
    assert_status(csv_open("/nowhere/at.all", &csv, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "/nowhere/at.all: No such file"));
    assert_status(csv_open("/tmp", &csv, &err), STATUS_BAD_DATA);
    assert_string_equal(err.text, "/tmp: Is a directory (name a file in it)");
}

static void a_quote_that_never_closes_is_told_where_it_opened(void **state)
{
    (void)state;
    size_t size = 50u << 20;
    char *data = malloc(size);
    assert_non_null(data);
    memset(data, '\n', size);
    memcpy(data, "a,b\n1,\"", 7);
    assert_string_equal(read_all(data, size),
                        "1:<a><b>\nBAD_DATA test.csv:2: field 2: the record is longer than 1 MiB (is a closing quote missing?)");
    free(data);
}

static void a_million_columns_are_refused_after_a_thousand(void **state)
{
    (void)state;
    size_t size = 2u << 20;
    char *data = malloc(size);
    assert_non_null(data);
    for (size_t i = 0; i < size; i += 2)
        memcpy(data + i, "x,", 2);
    assert_string_equal(read_all(data, size), "BAD_DATA test.csv:1: field 1001: the record has more than 1,000 fields");
    free(data);
}

/* Writes text into a pipe at path, from a child. */
static pid_t write_later(const char *path, const char *text)
{
    const pid_t child = fork();
    if (child != 0)
        return child;
    const int fd = open(path, O_WRONLY);
    _exit(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : 1);
}

static void a_pipe_is_read_twice_like_a_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/storecast-csv-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    const pid_t child = write_later(path, "a,b\n1,2\n");
    struct csv *csv;
    struct csv_record record;
    int ended;
    assert_ok(csv_open(path, &csv, &err));
    assert_int_equal(waitpid(child, &ended, 0), child);
    for (int pass = 0; pass < 2; pass++) {
        assert_ok(csv_next(csv, &record, &err));
        assert_ok(csv_next(csv, &record, &err));
        assert_true(text_equal(record.fields[1], text_of("2")));
        assert_status(csv_next(csv, &record, &err), STATUS_NOT_FOUND);
        assert_ok(csv_rewind(csv, &err));
    }
    csv_free(csv);
    unlink(path);
    rmdir(folder);
}

static void an_endless_device_of_nul_bytes_is_refused(void **state)
{
    (void)state;
    struct csv *csv;
    struct csv_record record;
    assert_ok(csv_open("/dev/zero", &csv, &err));
    assert_status(csv_next(csv, &record, &err), STATUS_BAD_DATA);
    assert_non_null(strstr(err.text, "/dev/zero:1: field 1: it has a NUL byte"));
    csv_free(csv);
    assert_ok(csv_open("/dev/null", &csv, &err));
    assert_status(csv_next(csv, &record, &err), STATUS_NOT_FOUND);
    csv_free(csv);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_end_ends_a_line),
        cmocka_unit_test(quotes_hold_separators_quotes_and_line_ends),
        cmocka_unit_test(the_byte_order_mark_is_no_part_of_the_first_name),
        cmocka_unit_test(the_first_line_decides_the_separator),
        cmocka_unit_test(what_is_no_csv_is_refused_with_its_line),
        cmocka_unit_test(endless_records_are_refused),
        cmocka_unit_test(a_file_reads_the_same_after_a_rewind_and_across_chunks),
        cmocka_unit_test(a_missing_file_and_a_folder_are_refused),
        cmocka_unit_test(a_quote_that_never_closes_is_told_where_it_opened),
        cmocka_unit_test(a_million_columns_are_refused_after_a_thousand),
        cmocka_unit_test(a_pipe_is_read_twice_like_a_file),
        cmocka_unit_test(an_endless_device_of_nul_bytes_is_refused),
    };
    return fixture_run(argc, argv, tests);
}
