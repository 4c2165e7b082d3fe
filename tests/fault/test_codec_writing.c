/* Every allocation fails in turn while messages are written and printed: STATUS_NO_MEMORY, and nothing half written. (Reading is not
 * here: avro-c crashes when its own allocations fail.) */
#include "support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/codec.h"
#include "support/fault.h"
#include "support/shared.h"

struct sample {
    char name[64];
    struct buffer value;
    char line[4096];
};

static struct sample samples[64];
static size_t sample_count;

static int read_samples(void **state)
{
    static char text[16384];
    (void)state;
    FILE *f = fopen(source_path("tests/golden/messages/messages.tsv"), "re");
    assert_non_null(f);
    while (fgets(text, sizeof text, f)) {
        struct sample *s = &samples[sample_count];
        char *rest = text, *name = strsep(&rest, "\t"), *schema = strsep(&rest, "\t"), *hex = strsep(&rest, "\t");
        char *line = strsep(&rest, "\t\n");
        if (!line || strcmp(schema, "own") != 0)
            continue;
        snprintf(s->name, sizeof s->name, "%s", name);
        snprintf(s->line, sizeof s->line, "%s", line);
        for (; hex[0] && hex[1]; hex += 2)
            buffer_put_u8(&s->value, (uint8_t)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16));
        assert_ok(buffer_status(&s->value));
        sample_count++;
    }
    fclose(f);
    assert_true(sample_count > 10);
    return 0;
}

static int drop_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++)
        buffer_done(&samples[i].value);
    return 0;
}

union message {
    struct sales_update update;
    struct forecast_request request;
    struct forecast_result result;
    struct period_closed closed;
    struct drift_alert alert;
    struct model_event event;
};

#define CASES(X)                                                                                                                           \
    X(SALES_UPDATE, sales_update, update)                                                                                                  \
    X(FORECAST_REQUEST, forecast_request, request)                                                                                         \
    X(FORECAST_RESULT, forecast_result, result)                                                                                            \
    X(PERIOD_CLOSED, period_closed, closed)                                                                                                \
    X(DRIFT_ALERT, drift_alert, alert)                                                                                                     \
    X(MODEL_EVENT, model_event, event)

struct use {
    const struct sample *sample;
    enum codec_record record;
    union message message;
};

static enum status decode(struct codec *c, struct use *x, struct arena *arena)
{
    const struct bytes value = buffer_bytes(&x->sample->value);
    assert_ok(codec_value_record(c, value, &x->record));
    switch (x->record) {
#define DECODE(constant, name, member)                                                                                                     \
    case CODEC_##constant:                                                                                                                 \
        return codec_decode_##name(c, value, arena, &x->message.member, NULL, NULL);
        CASES(DECODE)
    case CODEC_RECORD_COUNT:
        break;
    }
    fail();
    return STATUS_BAD_MESSAGE;
}

static enum status encode(const struct use *x, struct buffer *out)
{
    switch (x->record) {
#define ENCODE(constant, name, member)                                                                                                     \
    case CODEC_##constant:                                                                                                                 \
        return codec_encode_##name(&x->message.member, out);
        CASES(ENCODE)
    case CODEC_RECORD_COUNT:
        break;
    }
    fail();
    return STATUS_BAD_MESSAGE;
}

static void print(const struct use *x, struct buffer *out)
{
    switch (x->record) {
#define PRINT(constant, name, member)                                                                                                      \
    case CODEC_##constant:                                                                                                                 \
        codec_json_##name(&x->message.member, out);                                                                                        \
        return;
        CASES(PRINT)
    case CODEC_RECORD_COUNT:
        break;
    }
    fail();
}

static bool write_message(void *context)
{
    const struct use *x = context;
    const struct buffer *right = &x->sample->value;
    struct buffer out = {0};
    enum status status = encode(x, &out);
    if (status == STATUS_OK && (out.size != right->size || memcmp(out.data, right->data, out.size) != 0))
        fail_msg("%s: other bytes", x->sample->name);
    if (status != STATUS_OK && (status != STATUS_NO_MEMORY || out.size != 0))
        fail_msg("%s: %s, %zu bytes", x->sample->name, status_name(status), out.size);
    buffer_done(&out);
    return status == STATUS_OK;
}

static bool print_message_text(void *context)
{
    const struct use *x = context;
    struct buffer line = {0};
    print(x, &line);
    const bool is_printed = buffer_status(&line) == STATUS_OK;
    if (is_printed && (line.size != strlen(x->sample->line) || memcmp(line.data, x->sample->line, line.size) != 0))
        fail_msg("%s: another line", x->sample->name);
    buffer_done(&line);
    return is_printed;
}

static void messages_are_written_and_printed_whole_or_there_is_no_memory(void **state)
{
    struct codec *codec;
    size_t failures = 0;
    (void)state;
    assert_ok(codec_new(&codec));
    for (size_t i = 0; i < sample_count; i++) {
        struct use x = {.sample = &samples[i]};
        struct arena arena = {0};
        assert_ok(decode(codec, &x, &arena));
        failures += fault_sweep(write_message, &x, false) + fault_sweep(print_message_text, &x, false);
        arena_done(&arena);
    }
    print_message("%zu messages, %zu allocations\n", sample_count, failures);
    codec_free(codec);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_written_and_printed_whole_or_there_is_no_memory),
    };
    fixture_filter(argc, argv);
    return cmocka_run_group_tests(tests, read_samples, drop_samples);
}
