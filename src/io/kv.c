#include "io/kv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/kv_check.h"
#include "io/kv_lock.h"

#define MAP_BYTES_DEFAULT (UINT64_C(64) << 20)
#define GROW_TRIES        24 /* doublings: more than any address space */

struct kv {
    MDB_env *env;
    MDB_dbi dbi;
    int lock_fd;
    bool read_only;
    bool has_lost_map; /* the address space of a grown map was refused; LMDB has none any more and must not be called */
    void (*before_commit)(void);
    atomic_uint_fast64_t entries, used_bytes; /* kept, because another thread may ask while the map moves */
    char directory[PATH_MAX];
};

static enum status fail(const struct kv *kv, struct error *err, const char *what, int rc)
{
    enum status status = STATUS_IO;
    if (rc == ENOMEM)
        status = STATUS_NO_MEMORY;
    else if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_PANIC)
        status = STATUS_CORRUPT;
    return error_set(err, status, "state directory %s: %s: %s", kv->directory, what, mdb_strerror(rc));
}

/* ---- open and close */

static enum status open_directory(struct kv *kv, struct error *err)
{
    if (kv->read_only) {
        char path[PATH_MAX + 16];
        snprintf(path, sizeof path, "%s/data.mdb", kv->directory);
        if (access(path, R_OK) != 0)
            return error_set(err, STATUS_NOT_FOUND, "state directory %s: there is no state in it (%s)", kv->directory, strerror(errno));
        return STATUS_OK;
    }
    if (mkdir(kv->directory, 0755) != 0 && errno != EEXIST)
        return error_set(err, STATUS_IO, "state directory %s: cannot make it: %s", kv->directory, strerror(errno));
    return kv_lock_take(kv->directory, &kv->lock_fd, err);
}

static void count(struct kv *kv)
{
    MDB_stat stat;
    if (mdb_env_stat(kv->env, &stat))
        return;
    atomic_store(&kv->entries, stat.ms_entries);
    atomic_store(&kv->used_bytes, (uint64_t)stat.ms_psize * (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages));
}

/* LMDB leaves half a file behind when the disk fails while it makes one, and refuses it ever after. */
static int open_env(struct kv *kv, unsigned flags)
{
    char path[PATH_MAX + 16];
    struct stat about;
    snprintf(path, sizeof path, "%s/data.mdb", kv->directory);
    bool is_new = !kv->read_only && (stat(path, &about) != 0 || about.st_size == 0);
    int rc = mdb_env_open(kv->env, kv->directory, flags, 0644);
    if (rc && is_new)
        unlink(path);
    return rc;
}

static enum status open_dbi(struct kv *kv, struct error *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(kv->env, NULL, kv->read_only ? MDB_RDONLY : 0, &txn);
    if (rc)
        return fail(kv, err, "cannot begin", rc);
    rc = mdb_dbi_open(txn, NULL, 0, &kv->dbi);
    if (rc) {
        mdb_txn_abort(txn);
        return fail(kv, err, "cannot open the database", rc);
    }
    rc = mdb_txn_commit(txn);
    if (rc)
        return fail(kv, err, "cannot open the database", rc);
    count(kv);
    return STATUS_OK;
}

/* While we read, no page of ours is written over. */
static enum status check_beside_writer(struct kv *kv, struct error *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn);
    if (rc)
        return fail(kv, err, "cannot read", rc);
    enum status status = kv_check(kv->directory, KV_CHECK_ALL, err);
    mdb_txn_abort(txn);
    return status;
}

