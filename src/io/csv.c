#include "io/csv.h"

#include <stdlib.h>
#include <string.h>

#include "io/input.h"

enum { END_OF_INPUT = -1, INPUT_FAILED = -2 };

struct csv {
    struct input *input;
    const uint8_t *at, *end; /* unread bytes of the chunk */
    uint64_t line;
    struct error failure;    /* of the input, when a byte was INPUT_FAILED */
    enum status failed;
    char separator; /* 0 until the first record */
    bool is_started;
    struct buffer text;              /* the record's fields behind each other */
    size_t ends[CSV_FIELDS_MAX];     /* of each field in text */
    struct text fields[CSV_FIELDS_MAX];
    size_t count;
    uint64_t record_line;            /* where the record starts */
};

/* ---- bytes */

static bool fill(struct csv *c)
{
    struct bytes chunk;
    c->failed = input_next(c->input, &chunk, &c->failure);
    if (c->failed != STATUS_OK || chunk.size == 0)
        return false;
    c->at = chunk.data;
    c->end = chunk.data + chunk.size;
    return true;
}

static int peek_byte(struct csv *c)
{
    if (c->at == c->end && !fill(c))
        return c->failed != STATUS_OK ? INPUT_FAILED : END_OF_INPUT;
    return *c->at;
}

static int next_byte(struct csv *c)
{
    int byte = peek_byte(c);
    if (byte >= 0)
        c->at++;
    return byte;
}

static enum status input_failure(const struct csv *c, struct error *err)
{
    if (err != NULL)
        *err = c->failure;
    return c->failed;
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

/* UTF-16 without a byte order mark: every second byte of plain letters is NUL. */
static bool has_every_second_nul(const uint8_t *data, size_t size)
{
    return size >= 4 && ((data[0] == 0 && data[2] == 0 && data[1] != 0) || (data[1] == 0 && data[3] == 0 && data[0] != 0));
}

static enum status start(struct csv *c, struct error *err)
{
    (void)peek_byte(c);
    size_t size = (size_t)(c->end - c->at);
    if (size >= 3 && memcmp(c->at, "\xef\xbb\xbf", 3) == 0)
        c->at += 3;
    else if (size >= 4 && (memcmp(c->at, "\xff\xfe\0\0", 4) == 0 || memcmp(c->at, "\0\0\xfe\xff", 4) == 0))
        return error_set(err, STATUS_BAD_DATA, "%s:1: it is UTF-32 (save it as UTF-8)", csv_name(c));
    else if (size >= 2 && (memcmp(c->at, "\xff\xfe", 2) == 0 || memcmp(c->at, "\xfe\xff", 2) == 0 || has_every_second_nul(c->at, size)))
        return error_set(err, STATUS_BAD_DATA, "%s:1: it is UTF-16 (save it as UTF-8)", csv_name(c));
    c->separator = find_separator(c);
    c->is_started = true;
    return STATUS_OK;
}

/* ---- records */

/* The field at work is named by its number: names are what the next layer knows. */
static enum status bad(const struct csv *c, uint64_t line, const char *why, struct error *err)
{
    return error_set(err, STATUS_BAD_DATA, "%s:%llu: field %zu: %s", csv_name(c), (unsigned long long)line, c->count + 1, why);
}

static enum status put_byte(struct csv *c, int byte, struct error *err)
{
    if (byte == '\0')
        return bad(c, c->line, "it has a NUL byte in it; this is not a CSV file", err);
    if (c->text.size >= CSV_RECORD_BYTES_MAX)
        return bad(c, c->record_line, "the record is longer than 1 MiB (is a closing quote missing?)", err);
    buffer_put_u8(&c->text, (uint8_t)byte);
    return c->text.failed ? error_set(err, STATUS_NO_MEMORY, "%s: %s", csv_name(c), status_text(STATUS_NO_MEMORY)) : STATUS_OK;
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
        if (byte == INPUT_FAILED)
            return input_failure(c, err);
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
            return input_failure(c, err);
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
    c->record_line = c->line;
    while (!is_last) {
        if (c->count == CSV_FIELDS_MAX)
            return bad(c, c->record_line, "the record has more than 1,000 fields", err);
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

/* Takes ownership of the input, also on failure. */
static enum status make(struct input *input, struct csv **out, struct error *err)
{
    struct csv *c = calloc(1, sizeof *c);
    if (c == NULL) {
        input_free(input);
        return error_set(err, STATUS_NO_MEMORY, "%s", status_text(STATUS_NO_MEMORY));
    }
    c->input = input;
    c->line = 1;
    *out = c;
    return STATUS_OK;
}

enum status csv_open(const char *path, struct csv **out, struct error *err)
{
    struct input *input;
    enum status status = input_open(path, &input, err);
    return status == STATUS_OK ? make(input, out, err) : status;
}

enum status csv_open_bytes(struct bytes data, const char *name, struct csv **out, struct error *err)
{
    struct input *input;
    enum status status = input_open_bytes(data, name, &input, err);
    return status == STATUS_OK ? make(input, out, err) : status;
}

enum status csv_rewind(struct csv *c, struct error *err)
{
    enum status status = input_rewind(c->input, err);
    if (status != STATUS_OK)
        return status;
    c->at = c->end = NULL;
    c->line = 1;
    c->is_started = false;
    return STATUS_OK;
}

void csv_free(struct csv *c)
{
    if (c == NULL)
        return;
    input_free(c->input);
    buffer_done(&c->text);
    free(c);
}

const char *csv_name(const struct csv *c)
{
    return input_name(c->input);
}

char csv_separator(const struct csv *c)
{
    return c->separator;
}
