#include "io/csv.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16, END_OF_INPUT = -1, INPUT_FAILED = -2 };

struct csv {
    char *name;
    FILE *file; /* NULL: from memory */
    struct bytes memory;
    uint8_t *chunk;
    const uint8_t *at, *end; /* unread bytes of the chunk or the memory */
    uint64_t line, bytes_read;
    int error_number;
    char separator; /* 0 until the first record */
    bool is_started;
    struct buffer text;              /* the record's fields behind each other */
    size_t ends[CSV_FIELDS_MAX];     /* of each field in text */
    struct text fields[CSV_FIELDS_MAX];
    size_t count;
};

/* ---- bytes */

static bool fill(struct csv *c)
{
    if (c->file == NULL)
        return false;
    size_t size = fread(c->chunk, 1, CHUNK_BYTES, c->file);
    c->error_number = ferror(c->file) ? errno : 0;
    c->at = c->chunk;
    c->end = c->chunk + size;
    c->bytes_read += size;
    return size > 0;
}

static int peek_byte(struct csv *c)
{
    if (c->at == c->end && !fill(c))
        return c->error_number != 0 ? INPUT_FAILED : END_OF_INPUT;
    return *c->at;
}

static int next_byte(struct csv *c)
{
    int byte = peek_byte(c);
    if (byte >= 0)
        c->at++;
    return byte;
}

/* CR, LF or CRLF after its first byte was read. */
static void finish_line_end(struct csv *c, int byte)
{
    if (byte == '\r' && peek_byte(c) == '\n')
        c->at++;
    c->line++;
}

/* ---- start */

/* The first line decides; quoted parts of it do not count. Looks only into the first chunk. */
static char find_separator(const struct csv *c)
{
    size_t semicolons = 0, tabs = 0;
    bool is_quoted = false;
    for (const uint8_t *at = c->at; at < c->end && (is_quoted || (*at != '\n' && *at != '\r')); at++) {
        if (*at == '"')
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        if (*at == ',')
            return ',';
        semicolons += *at == ';';
        tabs += *at == '\t';
    }
    return semicolons > 0 ? ';' : tabs > 0 ? '\t' : ',';
}

static enum status start(struct csv *c, struct error *err)
{
    (void)peek_byte(c);
    size_t size = (size_t)(c->end - c->at);
    if (size >= 3 && memcmp(c->at, "\xef\xbb\xbf", 3) == 0)
        c->at += 3;
    else if (size >= 2 && (memcmp(c->at, "\xff\xfe", 2) == 0 || memcmp(c->at, "\xfe\xff", 2) == 0))
        return error_set(err, STATUS_BAD_DATA, "%s: it is UTF-16 (save it as UTF-8)", c->name);
    c->separator = find_separator(c);
    c->is_started = true;
    return STATUS_OK;
}

/* ---- records */

static enum status bad(const struct csv *c, uint64_t line, const char *why, struct error *err)
{
    return error_set(err, STATUS_BAD_DATA, "%s:%llu: %s", c->name, (unsigned long long)line, why);
}

static enum status put_byte(struct csv *c, int byte, struct error *err)
{
    if (byte == '\0')
        return bad(c, c->line, "it has a NUL byte in it; this is not a CSV file", err);
    if (c->text.size >= CSV_RECORD_BYTES_MAX)
        return bad(c, c->line, "the record is longer than 1 MiB (is a closing quote missing?)", err);
    buffer_put_u8(&c->text, (uint8_t)byte);
    return c->text.failed ? error_set(err, STATUS_NO_MEMORY, "%s: %s", c->name, status_text(STATUS_NO_MEMORY)) : STATUS_OK;
}

/* After the opening quote, up to and with the closing one. */
static enum status read_quoted(struct csv *c, struct error *err)
{
    uint64_t first_line = c->line;
    for (;;) {
        int byte = next_byte(c);
        if (byte == '"' && peek_byte(c) != '"')
            return STATUS_OK;
        if (byte == '"')
            (void)next_byte(c);
        if (byte < 0)
            return bad(c, first_line, "a quote is opened and never closed", err);
        if (byte == '\n' || byte == '\r') {
            finish_line_end(c, byte);
            byte = '\n';
        }
        enum status status = put_byte(c, byte, err);
        if (status != STATUS_OK)
            return status;
    }
}

/* One field; *out_last says that it ended the record. */
static enum status read_field(struct csv *c, bool *out_last, struct error *err)
{
    bool is_quoted = false;
    size_t start_size = c->text.size;
    for (;;) {
        int byte = next_byte(c);
        enum status status = STATUS_OK;
        if (byte == INPUT_FAILED)
            return error_set(err, STATUS_IO, "%s: %s", c->name, strerror(c->error_number));
        if (byte == END_OF_INPUT || byte == '\n' || byte == '\r') {
            if (byte >= 0)
                finish_line_end(c, byte);
            *out_last = true;
            return STATUS_OK;
        }
        if (byte == c->separator) {
            *out_last = false;
            return STATUS_OK;
        }
        if (byte == '"' && !is_quoted && c->text.size == start_size) {
            is_quoted = true;
            status = read_quoted(c, err);
        } else if (is_quoted && byte != ' ') {
            status = bad(c, c->line, "there is text after a closing quote", err);
        } else if (!is_quoted) {
            status = put_byte(c, byte, err);
        }
        if (status != STATUS_OK)
            return status;
    }
}

