#include "chaos/calm.h"

#include <stdlib.h>
#include <string.h>

struct kept { /* then the key and the value */
    int64_t timestamp_ms;
    int32_t partition;
    uint32_t key_size, value_size;
};

void calm_keep(struct buffer *kept, const struct client_record *record)
{
    const struct kept head = {record->timestamp_ms, record->partition, (uint32_t)record->key.size, (uint32_t)record->value.size};
    buffer_put(kept, &head, sizeof head);
    buffer_put(kept, record->key.data, record->key.size);
    buffer_put(kept, record->value.data, record->value.size);
    if (kept->failed)
        chaos_fail("out of memory");
}

static void send_kept(const struct buffer *kept, struct stage *s)
{
    struct reader at = reader_of(buffer_bytes(kept));
    struct kept head;
    while (at.left > 0) {
        memcpy(&head, reader_take(&at, sizeof head).data, sizeof head);
        const struct client_record record = {.topic = topics_name(&s->topics, TOPIC_SALES),
                                             .partition = head.partition,
                                             .key = reader_take(&at, head.key_size),
                                             .value = reader_take(&at, head.value_size),
                                             .timestamp_ms = head.timestamp_ms};
        stage_send(s, &record);
    }
}

static void compare_cells(struct stage *wild, struct stage *calm)
{
    struct buffer a = {0}, b = {0};
    if (!service_state(&wild->service, "cells", &a) || !service_state(&calm->service, "cells", &b))
        chaos_fail("the state cannot be shown");
    if (a.size != b.size || memcmp(a.data, b.data, a.size) != 0)
        findings_add(wild->findings, FINDING_DIFFERENT, 1, "the states of the wild and the calm run differ");
    buffer_done(&a);
    buffer_done(&b);
}

void calm_compare(const struct buffer *kept, struct stage *wild, const char *program)
{
    struct stage calm;
    struct findings unused = {0};
    stage_open(&calm, wild->ledger, &unused, program, true);
    stage_start(&calm, NULL);
    send_kept(kept, &calm);
    stage_wait_handled(&calm);
    stage_wait_quiet(&calm);
    if (calm.outputs.dead_letters || unused.lost || unused.doubled || unused.different)
        findings_add(wild->findings, FINDING_DIFFERENT, 1, "the calm run has dead letters, or publishes something twice that differs");
    outputs_compare(&wild->outputs, &calm.outputs, wild->findings);
    compare_cells(wild, &calm);
    calm.findings = wild->findings;
    stage_end_worker(&calm);
    stage_close(&calm);
}
