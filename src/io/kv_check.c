#include "io/kv_check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/kv.h"

/* The format of LMDB 0.9, in the machine's own byte order. */
#define HEADS           2
#define PAGE_HEAD_BYTES 16
#define NODE_HEAD_BYTES 8
#define PAGE_BYTES_MIN  512
#define PAGE_BYTES_MAX  65536
#define DEPTH_MAX       32
#define MAGIC           0xBEEFC0DEu
#define DATA_VERSION    1u
#define NO_PAGE         UINT64_MAX
#define FREE_KEY_BYTES  8
#define UNWRITTEN_MAX   (UINT64_C(1) << 20) /* pages that were given out and never written, behind the end of the file */
#define TRIES           20                  /* to see heads that another process is writing */

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_HEAD = 8 };
enum { NODE_ON_OTHER_PAGES = 1 };
enum { TREE_FREE, TREE_RECORDS, TREES };

struct page_head {
    uint64_t number;
    uint16_t pad, flags;
    union {
        struct {
            uint16_t lower, upper;
        };
        uint32_t pages; /* of a value on pages of its own */
    };
};
struct node_head {
    uint16_t low, high, flags, key_bytes;
};
struct tree {
    uint32_t pad; /* of TREE_FREE: the bytes of a page */
    uint16_t flags, depth;
    uint64_t branches, leaves, overflows, entries, root;
};
struct head {
    uint32_t magic, version;
    uint64_t address, map_bytes;
    struct tree trees[TREES];
    uint64_t last, transaction;
};
_Static_assert(sizeof(struct page_head) == PAGE_HEAD_BYTES && sizeof(struct node_head) == NODE_HEAD_BYTES && sizeof(struct head) == 136,
               "as in the file");

struct check {
    int fd;
    uint64_t file_bytes, page_bytes;
    struct head heads[HEADS];
    const struct head *head; /* the newer one */
    uint8_t *owned;          /* a bit a page */
    uint8_t *pages;          /* one for each level of a tree */
    uint8_t *filled;         /* a byte for every two of the page at hand */
    struct tree seen;        /* of the tree at hand: sums */
    bool is_free_tree;
    uint8_t last_key[KV_KEY_BYTES_MAX];
    size_t last_key_bytes;
    bool last_key_may_repeat; /* it is the one above a page, not one of a record */
    uint64_t at;
    const char *what; /* is wrong with page `at` */
};

static enum status damaged(struct check *c, uint64_t page, const char *what)
{
    c->at = page;
    c->what = what;
    return STATUS_CORRUPT;
}

static enum status read_at(struct check *c, uint64_t at, void *out, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(c->fd, (uint8_t *)out + done, size - done, (off_t)(at + done));
        if (n < 0 && errno != EINTR)
            return STATUS_IO;
        if (n == 0)
            return damaged(c, at / c->page_bytes, "lies behind the end of the file");
        done += n > 0 ? (size_t)n : 0;
    }
    return STATUS_OK;
}

/* ---- pages */

static enum status own(struct check *c, uint64_t page, uint64_t count)
{
    if (page < HEADS || page > c->head->last || count > c->head->last - page + 1)
        return damaged(c, page, "is none");
    for (uint64_t p = page; p < page + count; p++) {
        const uint8_t bit = (uint8_t)(1u << p % 8);
        if (c->owned[p / 8] & bit)
            return damaged(c, p, "has two owners");
        c->owned[p / 8] |= bit;
    }
    return STATUS_OK;
}

static enum status check_overflow(struct check *c, uint64_t page, uint64_t bytes)
{
    struct page_head head;
    if (page > c->head->last)
        return damaged(c, page, "is none");
    enum status status = read_at(c, page * c->page_bytes, &head, sizeof head);
    if (status)
        return status;
    if (head.number != page || head.flags != PAGE_OVERFLOW || head.pages < (PAGE_HEAD_BYTES + bytes + c->page_bytes - 1) / c->page_bytes)
        return damaged(c, page, "is not the value it should be");
    status = own(c, page, head.pages);
    if (!status && (page + head.pages) * c->page_bytes > c->file_bytes)
        status = damaged(c, page, "lies behind the end of the file");
    c->seen.overflows += head.pages;
    return status;
}