static enum status read_record(struct csv *c, struct error *err)
{
    bool is_last = false;
    buffer_clear(&c->text);
    c->count = 0;
    while (!is_last) {
        if (c->count == CSV_FIELDS_MAX)
            return bad(c, c->line, "the record has more than 1,000 fields", err);
        enum status status = read_field(c, &is_last, err);
        if (status != STATUS_OK)
            return status;
        c->ends[c->count++] = c->text.size;
    }
    return STATUS_OK;
}

enum status csv_next(struct csv *c, struct csv_record *out, struct error *err)
{
    uint64_t line;
    enum status status = c->is_started ? STATUS_OK : start(c, err);
    do {
        line = c->line;
        if (status == STATUS_OK && peek_byte(c) == END_OF_INPUT)
            return STATUS_NOT_FOUND;
        if (status == STATUS_OK)
            status = read_record(c, err);
        if (status != STATUS_OK)
            return status;
    } while (c->count == 1 && c->text.size == 0); /* an empty line */
    size_t from = 0;
    for (size_t i = 0; i < c->count; i++) {
        const char *data = c->ends[i] > from ? (const char *)c->text.data + from : "";
        c->fields[i] = (struct text){data, c->ends[i] - from};
        from = c->ends[i];
    }
    *out = (struct csv_record){line, c->fields, c->count};
    return STATUS_OK;
}

/* ---- life */

static enum status make(const char *name, struct csv **out, struct error *err)
{
    struct csv *c = calloc(1, sizeof *c);
    if (c != NULL)
        c->name = strdup(name);
    if (c == NULL || c->name == NULL) {
        csv_free(c);
        return error_set(err, STATUS_NO_MEMORY, "%s: %s", name, status_text(STATUS_NO_MEMORY));
    }
    c->line = 1;
    *out = c;
    return STATUS_OK;
}

/* Standard input as a temporary file, which can be read twice. NULL and errno on failure. */
static FILE *spool_stdin(void)
{
    FILE *file = tmpfile();
    char block[1 << 14];
    size_t size;
    while (file != NULL && (size = fread(block, 1, sizeof block, stdin)) > 0)
        if (fwrite(block, 1, size, file) != size) {
            fclose(file);
            return NULL;
        }
    if (file != NULL)
        rewind(file);
    return file;
}

enum status csv_open(const char *path, struct csv **out, struct error *err)
{
    struct csv *c = NULL;
    bool is_stdin = strcmp(path, "-") == 0;
    enum status status = make(is_stdin ? "standard input" : path, &c, err);
    if (status != STATUS_OK)
        return status;
    c->file = is_stdin ? spool_stdin() : fopen(path, "rbe");
    c->chunk = malloc(CHUNK_BYTES);
    if (c->file == NULL) {
        status = error_set(err, STATUS_IO, "%s: %s", path, strerror(errno));
    } else if (c->chunk == NULL) {
        status = error_set(err, STATUS_NO_MEMORY, "%s: %s", path, status_text(STATUS_NO_MEMORY));
    }
    if (status != STATUS_OK) {
        csv_free(c);
        return status;
    }
    *out = c;
    return STATUS_OK;
}

enum status csv_open_bytes(struct bytes data, const char *name, struct csv **out, struct error *err)
{
    struct csv *c = NULL;
    enum status status = make(name, &c, err);
    if (status != STATUS_OK)
        return status;
    c->memory = data;
    c->at = data.data;
    c->end = data.size > 0 ? data.data + data.size : data.data;
    c->bytes_read = data.size;
    *out = c;
    return STATUS_OK;
}

enum status csv_rewind(struct csv *c, struct error *err)
{
    if (c->file != NULL && fseek(c->file, 0, SEEK_SET) != 0)
        return error_set(err, STATUS_IO, "%s: it cannot be read twice (save it to a file first)", c->name);
    c->at = c->file != NULL ? c->chunk : c->memory.data;
    c->end = c->file != NULL ? c->chunk : (c->memory.size > 0 ? c->memory.data + c->memory.size : c->memory.data);
    c->bytes_read = c->file != NULL ? 0 : c->memory.size;
    c->line = 1;
    c->is_started = false;
    return STATUS_OK;
}

void csv_free(struct csv *c)
{
    if (c == NULL)
        return;
    if (c->file != NULL)
        fclose(c->file);
    buffer_done(&c->text);
    free(c->chunk);
    free(c->name);
    free(c);
}

const char *csv_name(const struct csv *c)
{
    return c->name;
}

char csv_separator(const struct csv *c)
{
    return c->separator;
}

uint64_t csv_bytes_read(const struct csv *c)
{
    return c->bytes_read - (uint64_t)(c->end - c->at);
}
