#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
};
#define ARENA_BLOCK_BYTES ((size_t)64 * 1024)
#define ARENA_ALIGN ((size_t)16)
#define ARENA_HEADER ((sizeof(struct arena_block) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct arena_block *block = a->blocks;
    if (!block || block->capacity - block->used < size) {
        size_t capacity = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
        block = malloc(ARENA_HEADER + capacity);
        if (!block)
            return NULL;
        *block = (struct arena_block){a->blocks, 0, capacity};
        a->blocks = block;
    }
    void *at = (uint8_t *)block + ARENA_HEADER + block->used;
    block->used += size;
    memset(at, 0, size);
    return at;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / 2 / size)
        return NULL;
    return arena_alloc(a, count * size);
}

struct text arena_text(struct arena *a, struct text t)
{
    if (!t.data)
        return t;
    char *copy = arena_alloc(a, t.size + 1);
    if (!copy)
        return (struct text){NULL, 0};
    memcpy(copy, t.data, t.size);
    return (struct text){copy, t.size};
}

void arena_clear(struct arena *a)
{
    struct arena_block *keep = NULL;
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        if (!next && a->blocks->capacity == ARENA_BLOCK_BYTES)
            keep = a->blocks;
        else
            free(a->blocks);
        a->blocks = next;
    }
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
    a->blocks = keep;
}

void arena_done(struct arena *a)
{
    if (!a)
        return;
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}
