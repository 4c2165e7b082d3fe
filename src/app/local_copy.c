#include "app/local_copy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/restore.h"
#include "base/log.h"

#define MAX_AGE_MS (INT64_C(12) * 3600 * 1000)
#define BOOT_BYTES 64

int64_t local_copy_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one partition */

enum status local_copy_checkpoint(struct arena *arena, int32_t partition, const struct checkpoint *checkpoint, struct kv_op *out)
{
    struct buffer value = {0};
    struct bytes key;
    state_checkpoint_write(checkpoint, &value);
    enum status status = buffer_status(&value);
    uint8_t *copy = status ? NULL : arena_alloc(arena, value.size);
    if (!status)
        status = copy ? state_checkpoint_key(arena, partition, &key) : STATUS_NO_MEMORY;
    if (!status) {
        memcpy(copy, value.data, value.size);
        *out = (struct kv_op){key, {copy, value.size}, false};
    }
    buffer_done(&value);
    return status;
}

enum status local_copy_read(struct kv *kv, int32_t partition, struct checkpoint *out, struct error *err)
{
    struct arena arena = {0};
    struct buffer value = {0};
    struct bytes key;
    enum status status = state_checkpoint_key(&arena, partition, &key);
    status = status ? error_set(err, status, "state: out of memory") : kv_get(kv, key, &value, err);
    if (!status)
        status = state_checkpoint_read(buffer_bytes(&value), out);
    buffer_done(&value);
    arena_done(&arena);
    return status;
}

uint64_t local_copy_batch(struct kv *kv, int32_t partition)
{
    struct arena arena = {0};
    struct buffer value = {0};
    struct error err;
    struct bytes key;
    uint64_t batch = 0;
    if (state_key(&arena, partition, engine_partition_key(), &key) || kv_get(kv, key, &value, &err) ||
        !engine_partition_batch(buffer_bytes(&value), &batch))
        batch = 0;
    buffer_done(&value);
    arena_done(&arena);
    return batch;
}

enum status local_copy_drop(struct kv *kv, int32_t partition, struct error *err)
{
    uint8_t prefix[STATE_PREFIX_BYTES];
    state_prefix(partition, prefix);
    return kv_clear(kv, (struct bytes){prefix, sizeof prefix}, err);
}

int64_t local_copy_max_age_ms(int64_t delete_retention_ms)
{
    return delete_retention_ms / 2 < MAX_AGE_MS ? delete_retention_ms / 2 : MAX_AGE_MS;
}

bool local_copy_is_too_old(const struct worker *w, const struct checkpoint *checkpoint)
{
    int64_t age_ms = local_copy_now_ms() - checkpoint->time_ms;
    return age_ms < 0 || age_ms > w->copy_max_age_ms;
}

/* ---- the directory */

static struct text read_boot(char out[BOOT_BYTES])
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    size_t size = f ? fread(out, 1, BOOT_BYTES - 1, f) : 0;
    if (f)
        fclose(f);
    return (struct text){out, size};
}

/* Whether a boot of the machine that is over was writing here. */
static enum status find_torn(struct worker *w, struct text boot, bool *out, struct error *err)
{
    buffer_clear(&w->scratch);
    enum status status = kv_get(w->kv, state_boot_key(), &w->scratch, err);
    *out = status == STATUS_OK && !text_equal((struct text){(const char *)w->scratch.data, w->scratch.size}, boot);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status mark(struct worker *w, struct text boot, struct error *err)
{
    const struct state_about about = {(uint32_t)w->partition_count, text_of(w->incarnation), text_of(w->config->topics_prefix)};
    buffer_clear(&w->scratch);
    state_about_write(&about, &w->scratch);
    if (buffer_status(&w->scratch))
        return error_set(err, STATUS_NO_MEMORY, "state: out of memory");
    const struct kv_op ops[] = {{state_about_key(), buffer_bytes(&w->scratch), false},
                                {state_boot_key(), {(const uint8_t *)boot.data, boot.size}, false}};
    return kv_write(w->kv, ops, sizeof ops / sizeof *ops, err);
}

enum status local_copy_open(struct worker *w, struct error *err)
{
    char bytes[BOOT_BYTES];
    const struct text boot = read_boot(bytes);
    bool is_torn;
    enum status status = restore_read_about(w, err);
    if (!status)
        status = find_torn(w, boot, &is_torn, err);
    if (!status && (is_torn || w->is_new_incarnation)) {
        log_event(LOG_WARN, "state_dropped", "why=%s",
                  is_torn ? "\"the machine stopped while it was being written\"" : "\"it is of another cluster\"");
        status = kv_clear(w->kv, (struct bytes){0}, err);
    }
    return status ? status : mark(w, boot, err);
}

void local_copy_close(struct worker *w)
{
    const struct kv_op unmark = {.key = state_boot_key(), .is_delete = true};
    struct error err;
    if (!kv_sync(w->kv, &err) && !kv_write(w->kv, &unmark, 1, &err) && !kv_sync(w->kv, &err))
        return;
    struct log_line l;
    log_begin(&l, LOG_WARN, "state_not_closed");
    log_string(&l, "why", err.text);
    log_end(&l);
}