/* ---- keys: of the free tree, numbers */

static enum status check_key(struct check *c, uint64_t page, const uint8_t *key, size_t size, bool is_above)
{
    uint8_t number[FREE_KEY_BYTES];
    if (c->is_free_tree ? size != FREE_KEY_BYTES : size == 0 || size > KV_KEY_BYTES_MAX)
        return damaged(c, page, "has a key of an impossible size");
    for (size_t i = 0; c->is_free_tree && i < size; i++)
        number[i] = key[size - 1 - i];
    if (c->is_free_tree)
        key = number;
    int order = memcmp(key, c->last_key, size < c->last_key_bytes ? size : c->last_key_bytes);
    if (order == 0)
        order = (size > c->last_key_bytes) - (size < c->last_key_bytes);
    if (order < 0 || (order == 0 && !c->last_key_may_repeat))
        return damaged(c, page, "has a key that is out of order");
    memcpy(c->last_key, key, size);
    c->last_key_bytes = size;
    c->last_key_may_repeat = is_above;
    return STATUS_OK;
}

/* The numbers of free pages, behind their count, falling. */
static enum status check_free_pages(struct check *c, uint64_t page, uint64_t at, uint64_t bytes)
{
    uint64_t count, list[256], previous = NO_PAGE; /* list: read 256 at a time */
    enum status status = bytes >= sizeof count ? read_at(c, at, &count, sizeof count) : damaged(c, page, "lists no free pages");
    if (!status && count > bytes / sizeof count - 1)
        status = damaged(c, page, "lists more free pages than it can");
    for (uint64_t i = 1; !status && i <= count; i++) {
        const uint64_t in_list = (i - 1) % 256;
        if (in_list == 0)
            status = read_at(c, at + i * sizeof count, list, (size_t)((count - i + 1 < 256 ? count - i + 1 : 256) * sizeof count));
        if (!status && list[in_list] >= previous)
            status = damaged(c, page, "lists free pages out of order");
        if (!status)
            status = own(c, previous = list[in_list], 1);
    }
    return status;
}

/* ---- one tree */

static uint64_t node_bytes(const struct node_head *n, bool is_leaf)
{
    uint64_t value = is_leaf ? n->low | (uint64_t)n->high << 16 : 0;
    if (is_leaf && n->flags & NODE_ON_OTHER_PAGES)
        value = sizeof(uint64_t);
    return (NODE_HEAD_BYTES + n->key_bytes + value + 1) & ~UINT64_C(1);
}

/* The entries of a page stand at its end, without a gap and none over another. */
static enum status check_nodes(struct check *c, const uint8_t *page, const struct page_head *head, size_t count, bool is_leaf)
{
    uint64_t sum = 0;
    memset(c->filled, 0, c->page_bytes / 2);
    for (size_t i = 0; i < count; i++) {
        uint16_t at;
        struct node_head n;
        memcpy(&at, page + PAGE_HEAD_BYTES + 2 * i, sizeof at);
        if (at % 2 != 0 || at < head->upper || (uint64_t)at + NODE_HEAD_BYTES > c->page_bytes)
            return damaged(c, head->number, "has an entry outside of it");
        memcpy(&n, page + at, sizeof n);
        const uint64_t bytes = node_bytes(&n, is_leaf);
        if (at + bytes > c->page_bytes || (is_leaf && n.flags & ~NODE_ON_OTHER_PAGES))
            return damaged(c, head->number, "has an impossible entry");
        for (uint64_t unit = at / 2u; unit < (at + bytes) / 2; unit++)
            if (c->filled[unit]++)
                return damaged(c, head->number, "has two entries at one place");
        sum += bytes;
    }
    return sum == c->page_bytes - head->upper ? STATUS_OK : damaged(c, head->number, "has a gap");
}