enum status kv_open(const struct kv_options *options, struct kv **out, struct error *err)
{
    struct kv *kv = calloc(1, sizeof *kv);
    if (!kv)
        return error_set(err, STATUS_NO_MEMORY, "state directory: out of memory");
    kv->lock_fd = -1;
    kv->read_only = options->read_only;
    kv->before_commit = options->before_commit;
    enum status status = STATUS_OK;
    if (strlen(options->directory) >= sizeof kv->directory - 1)
        status = error_set(err, STATUS_BAD_CONFIG, "state directory: the path is too long");
    if (!status) {
        snprintf(kv->directory, sizeof kv->directory, "%s", options->directory);
        status = open_directory(kv, err);
    }
    if (!status)
        status = kv_check(kv->directory, kv->read_only ? KV_CHECK_HEADS : KV_CHECK_ALL, err);
    if (status)
        goto fail;
    int rc = mdb_env_create(&kv->env);
    if (!rc && !kv->read_only)
        rc = mdb_env_set_mapsize(kv->env, options->map_bytes ? options->map_bytes : MAP_BYTES_DEFAULT);
    unsigned flags = MDB_NOTLS | (kv->read_only ? MDB_RDONLY : options->sync ? 0 : MDB_NOSYNC);
    if (!rc)
        rc = open_env(kv, flags);
    if (rc) {
        status = fail(kv, err, "cannot open", rc);
        goto fail;
    }
    status = open_dbi(kv, err);
    if (!status && kv->read_only)
        status = check_beside_writer(kv, err);
    if (status)
        goto fail;
    *out = kv;
    return STATUS_OK;
fail:
    kv_close(kv);
    return status;
}

void kv_close(struct kv *kv)
{
    if (!kv)
        return;
    if (kv->env && !kv->has_lost_map)
        mdb_env_close(kv->env);
    if (kv->lock_fd >= 0)
        close(kv->lock_fd);
    free(kv);
}

/* ---- writing */

static MDB_val val_of(struct bytes b)
{
    return (MDB_val){.mv_size = b.size, .mv_data = (void *)(uintptr_t)b.data};
}

static int erase(MDB_txn *txn, MDB_dbi dbi, const struct kv_op *op)
{
    MDB_val key = val_of(op->key);
    int rc = mdb_del(txn, dbi, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* The puts up to the next delete. A cursor finds neighbours without a way from the root. */
static int put(MDB_txn *txn, MDB_dbi dbi, const struct kv_op *ops, size_t count, size_t *at)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc)
        return rc;
    for (; *at < count && !rc && !ops[*at].is_delete; ++*at) {
        MDB_val key = val_of(ops[*at].key), value = val_of(ops[*at].value);
        assert(key.mv_size > 0 && key.mv_size <= KV_KEY_BYTES_MAX);
        rc = mdb_cursor_put(cursor, &key, &value, 0);
    }
    mdb_cursor_close(cursor);
    return rc;
}

static int write_once(struct kv *kv, const struct kv_op *ops, size_t count)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(kv->env, NULL, 0, &txn);
    if (rc)
        return rc;
    for (size_t i = 0; i < count && !rc;)
        rc = ops[i].is_delete ? erase(txn, kv->dbi, &ops[i++]) : put(txn, kv->dbi, ops, count, &i);
    if (rc) {
        mdb_txn_abort(txn);
        return rc;
    }
    if (kv->before_commit)
        kv->before_commit();
    return mdb_txn_commit(txn);
}

static int grow(struct kv *kv)
{
    MDB_envinfo info;
    int rc = mdb_env_info(kv->env, &info);
    if (rc)
        return rc;
    rc = mdb_env_set_mapsize(kv->env, info.me_mapsize * 2);
    kv->has_lost_map = rc != 0; /* it lets go of the old map first */
    return rc;
}

enum status kv_write(struct kv *kv, const struct kv_op *ops, size_t op_count, struct error *err)
{
    assert(!kv->read_only && !kv->has_lost_map);
    int rc = write_once(kv, ops, op_count);
    for (int i = 0; rc == MDB_MAP_FULL && i < GROW_TRIES; i++) {
        rc = grow(kv);
        if (!rc)
            rc = write_once(kv, ops, op_count);
    }
    if (rc)
        return fail(kv, err, "cannot write", rc);
    count(kv);
    return STATUS_OK;
}

enum status kv_sync(struct kv *kv, struct error *err)
{
    int rc = mdb_env_sync(kv->env, 1);
    return rc ? fail(kv, err, "cannot sync", rc) : STATUS_OK;
}

/* ---- reading */

static enum status begin_read(struct kv *kv, MDB_txn **out, struct error *err)
{
    int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, out);
    if (rc == MDB_MAP_RESIZED) { /* the writer, another process, has grown the map */
        rc = mdb_env_set_mapsize(kv->env, 0);
        if (!rc)
            rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, out);
    }
    return rc ? fail(kv, err, "cannot read", rc) : STATUS_OK;
}

