#include "chaos/calm.h"

#include <stdlib.h>
#include <string.h>

struct kept { /* then the key and the value */
    int64_t timestamp_ms, offset;
    int32_t partition;
    uint32_t key_size, value_size;
};

void calm_keep(struct buffer *kept, const struct client_record *record, int64_t offset)
{
    const struct kept head = {record->timestamp_ms, offset, record->partition, (uint32_t)record->key.size, (uint32_t)record->value.size};
    buffer_put(kept, &head, sizeof head);
    buffer_put(kept, record->key.data, record->key.size);
    buffer_put(kept, record->value.data, record->value.size);
    if (kept->failed)
        chaos_fail("out of memory");
}

/* What was asked in the wild run before it knew this record. */
static void ask_again(const struct calm_options *o, struct stage *s, int32_t partition, int64_t offset)
{
    struct ask *ask;
    while (o->asks && (ask = asks_due(o->asks, partition, offset))) {
        stage_wait_handled(s);
        asks_compare(o->asks, ask, s->client, &s->topics, o->findings);
    }
}

static void send_kept(const struct calm_options *o, struct stage *s)
{
    struct reader at = reader_of(buffer_bytes(o->kept));
    struct kept head;
    while (at.left > 0) {
        memcpy(&head, reader_take(&at, sizeof head).data, sizeof head);
        const struct client_record record = {.topic = topics_name(&s->topics, TOPIC_SALES),
                                             .partition = head.partition,
                                             .key = reader_take(&at, head.key_size),
                                             .value = reader_take(&at, head.value_size),
                                             .timestamp_ms = head.timestamp_ms};
        ask_again(o, s, head.partition, head.offset);
        stage_send(s, &record);
    }
    for (int32_t p = 0; p < o->ledger->partition_count; p++)
        ask_again(o, s, p, INT64_MAX);
}

/* Rows of several workers come in any order. */
static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **sorted_lines(struct buffer *text, size_t *out_count)
{
    char **lines = NULL, *rest, *line = strtok_r((char *)text->data, "\n", &rest);
    size_t count = 0, capacity = 0;
    for (; line; line = strtok_r(NULL, "\n", &rest)) {
        if (count == capacity)
            lines = chaos_memory(realloc(lines, (capacity = capacity ? 2 * capacity : 1024) * sizeof *lines));
        lines[count++] = line;
    }
    if (count > 0)
        qsort(lines, count, sizeof *lines, compare_lines);
    *out_count = count;
    return lines;
}

static void compare_cells(const struct calm_options *o, struct stage *calm)
{
    struct buffer shown = {0};
    size_t wild_count, calm_count, i = 0;
    if (!service_state(&calm->service, "cells", &shown))
        chaos_fail("the state cannot be shown");
    char **a = sorted_lines(o->cells, &wild_count), **b = sorted_lines(&shown, &calm_count);
    while (i < wild_count && i < calm_count && strcmp(a[i], b[i]) == 0)
        i++;
    if (i < wild_count || i < calm_count)
        findings_add(o->findings, FINDING_DIFFERENT, 1, "the states of the wild and the calm run differ: %s, %s",
                     i < wild_count ? a[i] : "", i < calm_count ? b[i] : "");
    free(a);
    free(b);
    buffer_done(&shown);
}

void calm_compare(const struct calm_options *o)
{
    struct stage calm;
    struct findings unused = {0};
    stage_open(&calm, o->ledger, &unused, o->program, true);
    stage_start(&calm, NULL);
    send_kept(o, &calm);
    stage_wait_handled(&calm);
    stage_wait_quiet(&calm);
    if (calm.outputs.dead_letters || unused.lost || unused.doubled || unused.different)
        findings_add(o->findings, FINDING_DIFFERENT, 1, "the calm run has dead letters, or publishes something twice that differs");
    outputs_compare(o->outputs, &calm.outputs, o->findings);
    compare_cells(o, &calm);
    calm.findings = o->findings;
    stage_end_worker(&calm);
    stage_close(&calm);
}
