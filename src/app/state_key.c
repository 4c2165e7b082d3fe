#include "app/state_key.h"

#include <assert.h>
#include <string.h>

#include "base/hash.h"

#define ABOUT_VERSION 1

void state_prefix(int32_t partition, uint8_t out[STATE_PREFIX_BYTES])
{
    assert(partition >= 0);
    uint32_t p = (uint32_t)partition;
    for (int i = 0; i < STATE_PREFIX_BYTES; i++)
        out[i] = (uint8_t)(p >> (24 - 8 * i));
}

enum status state_key(struct arena *arena, int32_t partition, struct bytes key, struct bytes *out)
{
    uint8_t *bytes = arena_alloc(arena, STATE_PREFIX_BYTES + key.size);
    if (!bytes)
        return STATUS_NO_MEMORY;
    state_prefix(partition, bytes);
    memcpy(bytes + STATE_PREFIX_BYTES, key.data, key.size);
    *out = (struct bytes){bytes, STATE_PREFIX_BYTES + key.size};
    return STATUS_OK;
}

struct bytes state_key_inner(struct bytes key)
{
    assert(key.size >= STATE_PREFIX_BYTES);
    return (struct bytes){key.data + STATE_PREFIX_BYTES, key.size - STATE_PREFIX_BYTES};
}

struct bytes state_about_key(void)
{
    static const uint8_t key[] = {0xff, 0xff, 0xff, 0xff, 'A'};
    return (struct bytes){key, sizeof key};
}

void state_about_write(const struct state_about *about, struct buffer *out)
{
    const size_t from = out->size;
    buffer_put_u16(out, ABOUT_VERSION);
    buffer_put_u32(out, about->partitions);
    buffer_put_text(out, about->incarnation);
    buffer_put_text(out, about->prefix);
    buffer_put_u32(out, out->failed ? 0 : hash_crc32c(out->data + from, out->size - from));
}

enum status state_about_read(struct bytes value, struct state_about *out, struct error *err)
{
    struct reader r = reader_of(value);
    uint16_t version = reader_u16(&r);
    if (!r.failed && version > ABOUT_VERSION)
        return error_set(err, STATUS_NEWER, "the state was written by a newer version of StoreCast (start that one)");
    struct state_about about = {.partitions = reader_u32(&r)};
    about.incarnation = reader_text(&r);
    about.prefix = reader_text(&r);
    const size_t summed = value.size - r.left;
    uint32_t sum = reader_u32(&r);
    if (r.failed || r.left || version == 0 || hash_crc32c(value.data, summed) != sum)
        return error_set(err, STATUS_CORRUPT, "the state's description of itself is damaged (remove the state directory to rebuild it)");
    *out = about;
    return STATUS_OK;
}

enum status state_checkpoint_key(struct arena *arena, int32_t partition, struct bytes *out)
{
    uint8_t *bytes = arena_alloc(arena, 5 + STATE_PREFIX_BYTES);
    if (!bytes)
        return STATUS_NO_MEMORY;
    memset(bytes, 0xff, 4);
    bytes[4] = 'K';
    state_prefix(partition, bytes + 5);
    *out = (struct bytes){bytes, 5 + STATE_PREFIX_BYTES};
    return STATUS_OK;
}

void state_checkpoint_write(const struct checkpoint *c, struct buffer *out)
{
    const size_t from = out->size;
    buffer_put_u64(out, c->batch);
    buffer_put_u64(out, (uint64_t)c->next);
    buffer_put_u64(out, (uint64_t)c->sales_next);
    buffer_put_u64(out, (uint64_t)c->requests_next);
    buffer_put_u64(out, (uint64_t)c->time_ms);
    buffer_put_u32(out, out->failed ? 0 : hash_crc32c(out->data + from, out->size - from));
}

enum status state_checkpoint_read(struct bytes value, struct checkpoint *out)
{
    struct reader r = reader_of(value);
    struct checkpoint c = {.batch = reader_u64(&r)};
    c.next = (int64_t)reader_u64(&r);
    c.sales_next = (int64_t)reader_u64(&r);
    c.requests_next = (int64_t)reader_u64(&r);
    c.time_ms = (int64_t)reader_u64(&r);
    const size_t summed = value.size - r.left;
    uint32_t sum = reader_u32(&r);
    if (r.failed || r.left || hash_crc32c(value.data, summed) != sum)
        return STATUS_CORRUPT;
    *out = c;
    return STATUS_OK;
}

struct bytes state_boot_key(void)
{
    static const uint8_t key[] = {0xff, 0xff, 0xff, 0xff, 'B'};
    return (struct bytes){key, sizeof key};
}