enum status kv_get(struct kv *kv, struct bytes key, struct buffer *out, struct error *err)
{
    MDB_txn *txn;
    enum status status = begin_read(kv, &txn, err);
    if (status)
        return status;
    MDB_val k = val_of(key), v;
    int rc = mdb_get(txn, kv->dbi, &k, &v);
    if (rc == MDB_NOTFOUND)
        status = STATUS_NOT_FOUND;
    else if (rc)
        status = fail(kv, err, "cannot read", rc);
    else
        buffer_put(out, v.mv_data, v.mv_size);
    mdb_txn_abort(txn);
    return status;
}

static bool has_prefix(const MDB_val *key, struct bytes prefix)
{
    return key->mv_size >= prefix.size && (prefix.size == 0 || memcmp(key->mv_data, prefix.data, prefix.size) == 0);
}

/* A damaged inner page leads to the same records twice and to others never. */
static bool comes_after(const MDB_val *key, const MDB_val *last)
{
    size_t common = key->mv_size < last->mv_size ? key->mv_size : last->mv_size;
    int order = common ? memcmp(key->mv_data, last->mv_data, common) : 0;
    return order > 0 || (order == 0 && key->mv_size > last->mv_size);
}

static enum status scan(struct kv *kv, MDB_cursor *cursor, struct bytes prefix, kv_fn fn, void *arg, struct error *err)
{
    MDB_val key = val_of(prefix), value;
    int rc = mdb_cursor_get(cursor, &key, &value, prefix.size ? MDB_SET_RANGE : MDB_FIRST);
    MDB_val last = {0};
    while (!rc && has_prefix(&key, prefix)) {
        if (!comes_after(&key, &last))
            return fail(kv, err, "cannot read", MDB_CORRUPTED);
        last = key;
        enum status status = fn(arg, (struct bytes){key.mv_data, key.mv_size}, (struct bytes){value.mv_data, value.mv_size}, err);
        if (status)
            return status;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return rc && rc != MDB_NOTFOUND ? fail(kv, err, "cannot read", rc) : STATUS_OK;
}

enum status kv_each(struct kv *kv, struct bytes prefix, kv_fn fn, void *arg, struct error *err)
{
    MDB_txn *txn;
    enum status status = begin_read(kv, &txn, err);
    if (status)
        return status;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, kv->dbi, &cursor);
    if (rc) {
        status = fail(kv, err, "cannot read", rc);
    } else {
        status = scan(kv, cursor, prefix, fn, arg, err);
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return status;
}

static int delete_prefix(MDB_txn *txn, MDB_dbi dbi, struct bytes prefix)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, dbi, &cursor);
    if (rc)
        return rc;
    MDB_val key = val_of(prefix), value;
    rc = mdb_cursor_get(cursor, &key, &value, prefix.size ? MDB_SET_RANGE : MDB_FIRST);
    while (!rc && has_prefix(&key, prefix)) {
        rc = mdb_cursor_del(cursor, 0);
        if (!rc)
            rc = mdb_cursor_get(cursor, &key, &value, MDB_GET_CURRENT);
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND || rc == EINVAL ? 0 : rc; /* EINVAL: the cursor stands behind the last key */
}

enum status kv_clear(struct kv *kv, struct bytes prefix, struct error *err)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(kv->env, NULL, 0, &txn);
    if (rc)
        return fail(kv, err, "cannot clear", rc);
    rc = delete_prefix(txn, kv->dbi, prefix);
    if (rc) {
        mdb_txn_abort(txn);
        return fail(kv, err, "cannot clear", rc);
    }
    rc = mdb_txn_commit(txn);
    if (rc)
        return fail(kv, err, "cannot clear", rc);
    count(kv);
    return STATUS_OK;
}

uint64_t kv_entries(struct kv *kv)
{
    return atomic_load(&kv->entries);
}

uint64_t kv_used_bytes(struct kv *kv)
{
    return atomic_load(&kv->used_bytes);
}
