#include "app/dead_letter.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "codec/codec.h"

#define OWN_HEADERS 12
#define KEY_MAX     (64 * 1024)

struct header_list {
    struct kafka_header *items;
    size_t count;
    struct arena *arena;
    bool failed;
};

static void add_text(struct header_list *list, const char *name, struct text value)
{
    assert(list->count < DEAD_LETTER_HEADERS_MAX);
    struct text copy = arena_text(list->arena, value);
    list->failed |= value.data && !copy.data;
    list->items[list->count++] = (struct kafka_header){name, {(const uint8_t *)copy.data, copy.size}};
}

__attribute__((format(printf, 3, 4))) static void add_format(struct header_list *list, const char *name, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_text(list, name, text_of(text));
}

static void add_original(struct header_list *list, const struct consumer_record *record)
{
    struct kafka_header h;
    for (size_t i = 0; list->count < DEAD_LETTER_HEADERS_MAX - OWN_HEADERS && consumer_record_header(record, i, &h); i++)
        list->items[list->count++] = h;
}

static void add_digest(struct header_list *list, struct bytes value)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH + 1];
    SHA256(value.data, value.size, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    add_format(list, "storecast.error.value_bytes", "%zu", value.size);
    add_text(list, "storecast.error.value_sha256", text_of(hex));
}

enum status dead_letter_message(const struct consumer_record *record, const struct dead_letter_source *source, struct arena *arena,
                                struct producer_message *out)
{
    struct header_list list = {arena_array(arena, DEAD_LETTER_HEADERS_MAX, sizeof(struct kafka_header)), 0, arena, false};
    if (!list.items)
        return STATUS_NO_MEMORY;
    add_original(&list, record);
    add_text(&list, "storecast.error.code", text_of(dead_letter_name(source->code)));
    add_text(&list, "storecast.error.message", source->sentence.data ? source->sentence : text_of(dead_letter_text(source->code)));
    add_text(&list, "storecast.error.topic", text_of(source->topic));
    add_format(&list, "storecast.error.partition", "%d", (int)record->partition);
    add_format(&list, "storecast.error.offset", "%" PRId64, record->offset);
    add_format(&list, "storecast.error.timestamp", "%" PRId64, record->timestamp_ms);
    add_text(&list, "storecast.error.group", text_of(source->group));
    uint32_t schema_id;
    if (codec_value_schema_id(record->value, &schema_id) == STATUS_OK)
        add_format(&list, "storecast.error.schema_id", "%" PRIu32, schema_id);
    add_text(&list, "storecast.error.version", text_of(command_program_version()));
    struct bytes key = record->key, value = record->value;
    if (value.size > DEAD_LETTER_VALUE_MAX) {
        add_digest(&list, value);
        value.size = DEAD_LETTER_VALUE_MAX;
    }
    if (key.size > KEY_MAX) {
        add_format(&list, "storecast.error.key_bytes", "%zu", key.size);
        key.size = KEY_MAX;
    }
    *out = (struct producer_message){
        .partition = record->partition, .key = key, .value = value, .headers = list.items, .header_count = list.count};
    return list.failed ? STATUS_NO_MEMORY : STATUS_OK;
}