static enum status check_record(struct check *c, uint64_t page, const uint8_t *data, uint16_t at)
{
    struct node_head n;
    memcpy(&n, data + at, sizeof n);
    const uint8_t *key = data + at + NODE_HEAD_BYTES;
    const uint64_t bytes = n.low | (uint64_t)n.high << 16;
    uint64_t value_at = page * c->page_bytes + at + NODE_HEAD_BYTES + n.key_bytes;
    enum status status = check_key(c, page, key, n.key_bytes, false);
    if (!status && n.flags & NODE_ON_OTHER_PAGES) {
        uint64_t first;
        memcpy(&first, key + n.key_bytes, sizeof first);
        status = check_overflow(c, first, bytes);
        value_at = first * c->page_bytes + PAGE_HEAD_BYTES;
    }
    c->seen.entries++;
    return status || !c->is_free_tree ? status : check_free_pages(c, page, value_at, bytes);
}

static enum status check_page(struct check *c, const struct tree *t, uint64_t page, unsigned level, size_t *count)
{
    uint8_t *data = c->pages + level * c->page_bytes;
    struct page_head head;
    const bool is_leaf = level + 1 == t->depth;
    enum status status = own(c, page, 1);
    if (!status)
        status = read_at(c, page * c->page_bytes, data, c->page_bytes);
    if (status)
        return status;
    memcpy(&head, data, sizeof head);
    *(is_leaf ? &c->seen.leaves : &c->seen.branches) += 1;
    if (head.number != page || head.flags != (is_leaf ? PAGE_LEAF : PAGE_BRANCH))
        return damaged(c, page, "is not what it should be");
    if (head.lower < PAGE_HEAD_BYTES || head.lower % 2 || head.lower > head.upper || head.upper > c->page_bytes)
        return damaged(c, page, "has impossible bounds");
    *count = (size_t)(head.lower - PAGE_HEAD_BYTES) / 2;
    if (*count < (is_leaf || c->is_free_tree ? 1 : 2))
        return damaged(c, page, "is empty");
    return check_nodes(c, data, &head, *count, is_leaf);
}

static enum status walk(struct check *c, const struct tree *t, uint64_t page, unsigned level)
{
    const uint8_t *data = c->pages + level * c->page_bytes;
    size_t count = 0;
    enum status status = check_page(c, t, page, level, &count);
    for (size_t i = 0; !status && i < count; i++) {
        uint16_t at;
        struct node_head n;
        memcpy(&at, data + PAGE_HEAD_BYTES + 2 * i, sizeof at);
        if (level + 1 == t->depth) {
            status = check_record(c, page, data, at);
            continue;
        }
        memcpy(&n, data + at, sizeof n);
        if (i > 0) /* below the first key there is nothing to be told apart */
            status = check_key(c, page, data + at + NODE_HEAD_BYTES, n.key_bytes, true);
        if (!status)
            status = walk(c, t, n.low | (uint64_t)n.high << 16 | (uint64_t)n.flags << 32, level + 1);
    }
    return status;
}

static enum status check_tree(struct check *c, int which)
{
    const struct tree *t = &c->head->trees[which];
    const uint64_t at = (uint64_t)(c->head - c->heads);
    c->is_free_tree = which == TREE_FREE;
    c->seen = (struct tree){.depth = t->depth};
    c->last_key_bytes = 0;
    c->last_key_may_repeat = true; /* nothing comes before the first */
    if (t->depth > DEPTH_MAX || (t->depth == 0) != (t->root == NO_PAGE))
        return damaged(c, at, "tells an impossible depth");
    free(c->pages);
    c->pages = calloc((size_t)t->depth + 1, c->page_bytes);
    if (!c->pages)
        return STATUS_NO_MEMORY;
    enum status status = t->depth ? walk(c, t, t->root, 0) : STATUS_OK;
    if (!status && (c->seen.branches != t->branches || c->seen.leaves != t->leaves || c->seen.overflows != t->overflows ||
                    c->seen.entries != t->entries))
        status = damaged(c, at, "tells other numbers than are found");
    return status;
}

