/* cmd_tail.c: any StoreCast topic as JSON lines. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/client_open.h"
#include "app/command.h"
#include "app/config.h"
#include "app/interrupt.h"
#include "app/topics.h"
#include "codec/codec.h"
#include "codec/json.h"

#define HEX_BYTES_MAX 64

struct tail {
    struct command_context *context;
    struct codec *codec;
    struct client_reader *reader;
    struct arena arena;
    struct buffer line;
    enum topic topic;
    bool follow;
};

/* ---- one line */

static bool is_printable(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++)
        if (b.data[i] >= 0x80)
            return false;
    return true;
}

static void put_hex(struct buffer *out, struct bytes b)
{
    buffer_printf(out, "\"0x");
    for (size_t i = 0; i < b.size && i < HEX_BYTES_MAX; i++)
        buffer_printf(out, "%02x", b.data[i]);
    buffer_printf(out, "%s\"", b.size > HEX_BYTES_MAX ? "..." : "");
}

/* Ids may be any UTF-8, but a stranger's key may be any bytes: what is beyond ASCII is only shown as text when it can be. */
static void put_key(struct tail *t, struct bytes key)
{
    struct buffer *out = &t->line;
    if (!key.data)
        buffer_printf(out, "null");
    else if (t->topic == TOPIC_STATE || (t->topic == TOPIC_DEAD && !is_printable(key)))
        put_hex(out, key);
    else
        json_text((struct text){(const char *)key.data, key.size}, out);
}

static void put_value(struct tail *t, struct bytes value)
{
    struct buffer *out = &t->line;
    struct error why = {0};
    if (!value.data) {
        buffer_printf(out, "null");
        return;
    }
    arena_clear(&t->arena);
    size_t before = out->size;
    if (t->topic != TOPIC_STATE && codec_json(t->codec, value, &t->arena, out, &why) == STATUS_OK)
        return;
    out->size = before;
    put_hex(out, value);
    buffer_printf(out, ",\"value_bytes\":%zu", value.size);
}

static void put_headers(struct tail *t)
{
    const char *name;
    struct text value;
    for (size_t i = 0; client_message_header_at(t->reader, i, &name, &value); i++) {
        buffer_printf(&t->line, i == 0 ? ",\"headers\":{" : ",");
        json_text(text_of(name), &t->line);
        buffer_printf(&t->line, ":");
        if (is_printable((struct bytes){(const uint8_t *)value.data, value.size}))
            json_text(value, &t->line);
        else
            put_hex(&t->line, (struct bytes){(const uint8_t *)value.data, value.size});
    }
    if (client_message_header_at(t->reader, 0, &name, &value))
        buffer_printf(&t->line, "}");
}

static enum status print_message(struct tail *t, const struct client_message *m)
{
    buffer_clear(&t->line);
    buffer_printf(&t->line, "{\"partition\":%d,\"offset\":%" PRId64 ",\"timestamp_ms\":%" PRId64 ",\"key\":", (int)m->partition, m->offset,
                  m->timestamp_ms);
    put_key(t, m->key);
    put_headers(t);
    buffer_printf(&t->line, ",\"value\":");
    put_value(t, m->value);
    buffer_printf(&t->line, "}\n");
    if (t->line.failed)
        return error_set(&t->context->err, STATUS_NO_MEMORY, "tail: out of memory");
    fwrite(t->line.data, 1, t->line.size, stdout); /* print_topic looks at ferror */
    return STATUS_OK;
}

/* ---- the topic */

static enum status print_topic(struct tail *t)
{
    struct error *err = &t->context->err;
    enum status status = STATUS_OK;
    while (!status && !interrupt_requested()) {
        struct client_message m;
        enum status read = client_read(t->reader, 200, &m, err);
        if (read == STATUS_OK)
            status = print_message(t, &m);
        else if (read == STATUS_NOT_FOUND && !t->follow)
            break;
        else if (read == STATUS_BUSY || read == STATUS_NOT_FOUND)
            fflush(stdout);
        else
            status = read;
        if (ferror(stdout))
            break; /* the reader of our pipe has gone, or the disk is full: command.c tells which */
    }
    return status;
}

static enum status open_topic(struct tail *t, const char *name)
{
    struct command_context *c = t->context;
    struct topics topics;
    enum status status = topics_init(&topics, c->config.topics_prefix, &c->err);
    if (!status && !topics_find(&topics, name, &t->topic))
        status = error_set(&c->err, STATUS_BAD_USAGE, "tail: there is no topic '%s' (storecast help tail lists them)", name);
    struct client *client = NULL;
    if (!status)
        status = client_open(&c->config, command_text(c, "--broker"), false, &client, &c->err);
    if (status)
        return status;
    const char *full = topics_name(&topics, t->topic);
    enum client_start start = t->follow && !command_flag(c, "--from-beginning") ? CLIENT_NEW_ONLY : CLIENT_FROM_PRESENT;
    status = client_reader_new(client, &full, 1, start, &t->reader, &c->err);
    client_free(client);
    return status;
}

static int run(struct command_context *c)
{
    struct tail t = {.context = c, .follow = command_flag(c, "--follow")};
    interrupt_watch();
    enum status status = open_topic(&t, c->arguments[0]);
    if (!status && codec_new(&t.codec))
        status = error_set(&c->err, STATUS_NO_MEMORY, "tail: out of memory");
    if (!status)
        status = print_topic(&t);
    client_reader_free(t.reader);
    codec_free(t.codec);
    arena_done(&t.arena);
    buffer_done(&t.line);
    if (!status)
        return EXIT_CODE_OK;
    return status == STATUS_NOT_FOUND ? command_fail_with(c, EXIT_CODE_SERVICE) : command_fail(c);
}

static const struct command_option options[] = {
    {.name = "--broker",
     .kind = OPTION_TEXT,
     .argument = "ADDRESS",
     .help = "host:port; without it as configured, or what `storecast broker` left in state.dir"},
    COMMAND_OPTION_STATE_DIR,
    {.name = "--follow", .kind = OPTION_FLAG, .help = "wait for more at the end"},
    {.name = "--from-beginning", .kind = OPTION_FLAG, .help = "with --follow: begin with what is there already"},
};

const struct command command_tail = {
    .name = "tail",
    .arguments = "TOPIC",
    .summary = "print a topic as JSON lines",
    .text = "TOPIC: sales-updates, forecast-requests, forecasts, forecast-archive, forecast-replies, drift-alerts, dead-letters,\n"
            "model-events or state. Without --follow it ends at the end of the topic.",
    .options = options,
    .option_count = sizeof options / sizeof options[0],
    .min_arguments = 1,
    .max_arguments = 1,
    .takes_config = true,
    .run = run,
};
