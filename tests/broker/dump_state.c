/* dump_state: every state record of a stopped worker, byte by byte, so that two directories can be compared.
 *
 *   broker_dump_state STATE_DIR [newer|foreign]
 *
 * Prints key and value in hexadecimal, a line each, in order; not what the directory says of itself. newer, foreign: instead,
 * changes what it says: of which version, or of which cluster it is. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "io/kv.h"

static void put(struct bytes b, char end)
{
    for (size_t i = 0; i < b.size; i++)
        printf("%02x", b.data[i]);
    putchar(end);
}

static enum status on_record(void *arg, struct bytes key, struct bytes value, struct error *err)
{
    (void)arg;
    (void)err;
    if (key.data[0] == 0xff)
        return STATUS_OK;
    put(key, ' ');
    put(value, '\n');
    return STATUS_OK;
}

/* What the directory says of itself: u16 version, u32 partitions, text (u16 size, bytes) incarnation, ..., u32 crc32c. */
static enum status change(struct kv *kv, bool to_newer, struct error *err)
{
    enum { VERSION = 0, INCARNATION = 8 };
    static const uint8_t key[] = {0xff, 0xff, 0xff, 0xff, 'A'};
    struct buffer about = {0};
    enum status status = kv_get(kv, (struct bytes){key, sizeof key}, &about, err);
    if (!status && about.size > INCARNATION + 20) {
        about.data[to_newer ? VERSION : INCARNATION + 12]++;
        const uint32_t sum = hash_crc32c(about.data, about.size - 4);
        for (size_t i = 0; i < 4; i++)
            about.data[about.size - 4 + i] = (uint8_t)(sum >> 8 * i);
        const struct kv_op op = {.key = {key, sizeof key}, .value = buffer_bytes(&about)};
        status = kv_write(kv, &op, 1, err);
    }
    buffer_done(&about);
    return status ? status : kv_sync(kv, err);
}

int main(int argc, char **argv)
{
    struct kv *kv = NULL;
    struct error err = {0};
    if (argc < 2 || argc > 3)
        return 64;
    enum status status = kv_open(&(struct kv_options){.directory = argv[1], .read_only = argc == 2}, &kv, &err);
    if (!status)
        status = argc == 3 ? change(kv, strcmp(argv[2], "newer") == 0, &err) : kv_each(kv, (struct bytes){0}, on_record, NULL, &err);
    if (status)
        fprintf(stderr, "%s\n", err.text);
    kv_close(kv);
    return status ? 1 : 0;
}