/* ---- the whole */

static bool is_head(const struct page_head *p, const struct head *h, uint64_t page_bytes)
{
    enum { NUMBERS_AS_KEYS = 8 };
    return p->flags == PAGE_HEAD && h->magic == MAGIC && h->version == DATA_VERSION && h->trees[TREE_FREE].pad == page_bytes &&
           h->trees[TREE_FREE].flags == NUMBERS_AS_KEYS && h->trees[TREE_RECORDS].flags == 0;
}

static enum status read_heads(struct check *c)
{
    enum status status = STATUS_OK;
    c->page_bytes = PAGE_BYTES_MIN; /* until the first head tells */
    for (int i = 0; i < HEADS && !status; i++) {
        struct page_head page;
        status = read_at(c, (uint64_t)i * c->page_bytes, &page, sizeof page);
        if (!status)
            status = read_at(c, (uint64_t)i * c->page_bytes + sizeof page, &c->heads[i], sizeof c->heads[i]);
        if (!status && i == 0)
            c->page_bytes = c->heads[0].trees[TREE_FREE].pad;
        const bool can_be =
            c->page_bytes >= PAGE_BYTES_MIN && c->page_bytes <= PAGE_BYTES_MAX && (c->page_bytes & (c->page_bytes - 1)) == 0;
        if (!status && (!can_be || !is_head(&page, &c->heads[i], c->page_bytes))) {
            c->page_bytes = PAGE_BYTES_MIN;
            status = damaged(c, (uint64_t)i, "is no head");
        }
    }
    c->head = &c->heads[c->heads[1].transaction > c->heads[0].transaction];
    return status;
}

static enum status look(struct check *c, enum kv_check_extent extent)
{
    struct stat about;
    enum status status = STATUS_CORRUPT;
    for (int i = 0; i < TRIES && status == STATUS_CORRUPT; i++)
        status = read_heads(c);
    if (status || extent == KV_CHECK_HEADS)
        return status;
    if (fstat(c->fd, &about) != 0)
        return STATUS_IO;
    c->file_bytes = (uint64_t)about.st_size;
    if (c->head->last < HEADS - 1 || c->head->last > c->file_bytes / c->page_bytes + UNWRITTEN_MAX)
        return damaged(c, (uint64_t)(c->head - c->heads), "tells of pages that are not there");
    c->owned = calloc(c->head->last / 8 + 1, 1);
    c->filled = malloc(c->page_bytes / 2);
    if (!c->owned || !c->filled)
        return STATUS_NO_MEMORY;
    status = check_tree(c, TREE_RECORDS);
    return status ? status : check_tree(c, TREE_FREE);
}

static enum status check_file(const char *directory, int fd, enum kv_check_extent extent, struct error *err)
{
    struct check c = {.fd = fd};
    enum status status = look(&c, extent);
    const char *why = status == STATUS_IO ? strerror(errno) : "out of memory";
    free(c.owned);
    free(c.filled);
    free(c.pages);
    if (status == STATUS_CORRUPT)
        return error_set(err, status, "state directory %s: page %" PRIu64 " of data.mdb is damaged: it %s (remove it to rebuild it)",
                         directory, c.at, c.what);
    return status ? error_set(err, status, "state directory %s: cannot check data.mdb: %s", directory, why) : STATUS_OK;
}

enum status kv_check(const char *directory, enum kv_check_extent extent, struct error *err)
{
    char path[PATH_MAX + 16];
    struct stat about;
    snprintf(path, sizeof path, "%s/data.mdb", directory);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return STATUS_OK;
    if (fd < 0 || fstat(fd, &about) != 0) {
        enum status status = error_set(err, STATUS_IO, "state directory %s: cannot open data.mdb: %s", directory, strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    enum status status = about.st_size > 0 ? check_file(directory, fd, extent, err) : STATUS_OK;
    close(fd);
    return status;
}
