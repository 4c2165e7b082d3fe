/* kv_lock.h: the lock of a state directory: DIRECTORY/lock, which holds the owner's process id. The operating system
 * releases it when the process ends, however it ends. Internal to io/kv. */
#ifndef STORECAST_IO_KV_LOCK_H
#define STORECAST_IO_KV_LOCK_H

#include "base/error.h"

/* The caller closes the descriptor to give the lock back. STATUS_IN_USE (err names the process), STATUS_IO. */
enum status kv_lock_take(const char *directory, int *out_fd, struct error *err) MUST_CHECK;

#endif
